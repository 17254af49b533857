//! A background job that ends tells the session it was started in, once, in words of our own.

use cc_tests::app_server::AppServer;
use cc_tests::peers::{CODEX, CODEX_OLD};
use cc_tests::responses_api::Request;
use cc_tests::{ResponsesApi, Sandbox, Scenario};
use serde_json::json;

use super::{SOON, hooked};

/// Starts a review in the background of a session; its id.
fn review(sandbox: &Sandbox, thread: &str, command: &str) -> String {
    let review = sandbox.cc([command, "--background", "--json"]);
    let review = review.env("CODEX_THREAD_ID", thread).run().success();
    review.json()["jobId"].as_str().unwrap().to_owned()
}

/// What the user, or a queue in their name, said.
fn prompts(request: &Request) -> Vec<String> {
    let texts = request.user_texts().into_iter();
    texts.filter(|text| !text.starts_with('<')).collect()
}

/// What the model reads once every worker has ended and the session is taken up again.
fn after_its_end(
    sandbox: &Sandbox,
    server: AppServer,
    thread: &str,
    api: &ResponsesApi,
) -> Request {
    server.close().success();
    sandbox.wait_quiet(SOON);
    let resume = ["exec", "resume", thread, "prompt B"];
    sandbox.codex(resume).run().success();
    api.last_request()
}

#[test]
fn an_idle_session_hears_of_it_once() {
    let api = ResponsesApi::start([]);
    let sandbox = hooked(CODEX, &api);
    let findings = json!({"verdict": "needs-attention", "summary": "It subtracts.", "findings": [{
        "severity": "high", "title": "Subtracts", "body": "add subtracts", "file": "src/lib.rs",
        "line_start": 2, "line_end": 2, "confidence": 0.9, "recommendation": "Add.",
    }], "next_steps": []});
    sandbox.set_scenario(&Scenario::structured(findings));
    let mut server = sandbox.app_server();
    let thread = server.start_thread();
    server.turn(&thread, "prompt A");
    let job = review(&sandbox, &thread, "adversarial-review");
    sandbox.wait_for_status("completed", SOON);

    let request = api.wait_for_request(2, SOON);
    let prompts = prompts(&request);
    let message = prompts.last().unwrap();
    assert!(message.contains(&format!("$cc:result {job}")), "{message}");
    assert!(
        message.contains("finished (needs attention: 1 high)"),
        "{message}"
    );
    assert!(
        !message.contains('\n') && !message.contains("subtract"),
        "{message}"
    );
    assert!(sandbox.record()["notifiedAt"].is_string());
    assert!(
        sandbox.record()["resultViewedAt"].is_null(),
        "told is not read"
    );

    server.turn(&thread, "prompt B");
    let request = api.last_request();
    assert_eq!(
        request.count(&job),
        1,
        "the hook does not tell it again: {request:#?}"
    );
    server.close().success();
}

#[test]
fn a_failure_is_reported_too() {
    let api = ResponsesApi::start([]);
    let sandbox = hooked(CODEX, &api);
    sandbox.set_scenario(&Scenario::logged_out());
    let mut server = sandbox.app_server();
    let thread = server.start_thread();
    server.turn(&thread, "prompt A");
    review(&sandbox, &thread, "review");
    sandbox.wait_for_status("failed", SOON);
    let request = api.wait_for_request(2, SOON);
    let prompts = prompts(&request);
    assert!(
        prompts
            .last()
            .unwrap()
            .contains("review failed (Claude Code is logged out)"),
        "{prompts:?}"
    );
}

#[test]
fn what_was_read_in_time_or_switched_off_is_not_told() {
    let api = ResponsesApi::start([]);
    let sandbox = hooked(CODEX, &api);
    let mut server = sandbox.app_server();
    let thread = server.start_thread();
    server.turn(&thread, "prompt A");
    let attached = sandbox.cc(["review"]).env("CODEX_THREAD_ID", &*thread);
    attached.run().success();
    sandbox
        .cc(["config", "set", "jobs.notify", "false"])
        .run()
        .success();
    let job = review(&sandbox, &thread, "review");
    sandbox.cc(["wait", &job]).run().success();
    let request = after_its_end(&sandbox, server, &thread, &api);
    assert_eq!(prompts(&request), ["prompt A", "prompt B"]);
}

#[test]
fn a_codex_without_a_queue_tells_it_at_the_next_prompt() {
    let api = ResponsesApi::start([]);
    let sandbox = hooked(CODEX_OLD, &api);
    let mut server = sandbox.app_server();
    let thread = server.start_thread();
    server.turn(&thread, "prompt A");
    let job = review(&sandbox, &thread, "review");
    sandbox.wait_for_status("completed", SOON);
    let request = after_its_end(&sandbox, server, &thread, &api);
    assert_eq!(prompts(&request), ["prompt A", "prompt B"]);
    assert_eq!(request.count(&job), 1, "the hook told it: {request:#?}");
}
