//! What a review of uncommitted changes does not see is said, in repositories as people have them.

use cc_git::{Error, Reason, Scope, Selection};

use crate::lab::{Lab, file, general_reasons, reason};

#[test]
fn a_stray_file_does_not_hide_the_commits_of_the_branch() {
    let lab = Lab::new();
    lab.git(["checkout", "--quiet", "-b", "feature"]);
    for number in ["1", "2"] {
        lab.write("b.txt", number);
        lab.commit(number);
    }
    lab.write("stray.txt", "stray\n");
    let expect = Reason::BranchCommits {
        commits: 2,
        base: "main".into(),
    };
    assert_eq!(general_reasons(&lab.auto()), [expect]);
    let asked = Selection {
        scope: Scope::WorkingTree,
        ..Selection::default()
    };
    assert_eq!(general_reasons(&lab.review(&asked).unwrap()), []);
    lab.git(["checkout", "--quiet", "main"]);
    assert_eq!(general_reasons(&lab.auto()), []);
}

#[test]
fn every_unmerged_path_is_listed_and_whose_side_is_which() {
    let lab = Lab::new();
    for path in ["gone.txt", "kept.txt"] {
        lab.write(path, "one\n");
    }
    lab.commit("files");
    lab.git(["checkout", "--quiet", "-b", "other"]);
    lab.write("a.txt", "theirs\n");
    lab.write("gone.txt", "theirs\n");
    lab.remove("kept.txt");
    let theirs = lab.commit("theirs");
    lab.git(["checkout", "--quiet", "main"]);
    lab.write("a.txt", "ours\n");
    lab.remove("gone.txt");
    lab.write("kept.txt", "ours\n");
    lab.commit("ours");
    assert!(!lab.try_git(&lab.root, ["merge", "other"]).status.success());
    let context = lab.auto();
    for path in ["a.txt", "gone.txt", "kept.txt"] {
        assert_eq!(reason(&context, path), Some(&Reason::Unmerged), "{path}");
        file(&context, path);
    }
    let said: Vec<String> = general_reasons(&context)
        .iter()
        .map(ToString::to_string)
        .collect();
    let expect = format!(
        "a merge is in progress: in conflicts, \"ours\" is `main` and \"theirs\" is the branch being merged (`{}`)",
        &theirs[..12]
    );
    assert_eq!(said, [expect]);
}

#[test]
fn in_the_middle_of_an_operation_the_sides_are_named() {
    let lab = Lab::new();
    lab.git(["checkout", "--quiet", "-b", "other"]);
    lab.write("a.txt", "theirs\n");
    let theirs = lab.commit("theirs");
    lab.git(["checkout", "--quiet", "main"]);
    lab.write("a.txt", "ours\n");
    let ours = lab.commit("ours");
    lab.write("a.txt", "later\n");
    lab.commit("later");
    let said = || -> Vec<String> {
        let context = lab.auto();
        assert_eq!(reason(&context, "a.txt"), Some(&Reason::Unmerged));
        let staged = Selection {
            scope: Scope::Staged,
            ..Selection::default()
        };
        let staged = lab.review(&staged).unwrap();
        let said = general_reasons(&context);
        for reason in &said {
            let is_branch = matches!(reason, Reason::BranchCommits { .. });
            assert!(is_branch || general_reasons(&staged).contains(reason));
        }
        said.iter().map(ToString::to_string).collect()
    };
    let check = |args: &[&str], abort: &str, expect: &str| {
        assert!(!lab.try_git(&lab.root, args).status.success(), "{args:?}");
        let said = said();
        assert!(said[0].starts_with(expect), "{args:?}: {said:?}");
        lab.git([args[0], abort]);
    };
    let at = |id: &str| format!("(`{}`)", &id[..12]);
    check(
        &["cherry-pick", "other"],
        "--abort",
        &format!(
            "a cherry-pick is in progress: in conflicts, \"ours\" is `main` and \"theirs\" is the commit being picked {}",
            at(&theirs)
        ),
    );
    check(
        &["revert", &ours],
        "--abort",
        &format!(
            "a revert is in progress: in conflicts, \"ours\" is `main` and \"theirs\" is the state before the reverted commit {}",
            at(&ours)
        ),
    );
    for backend in ["--merge", "--apply"] {
        check(
            &["rebase", backend, "other"],
            "--abort",
            &format!(
                "a rebase is in progress: in conflicts, \"ours\" is the branch that you rebase onto and \"theirs\" is the commit of yours being applied {}",
                at(&ours)
            ),
        );
    }
    check(
        &["merge", "other"],
        "--abort",
        &format!(
            "a merge is in progress: in conflicts, \"ours\" is `main` and \"theirs\" is the branch being merged {}",
            at(&theirs)
        ),
    );
}

