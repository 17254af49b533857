//! Jobs that end otherwise than well.

#[cfg(unix)]
use std::{ffi::OsStr, fs, process::Stdio, thread, time::Duration};

use cc_core::process::Signal;
#[cfg(unix)]
use cc_core::{Clock, FileLock, JobId, fs::create_private_dir};
use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::json;

use super::{SOON, answering, background, hanging, kill_and_await, waiting_for_go, worker};

#[test]
fn a_claude_that_ignores_signals_and_its_grandchild_are_gone_after_a_cancel() {
    let stubborn = Run::started()
        .step(Step::Grandchild { holds_output: true })
        .step(Step::Hang)
        .ignoring_signals();
    let sandbox = Sandbox::fake(&Scenario::runs([stubborn])).with_change();
    let id = background(&sandbox);
    sandbox.wait_for_run(1, SOON);
    cc_tests::eventually(SOON, "the grandchild runs", || {
        (!sandbox.grandchildren().is_empty()).then_some(())
    });
    let cancelled = sandbox.cc(["cancel", &id, "--json"]).run().success().json();
    assert_eq!(cancelled["status"], "cancelled");
    assert!(
        sandbox
            .grandchildren()
            .iter()
            .all(|proc| !proc.is_running())
    );
    sandbox.wait_quiet(SOON);
}

/// The lock goes to the worker in the way of Unix.
#[test]
#[cfg(unix)]
fn a_worker_whose_caller_was_killed_before_there_was_a_job_leaves_nothing() {
    let sandbox = answering();
    let (data, state) = (sandbox.data_dir(), sandbox.state_dir());
    create_private_dir(&state.jobs()).unwrap();
    let id = JobId::fresh("review", Clock::System.now());
    let making = FileLock::exclusive(&state.lock(&id), Duration::ZERO).unwrap();
    let alive = FileLock::exclusive(&state.alive(&id), Duration::ZERO).unwrap();
    fs::write(state.prompt(&id), "the change").unwrap();
    let (data, repo) = (data.root().as_os_str(), sandbox.repo());
    let call = ["worker", "--data", "--workspace"].map(OsStr::new);
    let args = [
        call[0],
        call[1],
        data,
        call[2],
        repo.as_os_str(),
        id.as_str().as_ref(),
    ];
    let mut worker = sandbox.cc(args).to_std();
    let worker = worker.stdin(alive.into_file()).stderr(Stdio::piped());
    let mut worker = worker.spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(worker.try_wait().unwrap().is_none(), "it did not wait");
    drop(making);
    let output = worker.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no job"), "{said}");
    assert_eq!(fs::read_dir(state.jobs()).unwrap().count(), 0);
    assert!(sandbox.claude_calls().is_empty());
}

