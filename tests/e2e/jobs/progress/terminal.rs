//! The progress of a running job, live at a terminal.

use cc_tests::Sandbox;
use cc_tests::sandbox::Screen;

use super::super::{SOON, background, hanging, waiting_for_go};
use super::{STAGES, staged};

/// A review at a terminal of this size.
fn at_terminal(sandbox: &Sandbox, args: &[&str], columns: u16, rows: u16) -> Screen {
    let call = sandbox.cc(args).env("TERM", "xterm-256color");
    call.at_terminal(columns, rows)
}

#[test]
fn two_live_lines_follow_the_run_and_give_way_to_the_report() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let sandbox = staged();
        let screen = at_terminal(&sandbox, &["review", "--", "src"], columns, rows);
        let shown = screen.wait_for("Thinking");
        let id = sandbox.job();
        let [first, second] = shown.lines().collect::<Vec<_>>()[..] else {
            panic!("two lines:\n{shown}")
        };
        let about = format!("{id} · uncommitted changes in `src` (1 file) · ");
        assert!(
            first.starts_with(&about) || first.starts_with(&id.to_string()),
            "{shown}"
        );
        assert!(
            second.contains("Ctrl-C cancels, closing the terminal does not"),
            "{shown}"
        );
        sandbox.write(STAGES[0], "");
        let shown = screen.wait_until("the tokens", |text| {
            text.contains("  Reading src/lib.rs") && text.contains(" · 12.3k tokens")
        });
        assert_eq!(shown.lines().count(), 2, "{shown}");
        sandbox.write(STAGES[1], "");
        let shown = screen.wait_for("第二行");
        assert!(shown.contains("  Writing the answer"), "{shown}");
        assert!(shown.contains("\n  │ The first line.\n  │ "), "{shown}");
        sandbox.write(STAGES[2], "");
        let printed = {
            let (code, text) = screen.wait();
            assert_eq!(code, Some(0), "{text}");
            text
        };
        assert!(
            !printed.contains("Ctrl-C") && !printed.contains("Writing"),
            "{printed}"
        );
        assert!(printed.contains("The first line."), "{printed}");
        assert!(printed.contains("Reviewed:"), "{printed}");
    }
}

#[test]
fn nothing_but_the_marks_of_the_screen_reaches_it() {
    let sandbox = staged();
    for stage in &STAGES[..2] {
        sandbox.write(stage, "");
    }
    let screen = at_terminal(&sandbox, &["review"], 60, 20);
    screen.wait_for("第二行");
    let printed = screen.printed();
    assert!(
        !printed.contains("\u{1b}]0;") && !printed.contains('\u{202e}'),
        "{printed:?}"
    );
    sandbox.write(STAGES[2], "");
    assert_eq!(screen.wait().0, Some(0));
}

#[test]
fn a_terminal_that_changes_its_size_shows_each_line_once() {
    let sandbox = staged();
    let screen = at_terminal(&sandbox, &["review"], 100, 24);
    screen.wait_for("closing the terminal does not");
    let begins = |text: &str, word: &str| text.lines().filter(|line| line.contains(word)).count();
    for columns in [50, 30, 110] {
        screen.resize(columns, 24);
        let wide = columns > 100;
        let shown = screen.wait_until("the other width", |text| {
            text.contains("closing the terminal") == wide && text.contains("Thinking")
        });
        assert_eq!(
            (begins(&shown, "review-"), begins(&shown, "Thinking")),
            (1, 1),
            "{shown}"
        );
    }
    for stage in &STAGES[..3] {
        sandbox.write(stage, "");
    }
    assert_eq!(screen.wait().0, Some(0));
}

#[test]
fn ctrl_c_cancels_and_a_closed_terminal_does_not() {
    let sandbox = hanging();
    let mut screen = at_terminal(&sandbox, &["review"], 80, 24);
    screen.wait_for("Ctrl-C cancels");
    screen.press("\u{3}");
    let (code, text) = screen.wait();
    assert_eq!(code, Some(4), "{text}");
    assert_eq!(sandbox.record()["status"], "cancelled");
    sandbox.wait_quiet(SOON);

    let sandbox = waiting_for_go();
    let screen = at_terminal(&sandbox, &["review"], 80, 24);
    screen.wait_for("Ctrl-C cancels");
    sandbox.wait_for_run(1, SOON);
    screen.hang_up();
    sandbox.write("go", "");
    let id = sandbox.job();
    sandbox.cc(["wait", id.as_str()]).run().success();
    assert_eq!(sandbox.record()["status"], "completed");
}

#[test]
fn colours_only_where_they_are_wanted_and_no_live_lines_where_they_cannot_be() {
    let sandbox = waiting_for_go();
    let vars: [&[(&str, &str)]; 4] = [
        &[],
        &[("NO_COLOR", "1")],
        &[("TERM", "dumb")],
        &[("CODEX_THREAD_ID", "t")],
    ];
    let id = background(&sandbox);
    for &vars in &vars {
        let mut call = sandbox.cc(["wait", &id]).env("TERM", "xterm-256color");
        for (name, value) in vars {
            call = call.env(name, *value);
        }
        let mut screen = call.at_terminal(80, 24);
        let is_live = !matches!(vars, [("TERM" | "CODEX_THREAD_ID", _)]);
        if is_live {
            screen.wait_for("Ctrl-C stops watching");
            assert_eq!(screen.printed().contains("\u{1b}[2m"), vars.is_empty());
        } else {
            let shown = screen.wait_for("s · Thinking");
            assert!(shown.starts_with("[cc] "), "{shown}");
            assert!(!screen.printed().contains('\u{1b}'), "{shown}");
        }
        screen.press("\u{3}");
        assert_eq!(screen.wait().0, None, "a signal ends who only watches");
    }
    assert_eq!(sandbox.record()["status"], "running");
    sandbox.write("go", "");
    sandbox.cc(["wait", &id]).run().success();
}

#[test]
fn status_watch_shows_all_running_jobs_until_they_end() {
    let sandbox = waiting_for_go();
    let ids = [background(&sandbox), background(&sandbox)];
    sandbox.wait_for_run(2, SOON);
    let screen = at_terminal(&sandbox, &["status", "--watch"], 80, 24);
    let shown = screen.wait_until("both jobs", |text| ids.iter().all(|id| text.contains(id)));
    assert_eq!(shown.lines().count(), 4, "{shown}");
    sandbox.write("go", "");
    let (code, text) = screen.wait();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("Finished\n"), "{text}");
    let one = at_terminal(&sandbox, &["status", &ids[0], "--watch"], 80, 24);
    let (code, text) = one.wait();
    assert!(code == Some(0) && text.contains("completed"), "{text}");
    let refused = sandbox.cc(["status", "--watch", "--json"]).run().exits(2);
    assert!(
        refused.stderr.contains("cannot be used with"),
        "{}",
        refused.stderr
    );
}
