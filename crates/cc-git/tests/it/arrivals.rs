//! Which commits were made since an earlier look, and which only came.

use std::time::Duration;

use cc_core::{Clock, Time};
use cc_git::{Arrivals, Fingerprint, RepoPath};

use crate::lab::{Lab, numbers};

/// A repository with a branch `side` that changed another file, and `main` that has moved on.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.git(["switch", "--quiet", "-c", "side"]);
    lab.write("side.txt", "side\n");
    lab.commit("on side");
    lab.git(["switch", "--quiet", "main"]);
    lab.write("b.txt", "b\n");
    lab.commit("on main");
    lab
}

/// The state of things, and a moment at which all of it was there for a while.
fn before(lab: &Lab) -> (Fingerprint, Time) {
    std::thread::sleep(Duration::from_millis(60));
    let now = Clock::System.now();
    (lab.repository().fingerprint(None, now).unwrap(), now)
}

fn since(lab: &Lab, (earlier, since): &(Fingerprint, Time)) -> Arrivals {
    let arrivals = lab.repository().arrivals(earlier, *since).unwrap();
    arrivals.expect("HEAD has moved")
}

fn subjects(arrivals: &Arrivals) -> Vec<&str> {
    let made = arrivals.made.iter();
    made.map(|commit| commit.subject.as_str()).collect()
}

#[track_caller]
fn check(lab: &Lab, step: impl FnOnce(), made: &[&str]) -> Arrivals {
    let before = before(lab);
    step();
    let arrivals = since(lab, &before);
    assert_eq!(subjects(&arrivals), made);
    arrivals
}

#[test]
fn what_is_committed_is_made() {
    let lab = lab();
    let arrivals = check(
        &lab,
        || {
            lab.write("one", "1\n");
            lab.commit("one");
            lab.write("two", "2\n");
            lab.commit("two");
        },
        &["two", "one"],
    );
    assert!(arrivals.is_all);
    let amended = check(
        &lab,
        || {
            lab.write("two", "3\n");
            lab.git(["commit", "--quiet", "--all", "--amend", "--no-edit"]);
        },
        &["two"],
    );
    assert!(amended.is_all, "what was amended is the difference");
    let unmoved = before(&lab);
    let none = lab.repository().arrivals(&unmoved.0, unmoved.1).unwrap();
    assert_eq!(none, None);
}

#[test]
fn the_first_commit_is_one_too() {
    let lab = Lab::unborn();
    let made = check(
        &lab,
        || {
            lab.write("a", "1\n");
            lab.commit("first");
        },
        &["first"],
    );
    assert!(made.is_all);
}

#[test]
fn a_switch_and_a_fast_forward_make_nothing() {
    let lab = lab();
    check(&lab, || drop(lab.git(["switch", "--quiet", "side"])), &[]);
    check(
        &lab,
        || drop(lab.git(["reset", "--quiet", "--hard", "HEAD~1"])),
        &[],
    );
    check(&lab, || drop(lab.git(["merge", "--quiet", "main"])), &[]);
    let arrivals = check(
        &lab,
        || {
            lab.git(["switch", "--quiet", "-c", "more", "side~0"]);
            lab.git(["merge", "--quiet", "main"]);
            lab.git(["reset", "--quiet", "--hard", "main~1"]);
            lab.write("c", "c\n");
            lab.git(["add", "--all"]);
            lab.git([
                "commit",
                "--quiet",
                "-m",
                "own",
                "--date=2026-05-05T00:00:00",
            ]);
        },
        &["own"],
    );
    assert!(!arrivals.is_all, "the difference has the way back in it");
    assert!(
        arrivals.dropped.is_empty(),
        "`side` and `main` hold the rest"
    );
    lab.git(["reset", "--quiet", "--hard", "main"]);
    let thrown_away = check(
        &lab,
        || drop(lab.git(["reset", "--quiet", "--hard", "HEAD~1"])),
        &[],
    );
    assert!(thrown_away.dropped.is_empty(), "`main` holds it");
    lab.write("c", "c\n");
    let lost = lab.commit("to be lost");
    let thrown_away = check(
        &lab,
        || drop(lab.git(["reset", "--quiet", "--hard", "main"])),
        &[],
    );
    assert_eq!(thrown_away.dropped[0].id.as_str(), lost);
}

#[test]
fn a_merge_counts_where_somebody_decided() {
    let lab = lab();
    check(
        &lab,
        || drop(lab.git(["merge", "--quiet", "--no-edit", "side"])),
        &[],
    );
    lab.git(["switch", "--quiet", "-c", "ours"]);
    lab.write("a.txt", format!("ours\n{}", numbers(2..=10)));
    lab.commit("ours");
    lab.git(["switch", "--quiet", "-c", "theirs", "HEAD~1"]);
    lab.write("a.txt", format!("theirs\n{}", numbers(2..=10)));
    lab.commit("theirs");
    let arrivals = check(
        &lab,
        || {
            assert!(!lab.try_git(&lab.root, ["merge", "ours"]).status.success());
            lab.write("a.txt", format!("both\n{}", numbers(2..=10)));
            lab.commit("merged by hand");
        },
        &["merged by hand"],
    );
    let merged: Vec<_> = arrivals.made[0]
        .merged
        .iter()
        .map(RepoPath::to_string)
        .collect();
    assert_eq!(merged, ["a.txt"]);
    assert!(!arrivals.is_all);
}

