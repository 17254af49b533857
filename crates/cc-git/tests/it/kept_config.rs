//! What Git said of its configuration is kept, and nothing is missed for that.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use cc_git::{ContextLimits, Error, Git, Head, Repository, Selection};

use crate::lab::Lab;

/// A repository whose configuration is kept.
fn kept() -> Lab {
    let lab = Lab::new().with_calls_noted().a_minute_later();
    lab.repository();
    lab.calls();
    lab
}

/// The calls of Git to open the repository.
fn opening(lab: &Lab) -> Vec<String> {
    lab.repository();
    let mut calls = lab.calls();
    calls.sort();
    calls
}

const ASKED: [&str; 2] = ["config", "rev-parse"];

fn head(repository: &Repository) -> (String, Option<String>) {
    let head = repository.head();
    (head.name(), head.id().map(ToString::to_string))
}

#[test]
fn a_repository_is_opened_without_a_call_and_looked_at_with_one() {
    let lab = kept();
    assert!(opening(&lab).is_empty());
    let now = cc_core::Clock::System.now();
    let first = lab.repository().fingerprint(None, now).unwrap();
    lab.calls();
    // The index is known by its file, once that is not new.
    let later = now.plus(std::time::Duration::from_secs(60));
    let second = lab.repository().fingerprint(Some(&first), later).unwrap();
    lab.calls();
    lab.repository().fingerprint(Some(&second), later).unwrap();
    assert_eq!(lab.calls(), ["status"]);
}

#[test]
fn every_change_of_a_configuration_is_noticed() {
    let check = |what: &str, prepare: &dyn Fn(&Lab), change: &dyn Fn(&Lab)| {
        let lab = Lab::new().with_calls_noted();
        prepare(&lab);
        let lab = lab.a_minute_later();
        lab.repository();
        lab.calls();
        assert!(opening(&lab).is_empty(), "{what}");
        change(&lab);
        assert!(opening(&lab).contains(&"config".to_owned()), "{what}");
    };
    let nothing = |_: &Lab| {};
    let set = |lab: &Lab| drop(lab.git(["config", "core.autocrlf", "input"]));
    check("the repository's own", &nothing, &set);
    let home = |lab: &Lab| lab.write(lab.home.join(".gitconfig"), "[user]\n\tname = a\n");
    check("the first of the user", &nothing, &home);
    let xdg = |lab: &Lab| lab.write(lab.home.join(".config/git/config"), "[user]\n\tname = a\n");
    check("the other of the user", &nothing, &xdg);
    let other = |lab: &Lab| lab.write(lab.home.join(".gitconfig"), "[user]\n\tname = b\n");
    check("another content of the same size", &home, &other);
    let gone = |lab: &Lab| fs::remove_file(lab.home.join(".gitconfig")).unwrap();
    check("one that is gone", &home, &gone);
    let linked = |lab: &Lab| {
        lab.write(lab.home.join("dotfiles/a"), "[user]\n\tname = a\n");
        lab.write(lab.home.join("dotfiles/b"), "[user]\n\tname = b\n");
        symlink("dotfiles/a", lab.home.join(".gitconfig")).unwrap();
    };
    let behind = |lab: &Lab| lab.write(lab.home.join("dotfiles/a"), "[user]\n\tname = c\n");
    check("behind a link", &linked, &behind);
    let elsewhere = |lab: &Lab| {
        gone(lab);
        symlink("dotfiles/b", lab.home.join(".gitconfig")).unwrap();
    };
    check("a link that leads elsewhere", &linked, &elsewhere);
    let included = |lab: &Lab| lab.write(".git/more", "[core]\n\tautocrlf = input\n");
    let including = |lab: &Lab| drop(lab.git(["config", "include.path", "more"]));
    check("a file that is included and missing", &including, &included);
    let of_home = |lab: &Lab| drop(lab.git(["config", "include.path", "~/more"]));
    let in_home = |lab: &Lab| lab.write(lab.home.join("more"), "[core]\n\tautocrlf = input\n");
    check("one in the home directory", &of_home, &in_home);
    let nested = |lab: &Lab| {
        including(lab);
        lab.write(".git/more", "[include]\n\tpath = sub/most\n");
    };
    let most = |lab: &Lab| lab.write(".git/sub/most", "[core]\n\tautocrlf = input\n");
    check("one that an included one includes", &nested, &most);
    let on_branch = |lab: &Lab| {
        lab.git(["config", "includeIf.onbranch:side.path", "more"]);
        included(lab);
    };
    let switch = |lab: &Lab| drop(lab.git(["switch", "--quiet", "--create", "side"]));
    check("one for another branch", &on_branch, &switch);
    let of_worktrees = |lab: &Lab| drop(lab.git(["config", "extensions.worktreeConfig", "true"]));
    let of_this = |lab: &Lab| drop(lab.git(["config", "--worktree", "core.autocrlf", "input"]));
    check("the worktree's own", &of_worktrees, &of_this);
    let other_git = |lab: &Lab| {
        let git = lab.bin.path().join("git");
        let text = fs::read_to_string(&git).unwrap() + "\n";
        cc_executable::write(git, text);
    };
    check("another Git", &nothing, &other_git);
}

