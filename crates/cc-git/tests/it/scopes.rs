//! Which changes a selection means.

use std::path::PathBuf;

use cc_git::{ContextLimits, Error, Mode, Reason, Scope, Selection, Target};

use crate::lab::{Lab, general_reasons, listed, names, numbers};

fn scope(scope: Scope) -> Selection {
    Selection {
        scope,
        ..Selection::default()
    }
}

fn base(text: &str) -> Selection {
    Selection {
        base: Some(text.into()),
        ..Selection::default()
    }
}

fn commit(text: &str) -> Selection {
    Selection {
        commit: Some(text.into()),
        ..Selection::default()
    }
}

fn range(text: &str) -> Selection {
    Selection {
        range: Some(text.into()),
        ..Selection::default()
    }
}

fn paths(paths: &[&str]) -> Selection {
    Selection {
        paths: paths.iter().map(PathBuf::from).collect(),
        ..Selection::default()
    }
}

#[track_caller]
fn check(lab: &Lab, selection: &Selection, files: &[&str]) {
    assert_eq!(
        listed(&lab.review(selection).unwrap()),
        files,
        "{selection:?}"
    );
}

/// `main` with two commits, `feature` with two more on the first.
fn forked() -> Lab {
    let lab = Lab::new();
    lab.git(["switch", "--quiet", "-c", "feature"]);
    lab.write("f1", "1\n");
    lab.commit("f1");
    lab.write("f2", "2\n");
    lab.commit("f2");
    lab.git(["switch", "--quiet", "main"]);
    lab.write("m1", "other\n");
    lab.commit("m1");
    lab.git(["switch", "--quiet", "feature"]);
    lab
}

/// Staged, unstaged and untracked changes, one file each.
fn dirty() -> Lab {
    let lab = Lab::new();
    lab.write("both", "1\n");
    lab.commit("more");
    lab.write("staged", "s\n");
    lab.write("both", "2\n");
    lab.git(["add", "staged", "both"]);
    lab.write("both", "3\n");
    lab.write("a.txt", numbers(1..=11));
    lab.write("new", "n\n");
    lab
}

#[test]
fn the_work_tree_is_everything_that_is_not_committed() {
    let lab = dirty();
    let all = ["M a.txt", "M both", "A staged", "? new"];
    check(&lab, &scope(Scope::Auto), &all);
    check(&lab, &scope(Scope::WorkingTree), &all);
    let context = lab.auto();
    assert!(context.diff.contains("-1\n+3\n"), "{}", context.diff);
    assert_eq!(
        (
            context.totals.files,
            context.totals.additions,
            context.totals.deletions
        ),
        (4, 4, 1)
    );
    assert!(context.not_seen.is_empty(), "{:?}", context.not_seen);
    assert!(context.files.iter().all(|file| file.shown));
}

#[test]
fn staged_is_what_the_next_commit_holds() {
    let lab = dirty();
    let context = lab.review(&scope(Scope::Staged)).unwrap();
    assert_eq!(listed(&context), ["M both", "A staged"]);
    assert!(context.diff.contains("-1\n+2\n"), "{}", context.diff);
    assert_eq!(
        general_reasons(&context),
        [Reason::UnstagedChanges { files: 3 }]
    );
}

#[test]
fn a_branch_is_what_it_has_and_its_base_has_not() {
    let lab = forked();
    for selection in [scope(Scope::Auto), scope(Scope::Branch), base("main")] {
        check(&lab, &selection, &["A f1", "A f2"]);
    }
    let target = lab.resolve(&scope(Scope::Auto)).unwrap();
    assert_eq!(target.mode, Mode::Branch);
    assert_eq!(target.base_ref.as_deref(), Some("main"));
    assert_eq!(target.label, "`feature` since `main`");
    assert_eq!(
        target.base.as_str(),
        lab.git(["merge-base", "main", "feature"])
    );
    check(&lab, &base("HEAD~1"), &["A f2"]);
}

