//! How the session of a finished job is told, by what a scripted `codex` is asked to do.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::json;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(120);

/// What Codex says to `queue --help` where it has a queue, and where it has none.
const QUEUE: &str = "Usage: codex queue --thread <THREAD> --message <TEXT>";
const NO_QUEUE: &str = "Usage: codex [OPTIONS] [PROMPT]";

/// A world whose `codex` answers with this help, unless held, and does this on a `queue`.
fn with_codex(help: &str, queue: &str) -> Sandbox {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    let script = format!(
        "#!/bin/sh\n\
         printf '%s\\n' \"$*\" >> '{}'\n\
         while [ -e '{}' ]; do /bin/sleep 0.05; done\n\
         case \"$*\" in *--help) echo '{help}';; *) {queue};; esac\n",
        calls_file(&sandbox).display(),
        hold_file(&sandbox).display(),
    );
    cc_executable::write(sandbox.bin().join("codex"), script);
    sandbox
}

fn calls_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.tmp().join("codex-calls")
}

/// While it is there, `codex` does not answer.
fn hold_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.tmp().join("hold-codex")
}

/// A review that has ended, whose worker has called `codex` and waits for its help.
fn held() -> (Sandbox, String) {
    let sandbox = with_codex(QUEUE, "exit 0");
    fs::write(hold_file(&sandbox), "").unwrap();
    let job = finished(&sandbox);
    eventually(SOON, "a call of codex", || {
        calls_file(&sandbox).exists().then_some(())
    });
    (sandbox, job)
}

/// What Codex was called with once it was let go and the worker is gone.
fn calls_let_go(sandbox: &Sandbox) -> Vec<String> {
    fs::remove_file(hold_file(sandbox)).unwrap();
    calls(sandbox)
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
fn it_is_reported_in_one_line_that_wakes_no_unloaded_session() {
    let sandbox = with_codex(QUEUE, "exit 0");
    let job = finished(&sandbox);
    let message = format!("Claude Code's review finished, $0.01. $cc:result {job}");
    let told = format!("queue --thread s --message {message}");
    assert_eq!(calls(&sandbox), ["queue --help", &told]);
    assert!(!is_told(&sandbox, &job), "once");
}

#[test]
fn a_codex_without_a_queue_is_given_no_message() {
    let sandbox = with_codex(NO_QUEUE, "exit 0");
    let job = finished(&sandbox);
    assert_eq!(calls(&sandbox), ["queue --help"]);
    assert!(is_told(&sandbox, &job), "by the next prompt instead");
}

#[test]
fn what_codex_refuses_is_reported_at_the_next_prompt() {
    let sandbox = with_codex(QUEUE, "exit 1");
    let job = finished(&sandbox);
    assert_eq!(calls(&sandbox).len(), 2);
    assert!(is_told(&sandbox, &job));
    assert!(!is_told(&sandbox, &job), "once");
}

#[test]
fn what_a_prompt_told_first_or_somebody_read_is_not_told_again() {
    let (sandbox, job) = held();
    assert!(is_told(&sandbox, &job), "before the message is sent");
    assert_eq!(calls_let_go(&sandbox), ["queue --help"]);

    let (sandbox, job) = held();
    sandbox.cc(["result", &job]).run().success();
    assert_eq!(calls_let_go(&sandbox), ["queue --help"]);
    assert!(!is_told(&sandbox, &job));
}

#[test]
fn a_message_is_taken_once_codex_has_ended_whatever_it_leaves_behind() {
    let sandbox = with_codex(QUEUE, "/bin/sleep 1000 & exit 0");
    let job = finished(&sandbox);
    eventually(3 * SOON, "the end of all but the helper", || {
        let calls = fs::read_to_string(calls_file(&sandbox)).unwrap_or_default();
        (calls.lines().count() == 2 && sandbox.processes().len() == 1).then_some(())
    });
    assert!(!is_told(&sandbox, &job), "once");
}

#[test]
fn a_cancelled_job_is_no_news() {
    let sandbox = with_codex(QUEUE, "exit 0");
    sandbox.set_scenario(&Scenario::runs([cc_tests::fake::Run::hangs()]));
    let review = sandbox.cc(["review", "--background"]);
    review.env("CODEX_THREAD_ID", "s").run().success();
    sandbox.wait_for_run(1, SOON);
    let job = sandbox.job().to_string();
    sandbox.cc(["cancel", &job]).run().success();
    assert_eq!(calls(&sandbox), [] as [&str; 0]);
    assert!(!is_told(&sandbox, &job));
}
