//! The progress of a running job: live at a terminal, as lines elsewhere.

#[cfg(unix)]
mod terminal;

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};

use super::SOON;

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