#[test]
fn a_branch_says_that_it_leaves_uncommitted_changes_out() {
    let lab = forked();
    lab.write("f1", "other\n");
    lab.write("dir/x", "x\n");
    lab.write("dir/y", "y\n");
    let context = lab.review(&scope(Scope::Branch)).unwrap();
    assert_eq!(listed(&context), ["A f1", "A f2"]);
    assert!(!context.diff.contains("other"));
    assert_eq!(
        general_reasons(&context),
        [Reason::UncommittedChanges { files: 2 }]
    );
}

#[test]
fn a_commit_is_compared_with_its_first_parent() {
    let lab = forked();
    check(&lab, &commit("HEAD"), &["A f2"]);
    check(&lab, &commit("main~1"), &["A a.txt"]);
    lab.git(["merge", "--quiet", "--no-edit", "main"]);
    check(&lab, &commit("HEAD"), &["A m1"]);
    lab.git(["tag", "-a", "v1", "-m", "v1", "HEAD~1"]);
    check(&lab, &commit("v1"), &["A f2"]);
    let target = lab.resolve(&commit("v1")).unwrap();
    assert_eq!(
        target.head.unwrap().as_str(),
        lab.git(["rev-parse", "HEAD~1"])
    );
}

#[test]
fn a_range_has_two_ends() {
    let lab = forked();
    check(&lab, &range("main..feature"), &["A f1", "A f2", "D m1"]);
    check(&lab, &range("main...feature"), &["A f1", "A f2"]);
    check(&lab, &range("feature...main"), &["A m1"]);
    check(&lab, &range("HEAD~1.."), &["A f2"]);
    check(&lab, &range("..main~1"), &["D f1", "D f2"]);
    let target = lab.resolve(&range("main...feature")).unwrap();
    assert_eq!((target.mode, target.base_ref), (Mode::Range, None));
    assert_eq!(target.label, "range `main...feature`");
}

