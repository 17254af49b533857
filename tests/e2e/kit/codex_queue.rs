//! What is queued for a session of Codex reaches its model.

use std::time::Duration;

use cc_tests::peers::CODEX;
use cc_tests::responses_api::Turn;
use cc_tests::{ResponsesApi, Sandbox};

const SOON: Duration = Duration::from_secs(120);

/// What Codex puts before every conversation is left out.
fn prompts(api: &ResponsesApi, request: usize) -> Vec<String> {
    let texts = api.wait_for_request(request, SOON).user_texts();
    texts
        .into_iter()
        .filter(|text| !text.starts_with('<'))
        .collect()
}

#[test]
fn in_an_idle_session_at_the_next_look_at_the_queue() {
    let api = ResponsesApi::start([]);
    let sandbox = Sandbox::codex_at(CODEX, &api);
    let mut server = sandbox.app_server();
    let thread = server.start_thread();
    server.turn(&thread, "prompt A");
    sandbox.queue(&thread, "from the queue");
    assert_eq!(server.queued(&thread), ["from the queue"]);
    // Codex looks every ten seconds.
    assert_eq!(prompts(&api, 2), ["prompt A", "from the queue"]);
    assert_eq!(server.queued(&thread), [] as [&str; 0]);
}

#[test]
fn in_a_busy_session_after_its_turn() {
    let waits = "until test -e go; do sleep 0.02; done; echo gone";
    let api = ResponsesApi::start([Turn::shell(waits), Turn::text("Done.")]);
    let sandbox = Sandbox::codex_at(CODEX, &api);
    let mut server = sandbox.app_server();
    let thread = server.start_thread();
    let turn = server.start_turn(&thread, "prompt A");
    api.wait_for_request(1, SOON);
    sandbox.queue(&thread, "from the queue");
    sandbox.write("go", "");
    assert_eq!(server.end_of_turn(&turn)["status"], "completed");
    assert!(api.wait_for_request(2, SOON).tool_output().contains("gone"));
    assert_eq!(prompts(&api, 2), ["prompt A"]);
    assert_eq!(prompts(&api, 3), ["prompt A", "from the queue"]);
}

#[test]
fn in_a_session_that_has_ended_once_it_is_taken_up_again() {
    let api = ResponsesApi::start([]);
    let sandbox = Sandbox::codex_at(CODEX, &api);
    let output = sandbox.codex(["exec", "prompt A"]).run().success();
    let session = output.codex_session();
    sandbox.queue(session, "from the queue");
    let resume = ["exec", "resume", session, "prompt B"];
    sandbox.codex(resume).run().success();
    assert_eq!(prompts(&api, 2), ["prompt A", "from the queue"]);
    assert_eq!(prompts(&api, 3), ["prompt A", "from the queue", "prompt B"]);
}
