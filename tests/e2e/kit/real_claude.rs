//! The pinned Claude Code takes the loopback server for the Messages API.

use std::time::Duration;

use cc_core::process::Signal;
use cc_tests::sandbox::{Cmd, Output};
use cc_tests::{Block, MessagesApi, Sandbox, Turn};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(120);

fn ask<'a>(sandbox: &'a Sandbox, more: &[&str]) -> Cmd<'a> {
    let base = [
        "-p",
        "--output-format",
        "stream-json",
        "--verbose",
        "--include-partial-messages",
    ];
    let args = base
        .into_iter()
        .chain(["--permission-mode", "dontAsk", "--tools", "Read,Bash"]);
    let args = args
        .chain(["--setting-sources", ""])
        .chain(more.iter().copied());
    sandbox.claude(args).stdin("Please review this change.")
}

/// The last line of the stream.
fn result(output: &Output) -> Value {
    let result = output.json_lines().pop().unwrap_or_default();
    assert_eq!(result["type"], "result", "{output}");
    result
}

fn events<'a>(lines: &'a [Value], subtype: &str) -> Vec<&'a Value> {
    lines
        .iter()
        .filter(|line| line["subtype"] == subtype)
        .collect()
}

#[test]
fn it_gets_text_and_its_request_is_kept_without_the_key() {
    let api = MessagesApi::start([Turn::blocks([
        Block::thinking("A small change."),
        Block::text("Looks good. "),
        Block::text("No findings."),
    ])
    .usage(json!({"output_tokens": 77}))]);
    let sandbox = Sandbox::real(&api);
    let output = ask(&sandbox, &[]).run().success();
    let result = result(&output);
    assert_eq!(result["result"], "No findings.", "{output}");
    let model = result["modelUsage"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    assert_eq!(model["outputTokens"], 77, "{output}");
    let requests = api.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].prompt().contains("Please review this change."));
    assert!(
        requests[0].tools().contains(&"Bash"),
        "{:?}",
        requests[0].tools()
    );
    assert!(
        !requests[0].tools().contains(&"Write"),
        "{:?}",
        requests[0].tools()
    );
    assert_eq!(requests[0].headers["x-api-key"], "<key>");
    assert_eq!(api.turns_left(), 0);
}

#[test]
fn it_runs_a_tool_and_sends_the_result() {
    let api = MessagesApi::reviewer();
    let sandbox = Sandbox::real(&api).with_change();
    let output = ask(&sandbox, &[]).run().success();
    let text = result(&output)["result"].as_str().unwrap().to_owned();
    assert!(text.contains("`src/lib.rs:1`"), "{output}");
    let results = api.wait_for_request(2, SOON).tool_results();
    assert!(results[0].contains("1 file changed"), "{results:?}");
}

#[test]
fn it_gives_structured_output_as_the_schema_wants_it() {
    let api = MessagesApi::reviewer();
    let sandbox = Sandbox::real(&api).with_change();
    let schema = json!({
        "type": "object", "required": ["verdict", "file"], "additionalProperties": false,
        "properties": {"verdict": {"enum": ["approve", "reject"]}, "file": {"type": "string"}},
    });
    let output = ask(&sandbox, &["--json-schema", &schema.to_string()])
        .run()
        .success();
    let expected = json!({"verdict": "approve", "file": "src/lib.rs"});
    assert_eq!(result(&output)["structured_output"], expected, "{output}");
}

#[test]
fn it_tries_again_after_429() {
    let limited = Turn::error(429).header("retry-after", "1").times(2);
    let api = MessagesApi::start([limited, Turn::text("Fine.")]);
    let output = ask(&Sandbox::real(&api), &[]).run().success();
    let lines = output.json_lines();
    let retries = events(&lines, "api_retry");
    assert_eq!(retries.len(), 2, "{output}");
    assert_eq!(retries[0]["error"], "rate_limit", "{output}");
    assert_eq!(api.requests().len(), 3);
}

#[test]
fn it_tries_again_after_a_cut() {
    let cut = Turn::text("A long answer that is never finished.")
        .chunk(4)
        .cut_after(3);
    let api = MessagesApi::start([cut, Turn::text("Fine.")]);
    let output = ask(&Sandbox::real(&api), &[]).run().success();
    let lines = output.json_lines();
    assert_eq!(result(&output)["result"], "Fine.", "{output}");
    assert_eq!(events(&lines, "api_retry").len(), 1, "{output}");
    assert!(
        output.stdout.contains("nswe"),
        "the third delta came: {output}"
    );
    assert!(
        !output.stdout.contains("r that"),
        "the fifth did not: {output}"
    );
    assert_eq!(api.clients_gone(), 0);
}

#[test]
fn it_tries_again_after_an_error_event() {
    let api = MessagesApi::start([Turn::event_error("overloaded_error"), Turn::text("Fine.")]);
    let output = ask(&Sandbox::real(&api), &[]).run().success();
    assert_eq!(result(&output)["result"], "Fine.", "{output}");
    assert_eq!(api.requests().len(), 2);
}

#[test]
fn an_unscripted_request_fails_the_run() {
    let api = MessagesApi::start([]);
    let output = ask(&Sandbox::real(&api), &[]).run().exits(1);
    let result = result(&output);
    assert_eq!(
        (&result["is_error"], &result["api_error_status"]),
        (&json!(true), &json!(400))
    );
    assert!(
        output.stdout.contains("the script has no turn left"),
        "{output}"
    );
}

#[test]
fn a_hang_lasts_until_the_client_leaves() {
    let api = MessagesApi::start([Turn::text("Never heard.").hang_after(0)]);
    let sandbox = Sandbox::real(&api);
    let running = ask(&sandbox, &[]).spawn();
    api.wait_for_request(1, SOON);
    running.wait_for_stdout("message_start");
    assert_eq!(api.clients_gone(), 0);
    running.signal(Signal::Interrupt);
    let output = running.wait();
    assert_eq!(
        result(&output)["subtype"],
        "error_during_execution",
        "{output}"
    );
    api.wait_client_gone(SOON);
}

#[test]
fn without_a_key_it_is_logged_out() {
    let api = MessagesApi::start([]);
    let mut sandbox = Sandbox::real(&api);
    let status = sandbox.claude(["auth", "status"]).run().success();
    assert_eq!(status.json()["authMethod"], "api_key");
    sandbox.log_out();
    let status = sandbox.claude(["auth", "status"]).run().exits(1);
    assert_eq!(status.json()["loggedIn"], false);
}
