//! A `cc-cli` that waits in the foreground is only a spectator: the job does not need it.

use std::time::Instant;

use cc_core::process::Signal;
use insta::assert_snapshot;
use serde_json::json;

use super::{SOON, hanging, waiting_for_go};

#[test]
fn a_terminate_detaches() {
    let sandbox = waiting_for_go();
    let review = sandbox.cc(["review"]).spawn();
    sandbox.wait_for_run(1, SOON);
    // Said once it listens.
    review.wait_for_stderr("cancel it with");
    review.signal(Signal::Terminate);
    let told = review.wait();
    assert_eq!(sandbox.record()["status"], "running");
    assert_snapshot!(sandbox.transcript(&told), @"
    exit 0
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    Detached; job <review 1> keeps running. Check progress: cc-cli status <review 1>
    ");
    sandbox.write("go", "");
    let id = sandbox.job();
    sandbox.cc(["wait", id.as_str()]).run().success();
    assert_eq!(sandbox.record()["resultViewedAt"], json!(null));
}

#[test]
fn a_hang_up_detaches() {
    let sandbox = waiting_for_go();
    let review = sandbox.cc(["review"]).spawn();
    sandbox.wait_for_run(1, SOON);
    let hang_up = sandbox.command("/bin/sh".as_ref());
    let line = format!("kill -HUP {}", review.pid());
    hang_up.args(["-c", line.as_str()]).run().success();
    let told = review.wait();
    assert_snapshot!(sandbox.transcript(&told), @"
    exit 0
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    Detached; job <review 1> keeps running. Check progress: cc-cli status <review 1>
    ");
    sandbox.write("go", "");
    let id = sandbox.job();
    sandbox.cc(["wait", id.as_str()]).run().success();
}

#[test]
fn a_signal_to_the_whole_group_does_not_reach_the_job() {
    let sandbox = waiting_for_go();
    let review = sandbox.cc(["review"]).spawn();
    // Said once it listens.
    review.wait_for_stderr("cancel it with");
    review.signal_group(Signal::Terminate);
    review.wait().success();
    sandbox.write("go", "");
    let id = sandbox.job();
    sandbox.cc(["wait", id.as_str()]).run().success();
}

#[test]
fn an_interrupt_cancels() {
    let sandbox = hanging();
    let review = sandbox.cc(["review"]).spawn();
    sandbox.wait_for_run(1, SOON);
    let id = sandbox.job();
    let following = sandbox.cc(["logs", id.as_str(), "-f"]).spawn();
    following.wait_for_stdout("says:");
    review.signal(Signal::Interrupt);
    let told = review.wait();
    assert_snapshot!(sandbox.transcript(&told), @"
    exit 4
    --- stdout
    Partial output:

    So far so good.
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    <review 1> was cancelled.
    ");
    following.wait().success();
    sandbox.wait_quiet(SOON);
}

#[test]
fn an_interrupt_as_soon_as_the_job_is_announced_cancels_too() {
    for _ in 0..10 {
        let sandbox = hanging();
        let review = sandbox.cc(["review"]).spawn();
        review.wait_for_stderr("job review-");
        review.signal(Signal::Interrupt);
        review.wait().exits(4);
        assert_eq!(sandbox.record()["status"], "cancelled");
    }
}

#[test]
fn an_interrupt_as_soon_as_there_is_a_job_cancels_it() {
    for args in [["review", "--json"], ["rescue", "look"]] {
        for _ in 0..5 {
            let sandbox = hanging();
            let call = sandbox.cc(args).spawn();
            let until = Instant::now() + SOON;
            while sandbox.records().is_empty() {
                assert!(Instant::now() < until, "there is no job");
            }
            call.signal(Signal::Interrupt);
            call.wait().exits(4);
            assert_eq!(sandbox.record()["status"], "cancelled");
        }
    }
}
