//! What people do with the product every day, in ways that every system has: no shell, no signals, no links.

use std::time::Duration;

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use serde_json::json;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(120);

fn sandbox() -> Sandbox {
    Sandbox::fake(&Scenario::says("No findings.")).with_change()
}

fn hanging() -> Sandbox {
    Sandbox::fake(&Scenario::runs([Run::hangs()])).with_change()
}

/// Starts a review in the background; its id.
fn background(sandbox: &Sandbox) -> String {
    let args = ["review", "--background", "--json"];
    let started = sandbox.cc(args).run().success().json();
    started["jobId"].as_str().expect("an id").to_owned()
}

#[test]
fn a_review_shows_claude_the_diff_and_prints_its_answer() {
    let sandbox = sandbox();
    let output = sandbox.cc(["review"]).run().success();
    assert!(output.stdout.contains("No findings."), "{output}");
    let prompt = sandbox.wait_for_run(1, SOON).stdin;
    assert!(prompt.contains("-    a + b") && prompt.contains("+    a - b"));
}

#[test]
fn a_review_runs_in_the_background_until_its_result_is_read() {
    let sandbox = sandbox();
    let id = background(&sandbox);
    sandbox.cc(["wait", &id]).run().success();
    let record = sandbox.wait_for_status("completed", SOON);
    assert_eq!(record["id"], id);
    let listed = sandbox.cc(["status", "--all"]).run().success();
    assert!(listed.stdout.contains(&id), "{listed}");
    let result = sandbox.cc(["result", &id]).run().success();
    assert!(result.stdout.contains("No findings."), "{result}");
}

#[test]
fn a_job_that_is_cancelled_ends_with_claude() {
    let sandbox = hanging();
    let id = background(&sandbox);
    let claude = sandbox.wait_for_run(1, SOON).proc;
    let cancelled = sandbox.cc(["cancel", &id, "--json"]).run().success().json();
    assert_eq!(cancelled["status"], "cancelled");
    assert!(!claude.is_running());
    let result = sandbox.cc(["result", &id]).run().success();
    assert!(result.stdout.contains("was cancelled"), "{result}");
}

#[test]
fn a_review_that_takes_too_long_is_ended() {
    let sandbox = hanging();
    let args = ["review", "--timeout", "2s"];
    sandbox.cc(args).run().exits(1);
    assert_eq!(sandbox.record()["status"], "failed");
    assert!(!sandbox.wait_for_run(1, SOON).proc.is_running());
}

#[test]
fn findings_have_a_place_in_the_change() {
    let finding = json!({
        "severity": "high", "title": "Wrong sign", "body": "It subtracts.", "file": "src/lib.rs",
        "line_start": 2, "line_end": 2, "confidence": 0.9, "recommendation": "Add.",
    });
    let answer = json!({
        "verdict": "needs-attention", "summary": "Wrong.", "findings": [finding], "next_steps": [],
    });
    let sandbox = Sandbox::fake(&Scenario::structured(answer)).with_change();
    sandbox.cc(["adversarial-review"]).run().success();
    let json = sandbox.cc(["result", "--json"]).run().success().json();
    let found = &json["storedJob"]["result"]["findings"][0];
    assert_eq!(found["location"]["check"], "found", "{json}");
    assert_eq!(found["excerpt"]["lines"][1], "    a - b");
}

#[test]
fn a_claude_that_is_logged_out_fails_the_review_with_the_remedy() {
    let sandbox = Sandbox::fake(&Scenario::logged_out()).with_change();
    let output = sandbox.cc(["review"]).run();
    assert_ne!(output.code(), Some(0), "{output}");
    assert!(output.stderr.contains("auth login"), "{output}");
}

/// As npm installs it: a batch file, which takes no argument of several lines.
#[test]
#[cfg(windows)]
fn claude_may_be_a_batch_file() {
    let answer =
        json!({"verdict": "approve", "summary": "Fine.", "findings": [], "next_steps": []});
    let sandbox = Sandbox::fake(&Scenario::structured(answer)).with_change();
    let program = sandbox.bin().join("claude.exe");
    std::fs::rename(&program, sandbox.bin().join("program.exe")).unwrap();
    let script = "@echo off\r\n\"%~dp0program.exe\" %*\r\n";
    std::fs::write(sandbox.bin().join("claude.cmd"), script).unwrap();
    sandbox.cc(["adversarial-review"]).run().success();
    let call = sandbox.wait_for_run(1, SOON);
    assert!(
        call.flag("--system-prompt-file").is_some(),
        "{:?}",
        call.args
    );
    assert!(
        call.flag("--json-schema").unwrap().starts_with('{'),
        "{:?}",
        call.args
    );
}

#[test]
fn a_setting_is_kept() {
    let sandbox = sandbox();
    sandbox
        .cc(["config", "set", "review.model", "opus"])
        .run()
        .success();
    let read = sandbox
        .cc(["config", "get", "review.model"])
        .run()
        .success();
    assert_eq!(read.stdout.trim(), "opus");
    sandbox.cc(["review"]).run().success();
    assert_eq!(sandbox.wait_for_run(1, SOON).flag("--model"), Some("opus"));
}

#[test]
fn setup_knows_claude() {
    let sandbox = sandbox();
    let document = sandbox.cc(["setup", "--json"]).run().json();
    let text = document.to_string();
    assert!(text.contains(cc_tests::peers::CLAUDE.version), "{document}");
}

/// The reviewed name has a space and an accent, and the lines end as on Windows.
#[test]
fn names_and_line_ends_of_windows_are_reviewed() {
    let sandbox = sandbox();
    sandbox.write("docs/Über uns.txt", "eins\r\nzwei\r\n");
    sandbox.cc(["review", "--", "docs"]).run().success();
    let prompt = sandbox.wait_for_run(1, SOON).stdin;
    assert!(
        prompt.contains("docs/Über uns.txt") && prompt.contains("+zwei"),
        "{prompt}"
    );
    assert!(!prompt.contains("a - b"));
}
