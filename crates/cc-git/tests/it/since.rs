//! Another look after an earlier one: only what changed since.

use cc_git::{Context, ContextLimits, Error, Reason, Scope, Selection, ShownDiffs, Target};

use crate::lab::{Lab, file, general_reasons, listed, numbers, reason};

/// A look and what it showed.
struct Look {
    target: Target,
    context: Context,
}

fn first(lab: &Lab, selection: &Selection) -> Look {
    let repository = lab.repository();
    let target = repository.resolve(selection).unwrap();
    let context = repository
        .collect(&target, &ContextLimits::default())
        .unwrap();
    Look { target, context }
}

fn again(lab: &Lab, earlier: &Look) -> Result<Look, Error> {
    let repository = lab.repository();
    // From an earlier process: as JSON.
    let shown = serde_json::to_string(&earlier.context.shown).unwrap();
    let shown: ShownDiffs = serde_json::from_str(&shown).unwrap();
    let label = "changes since then".to_owned();
    let (target, shown) = repository.since(&earlier.target, shown, label);
    let context = repository.collect_since(&target, &ContextLimits::default(), &shown)?;
    Ok(Look { target, context })
}

fn staged() -> Selection {
    Selection {
        scope: Scope::Staged,
        ..Selection::default()
    }
}

/// Uncommitted changes: a line of `a.txt`, `new` and `other` untracked.
fn changed() -> Lab {
    let lab = Lab::new();
    lab.write("b.txt", "1\n");
    lab.commit("more");
    lab.write("a.txt", numbers(1..=11));
    lab.write("b.txt", "2\n");
    lab.write("new", "n\n");
    lab.write("other", "o\n");
    lab
}

#[test]
fn what_was_shown_and_is_the_same_is_left_out_and_counted() {
    let lab = changed();
    let look = first(&lab, &Selection::default());
    let nothing = again(&lab, &look).map(|look| listed(&look.context));
    let error = nothing.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing to review: no changes since then"
    );

    lab.write("a.txt", numbers(1..=12));
    lab.write("new", "n\nn\n");
    lab.write("newer", "x\n");
    let second = again(&lab, &look).unwrap();
    assert_eq!(listed(&second.context), ["M a.txt", "? new", "? newer"]);
    assert_eq!(second.context.totals.files, 3);
    assert_eq!(file(&second.context, "new").additions, Some(2));
    assert_eq!(
        general_reasons(&second.context),
        [Reason::Unchanged { files: 2 }]
    );
    let diff = &second.context.diff;
    assert!(!diff.contains("b.txt") && !diff.contains("other"), "{diff}");

    // The third look knows what both have shown.
    lab.write("b.txt", "3\n");
    let third = again(&lab, &second).unwrap();
    assert_eq!(listed(&third.context), ["M b.txt"]);
    assert_eq!(
        general_reasons(&third.context),
        [Reason::Unchanged { files: 4 }]
    );
}

#[test]
fn staging_and_committing_change_nothing() {
    let lab = changed();
    let look = first(&lab, &Selection::default());
    lab.git(["add", "--all"]);
    assert!(again(&lab, &look).is_err());
    lab.commit("all of it");
    assert!(again(&lab, &look).is_err());
    lab.write("other", "o\no\n");
    let second = again(&lab, &look).unwrap();
    assert_eq!(listed(&second.context), ["A other"]);
    let staged = first(&changed_and_staged(), &staged());
    assert_eq!(staged.context.shown.files().count(), 4);
}

fn changed_and_staged() -> Lab {
    let lab = changed();
    lab.git(["add", "--all"]);
    lab
}

#[test]
fn a_change_that_was_taken_back_is_named() {
    let lab = changed();
    let look = first(&lab, &Selection::default());
    lab.write("b.txt", "1\n");
    lab.remove("other");
    lab.write("new", "changed\n");
    let second = again(&lab, &look).unwrap();
    assert_eq!(listed(&second.context), ["? new"]);
    for path in ["b.txt", "other"] {
        assert_eq!(reason(&second.context, path), Some(&Reason::TakenBack));
    }
}

#[test]
fn a_change_that_text_cannot_tell_is_shown_again() {
    let lab = changed();
    lab.write("latin", b"caf\xe9\n");
    lab.write("a.txt", b"th\xe9\n");
    let look = first(&lab, &Selection::default());
    lab.write("latin", b"caf\xe8\n");
    lab.write("a.txt", b"th\xe8\n");
    let second = again(&lab, &look).unwrap();
    assert_eq!(listed(&second.context), ["M a.txt", "? latin"]);
}

#[test]
fn a_file_that_moved_since_was_not_taken_back() {
    let lab = changed();
    lab.write("a.txt", numbers(1..=40));
    lab.commit("long");
    lab.write("a.txt", numbers(1..=41));
    let look = first(&lab, &Selection::default());
    lab.git(["mv", "a.txt", "moved.txt"]);
    let second = again(&lab, &look).unwrap();
    assert_eq!(listed(&second.context), ["R moved.txt"]);
    assert_eq!(reason(&second.context, "a.txt"), None);
}

#[test]
fn after_commits_all_that_is_different_now_is_new() {
    let lab = Lab::new();
    lab.git(["switch", "--quiet", "-c", "feature"]);
    lab.write("f1", "1\n");
    lab.commit("f1");
    let branch = Selection {
        base: Some("main".into()),
        ..Selection::default()
    };
    let look = first(&lab, &branch);
    assert_eq!(listed(&look.context), ["A f1"]);
    assert!(again(&lab, &look).is_err());
    lab.write("f1", "1\n2\n");
    lab.commit("fixed");
    lab.write("untracked", "u\n");
    let second = again(&lab, &look).unwrap();
    assert_eq!(listed(&second.context), ["M f1", "? untracked"]);
    let diff = &second.context.diff;
    assert!(diff.contains("\n 1\n+2\n"), "{diff}");
}

#[test]
fn what_did_not_fit_the_first_time_comes_again() {
    let lab = changed();
    lab.write("large", "long line\n".repeat(20_000));
    let look = first(&lab, &Selection::default());
    assert!(matches!(
        reason(&look.context, "large"),
        Some(Reason::TooLarge { .. })
    ));
    let second = again(&lab, &look).unwrap();
    assert_eq!(listed(&second.context), ["? large"]);
}
