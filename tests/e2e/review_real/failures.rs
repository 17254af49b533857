//! What becomes of a review that the service does not answer.

use cc_tests::{MessagesApi, Sandbox, Turn};
use insta::assert_snapshot;

#[test]
fn without_a_login_the_job_fails_and_says_how_to_log_in() {
    let api = MessagesApi::start([]);
    let mut sandbox = Sandbox::real(&api).with_change();
    sandbox.log_out();
    let output = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 3
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    error: <review 1> failed: Not logged in · Please run /login
      hint: Log in: claude auth login. If ANTHROPIC_API_KEY is set, Claude Code uses that instead: fix or unset it.
    ");
    let record = sandbox.record();
    assert_eq!(record["status"], "failed");
    assert_eq!(record["failure"]["class"], "logged_out");
    assert_eq!(api.requests().len(), 0);
}

#[test]
fn a_limit_of_the_moment_is_waited_out() {
    let limited = Turn::error(429).header("retry-after", "1");
    let api = MessagesApi::start([limited, Turn::text("Fine as it is.")]);
    let sandbox = Sandbox::real(&api).with_change();
    let output = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 0
    --- stdout
    # Review of uncommitted changes

    Fine as it is.

    ---
    Reviewed: uncommitted changes · branch `main` at `960b4d50c5d9`
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 6.5k tokens in, 42 out · $0.01 · <n>s
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    ");
    assert_snapshot!(sandbox.redact(&sandbox.log()), @"
    <time> Review of uncommitted changes started
    <time> Claude Code <claude> started, model claude-opus-5-5
    <time> retry 1 of 4 in <n> s: rate_limit (429)
    <time> says: Fine as it is.
    <time> completed
    ");
}

#[test]
fn a_key_that_is_refused_forever_ends_the_review_after_bounded_retries() {
    let api = MessagesApi::start([Turn::error(401).forever()]);
    let mut sandbox = Sandbox::real(&api).with_change();
    sandbox.set_env("CLAUDE_CODE_MAX_RETRIES", "1");
    let output = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 3
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    error: <review 1> failed: Failed to authenticate. API Error: 401 authentication_error
      hint: Log in: claude auth login. If ANTHROPIC_API_KEY is set, Claude Code uses that instead: fix or unset it.
    ");
    assert_eq!(api.requests().len(), 2, "one request, one retry");
    assert_eq!(sandbox.record()["failure"]["class"], "logged_out");
}

#[test]
fn what_claude_had_said_before_the_service_broke_is_kept() {
    let look = Turn::blocks([
        cc_tests::Block::text("So far I found that `add` subtracts."),
        cc_tests::Block::tool("mcp__git__log", serde_json::json!({})),
    ]);
    let api = MessagesApi::start([look, Turn::error(500).forever()]);
    let mut sandbox = Sandbox::real(&api).with_change();
    sandbox.set_env("CLAUDE_CODE_MAX_RETRIES", "0");
    let output = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 1
    --- stdout
    Partial output:

    So far I found that `add` subtracts.
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    error: <review 1> failed: API Error: 500 api_error. This is a server-side issue, usually temporary — try again in a moment. If it persists, check your inference gateway (127.0.0.1:<port>).
      hint: The service is overloaded. Try again in a few minutes.
    ");
    let json = sandbox.cc(["result", "--json"]).run().success();
    assert_eq!(json.json()["job"]["failure"]["class"], "overloaded");
}
