//! `--fail-on` and the formats of a review: what a program makes of it.

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn answer(severities: &[&str]) -> Value {
    let finding = |severity: &&str| {
        json!({
            "severity": severity, "title": "Subtracts", "body": "It is `-`.", "file": "src/lib.rs",
            "line_start": 2, "line_end": 2, "confidence": 0.9, "recommendation": "Use `+`.",
        })
    };
    let findings: Vec<Value> = severities.iter().map(finding).collect();
    json!({"verdict": "needs-attention", "summary": "Read it.", "next_steps": [], "findings": findings})
}

/// The job that ended last.
fn latest(sandbox: &Sandbox) -> String {
    let status = sandbox.cc(["status", "--json"]).run().success().json();
    status["latestFinished"]["id"].as_str().unwrap().to_owned()
}

fn finding(severities: &[&str]) -> Sandbox {
    Sandbox::fake(&Scenario::structured(answer(severities))).with_change()
}

#[test]
fn the_least_severe_failure_decides() {
    let sandbox = finding(&["medium", "low"]);
    for (lowest, exit) in [("critical", 0), ("high", 0), ("medium", 10), ("low", 10)] {
        for command in ["review", "adversarial-review"] {
            let review = sandbox.cc([command, "--fail-on", lowest]).run().exits(exit);
            assert!(review.stdout.contains("Subtracts"), "{review}");
            let stored = sandbox.cc(["result", "--fail-on", lowest]).run();
            stored.exits(exit);
        }
    }
    sandbox.set_scenario(&Scenario::structured(answer(&[])));
    sandbox.cc(["review", "--fail-on", "low"]).run().exits(0);
    let unknown = sandbox.cc(["review", "--fail-on", "huge"]).run().exits(2);
    assert!(unknown.stderr.contains("critical, high, medium, low"));
}

#[test]
fn a_range_in_ci_is_sarif_and_an_exit_code() {
    let sandbox = finding(&["high"]);
    sandbox.commit("Subtract");
    let args = ["review", "--range", "HEAD~1..HEAD", "--format", "sarif"];
    let log = sandbox.cc(args).args(["--fail-on", "high"]).run().exits(10);
    let log = log.json();
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "cc review");
    assert_eq!(run["results"][0]["ruleId"], "cc/defect-high");
    // The findings alone are no failure.
    let log = sandbox.cc(args).run().success().json();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 1);
}

#[test]
fn every_form_of_a_plain_review() {
    let sandbox = finding(&["high"]);
    let json = sandbox.cc(["review", "--format", "json"]).run().success();
    let json = json.json();
    assert_eq!(json["review"], "review");
    assert_eq!(json["findings"][0]["severity"], "high");
    let page = sandbox.cc(["review", "--format", "html"]).run().success();
    assert!(page.stdout.starts_with("<!doctype html>"), "{page}");
    let both = sandbox.cc(["review", "--format", "html", "--json"]).run();
    both.exits(2);
    sandbox.set_scenario(&Scenario::says("Fine."));
    let prose = sandbox.cc(["review", "--json"]).run().success().json();
    assert!(prose.get("findings").is_none(), "{prose:#}");
}

#[test]
fn prose_is_no_verdict() {
    let sandbox = Sandbox::fake(&Scenario::says("High: it subtracts.")).with_change();
    let output = sandbox.cc(["review", "--fail-on", "high"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 11
    --- stdout
    # Review of uncommitted changes

    > The findings are not structured (Claude gave no structured output). Claude's answer:

    High: it subtracts.

    ---
    Reviewed: uncommitted changes · branch `main` at `960b4d50c5d9`
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 13.0k tokens in, 84 out · $0.02 · <n>s
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    <review 1> has no verdict: its findings are not structured.
    ");
    let output = sandbox.cc(["review", "--format", "sarif"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 11
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    error: <review 1> has no structured findings
      hint: Show Claude's answer: cc-cli result <review 1>
    ");
    sandbox.cc(["result", "--format", "sarif"]).run().exits(11);
    let json = sandbox.cc(["review", "--format", "json"]).run().success();
    assert!(json.json()["parseError"].is_string());
}

#[test]
fn a_failed_review_is_a_failure_in_any_form() {
    let broken = Run::api_error(Some(500), "Broken.");
    let sandbox = Sandbox::fake(&Scenario::runs([broken])).with_change();
    for format in ["markdown", "json", "sarif", "html"] {
        let args = ["review", "--fail-on", "low", "--format", format];
        let review = sandbox.cc(args).run().exits(1);
        assert!(review.stderr.contains("failed: Broken."), "{review}");
        assert_eq!(review.stdout.is_empty(), format != "json", "{review}");
    }
}

#[test]
fn waiting_judges_too() {
    let sandbox = finding(&["medium"]);
    let started = sandbox.cc(["review", "--background", "--fail-on", "medium"]);
    let receipt = started.run();
    assert_snapshot!(sandbox.transcript(&receipt), @"
    exit 0
    --- stdout
    Review of uncommitted changes started in the background: 1 file, +1 −1

      cc-cli status <review 1>                  check progress
      cc-cli wait <review 1> --fail-on medium   wait for it
      cc-cli result <review 1>                  show the result
    ");
    let found = sandbox.job().to_string();
    sandbox.cc(["wait", &found]).run().exits(0);
    let wait = |args: &[&str]| sandbox.cc(["wait"]).args(args).run();
    wait(&[&found, "--fail-on", "high"]).exits(0);
    wait(&[&found, "--fail-on", "medium"]).exits(10);
    sandbox.set_scenario(&Scenario::says("Fine."));
    sandbox.cc(["review"]).run().success();
    let plain = latest(&sandbox);
    let output = wait(&[&found, &plain, "--fail-on", "low"]);
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 11
    --- stdout
    <review 1>  completed  needs attention: 1 medium
    <review 2>  completed  Fine.
    --- stderr
    <review 2> has no verdict: its findings are not structured.
    ");
    sandbox.cc(["rescue", "--read-only", "x"]).run().success();
    let rescue = latest(&sandbox);
    let output = wait(&[&rescue, "--fail-on", "low"]);
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 2
    --- stderr
    error: <task 1> is no review: it has no findings
      hint: Leave out --fail-on.
    ");
}
