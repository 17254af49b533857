//! What Claude's commands leave in the background, and what becomes of it when the job ends.

use std::process::Command;

use cc_core::Proc;
use cc_core::process::Signal;
use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::json;

use super::damaged::damage;
use super::{SOON, background, claude, kill_and_await, worker};

/// A daemon that keeps the environment of its run and writes its pid down.
const MARKED: &str = "(setsid sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 300' \
                      </dev/null >/dev/null 2>&1 &)";

/// One that forgets everything by which it could be told.
const UNMARKED: &str = "(env -i setsid nohup sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 300' \
                        </dev/null >/dev/null 2>&1 &)";

fn starts(daemon: &str) -> Run {
    let daemon = Step::Shell(daemon.into());
    Run::started().step(daemon).step(Step::Await("pid".into()))
}

fn sandbox(run: Run) -> Sandbox {
    Sandbox::fake(&Scenario::runs([run])).with_change()
}

/// The daemon, once it has written its pid down.
fn daemon(sandbox: &Sandbox) -> Daemon {
    let pid = || std::fs::read_to_string(sandbox.repo().join("pid")).ok();
    let pid = eventually(SOON, "the daemon runs", pid);
    Daemon(Proc::of(pid.trim().parse().unwrap()).expect("it runs for minutes"))
}

/// Ends with the test, even where the sandbox cannot find it.
struct Daemon(Proc);

impl Daemon {
    fn is_running(&self) -> bool {
        self.0.is_running()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.signal(Signal::Kill);
    }
}

/// Looks at the job, which must be lost, with all that it started.
#[track_caller]
fn assert_lost(sandbox: &Sandbox) {
    let status = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(status["latestFinished"]["failure"]["class"], "lost");
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_cancel_ends_what_forgot_its_parents_and_its_environment() {
    let sandbox = sandbox(starts(UNMARKED).step(Step::Hang).ignoring_signals());
    let id = background(&sandbox);
    let daemon = daemon(&sandbox);
    sandbox.cc(["cancel", &id]).run().success();
    assert!(!daemon.is_running());
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_stopped_claude_and_a_stopped_daemon_end_with_a_cancel() {
    let sandbox = sandbox(starts(MARKED).step(Step::Hang));
    let id = background(&sandbox);
    let daemon = daemon(&sandbox);
    for proc in [&claude(&sandbox), &daemon.0] {
        let stopped = Command::new("kill")
            .args(["-STOP", &proc.pid.to_string()])
            .status();
        assert!(stopped.unwrap().success());
    }
    sandbox.cc(["cancel", &id]).run().success();
    assert!(!daemon.is_running());
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_worker_that_is_told_to_end_leaves_nothing() {
    let sandbox = sandbox(starts(UNMARKED).step(Step::Hang));
    let id = background(&sandbox);
    let daemon = daemon(&sandbox);
    worker(&sandbox).signal(Signal::Terminate).unwrap();
    sandbox.cc(["wait", &id]).run().exits(4);
    assert!(!daemon.is_running());
    sandbox.wait_quiet(SOON);
}

#[test]
fn whoever_looks_after_a_killed_worker_ends_what_outlived_claude() {
    let sandbox = sandbox(starts(MARKED).step(Step::Hang));
    background(&sandbox);
    let (daemon, claude) = (daemon(&sandbox), claude(&sandbox));
    kill_and_await(&[worker(&sandbox)]);
    // The kernel has interrupted it: nothing can be read from it any more.
    kill_and_await(&[claude]);
    assert!(daemon.is_running());
    assert_lost(&sandbox);
    assert!(!daemon.is_running());
}

#[test]
fn a_worker_and_its_claude_killed_at_once() {
    let sandbox = sandbox(starts(MARKED).step(Step::Hang));
    background(&sandbox);
    let (daemon, claude) = (daemon(&sandbox), claude(&sandbox));
    kill_and_await(&[claude, worker(&sandbox)]);
    assert_lost(&sandbox);
    assert!(!daemon.is_running());
}

#[test]
fn a_claude_that_no_record_names_is_found() {
    let sandbox = sandbox(starts(MARKED).step(Step::Hang).ignoring_signals());
    let id = background(&sandbox);
    let (daemon, claude) = (daemon(&sandbox), claude(&sandbox));
    let worker = worker(&sandbox);
    kill_and_await(&[worker]);
    // As it stands between the start of Claude and the note of its pid.
    let mut record = sandbox.record();
    record["claudePid"] = json!(null);
    record["claudePidIdentity"] = json!(null);
    sandbox.write_record(&id, record.to_string());
    assert_lost(&sandbox);
    assert!(!daemon.is_running());
    assert!(!claude.is_running());
}

#[test]
fn somebody_elses_process_does_not_end_with_a_job_because_of_its_environment() {
    let sandbox = sandbox(Run::hangs());
    let id = background(&sandbox);
    let claude = claude(&sandbox);
    kill_and_await(&[worker(&sandbox), claude]);
    let marks = ["", "*", &id[..id.len() - 1], &format!("{id}0")];
    let mut others = marks.map(|mark| {
        let mut sleep = Command::new("sleep");
        sleep.arg("300").env("CC_RUN", mark).spawn().unwrap()
    });
    assert_lost(&sandbox);
    for other in &mut others {
        assert_eq!(other.try_wait().unwrap(), None);
        other.kill().unwrap();
        other.wait().unwrap();
    }
}

#[test]
fn a_review_that_completed_leaves_nothing() {
    for script in [MARKED, UNMARKED] {
        let sandbox = sandbox(starts(script).text("Fine.").success("Fine.", None));
        sandbox.cc(["review"]).run().success();
        let pid = std::fs::read_to_string(sandbox.repo().join("pid")).unwrap();
        assert_eq!(Proc::of(pid.trim().parse().unwrap()), None);
    }
}

#[test]
fn what_a_rescue_started_runs_on_after_its_end_and_is_named() {
    let sandbox = sandbox(starts(MARKED).text("Started.").success("Started.", None));
    sandbox.cc(["rescue", "start the server"]).run().success();
    let daemon = daemon(&sandbox);
    let log = sandbox.log();
    assert!(
        log.contains(&format!("left running: process {}", daemon.0.pid)),
        "{log}"
    );
    assert!(daemon.is_running());
}

#[test]
fn what_runs_for_a_job_without_worker_and_record_is_ended_by_the_next_reader() {
    let leaves = Step::Grandchild {
        holds_output: false,
    };
    let hangs = Run::started().step(leaves).step(Step::Hang);
    for (which, by_id) in [(0, true), (1, false), (2, false)] {
        let run = hangs.clone().ignoring_signals();
        let sandbox = Sandbox::fake(&Scenario::runs([run])).with_change();
        let id = background(&sandbox);
        eventually(SOON, "what Claude leaves", || sandbox.grandchildren().pop());
        let [worker, claude] = damage(&sandbox, which);
        kill_and_await(&[worker]);
        assert!(claude.is_running());
        match by_id {
            true => drop(sandbox.cc(["cancel", &id]).run()),
            false => drop(sandbox.cc(["status"]).run().success()),
        }
        assert!(!claude.is_running(), "{which} {by_id}");
        sandbox.wait_quiet(SOON);
    }
}
