//! A review costs few processes and leaves the repository as it was, to the byte.

use std::fs;

use cc_git::{ContextLimits, Scope, Selection};

use crate::lab::{Lab, snapshot};

/// A work tree whose files look changed to git until it reads them: it would love to note down
/// that they are not.
fn racy() -> Lab {
    let lab = Lab::new();
    for name in ["b", "c"] {
        lab.write(name, "1\n");
    }
    lab.commit("second");
    let later = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    for name in ["a.txt", "b"] {
        let file = fs::File::options()
            .append(true)
            .open(lab.root.join(name))
            .unwrap();
        file.set_times(later).unwrap();
    }
    lab.write("c", "2\n");
    lab.write("new", "n\n");
    lab.write("added", "a\n");
    lab.git(["add", "added"]);
    lab
}

#[test]
fn nothing_is_written() {
    let lab = racy();
    let before = snapshot(&lab.root);
    let selections = [
        Selection::default(),
        Selection {
            scope: Scope::WorkingTree,
            ..Selection::default()
        },
        Selection {
            scope: Scope::Staged,
            ..Selection::default()
        },
        Selection {
            scope: Scope::Branch,
            base: Some("HEAD~1".into()),
            ..Selection::default()
        },
        Selection {
            commit: Some("HEAD~1".into()),
            ..Selection::default()
        },
        Selection {
            range: Some("HEAD~1...HEAD".into()),
            ..Selection::default()
        },
    ];
    for selection in selections {
        let repository = lab.repository();
        let target = repository.resolve(&selection).unwrap();
        repository
            .collect(&target, &ContextLimits::default())
            .unwrap();
        repository.line_count(&target, "b").unwrap();
        assert!(
            snapshot(&lab.root) == before,
            "{selection:?} left something behind"
        );
    }
    lab.git(["diff", "HEAD"]);
    assert!(
        snapshot(&lab.root) != before,
        "a plain diff refreshes the index"
    );
}

#[test]
#[cfg(unix)]
fn a_review_of_the_work_tree_takes_four_calls_of_git_or_two() {
    let lab = racy().with_calls_noted();
    let repository = lab.repository();
    let survey = |repository: &cc_git::Repository| {
        let limits = ContextLimits::default();
        repository.survey(&Selection::default(), &limits).unwrap()
    };
    let (target, _) = survey(&repository);
    repository.line_count(&target, "a.txt").unwrap();
    let mut calls = lab.calls();
    // Two run at once, then two more.
    calls[..2].sort_unstable();
    calls[2..].sort_unstable();
    assert_eq!(calls, ["config", "rev-parse", "diff", "ls-files"]);
    // Once the configuration is kept.
    let lab = lab.a_minute_later();
    lab.repository();
    lab.calls();
    survey(&lab.repository());
    let mut calls = lab.calls();
    calls.sort_unstable();
    assert_eq!(calls, ["diff", "ls-files"]);
    // And one that counts the commits of a branch.
    lab.git(["checkout", "--quiet", "-b", "feature"]);
    lab.commit("second");
    lab.write("a.txt", "changed once more\n");
    let repository = lab.repository();
    lab.calls();
    survey(&repository);
    let mut calls = lab.calls();
    calls[..2].sort_unstable();
    assert_eq!(calls, ["diff", "ls-files", "rev-list"]);
}

#[test]
#[cfg(unix)]
fn a_review_of_a_branch_takes_at_most_seven_calls_of_git() {
    let lab = Lab::new();
    lab.git(["checkout", "--quiet", "-b", "feature"]);
    lab.write("a.txt", "1\n");
    lab.commit("second");
    let lab = lab.with_calls_noted();
    let check = |selection: &Selection, expect: &[&str]| {
        lab.review(selection).unwrap();
        let mut calls = lab.calls();
        // After a look at the working tree two run at once, and two more.
        if calls[2..4].contains(&"ls-files".to_owned()) {
            calls[2..4].sort_unstable();
            calls[4..6].sort_unstable();
        }
        assert_eq!(calls[2..], *expect);
    };
    let found_clean = ["diff", "ls-files", "merge-base", "status", "diff"];
    check(&Selection::default(), &found_clean);
    let base = Selection {
        base: Some("main".into()),
        ..Selection::default()
    };
    check(&base, &["merge-base", "diff", "check-attr", "status"]);
    lab.write(".gitattributes", "*.x text\n");
    lab.commit("attributes");
    lab.calls();
    check(
        &Selection::default(),
        &[&found_clean[..], &["check-attr"]].concat(),
    );
}
