//! What a narrow terminal shows: whole words, and what tells jobs apart.

use cc_tests::{Sandbox, Scenario};

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
