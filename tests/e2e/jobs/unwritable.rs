//! Nothing can be written: the disk is full, a lock is held, the directory is gone.

use std::fs;

use cc_core::{FileLock, Proc};
use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario, eventually};

use super::{SOON, background, claude, hanging, kill_and_await, waiting_for_go, worker};

/// A job that Claude works on.
pub(super) fn running(sandbox: &Sandbox) -> (String, Proc) {
    let id = background(sandbox);
    sandbox.wait_for_run(1, SOON);
    let claude = claude(sandbox);
    (id, claude)
}

/// Keeps everybody from changing the record, root too, as a full disk does.
pub(super) fn block(sandbox: &Sandbox) {
    let lock = sandbox.state_dir().lock(&sandbox.job());
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
}

pub(super) fn unblock(sandbox: &Sandbox) {
    fs::remove_dir(sandbox.state_dir().lock(&sandbox.job())).unwrap();
}

/// The cancel of the job could not be recorded: its worker does that once it can.
#[track_caller]
fn assert_cancelled(sandbox: &Sandbox, id: &str) {
    eventually(SOON, "a cancelled job", || {
        let status = sandbox.cc(["status", id, "--json"]).run().success();
        (status.json()["job"]["status"] == "cancelled").then_some(())
    });
}

#[test]
fn a_cancel_stops_claude_where_nothing_can_be_written_and_says_so() {
    let sandbox = hanging();
    let (id, claude) = running(&sandbox);
    block(&sandbox);
    let told = sandbox.cc(["cancel", &id]).run().exits(1);
    assert!(!claude.is_running());
    assert!(told.stderr.contains("was stopped, but"), "{told}");
    assert_eq!(sandbox.record()["status"], "running", "nobody could write");
    unblock(&sandbox);
    assert_cancelled(&sandbox, &id);
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_cancel_stops_claude_while_somebody_holds_the_lock_of_the_record() {
    let sandbox = hanging();
    let (id, claude) = running(&sandbox);
    let lock = sandbox.state_dir().lock(&sandbox.job());
    let lock = FileLock::exclusive(&lock, SOON).unwrap();
    let told = sandbox.cc(["cancel", &id]).run().exits(1);
    assert!(!claude.is_running());
    assert!(told.stderr.contains("was stopped, but"), "{told}");
    drop(lock);
    assert_cancelled(&sandbox, &id);
}

#[test]
fn who_cannot_write_does_not_call_a_job_lost_whose_claude_runs() {
    let hangs = Run::hangs().ignoring_signals();
    let sandbox = Sandbox::fake(&Scenario::runs([hangs])).with_change();
    let (id, claude) = running(&sandbox);
    kill_and_await(&[worker(&sandbox)]);
    block(&sandbox);
    let status = sandbox.cc(["status", &id, "--json"]).run().success();
    assert_eq!(status.json()["job"]["failure"]["class"], "lost");
    assert!(!claude.is_running());
}

#[test]
fn a_result_is_kept_until_there_is_room_for_it() {
    let sandbox = waiting_for_go();
    let (id, claude) = running(&sandbox);
    block(&sandbox);
    sandbox.write("go", "");
    eventually(SOON, "the end of Claude", || {
        (!claude.is_running()).then_some(())
    });
    let status = sandbox.cc(["status", &id]).run().success();
    let jobs = sandbox.state_dir().jobs();
    let told = format!("free some space: {}", jobs.display());
    assert!(status.stdout.contains(&told), "{status}");
    eventually(SOON, "the log says so", || {
        let log = sandbox.cc(["logs", &id]).run().success().stdout;
        log.contains("cannot save the result yet").then_some(())
    });
    sandbox
        .cc(["wait", &id, "--timeout-ms", "1500"])
        .run()
        .exits(124);
    unblock(&sandbox);
    sandbox.cc(["wait", &id]).run().success();
    let result = sandbox.cc(["result", &id]).run().success();
    assert!(result.stdout.contains("Fine."), "{result}");
    let status = sandbox.cc(["status", &id]).run().success();
    assert!(!status.stdout.contains("free some space"), "{status}");
}
