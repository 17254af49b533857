//! The progress of a running job: live at a terminal, as lines elsewhere.

use cc_tests::fake::{Run, Step};
use cc_tests::sandbox::Screen;
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};

use super::{SOON, background, hanging, waiting_for_go};

const STAGES: [&str; 4] = ["up", "read", "written", "done"];

fn stream_event(event: Value) -> Value {
    json!({"type": "stream_event", "event": event, "session_id": "{session}", "parent_tool_use_id": null})
}

/// A Claude that thinks, reads, writes and ends, each once the file of that stage is there.
fn staged() -> Sandbox {
    let awaits = |stage: &str| Step::Await(stage.into());
    let usage =
        json!({"input_tokens": 8_000, "cache_read_input_tokens": 4_000, "output_tokens": 1});
    let delta = |text: String| {
        let delta = json!({"type": "text_delta", "text": text});
        stream_event(json!({"type": "content_block_delta", "index": 0, "delta": delta}))
    };
    let hostile = "\u{1b}]0;owned\u{7}\u{202e}第二行";
    let run = Run::started()
        .step(awaits("up"))
        .line(stream_event(
            json!({"type": "message_start", "message": {"usage": usage}}),
        ))
        .line(stream_event(
            json!({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 345}}),
        ))
        .tool("Read", json!({"file_path": "{cwd}/src/lib.rs"}))
        .step(awaits("read"))
        .line(stream_event(
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}),
        ))
        .line(delta(format!("The first line.\n{hostile}\n")))
        .step(awaits("written"))
        .text(&format!("The first line.\n{hostile}"))
        .success("All fine.", None);
    Sandbox::fake(&Scenario::runs([run])).with_change()
}

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
fn without_a_terminal_a_line_comes_now_and_then() {
    let sandbox = staged();
    let mut waits = Vec::new();
    let review = sandbox.cc(["review", "--json"]).spawn();
    sandbox.wait_for_run(1, SOON);
    let id = sandbox.job();
    waits.push(sandbox.cc(["wait", id.as_str()]).spawn());
    waits.push(sandbox.cc(["status", id.as_str(), "--wait"]).spawn());
    waits.push(sandbox.cc(["status", "--watch"]).spawn());
    sandbox.write(STAGES[0], "");
    review.wait_for_stderr("s · Reading src/lib.rs · 12.3k tokens\n");
    let status = sandbox.cc(["status", id.as_str(), "--json"]).run();
    let progress = &status.success().json()["progress"];
    assert_eq!(progress["phase"], "tool");
    assert_eq!(progress["detail"], "Read src/lib.rs");
    assert_eq!(progress["usage"]["outputTokens"], 345);
    for wait in &waits {
        wait.wait_for_stderr("s · Reading src/lib.rs · 12.3k tokens\n");
    }
    for stage in &STAGES[1..3] {
        sandbox.write(stage, "");
    }
    let told = review.wait().success();
    assert_eq!(told.json()["jobId"], id.as_str());
    for line in told.stderr.lines() {
        assert!(line.starts_with("[cc] "), "{}", told.stderr);
    }
    for wait in waits {
        wait.wait().success();
    }
    let file = sandbox.state_dir().progress(&id);
    assert!(!file.exists(), "it goes with the run");
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