#[test]
fn a_rebase_makes_only_what_it_changed() {
    let lab = lab();
    lab.git(["switch", "--quiet", "side"]);
    check(&lab, || drop(lab.git(["rebase", "--quiet", "main"])), &[]);
    lab.git(["switch", "--quiet", "-c", "next"]);
    lab.write("b.txt", "next\n");
    lab.commit("next");
    lab.git(["switch", "--quiet", "main"]);
    lab.write("b.txt", "main\n");
    lab.commit("main");
    let from_elsewhere = || {
        lab.git(["switch", "--quiet", "side"]);
        lab.git(["rebase", "--quiet", "main"]);
    };
    check(&lab, from_elsewhere, &[]);
    lab.git(["switch", "--quiet", "next"]);
    check(
        &lab,
        || {
            assert!(!lab.try_git(&lab.root, ["rebase", "main"]).status.success());
            lab.write("b.txt", "both\n");
            lab.git(["add", "--all"]);
            lab.git(["-c", "core.editor=true", "rebase", "--continue"]);
        },
        &["next"],
    );
}

#[test]
fn what_a_pull_brings_was_made_elsewhere() {
    let lab = lab();
    let clone = lab.base.join("clone");
    lab.git_in(&lab.base, ["clone", "--quiet", "work", "clone"]);
    std::fs::write(clone.join("far"), "far\n").unwrap();
    lab.git_in(&clone, ["add", "--all"]);
    let pull = || {
        // Its objects are written now, one by one.
        lab.git([
            "pull",
            "--quiet",
            "--no-rebase",
            "--no-edit",
            clone.to_str().unwrap(),
            "main",
        ]);
    };
    // As a colleague did an hour ago.
    let date = "--date=2026-01-01T00:00:00";
    let commit = [
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@y",
        "commit",
        "--quiet",
        "-m",
        "far",
        date,
    ];
    lab.git_in(&clone, commit);
    let old = "GIT_COMMITTER_DATE=2026-01-01T00:00:00 git -c user.name=x -c user.email=x@y commit --quiet --amend --no-edit --date=2026-01-01T00:00:00";
    let shell = std::process::Command::new("/bin/sh")
        .args(["-c", old])
        .current_dir(&clone)
        .status();
    assert!(shell.unwrap().success());
    check(&lab, pull, &[]);
    let arrivals = check(
        &lab,
        || {
            std::fs::write(clone.join("far"), "farther\n").unwrap();
            let shell = std::process::Command::new("/bin/sh")
                .args(["-c", &old.replace("--amend --no-edit", "--all -m farther")])
                .current_dir(&clone)
                .status();
            assert!(shell.unwrap().success());
            pull();
            lab.write("near", "near\n");
            lab.commit("near");
        },
        &["near"],
    );
    assert!(!arrivals.is_all);
}

#[test]
fn a_chosen_date_hides_nothing() {
    let lab = lab();
    let before = before(&lab);
    lab.write("b.txt", "secretly\n");
    lab.git(["add", "--all"]);
    let commit = "GIT_COMMITTER_DATE=2001-01-01T00:00:00 git -c user.name=x -c user.email=x@y commit --quiet -m old --date=2001-01-01T00:00:00";
    let mut shell = std::process::Command::new("/bin/sh");
    let shell = shell.args(["-c", commit]).current_dir(&lab.root);
    assert!(shell.status().unwrap().success());
    assert_eq!(subjects(&since(&lab, &before)), ["old"]);
}

#[test]
fn files_that_an_unfinished_merge_brings_are_left_out() {
    let lab = lab();
    lab.write("mine", "mine\n");
    let paths = ["side.txt", "b.txt", "mine"].map(|path| path.to_owned().into());
    let not_merged = || {
        let paths = lab.repository().not_merged(&paths).unwrap();
        paths.iter().map(RepoPath::to_string).collect::<Vec<_>>()
    };
    assert_eq!(not_merged(), ["side.txt", "b.txt", "mine"]);
    lab.git(["merge", "--quiet", "--no-commit", "--no-ff", "side"]);
    assert_eq!(not_merged(), ["b.txt", "mine"]);
    lab.write("side.txt", "mine\n");
    assert_eq!(not_merged(), ["side.txt", "b.txt", "mine"]);
}

#[test]
fn files_that_any_of_several_merged_branches_brings_are_left_out() {
    let lab = lab();
    for branch in ["one", "two"] {
        lab.git(["switch", "--quiet", "--create", branch, "main"]);
        lab.write(branch, "theirs\n");
        lab.git(["add", "--all"]);
        lab.commit(branch);
    }
    lab.git(["switch", "--quiet", "main"]);
    lab.git(["merge", "--quiet", "--no-commit", "--no-ff", "one", "two"]);
    lab.write("mine", "mine\n");
    let paths = ["one", "two", "mine"].map(|path| path.to_owned().into());
    let not_merged = lab.repository().not_merged(&paths).unwrap();
    assert_eq!(not_merged, ["mine".to_owned().into()]);
}