#[test]
fn cancel_without_a_job_takes_the_only_one_that_runs() {
    let sandbox = hanging();
    let none = sandbox.cc(["cancel"]).run();
    assert_snapshot!(sandbox.transcript(&none), @"
    exit 2
    --- stderr
    error: no job of this workspace is running
      hint: List all jobs of this workspace: cc-cli status --all
    ");
    let first = background(&sandbox);
    let second = background(&sandbox);
    let several = sandbox.cc(["cancel"]).run().exits(2);
    assert!(
        several.stderr.contains(&first) && several.stderr.contains(&second),
        "{}",
        several.stderr
    );
    sandbox.cc(["cancel", &first]).run().success();
    sandbox.cc(["cancel"]).run().success();
    let again = sandbox.cc(["cancel", &second]).run().exits(2);
    assert!(
        again.stderr.contains("has already ended: cancelled"),
        "{}",
        again.stderr
    );
}

#[test]
fn two_who_cancel_at_once_both_succeed() {
    let sandbox = hanging();
    let id = background(&sandbox);
    sandbox.wait_for_run(1, SOON);
    let calls: Vec<_> = (0..2)
        .map(|_| sandbox.cc(["cancel", &id]).spawn())
        .collect();
    let codes: Vec<_> = calls.into_iter().map(|call| call.wait().code()).collect();
    // The slower one may come when all is over.
    assert!(
        codes.iter().all(|code| matches!(code, Some(0 | 2))) && codes.contains(&Some(0)),
        "{codes:?}"
    );
    assert_eq!(sandbox.record()["status"], "cancelled");
}

#[test]
fn jobs_that_are_cancelled_while_they_start_leave_nothing() {
    let sandbox = hanging();
    for _ in 0..5 {
        let id = background(&sandbox);
        sandbox.cc(["cancel", &id]).run().success();
        assert_eq!(sandbox.cc(["wait", &id]).run().code(), Some(4));
    }
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_cancelled_job_keeps_what_claude_had_said_and_what_it_was_not_allowed() {
    let denied = json!({
        "type": "system", "subtype": "permission_denied", "session_id": "{session}",
        "tool_name": "Write", "tool_use_id": "toolu_00", "message": "Permission denied.",
    });
    let hangs = Run::started().text("So far so good.").line(denied);
    let hangs = hangs.step(Step::Write {
        path: "said".into(),
        content: String::new(),
    });
    let hangs = Scenario::runs([hangs.step(Step::Hang)]);
    let sandbox = Sandbox::fake(&hangs).with_change();
    let id = background(&sandbox);
    let said = || sandbox.repo().join("said").exists().then_some(());
    cc_tests::eventually(SOON, "Claude has said it", said);
    sandbox.cc(["cancel", &id]).run().success();
    let record = sandbox.record();
    assert_eq!(record["partialOutput"], "So far so good.", "{record:#}");
    let denied = &record["permissionDenials"][0];
    assert_eq!(denied["tool"], "Write", "{record:#}");
    assert!(record["result"].is_object(), "{record:#}");
    let log = sandbox.log();
    assert!(log.trim_end().ends_with("cancelled"), "{log}");
}

#[test]
fn a_shell_that_goes_away_does_not_take_the_job_with_it() {
    let sandbox = waiting_for_go();
    let review = sandbox.cc(["review"]).spawn();
    sandbox.wait_for_run(1, SOON);
    review.signal(Signal::Kill);
    review.wait().killed();
    sandbox.write("go", "");
    let id = sandbox.job();
    sandbox.cc(["wait", id.as_str()]).run().success();
}

#[test]
fn a_worker_that_is_killed_leaves_a_lost_job_with_what_claude_had_said() {
    let sandbox = hanging();
    let id = background(&sandbox);
    let claude = sandbox.wait_for_run(1, SOON).proc;
    cc_tests::eventually(SOON, "the text so far is saved", || {
        let saved = sandbox.record()["partialOutput"].to_string();
        saved.contains("So far so good.").then_some(())
    });
    kill_and_await(&[worker(&sandbox)]);
    let status = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(status["latestFinished"]["failure"]["class"], "lost");
    assert!(!claude.is_running());
    sandbox.cc(["wait", &id]).run().exits(1);
    let result = sandbox.cc(["result", &id]).run().success();
    assert!(result.stdout.contains("So far so good."), "{result}");
    sandbox.wait_quiet(SOON);
}

#[test]
fn many_at_once_all_finish() {
    let sandbox = answering();
    let calls: Vec<_> = (0..8)
        .map(|_| sandbox.cc(["review", "--background", "--json"]).spawn())
        .collect();
    let ids: Vec<String> = calls
        .into_iter()
        .map(|call| {
            call.wait().success().json()["jobId"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let wait = ["wait".to_owned()].into_iter().chain(ids);
    sandbox.cc(wait).run().success();
    assert_eq!(sandbox.records().len(), 8);
    assert!(
        sandbox
            .records()
            .iter()
            .all(|record| record["status"] == "completed")
    );
}

#[test]
fn a_closed_output_is_no_error() {
    let sandbox = answering();
    sandbox.cc(["review"]).broken_stdout().run().success();
    let record = sandbox.record();
    assert_eq!(
        (&record["status"], &record["resultViewedAt"]),
        (&json!("completed"), &json!(null))
    );
}

#[test]
fn output_that_nobody_reads_is_no_error_of_any_command() {
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["result", "--format", "html"],
        &["logs"],
        &["logs", "-f"],
        &["completions", "bash"],
    ] {
        let output = sandbox.cc(args).broken_stdout().run();
        assert_eq!(
            (output.code(), output.stderr.as_str()),
            (Some(0), ""),
            "{output}"
        );
    }
}

#[test]
fn an_empty_answer_is_a_failure() {
    let sandbox = Sandbox::fake(&Scenario::says("")).with_change();
    sandbox.cc(["review"]).run().exits(1);
    assert_eq!(sandbox.record()["failure"]["class"], "protocol");
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_worker_prints_stays_in_the_log_when_that_is_cut() {
    let chatty = (0..4_000).fold(Run::started(), |run, number| {
        run.tool(
            "Read",
            json!({"file_path": format!("{number}/{}", "x".repeat(390))}),
        )
    });
    let chatty = chatty.tool("Read", json!({"file_path": "last"}));
    let sandbox = Sandbox::fake(&Scenario::runs([chatty.step(Step::Hang)])).with_change();
    let id = background(&sandbox);
    cc_tests::eventually(SOON, "the last line", || {
        sandbox.log().contains("Read last").then_some(())
    });
    assert!(sandbox.log().len() < 1 << 20, "it was cut");
    let worker = sandbox.record()["pid"].as_u64().unwrap();
    let stderr = std::fs::read_link(format!("/proc/{worker}/fd/2")).unwrap();
    assert_eq!(stderr, sandbox.state_dir().log(&sandbox.job()));
    sandbox.cc(["cancel", &id]).run().success();
}
