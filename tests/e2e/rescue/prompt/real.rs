//! What the real Claude makes of a task.

use std::fs;

use cc_tests::messages_api::Request;
use cc_tests::{MessagesApi, Sandbox, Turn};

use super::HOSTILE;

/// Whether a request hands over this task, alone in a text or behind our own prefix.
fn hands_over(request: &Request, task: &str) -> bool {
    let messages = request.body["messages"].as_array().unwrap();
    let blocks = messages
        .iter()
        .filter_map(|message| message["content"].as_array());
    blocks
        .flatten()
        .filter_map(|block| block["text"].as_str())
        .any(|text| text.strip_prefix("Task:\n").unwrap_or(text) == task)
}

#[test]
fn the_real_claude_takes_no_task_for_a_command_of_its_own() {
    let tasks = [
        "/compact the log",
        "/clear",
        "\n /help me",
        "/no-such command",
    ];
    let api = MessagesApi::start([Turn::text("Done.").forever()]);
    let sandbox = Sandbox::real(&api).with_change();
    for (number, typed) in tasks.into_iter().enumerate() {
        sandbox.cc(["rescue", "--read-only", typed]).run().success();
        let requests = api.requests();
        assert_eq!(requests.len(), number + 1, "{typed:?}");
        let prompt = requests[number].prompt();
        assert!(hands_over(&requests[number], typed), "{typed:?}: {prompt}");
    }
}

#[test]
fn the_real_claude_passes_a_large_hostile_text_on_and_opens_no_file_for_it() {
    let api = MessagesApi::start([Turn::text("Done.")]);
    let sandbox = Sandbox::real(&api).with_change();
    let text = HOSTILE.repeat(1_000);
    fs::write(sandbox.tmp().join("task.txt"), &text).unwrap();
    sandbox
        .cc(["rescue", "--read-only", "--prompt-file"])
        .args([sandbox.tmp().join("task.txt")])
        .run()
        .success();
    let request = api.requests().pop().unwrap();
    assert!(hands_over(&request, &text), "{}", request.bytes);
    assert!(!request.body.to_string().contains("root:x:0:0"));
}
