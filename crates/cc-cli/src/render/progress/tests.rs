use cc_core::Usage;
use proptest::prelude::*;

use super::*;

const HINTS: [&str; 2] = [
    "Ctrl-C cancels, closing the terminal does not",
    "Ctrl-C cancels",
];

fn canvas(columns: usize) -> Canvas {
    Canvas {
        columns,
        rows: 22,
        colour: false,
        hints: HINTS,
    }
}

fn run(phase: RunPhase, detail: &str, tokens: u64) -> RunProgress {
    RunProgress {
        phase,
        detail: detail.into(),
        last_activity_at: Time::from_millis(0),
        usage: Usage {
            input_tokens: tokens,
            ..Usage::default()
        },
        cost_usd: None,
        text: String::new(),
    }
}

fn job(run: Option<RunProgress>, elapsed: u64, silence: u64) -> JobProgress {
    JobProgress {
        id: JobId::parse("review-mwz9abcd-k3x9q1").unwrap(),
        subject: "uncommitted changes (6 files)".into(),
        elapsed: Duration::from_secs(elapsed),
        silence: Duration::from_secs(silence),
        run,
    }
}

#[track_caller]
fn check(job: &JobProgress, columns: usize, expect: &[&str]) {
    assert_eq!(
        live_lines(std::slice::from_ref(job), &canvas(columns)),
        expect
    );
}

#[test]
fn two_lines_say_what_happens() {
    check(
        &job(None, 0, 0),
        80,
        &[
            "review-mwz9abcd-k3x9q1 · uncommitted changes (6 files) · 0s",
            "  Starting · Ctrl-C cancels, closing the terminal does not",
        ],
    );
    let reading = run(RunPhase::Tool, "Read src/pages.rs", 108_000);
    check(
        &job(Some(reading.clone()), 72, 8),
        100,
        &[
            "review-mwz9abcd-k3x9q1 · uncommitted changes (6 files) · 1m 12s · 108.0k tokens",
            "  Reading src/pages.rs · last activity 8s ago · Ctrl-C cancels, closing the terminal does not",
        ],
    );
    let priced = RunProgress {
        cost_usd: Some(0.123),
        ..reading
    };
    check(
        &job(Some(priced), 72, 65),
        80,
        &[
            "review-mwz9abcd-k3x9q1 · uncommitted changes (… · 1m 12s · 108.0k tokens · $0.12",
            "  Reading src/pages.rs · no activity for 1m 05s · Ctrl-C cancels",
        ],
    );
}

#[test]
fn on_a_narrow_terminal_the_least_important_goes_first() {
    let path = "Read crates/cc-workflows/src/review/located/tests.rs";
    let reading = run(RunPhase::Tool, path, 108_000);
    let narrow = [60, 40, 20].map(|columns| {
        let lines = live_lines(&[job(Some(reading.clone()), 72, 65)], &canvas(columns));
        format!("{columns}\n{}", lines.join("\n"))
    });
    insta::assert_snapshot!(narrow.join("\n"), @"
    60
    review-mwz9abcd-k3x9q1 · 1m 12s · 108.0k tokens
      Reading …/review/located/tests.rs · no activity for 1m 05s
    40
    review-mwz9abcd-k3x9q1 · 1m 12s
      Reading …s.rs · no activity for 1m 05s
    20
    review-mwz9abcd-k3x…
      no activity for 1…
    ");
}

#[test]
fn a_stall_has_its_own_colour() {
    let canvas = Canvas {
        colour: true,
        ..canvas(80)
    };
    let thinking = run(RunPhase::Thinking, "", 0);
    let line =
        |silence| live_lines(&[job(Some(thinking.clone()), 90, silence)], &canvas)[1].clone();
    assert!(
        line(59).contains("\x1b[2mlast activity 59s ago\x1b[0m"),
        "{:?}",
        line(59)
    );
    assert!(
        line(60).contains("\x1b[1;33mno activity for 1m 00s\x1b[0m"),
        "{:?}",
        line(60)
    );
}

#[test]
fn the_end_of_the_answer_streams_below() {
    let mut writing = run(RunPhase::Writing, "", 0);
    writing.text = (1..20)
        .map(|n| format!("line {n}\n\t\u{1b}[31mindented"))
        .collect();
    let lines = live_lines(&[job(Some(writing.clone()), 5, 0)], &canvas(60));
    assert_eq!(lines.len(), 2 + ANSWER_LINES);
    assert_eq!(lines[7], "  │     \u{fffd}[31mindented");
    let both = [job(Some(writing.clone()), 5, 0), job(Some(writing), 5, 0)];
    assert_eq!(live_lines(&both, &canvas(60)).len(), 4);
}

#[test]
fn jobs_that_do_not_fit_are_counted() {
    let many = vec![job(None, 5, 0); 30];
    let lines = live_lines(&many, &canvas(60));
    assert_eq!(lines.len(), 21);
    assert_eq!(lines[20], "and 20 more");
}

#[test]
fn a_line_of_a_log_says_it_all() {
    let reading = run(RunPhase::Tool, "Grep fn main in src", 12_300);
    assert_eq!(
        job(Some(reading), 60, 8).log_line(),
        "1m 00s · Searching for fn main in src · 12.3k tokens"
    );
    let retrying = run(RunPhase::Retrying, "overloaded (529), retry 2 of 10", 0);
    assert_eq!(
        job(Some(retrying), 120, 61).log_line(),
        "2m 00s · Waiting to retry: overloaded (529), retry 2 of 10 · no activity for 1m 01s"
    );
}

#[test]
fn a_call_is_named_as_people_say_it() {
    for (call, limit, expect) in [
        ("Edit src/a.rs", 80, "Editing src/a.rs"),
        ("Bash cargo test", 80, "Running cargo test"),
        ("git diff HEAD", 80, "git diff HEAD"),
        ("NewTool x", 80, "NewTool x"),
        ("Read", 80, "Reading"),
        ("Read a/b/c/deep/file.rs", 22, "Reading …/deep/file.rs"),
        (
            "Read averyveryverylongname.rs",
            22,
            "Reading …rylongname.rs",
        ),
        (
            "Read 目录/文件文件文件文件.rs",
            22,
            "Reading …件文件文件.rs",
        ),
        ("Bash echo abcdefghijklmnop", 16, "Running echo ab…"),
    ] {
        assert_eq!(doing(call, limit), expect);
    }
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_terminal_or_controls_it(
        detail in "\\PC{0,60}|[\\x00-\\x1f\u{202e}a文/ ]{0,60}",
        subject in "\\PC{0,60}|[\\x00-\\x1f\u{202e}a文/ ]{0,60}",
        text in "(\\PC|\n|\u{1b}){0,300}",
        columns in 1usize..130,
        rows in 1usize..30,
        seconds in 0u64..100_000,
        silence in 0u64..100_000,
        phase in prop::sample::select(vec![RunPhase::Tool, RunPhase::Writing, RunPhase::Retrying]),
    ) {
        let progress = RunProgress { text, ..run(phase, &detail, seconds) };
        let mut job = job(Some(progress), seconds, silence);
        job.subject = one_line(&subject, 400);
        let lines = live_lines(&[job], &Canvas { columns, rows, colour: false, hints: HINTS });
        prop_assert!(lines.len() <= rows.max(2));
        for line in lines {
            prop_assert!(display_width(&line) <= columns, "{line:?}");
            prop_assert_eq!(one_line(&line, 1_000).chars().filter(|c| c.is_control()).count(), 0);
            prop_assert!(!line.contains(['\u{1b}', '\u{202e}', '\n', '\t']), "{:?}", line);
        }
    }
}
