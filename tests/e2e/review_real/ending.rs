//! Jobs that are ended before they are done: by their user, or by the death of a process.

use std::process::Command;

use cc_core::Proc;
use cc_core::process::Signal;
use cc_tests::{Block, MessagesApi, Sandbox, Turn, eventually};
use serde_json::{Value, json};

use super::SOON;

/// A job whose Claude has a shell.
const RESCUE: [&str; 3] = ["rescue", "--no-sandbox", "look"];

/// A model that has Claude run a command which waits for ever: nobody writes into the pipe.
fn stuck_in_a_command() -> MessagesApi {
    MessagesApi::start([
        Turn::blocks([
            Block::text("So far I found that `add` subtracts."),
            Block::tool("Bash", json!({"command": "cat pipe"})),
        ]),
        Turn::text("Done."),
    ])
}

fn sandbox_with_pipe(api: &MessagesApi) -> Sandbox {
    let sandbox = Sandbox::real(api).with_change();
    let made = Command::new("mkfifo")
        .arg(sandbox.repo().join("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    sandbox
}

fn wait_for_command(sandbox: &Sandbox) {
    eventually(SOON, "Claude's command runs", || {
        let runs = |proc: &Proc| {
            let command = std::fs::read(format!("/proc/{}/cmdline", proc.pid)).unwrap_or_default();
            command.starts_with(b"cat\0pipe")
        };
        sandbox.processes().iter().any(runs).then_some(())
    });
}

fn worker(record: &Value) -> Proc {
    let pid = u32::try_from(record["pid"].as_u64().unwrap()).unwrap();
    Proc {
        pid,
        identity: record["pidIdentity"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn a_cancel_in_the_middle_of_a_command_leaves_nothing_running() {
    let api = stuck_in_a_command();
    let sandbox = sandbox_with_pipe(&api);
    sandbox.cc(RESCUE).args(["--background"]).run().success();
    wait_for_command(&sandbox);
    let cancelled = sandbox.cc(["cancel", "--json"]).run().success().json();
    assert_eq!(cancelled["status"], "cancelled");
    sandbox.wait_quiet(SOON);
    assert_eq!(sandbox.record()["status"], "cancelled");
    let job = sandbox.job();
    sandbox.cc(["wait", job.as_str()]).run().exits(4);
    let result = sandbox.cc(["result", job.as_str()]).run().success();
    assert!(
        result.stdout.contains("So far I found"),
        "{}",
        result.stdout
    );
}

#[test]
fn ctrl_c_cancels() {
    let api = stuck_in_a_command();
    let sandbox = sandbox_with_pipe(&api);
    let rescue = sandbox.cc(RESCUE).spawn();
    wait_for_command(&sandbox);
    rescue.signal(Signal::Interrupt);
    rescue.wait().exits(4);
    sandbox.wait_quiet(SOON);
    assert_eq!(sandbox.record()["status"], "cancelled");
}

#[test]
fn when_the_worker_is_killed_claude_ends_and_the_job_is_lost_but_not_its_text() {
    let api = stuck_in_a_command();
    let sandbox = sandbox_with_pipe(&api);
    sandbox.cc(RESCUE).args(["--background"]).run().success();
    wait_for_command(&sandbox);
    worker(&sandbox.record()).signal(Signal::Kill).unwrap();
    sandbox.wait_quiet(SOON);
    let status = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(status["running"], json!([]));
    assert_eq!(status["latestFinished"]["failure"]["class"], "lost");
    let result = sandbox.cc(["result"]).run().success();
    assert!(
        result
            .stdout
            .contains("So far I found that `add` subtracts."),
        "{}",
        result.stdout
    );
    assert!(
        result
            .stdout
            .contains("the worker of this job ended without finishing it"),
        "{}",
        result.stdout
    );
}

#[test]
fn the_job_outlives_the_shell_that_asked_for_it() {
    for signal in [Signal::Kill, Signal::Terminate] {
        let api = MessagesApi::start([Turn::text("Fine.").hang_after(0), Turn::text("Fine.")]);
        let sandbox = Sandbox::real(&api).with_change();
        let review = sandbox.cc(["review"]).spawn();
        api.wait_for_request(1, SOON);
        review.signal(signal);
        drop(review.wait());
        let job = sandbox.job();
        let running = sandbox
            .cc(["status", job.as_str(), "--json"])
            .run()
            .success()
            .json();
        assert_eq!(running["job"]["status"], "running");
        sandbox.cc(["cancel"]).run().success();
        sandbox.wait_quiet(SOON);
    }
}
