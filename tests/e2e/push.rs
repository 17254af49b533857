//! How the session of a finished job is told, by what a scripted `codex` is asked to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use cc_tests::{Sandbox, Scenario};
use serde_json::json;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(20);

/// What Codex says to `queue --help` where it has a queue, and where it has none.
const QUEUE: &str = "Usage: codex queue --thread <THREAD> --message <TEXT>";
const NO_QUEUE: &str = "Usage: codex [OPTIONS] [PROMPT]";

/// A world whose `codex` answers with this help and ends a `queue` with this code.
fn with_codex(help: &str, code: u8) -> Sandbox {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    let script = format!(
        "#!/bin/sh\n\
         printf '%s\\n' \"$*\" >> '{}'\n\
         case \"$*\" in *--help) echo '{help}';; *) exit {code};; esac\n",
        calls_file(&sandbox).display()
    );
    let codex = sandbox.bin().join("codex");
    fs::write(&codex, script).unwrap();
    fs::set_permissions(&codex, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox
}

fn calls_file(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.tmp().join("codex-calls")
}

/// A review in the background that has ended; its id.
fn finished(sandbox: &Sandbox) -> String {
    let review = sandbox.cc(["review", "--background"]);
    review.env("CODEX_THREAD_ID", "s").run().success();
    sandbox.wait_for_status("completed", SOON);
    sandbox.job().to_string()
}

/// What Codex was called with once the worker is gone.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    sandbox.wait_quiet(SOON);
    let calls = fs::read_to_string(calls_file(sandbox)).unwrap_or_default();
    calls.lines().map(str::to_owned).collect()
}

/// Whether the next prompt tells of the job.
fn is_told(sandbox: &Sandbox, job: &str) -> bool {
    let input = json!({"session_id": "s", "cwd": sandbox.repo(), "prompt": "go on"});
    let output = sandbox.hook("user-prompt-submit", &input).run().success();
    output.stdout.contains(job)
}

#[test]
fn it_is_told_in_one_line_that_wakes_no_unloaded_session() {
    let sandbox = with_codex(QUEUE, 0);
    let job = finished(&sandbox);
    let message = format!("Claude Code's review finished, $0.01. $cc:result {job}");
    let told = format!("queue --thread s --message {message}");
    assert_eq!(calls(&sandbox), ["queue --help", &told]);
    assert!(!is_told(&sandbox, &job), "once");
}

#[test]
fn a_codex_without_a_queue_is_given_no_message() {
    let sandbox = with_codex(NO_QUEUE, 0);
    let job = finished(&sandbox);
    assert_eq!(calls(&sandbox), ["queue --help"]);
    assert!(is_told(&sandbox, &job), "by the next prompt instead");
}

#[test]
fn what_codex_refuses_is_told_at_the_next_prompt() {
    let sandbox = with_codex(QUEUE, 1);
    let job = finished(&sandbox);
    assert_eq!(calls(&sandbox).len(), 2);
    assert!(is_told(&sandbox, &job));
    assert!(!is_told(&sandbox, &job), "once");
}

#[test]
fn what_a_prompt_told_first_or_somebody_read_is_not_told_again() {
    let sandbox = with_codex(QUEUE, 0);
    let job = finished(&sandbox);
    assert!(is_told(&sandbox, &job), "before the message is sent");
    assert_eq!(calls(&sandbox), ["queue --help"]);

    let sandbox = with_codex(QUEUE, 0);
    let job = finished(&sandbox);
    sandbox.cc(["result", &job]).run().success();
    assert_eq!(calls(&sandbox), ["queue --help"]);
    assert!(!is_told(&sandbox, &job));
}

#[test]
fn a_cancelled_job_is_no_news() {
    let sandbox = with_codex(QUEUE, 0);
    sandbox.set_scenario(&Scenario::runs([cc_tests::fake::Run::hangs()]));
    let review = sandbox.cc(["review", "--background"]);
    review.env("CODEX_THREAD_ID", "s").run().success();
    sandbox.wait_for_run(1, SOON);
    let job = sandbox.job().to_string();
    sandbox.cc(["cancel", &job]).run().success();
    assert_eq!(calls(&sandbox), [] as [&str; 0]);
    assert!(!is_told(&sandbox, &job));
}
