//! What a narrow terminal shows: whole words, and what tells jobs apart.

use std::time::Duration;

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, eventually};

/// A sandbox with two reviews whose titles differ at their ends alone.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    for paths in ["src/lib.rs", "src"] {
        sandbox.cc(["review", "--", paths]).run().success();
    }
    sandbox
}

/// What a command prints at a terminal of that width.
fn shown(sandbox: &Sandbox, args: &[&str], columns: u16) -> String {
    let call = sandbox.cc(args).env("TERM", "xterm-256color");
    call.env("NO_COLOR", "1").at_terminal(columns, 120).wait().1
}

#[test]
fn no_word_is_broken_at_the_edge() {
    let sandbox = sandbox();
    // What changes from call to call is how long ago things were.
    let words = |text: &str| -> Vec<String> {
        let mut in_brackets = false;
        let words = text.split_whitespace().filter(|word| {
            in_brackets |= word.starts_with('(');
            let is_kept = !in_brackets;
            in_brackets &= !word.contains(')');
            is_kept
        });
        words.map(str::to_owned).collect()
    };
    for args in [&["setup", "--check"][..], &["status", "last"]] {
        let wide = shown(&sandbox, args, 400);
        assert!(wide.lines().any(|line| line.len() > 60), "{wide}");
        // What is longer than a line, such as the path of a checkout, is broken by the terminal itself.
        let longest = words(&wide).iter().map(String::len).max().unwrap_or(0);
        for columns in [60, 80, 120]
            .into_iter()
            .filter(|width| longest + 24 <= usize::from(*width))
        {
            let narrow = shown(&sandbox, args, columns);
            assert_eq!(words(&narrow), words(&wide), "{columns}:\n{narrow}");
        }
    }
    let usage = shown(&sandbox, &["usage"], 80);
    let is_bar = |line: &str| line.chars().all(|c| c == '█' || c == ' ');
    assert!(usage.contains('█'), "{usage}");
    assert!(
        !usage.lines().any(|line| !line.is_empty() && is_bar(line)),
        "{usage}"
    );
}

#[test]
fn jobs_are_told_apart_on_a_narrow_screen() {
    let sandbox = sandbox();
    for columns in [70, 80, 100, 140] {
        let status = shown(&sandbox, &["status"], columns);
        for title in [
            "Review of uncommitted changes in src/lib.rs",
            "Review of uncommitted changes in src",
        ] {
            let mut lines = status.lines().map(str::trim_end);
            let is_there = lines.any(|line| line.contains(title));
            assert!(is_there, "{columns}: {title}\n{status}");
        }
    }
}

#[test]
fn errors_hints_and_questions_fit_too() {
    let sandbox = sandbox();
    let text = shown(&sandbox, &["review", "--scope", "staged"], 50);
    assert_eq!(
        text,
        "error: nothing to review: no staged changes\n  \
         hint: Choose another change:\n        \
         --commit HEAD, --base REF or --range A..B.\n        \
         Preview it with: cc-cli scope"
    );
    // What was asked about is named.
    let mut screen = sandbox.cc(["rm", "last"]).at_terminal(80, 24);
    let asked = screen.wait_for("Remove 1 finished job? [y/N]");
    assert!(
        asked.contains("Review of uncommitted changes in src"),
        "{asked}"
    );
    screen.press("\n");
    assert!(screen.wait().1.contains("Nothing was removed."));

    let long = format!("I have looked at {}", "some file and ".repeat(20));
    sandbox.set_scenario(&Scenario::runs([Run::started()
        .text(&long)
        .step(Step::Hang)]));
    let started = ["review", "--background", "--json"];
    let job = sandbox.cc(started).run().success().json();
    let id = job["jobId"].as_str().unwrap();
    let log = || sandbox.cc(["logs", id]).run().success().stdout;
    eventually(Duration::from_secs(60), "the text in the log", || {
        log().contains("I have looked").then_some(())
    });
    let text = shown(&sandbox, &["status", id], 60);
    let latest = text.split("Latest\n").nth(1).unwrap();
    assert!(
        latest.contains("says: I have looked at some file and some"),
        "{text}"
    );
    assert!(latest.contains('…'), "{text}");
    assert!(latest.lines().all(|line| line.starts_with("  ")), "{text}");

    sandbox.cc(["cancel", id]).run().success();
    let text = shown(&sandbox, &["result", id], 60);
    assert!(
        text.contains("was cancelled.\n\nPartial output\n\nI have looked at"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
}

#[test]
fn how_to_continue_is_said_once() {
    let sandbox = Sandbox::fake(&Scenario::says("Done.")).with_change();
    let rescue = ["rescue", "--no-sandbox", "--isolated", "do it"];
    for text in [
        shown(&sandbox, &rescue, 80),
        shown(&sandbox, &["result"], 80),
    ] {
        assert_eq!(text.matches("Continue:").count(), 1, "{text}");
        assert!(!text.contains('`'), "{text}");
    }
}