#[test]
fn what_cannot_be_followed_is_not_kept() {
    for value in ["~nobody/more", "%(prefix)/more"] {
        let lab = Lab::new().with_calls_noted().a_minute_later();
        lab.git(["config", "include.path", value]);
        lab.repository();
        lab.calls();
        assert_eq!(opening(&lab), ASKED, "{value}");
    }
    // What has just changed can change again unnoticed.
    let lab = Lab::new().with_calls_noted();
    let data = lab.base.join("data");
    fs::create_dir(&data).unwrap();
    let lab = lab.with_var("CC_DATA_DIR", data.to_str().unwrap());
    lab.repository();
    lab.calls();
    assert_eq!(opening(&lab), ASKED);
}

#[test]
fn of_a_repository_of_another_user_nothing_is_kept() {
    let lab = Lab::new().with_calls_noted().a_minute_later();
    let git = lab.bin.path().join("git");
    let text = fs::read_to_string(&git).unwrap();
    let foreign = text.replace("exec ", "GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec ");
    cc_executable::write(&git, foreign);
    for _ in 0..2 {
        let env = lab.env();
        let opened = Repository::discover(Git::locate(&env).unwrap(), &lab.root);
        assert!(
            matches!(opened, Err(Error::DubiousOwnership { .. })),
            "{opened:?}"
        );
    }
}

#[test]
fn a_kept_configuration_that_is_damaged_or_of_others_counts_as_none() {
    let lab = kept();
    let place = lab.base.join("data/git-config");
    let files = || {
        fs::read_dir(&place)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    let file = files().next().unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        !text.contains("fsmonitor") && !text.contains("insteadof"),
        "{text}"
    );
    for damaged in [
        "",
        "{}",
        &text[..text.len() / 2],
        &text.replacen(":1,", ":2,", 1),
    ] {
        fs::write(&file, damaged).unwrap();
        assert_eq!(opening(&lab), ASKED, "{damaged}");
        assert!(opening(&lab).is_empty());
    }
    fs::rename(&file, place.join("other")).unwrap();
    symlink("other", &file).unwrap();
    assert_eq!(opening(&lab), ASKED);
}

#[test]
fn head_is_read_as_git_reads_it() {
    let check = |what: &str, prepare: &dyn Fn(&Lab), is_plain: bool| {
        let lab = Lab::new().with_calls_noted();
        prepare(&lab);
        let asked = head(&lab.repository());
        let lab = lab.a_minute_later();
        lab.repository();
        lab.calls();
        assert_eq!(head(&lab.repository()), asked, "{what}");
        assert_eq!(lab.calls().is_empty(), is_plain, "{what}");
    };
    check("a branch", &|_| {}, true);
    check(
        "a packed branch",
        &|lab| drop(lab.git(["pack-refs", "--all"])),
        true,
    );
    let deep = |lab: &Lab| drop(lab.git(["switch", "--quiet", "--create", "a/b-c/d"]));
    check("a branch with slashes", &deep, true);
    let shadowed = |lab: &Lab| {
        lab.git(["pack-refs", "--all"]);
        lab.commit("second");
    };
    check("a branch that was packed before", &shadowed, true);
    let similar = |lab: &Lab| {
        lab.git(["branch", "x/main"]);
        lab.commit("second");
        lab.git(["pack-refs", "--all"]);
    };
    check("a packed branch beside a similar one", &similar, true);
    check(
        "a commit",
        &|lab| drop(lab.git(["switch", "--quiet", "--detach"])),
        true,
    );
    let symbolic = |lab: &Lab| {
        lab.git(["symbolic-ref", "refs/heads/other", "refs/heads/main"]);
        lab.git(["symbolic-ref", "HEAD", "refs/heads/other"]);
    };
    check("a branch that is a name of another", &symbolic, false);
    let linked = |lab: &Lab| {
        fs::remove_file(lab.root.join(".git/HEAD")).unwrap();
        symlink("refs/heads/main", lab.root.join(".git/HEAD")).unwrap();
    };
    check("a link", &linked, false);
    let orphan = |lab: &Lab| drop(lab.git(["switch", "--quiet", "--orphan", "new"]));
    check("no commit", &orphan, false);
}

#[test]
fn head_of_a_linked_worktree_is_its_own() {
    let lab = Lab::new().with_calls_noted();
    lab.git(["worktree", "add", "--quiet", "-b", "side", "../linked"]);
    let lab = lab.a_minute_later();
    let linked = || lab.discover_in("../linked").unwrap();
    linked();
    lab.calls();
    assert_eq!(linked().head().name(), "side");
    assert!(lab.calls().is_empty());
    assert_eq!(lab.repository().head().name(), "main");
}