#[test]
fn every_kind_of_conflict_is_listed() {
    let lab = Lab::new();
    for path in ["moved.txt", "into.txt", "both.txt"] {
        lab.write(path, format!("{path}\n").repeat(20));
    }
    lab.commit("files");
    let side = |name: &str, content: &str| {
        lab.git(["mv", "moved.txt", &format!("moved-{name}.txt")]);
        lab.write("added.txt", content);
        lab.write("both.txt", content);
        lab.commit(name);
    };
    lab.git(["checkout", "--quiet", "-b", "other"]);
    lab.git(["rm", "--quiet", "into.txt"]);
    lab.write("into.txt/inside.txt", "theirs\n");
    side("other", "theirs\n");
    lab.git(["checkout", "--quiet", "main"]);
    lab.write("into.txt", "ours\n");
    side("main", "ours\n");
    assert!(!lab.try_git(&lab.root, ["merge", "other"]).status.success());
    let unmerged = lab.git(["diff", "--name-only", "--diff-filter=U"]);
    let unmerged: Vec<&str> = unmerged.lines().collect();
    assert!(unmerged.len() >= 5, "{unmerged:?}");
    let context = lab.auto();
    for path in &unmerged {
        assert_eq!(reason(&context, path), Some(&Reason::Unmerged), "{path}");
        file(&context, path);
    }
    let listed: u64 = context.files.len() as u64;
    assert_eq!(context.totals.files, listed);
}

#[test]
fn edits_that_git_overlooks_are_listed() {
    let lab = Lab::new();
    for path in ["assumed.txt", "skipped.txt", "same.txt", "sparse.txt"] {
        lab.write(path, "one\n");
    }
    lab.commit("files");
    lab.git([
        "update-index",
        "--assume-unchanged",
        "assumed.txt",
        "same.txt",
    ]);
    lab.git(["config", "sparse.expectFilesOutsideOfPatterns", "true"]);
    lab.git([
        "update-index",
        "--skip-worktree",
        "skipped.txt",
        "sparse.txt",
    ]);
    lab.write("assumed.txt", "edited\n");
    lab.write("skipped.txt", "edited\n");
    lab.remove("sparse.txt");
    lab.write("a.txt", "seen\n");
    let context = lab.auto();
    for path in ["assumed.txt", "skipped.txt"] {
        assert_eq!(reason(&context, path), Some(&Reason::Overlooked), "{path}");
    }
    assert_eq!(context.not_seen.len(), 2, "{:?}", context.not_seen);
}

#[test]
fn a_path_that_is_nowhere_is_an_error_and_a_deleted_one_is_not() {
    let lab = Lab::new();
    lab.write("b.txt", "b\n");
    lab.commit("second");
    lab.write("a.txt", "edited\n");
    lab.remove("b.txt");
    let review = |paths: &[&str]| {
        let paths = paths.iter().map(Into::into).collect();
        lab.review(&Selection {
            paths,
            ..Selection::default()
        })
    };
    assert_eq!(review(&["a.txt", "b.txt"]).unwrap().files.len(), 2);
    let error = review(&["a.txt", "typo.txt"]).unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchPath { path } if path == "typo.txt"),
        "{error}"
    );
}
