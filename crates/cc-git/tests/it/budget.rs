//! What does not fit is said, never cut silently.

use cc_git::{ChangeKind, ContextLimits, Error, Reason, Scope, Selection};

use crate::lab::{Lab, file, general_reasons, listed, numbers, reason};

fn small() -> ContextLimits {
    ContextLimits {
        inline_bytes: 2_000,
        file_bytes: 1_000,
        files: 3,
        untracked_files: 2,
        ..ContextLimits::default()
    }
}

fn working_tree() -> Selection {
    Selection {
        scope: Scope::WorkingTree,
        ..Selection::default()
    }
}

#[test]
fn a_diff_is_whole_or_a_stat() {
    let lab = Lab::new();
    let large = numbers(1..=350_000);
    assert!(large.len() > 2 << 20);
    lab.write("large", &large);
    lab.write("small", "s\n");
    lab.write("a.txt", numbers(1..=11));
    let untracked = lab.auto();
    lab.git(["add", "--all"]);
    let tracked = lab.auto();
    lab.commit("all");
    let commit = Selection {
        commit: Some("HEAD".into()),
        ..Selection::default()
    };
    for context in [untracked, tracked, lab.review(&commit).unwrap()] {
        let large = file(&context, "large");
        assert_eq!((large.additions, large.shown), (Some(350_000), false));
        let Some(Reason::TooLarge { bytes, limit }) = reason(&context, "large") else {
            panic!("{:?}", context.not_seen);
        };
        assert!(*bytes > 2 << 20 && *limit == 65_536, "{bytes} {limit}");
        assert!(file(&context, "small").shown && file(&context, "a.txt").shown);
        assert_eq!(context.diff.matches("diff --git ").count(), 2);
        assert!(!context.diff.contains("+349999"));
        assert_eq!(context.totals.additions, 350_002);
        assert!(context.totals.bytes > 2 << 20);
        assert!(
            context.stat().contains("large | +350000 -0 (2."),
            "{}",
            context.stat()
        );
    }
}

#[test]
fn whole_diffs_are_kept_until_the_budget_is_used() {
    let lab = Lab::new();
    for name in ["b", "c", "d"] {
        lab.write(name, "0123456789\n".repeat(70));
    }
    lab.write("e", "tiny\n");
    let limits = ContextLimits {
        untracked_files: 10,
        ..small()
    };
    let context = lab.review_within(&working_tree(), &limits).unwrap();
    let shown: Vec<bool> = context.files.iter().map(|file| file.shown).collect();
    assert_eq!(shown, [true, true, false, true]);
    assert!(matches!(
        reason(&context, "d"),
        Some(Reason::OverBudget { bytes: 800..1_000 })
    ));
    assert!(context.diff.len() <= limits.inline_bytes);
    let shown: u64 = context
        .files
        .iter()
        .filter(|file| file.shown)
        .filter_map(|file| file.bytes)
        .sum();
    assert_eq!(shown, context.diff.len() as u64);
}

#[test]
fn many_files_are_counted_and_some_are_listed() {
    let lab = Lab::new();
    for number in 0..10 {
        lab.write(format!("t{number}"), "t\n");
    }
    lab.git(["add", "--all"]);
    for number in 0..10 {
        lab.write(format!("u{number}"), "u\n");
    }
    let context = lab.review_within(&working_tree(), &small()).unwrap();
    assert_eq!(listed(&context), ["A t0", "A t1", "A t2", "? u0", "? u1"]);
    assert_eq!(context.totals.files, 20);
    assert_eq!(
        context.totals.additions, 12,
        "tracked lines are counted by git"
    );
    assert_eq!(
        general_reasons(&context),
        [
            Reason::TooManyFiles {
                listed: 3,
                omitted: 7
            },
            Reason::TooManyFiles {
                listed: 2,
                omitted: 8
            },
        ]
    );
    assert_eq!(context.diff.matches("diff --git ").count(), 5);
    assert!(
        context
            .stat()
            .contains("\n … and 15 more\n 20 files changed, 12 insertions(+), 0 deletions(-)"),
        "{}",
        context.stat()
    );
}

#[test]
fn git_is_stopped_when_it_says_too_much() {
    let lab = Lab::new();
    for name in ["b", "c"] {
        lab.write(name, numbers(1..=100_000));
    }
    lab.git(["add", "--all"]);
    let limits = ContextLimits {
        read_bytes: 100_000,
        ..ContextLimits::default()
    };
    let context = lab.review_within(&working_tree(), &limits).unwrap();
    assert_eq!(listed(&context), ["A b", "A c"]);
    for name in ["b", "c"] {
        assert_eq!(reason(&context, name), Some(&Reason::Unread));
        assert_eq!(file(&context, name).additions, Some(100_000));
    }
    assert_eq!(context.diff, "");
    let limits = ContextLimits {
        read_bytes: 10,
        ..ContextLimits::default()
    };
    let error = lab.review_within(&working_tree(), &limits).unwrap_err();
    assert!(
        matches!(error, Error::TooMuchOutput { limit: 10, .. }),
        "{error}"
    );
}

#[test]
fn untracked_files_are_not_read_without_end() {
    let lab = Lab::new();
    for name in ["b", "c"] {
        lab.write(name, numbers(1..=100));
    }
    let limits = ContextLimits {
        read_bytes: 200,
        ..ContextLimits::default()
    };
    let context = lab.review_within(&working_tree(), &limits).unwrap();
    assert_eq!(context.files[1].change, ChangeKind::Untracked);
    assert_eq!(reason(&context, "c"), Some(&Reason::Unread));
}

#[test]
fn a_call_that_takes_too_long_is_ended() {
    let lab = Lab::new();
    lab.write("b", "b\n");
    let limits = ContextLimits {
        timeout: std::time::Duration::ZERO,
        ..ContextLimits::default()
    };
    let error = lab.review_within(&working_tree(), &limits).unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
}

#[test]
fn a_stat_is_bounded() {
    let lab = Lab::new();
    for number in 0..300 {
        lab.write(format!("{number:03}-{}", "x".repeat(200)), "");
    }
    let stat = lab.auto().stat();
    assert_eq!(stat.lines().count(), 202);
    assert!(stat.len() < 60_000, "{}", stat.len());
    assert!(stat.contains(" … and 100 more\n 300 files changed, 0 insertions(+)"));
}
