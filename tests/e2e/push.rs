//! How the session of a finished job is told, by what a scripted `codex` is asked to do.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cc_core::Proc;
use cc_tests::fake::{Run, Step};
use cc_tests::fake_codex::{self, FakeCodex, OnMessage, calls_file, hold_file};
use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::json;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(120);

/// What Codex says to `queue --help` where it has a queue, and where it has none.
const QUEUE: &str = "Usage: codex queue --thread <THREAD> --message <TEXT>";
const NO_QUEUE: &str = "Usage: codex [OPTIONS] [PROMPT]";

/// A world whose `codex` answers with this help, unless held, and does this with a message.
fn with_codex(help: &str, message: OnMessage) -> Sandbox {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    let help = help.to_owned();
    sandbox.add_fake_codex(sandbox.bin(), &FakeCodex::Queue { help, message });
    sandbox
}

/// A review in the background that has ended, and the processes that ran it.
struct Finished {
    job: String,
    processes: Vec<Proc>,
}

impl Finished {
    /// What Codex was called with once the worker is gone.
    fn calls(&self, sandbox: &Sandbox) -> Vec<String> {
        let is_gone = || !self.processes.iter().any(Proc::is_running);
        eventually(SOON, "the end of the worker", || is_gone().then_some(()));
        fake_codex::calls(&sandbox.bin())
    }

    /// What Codex was called with once it was let go and the worker is gone.
    fn calls_let_go(&self, sandbox: &Sandbox) -> Vec<String> {
        fs::remove_file(hold_file(&sandbox.bin())).unwrap();
        self.calls(sandbox)
    }
}

/// Starts a review in the background that goes on until a file is there; the file, and the processes that run it.
fn started(sandbox: &Sandbox) -> (PathBuf, Vec<Proc>) {
    let go = sandbox.tmp().join("go");
    let run = Run::started().step(Step::Await(go.clone()));
    let run = run.text("No findings.").success("No findings.", None);
    sandbox.set_scenario(&Scenario::runs([run]));
    let review = sandbox.cc(["review", "--background"]);
    review.env("CODEX_THREAD_ID", "s").run().success();
    sandbox.wait_for_run(1, SOON);
    (go, sandbox.processes())
}

fn finished(sandbox: &Sandbox) -> Finished {
    let (go, processes) = started(sandbox);
    fs::write(go, "").unwrap();
    sandbox.wait_for_status("completed", SOON);
    let job = sandbox.job().to_string();
    Finished { job, processes }
}

/// A review that has ended, whose worker has called `codex` and waits for its help.
fn held() -> (Sandbox, Finished) {
    let sandbox = with_codex(QUEUE, OnMessage::Take);
    fs::write(hold_file(&sandbox.bin()), "").unwrap();
    let finished = finished(&sandbox);
    eventually(SOON, "a call of codex", || {
        calls_file(&sandbox.bin()).exists().then_some(())
    });
    (sandbox, finished)
}

/// Whether the next prompt tells of the job.
fn is_told(sandbox: &Sandbox, job: &str) -> bool {
    let input = json!({"session_id": "s", "cwd": sandbox.repo(), "prompt": "go on"});
    let output = sandbox.hook("user-prompt-submit", &input).run().success();
    output.stdout.contains(job)
}

#[test]
fn it_is_reported_in_one_line_that_wakes_no_unloaded_session() {
    let sandbox = with_codex(QUEUE, OnMessage::Take);
    let review = finished(&sandbox);
    let job = &review.job;
    let message = format!("Claude Code's review finished, $0.01. $cc:result {job}");
    let told = format!("queue --thread s --message {message}");
    assert_eq!(review.calls(&sandbox), ["queue --help", &told]);
    assert!(!is_told(&sandbox, job), "once");
}

#[test]
fn a_codex_without_a_queue_is_given_no_message() {
    let sandbox = with_codex(NO_QUEUE, OnMessage::Take);
    let review = finished(&sandbox);
    assert_eq!(review.calls(&sandbox), ["queue --help"]);
    assert!(is_told(&sandbox, &review.job), "by the next prompt instead");
}

#[test]
fn what_codex_refuses_is_reported_at_the_next_prompt() {
    let sandbox = with_codex(QUEUE, OnMessage::Refuse);
    let review = finished(&sandbox);
    assert_eq!(review.calls(&sandbox).len(), 2);
    assert!(is_told(&sandbox, &review.job));
    assert!(!is_told(&sandbox, &review.job), "once");
}

#[test]
fn what_a_prompt_told_first_or_somebody_read_is_not_told_again() {
    let (sandbox, review) = held();
    assert!(is_told(&sandbox, &review.job), "before the message is sent");
    assert_eq!(review.calls_let_go(&sandbox), ["queue --help"]);

    let (sandbox, review) = held();
    sandbox.cc(["result", &review.job]).run().success();
    assert_eq!(review.calls_let_go(&sandbox), ["queue --help"]);
    assert!(!is_told(&sandbox, &review.job));
}

#[test]
fn a_message_is_taken_once_codex_has_ended_whatever_it_leaves_behind() {
    let sandbox = with_codex(QUEUE, OnMessage::TakeAndLeaveHelper);
    let review = finished(&sandbox);
    assert_eq!(review.calls(&sandbox).len(), 2);
    eventually(SOON, "the end of all but the helper", || {
        (sandbox.processes().len() == 1).then_some(())
    });
    assert!(!is_told(&sandbox, &review.job), "once");
}

#[test]
fn a_cancelled_job_is_no_news() {
    let sandbox = with_codex(QUEUE, OnMessage::Take);
    let (_, processes) = started(&sandbox);
    let job = sandbox.job().to_string();
    sandbox.cc(["cancel", &job]).run().success();
    let review = Finished { job, processes };
    assert_eq!(review.calls(&sandbox), [] as [&str; 0]);
    assert!(!is_told(&sandbox, &review.job));
}