#[test]
fn a_broken_head_is_an_error_all_the_same() {
    let lab = kept();
    fs::write(lab.root.join(".git/refs/heads/main"), "").unwrap();
    assert!(matches!(lab.discover_in(""), Err(Error::Failed { .. })));
}

#[test]
fn a_working_tree_that_is_set_elsewhere_is_refused_all_the_same() {
    let lab = kept();
    fs::create_dir(lab.base.join("other")).unwrap();
    lab.git(["config", "core.worktree", "../../other"]);
    for _ in 0..2 {
        let refused = lab.discover_in("");
        assert!(matches!(refused, Err(Error::WorkingTreeElsewhere { .. })));
    }
}

#[test]
fn a_repository_of_another_user_is_refused_all_the_same() {
    let lab = kept();
    let give = |path: &Path, user: u32| chown(path, Some(user), None);
    if give(&lab.root, 12_345).is_err() {
        // Only root can give files away.
        return;
    }
    assert!(matches!(
        lab.discover_in(""),
        Err(Error::DubiousOwnership { .. })
    ));
    give(&lab.root, 0).unwrap();
    assert_eq!(lab.repository().head().name(), "main");
    give(&lab.root.join(".git"), 12_345).unwrap();
    assert!(matches!(
        lab.discover_in(""),
        Err(Error::DubiousOwnership { .. })
    ));
}

#[test]
fn a_shallow_clone_is_known_as_one() {
    let lab = Lab::new();
    lab.commit("second");
    let url = format!("file://{}", lab.root.display());
    lab.git_in(
        &lab.base,
        ["clone", "--quiet", "--depth=1", &url, "shallow"],
    );
    let lab = lab.with_calls_noted().a_minute_later();
    let open = || lab.discover_in("../shallow").unwrap();
    let asked = open().head().clone();
    assert!(matches!(asked, Head::Branch { .. }));
    lab.calls();
    assert_eq!(*open().head(), asked);
    assert!(lab.calls().is_empty());
}

#[test]
fn the_default_branch_is_read_as_git_reads_it() {
    let origin = Lab::new();
    let url = origin.root.to_str().unwrap().to_owned();
    let check = |what: &str, prepare: &dyn Fn(&Lab), expect: &[&str]| {
        let lab = Lab::new().with_calls_noted();
        lab.git(["switch", "--quiet", "--create", "feature"]);
        prepare(&lab);
        lab.write("a.txt", "1\n");
        lab.commit("second");
        lab.calls();
        let (target, _) = lab
            .repository()
            .survey(&Selection::default(), &ContextLimits::default())
            .unwrap();
        let asked = lab.calls().contains(&"for-each-ref".to_owned());
        assert_eq!(
            (target.base_ref.as_deref(), asked),
            (expect.first().copied(), expect.len() > 1),
            "{what}"
        );
    };
    let packed = |lab: &Lab| drop(lab.git(["pack-refs", "--all"]));
    check("a local branch", &|_| {}, &["main"]);
    check("a packed one", &packed, &["main"]);
    let remote = |lab: &Lab| {
        lab.git(["remote", "add", "origin", &url]);
        lab.git(["fetch", "--quiet", "origin"]);
        lab.git(["reset", "--quiet", "--hard", "origin/main"]);
    };
    check("one of a remote", &remote, &["origin/main"]);
    let with_head = |lab: &Lab| {
        remote(lab);
        lab.git(["update-ref", "refs/remotes/origin/develop", "origin/main"]);
        lab.git([
            "symbolic-ref",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/develop",
        ]);
    };
    check("the HEAD of a remote", &with_head, &["origin/develop"]);
    let dangling = |lab: &Lab| {
        remote(lab);
        lab.git([
            "symbolic-ref",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/gone",
        ]);
    };
    check("a HEAD that leads nowhere", &dangling, &["origin/main"]);
    let linked = |lab: &Lab| {
        let heads = lab.root.join(".git/refs/heads");
        fs::rename(heads.join("main"), heads.join("kept")).unwrap();
        symlink("kept", heads.join("main")).unwrap();
    };
    check("a link", &linked, &["main", "asked"]);
}

#[test]
fn what_is_staged_and_taken_back_is_no_clean_tree() {
    let lab = Lab::new();
    lab.git(["switch", "--quiet", "--create", "feature"]);
    lab.write("a.txt", "1\n");
    lab.commit("second");
    lab.write("a.txt", "2\n");
    lab.git(["add", "a.txt"]);
    lab.write("a.txt", "1\n");
    let error = lab.review(&Selection::default()).unwrap_err();
    assert!(matches!(error, Error::NothingToReview { .. }), "{error}");
}