#[test]
fn paths_narrow_every_scope_and_mean_themselves() {
    let lab = dirty();
    check(&lab, &paths(&["new", "a.txt"]), &["M a.txt", "? new"]);
    lab.write("*", "star\n");
    lab.write(":(top)x", "magic\n");
    lab.write("-p", "dash\n");
    check(&lab, &paths(&["*"]), &["? *"]);
    check(&lab, &paths(&["./:(top)x"]), &["? :(top)x"]);
    check(&lab, &paths(&["-p"]), &["? -p"]);
    check(
        &lab,
        &Selection {
            scope: Scope::Staged,
            ..paths(&["both"])
        },
        &["M both"],
    );
    check(
        &lab,
        &Selection {
            commit: Some("HEAD".into()),
            ..paths(&["both"])
        },
        &["A both"],
    );
    let error = lab
        .review(&Selection {
            scope: Scope::Staged,
            ..paths(&["a.txt"])
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing to review: no staged changes in `a.txt`"
    );
}

#[test]
fn paths_are_taken_from_the_users_directory() {
    let lab = Lab::new();
    lab.write("dir/sub/x", "x\n");
    lab.write("dir/y", "y\n");
    let repository = lab.discover_in("dir/sub").unwrap();
    let settle = |path: &str| {
        repository
            .resolve(&paths(&[path]))
            .map(|target| names(&target.pathspecs.paths))
    };
    assert_eq!(settle("x").unwrap(), ["dir/sub/x"]);
    assert_eq!(settle(".").unwrap(), ["dir/sub"]);
    assert_eq!(settle("../y").unwrap(), ["dir/y"]);
    assert_eq!(settle("../gone/../y").unwrap(), ["dir/y"]);
    assert_eq!(settle("../..").unwrap(), [""; 0]);
    let absolute = lab.root.join("dir/y");
    assert_eq!(settle(absolute.to_str().unwrap()).unwrap(), ["dir/y"]);
    for outside in ["../../..", "../../../other", "/", "/etc/passwd"] {
        let error = settle(outside).unwrap_err();
        assert!(
            matches!(error, Error::PathOutside { .. }),
            "{outside}: {error}"
        );
    }
}

#[test]
#[cfg(unix)]
fn a_path_may_be_named_through_a_link_from_outside() {
    let lab = Lab::new();
    lab.write("new", "n\n");
    let link = lab.base.join("link");
    std::os::unix::fs::symlink(&lab.root, &link).unwrap();
    let settle = |path: PathBuf| {
        let selection = Selection {
            paths: vec![path],
            ..Selection::default()
        };
        names(&lab.resolve(&selection).unwrap().pathspecs.paths)
    };
    assert_eq!(settle(link.join("new")), ["new"]);
    assert_eq!(settle(link), [""; 0]);
}

#[test]
fn texts_that_are_no_revision_are_refused() {
    let lab = forked();
    for text in ["--output=x", "-", "--all"] {
        for selection in [
            base(text),
            commit(text),
            range(&format!("{text}..HEAD")),
            range(&format!("HEAD...{text}")),
        ] {
            let error = lab.resolve(&selection).unwrap_err();
            assert!(
                matches!(error, Error::LooksLikeOption { .. }),
                "{selection:?}: {error}"
            );
        }
    }
    for text in [
        "nope",
        "",
        "^main",
        "HEAD:a.txt",
        "main..feature",
        "a\0b",
        "HEAD^{tree}",
    ] {
        for selection in [commit(text), base(text)] {
            let error = lab.resolve(&selection).unwrap_err();
            assert!(
                matches!(error, Error::UnknownRevision { .. }),
                "{selection:?}: {error}"
            );
        }
    }
    assert!(!lab.root.join("x").exists());
}

#[test]
fn the_default_branch_is_looked_for_in_order() {
    let lab = forked();
    let base_ref = || {
        lab.resolve(&scope(Scope::Branch))
            .unwrap()
            .base_ref
            .unwrap()
    };
    let set = |name: &str| lab.git(["update-ref", name, "main"]);
    lab.git(["branch", "--quiet", "-m", "main", "kept"]);
    lab.git(["branch", "trunk", "kept"]);
    assert_eq!(base_ref(), "trunk");
    lab.git(["branch", "main", "kept"]);
    assert_eq!(base_ref(), "main");
    lab.git(["config", "init.defaultBranch", "trunk"]);
    assert_eq!(base_ref(), "trunk");
    set("refs/remotes/origin/trunk");
    assert_eq!(base_ref(), "origin/trunk");
    set("refs/remotes/origin/master");
    assert_eq!(base_ref(), "origin/master");
    set("refs/remotes/origin/develop");
    lab.git([
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/develop",
    ]);
    assert_eq!(base_ref(), "origin/develop");
    lab.git([
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/gone",
    ]);
    assert_eq!(base_ref(), "origin/master");
}

#[test]
fn no_default_branch_is_said_rather_than_guessed() {
    let lab = forked();
    lab.git(["branch", "--quiet", "-D", "main"]);
    for selection in [scope(Scope::Auto), scope(Scope::Branch)] {
        let error = lab.resolve(&selection).unwrap_err();
        assert!(matches!(error, Error::NoDefaultBranch), "{error}");
        assert!(error.to_string().contains("--base"));
    }
}

#[test]
fn nothing_to_review_says_what_was_looked_at() {
    let lab = Lab::new();
    let text = |selection: &Selection| lab.review(selection).unwrap_err().to_string();
    assert_eq!(
        text(&scope(Scope::Auto)),
        "nothing to review: no uncommitted changes, and `main` is the default branch"
    );
    assert_eq!(
        text(&scope(Scope::WorkingTree)),
        "nothing to review: no uncommitted changes"
    );
    assert_eq!(
        text(&base("HEAD")),
        "nothing to review: `main` is not ahead of `HEAD`"
    );
    assert_eq!(
        text(&base("main")),
        "nothing to review: `main` is the current branch"
    );
}

#[test]
fn a_repository_without_commits_has_a_work_tree() {
    let sha256 = || {
        let lab = Lab::empty();
        lab.git([
            "init",
            "--quiet",
            "--object-format=sha256",
            "--initial-branch=main",
            ".",
        ]);
        lab
    };
    for lab in [Lab::unborn(), sha256()] {
        for selection in [scope(Scope::Branch), base("HEAD"), commit("HEAD")] {
            let error = lab.review(&selection).unwrap_err();
            assert!(matches!(error, Error::NoCommits), "{selection:?}: {error}");
        }
        for selection in [Scope::Auto, Scope::WorkingTree, Scope::Staged].map(scope) {
            let error = lab.review(&selection).unwrap_err();
            let nothing = matches!(
                error,
                Error::NothingToReview {
                    has_commits: false,
                    ..
                }
            );
            assert!(nothing, "{selection:?}: {error}");
        }
        // A file of that name must not be taken for the ref.
        lab.write("HEAD", "h\n");
        lab.write("s", "s\n");
        lab.git(["add", "s"]);
        check(&lab, &scope(Scope::Auto), &["A s", "? HEAD"]);
        check(&lab, &scope(Scope::Staged), &["A s"]);
        lab.commit("first");
        lab.write("s", "t\n");
        check(&lab, &scope(Scope::Auto), &["M s"]);
        check(&lab, &commit("HEAD"), &["A HEAD", "A s"]);
    }
}

#[test]
fn a_detached_head_is_a_branch_without_a_name() {
    let lab = forked();
    lab.git(["switch", "--quiet", "--detach"]);
    check(&lab, &scope(Scope::Auto), &["A f1", "A f2"]);
    let id = lab.git(["rev-parse", "--short=12", "HEAD"]);
    let target = lab.resolve(&scope(Scope::Auto)).unwrap();
    assert_eq!(target.label, format!("`{id}` since `main`"));
}

#[test]
fn histories_that_never_met_are_distinguished() {
    let lab = Lab::new();
    lab.git(["switch", "--quiet", "--orphan", "other"]);
    lab.commit("other");
    let error = lab.resolve(&base("main")).unwrap_err();
    assert_eq!(error.to_string(), "HEAD and `main` have no common ancestor");
}

#[test]
fn a_shallow_clone_is_not_taken_for_a_whole_history() {
    let lab = forked();
    let url = format!("file://{}", lab.root.display());
    lab.git_in(
        &lab.base,
        ["clone", "--quiet", "--depth=1", &url, "shallow"],
    );
    let repository = lab.discover_in("../shallow").unwrap();
    let target = repository.resolve(&commit("HEAD")).unwrap();
    let error = repository
        .collect(&target, &ContextLimits::default())
        .unwrap_err();
    assert!(matches!(error, Error::MissingObjects { .. }), "{error}");
}

#[test]
fn a_target_means_the_same_in_another_process() {
    let lab = forked();
    let target = lab.resolve(&base("main")).unwrap();
    let json = serde_json::to_string(&target).unwrap();
    assert!(
        json.starts_with(r#"{"mode":"branch","label":"`feature` since `main`","baseRef":"main""#),
        "{json}"
    );
    let again: Target = serde_json::from_str(&json).unwrap();
    assert_eq!(again, target);
    let found = lab.resolve(&Selection::default()).unwrap();
    let found: Target = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    lab.write("f1", "dirty\n");
    let context = lab
        .repository()
        .collect(&found, &ContextLimits::default())
        .unwrap();
    assert_eq!(
        general_reasons(&context),
        [Reason::UncommittedChanges { files: 1 }],
        "that the tree was clean once says nothing about now"
    );
    lab.write("f3", "3\n");
    lab.commit("later");
    let context = lab
        .repository()
        .collect(&again, &ContextLimits::default())
        .unwrap();
    assert_eq!(listed(&context), ["A f1", "A f2"]);
    let forged = json.replace(target.base.as_str(), "--output=x");
    assert!(serde_json::from_str::<Target>(&forged).is_err());
}
