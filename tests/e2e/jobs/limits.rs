//! Nothing can be written, in ways that Linux alone has: limits of a process, a process that is stopped.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, eventually};

use super::unwritable::{block, running, unblock};
use super::{SOON, claude, kill_and_await, waiting_for_go, worker};

#[test]
fn a_cancel_ends_a_stopped_worker_and_a_claude_that_ignores_signals() {
    let hangs = Run::hangs().ignoring_signals();
    let sandbox = Sandbox::fake(&Scenario::runs([hangs])).with_change();
    let (id, claude) = running(&sandbox);
    let worker = worker(&sandbox);
    let stop = ["-STOP", &worker.pid.to_string()];
    assert!(Command::new("kill").args(stop).status().unwrap().success());
    block(&sandbox);
    let told = sandbox.cc(["cancel", &id]).run().exits(1);
    assert!(!worker.is_running() && !claude.is_running());
    assert!(told.stderr.contains("was stopped, but"), "{told}");
    unblock(&sandbox);
    let status = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(status["latestFinished"]["failure"]["class"], "lost");
}

#[test]
fn a_result_that_could_not_be_saved_outlives_its_worker() {
    let sandbox = waiting_for_go();
    let (id, _) = running(&sandbox);
    block(&sandbox);
    sandbox.write("go", "");
    // In `/run/user` or `/dev/shm`, one of which every Linux has.
    let kept = eventually(SOON, "the worker keeps it", || {
        let log = sandbox.cc(["logs", &id]).run().success().stdout;
        let (_, path) = log.split_once("until then it is in `")?;
        Some(PathBuf::from(path.split_once('`')?.0))
    });
    kill_and_await(&[worker(&sandbox)]);
    for _ in 0..2 {
        let result = sandbox.cc(["result", &id]).run().success();
        assert!(result.stdout.contains("Fine."), "{result}");
        assert_eq!(sandbox.record()["status"], "running", "nobody could write");
        let status = sandbox.cc(["status", &id, "--json"]).run().success();
        assert_eq!(status.json()["job"]["status"], "completed");
    }
    unblock(&sandbox);
    let result = sandbox.cc(["result", &id]).run().success();
    assert!(result.stdout.contains("Fine."), "{result}");
    let record = sandbox.record();
    assert_eq!(record["status"], "completed");
    assert!(record["costUsd"].is_number(), "{record}");
    assert!(!kept.exists(), "nothing stays behind");
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_worker_whose_files_are_gone_ends_its_claude() {
    for all in [true, false] {
        let daemon = "(setsid sleep 300 </dev/null >/dev/null 2>&1 &)";
        let hangs = Run::started().step(Step::Shell(daemon.into()));
        let hangs = hangs.step(Step::Hang).ignoring_signals();
        let sandbox = Sandbox::fake(&Scenario::runs([hangs])).with_change();
        let (_, claude) = running(&sandbox);
        let worker = worker(&sandbox);
        match all {
            true => fs::remove_dir_all(sandbox.data_dir().root()).unwrap(),
            false => fs::remove_file(sandbox.state_dir().record(&sandbox.job())).unwrap(),
        }
        eventually(SOON, "the end of both", || {
            (!claude.is_running() && !worker.is_running()).then_some(())
        });
        sandbox.wait_quiet(SOON);
    }
}

/// The result is larger than any file that the worker may write, whether its caller ignores the signal for that or not.
#[test]
fn a_result_beyond_the_limit_on_the_size_of_files_is_kept_until_it_may_be_written() {
    let answer = "All of it is fine.\n".repeat(5_000);
    for trap in ["", "trap '' XFSZ; "] {
        let waits = Run::started().step(Step::Await("go".into()));
        let waits = waits.text(&answer).success(&answer, None);
        let sandbox = Sandbox::fake(&Scenario::runs([waits])).with_change();
        // In blocks of 512 bytes.
        let script = format!("{trap}ulimit -c 0; ulimit -S -f 64; exec \"$0\" \"$@\"");
        let limited = sandbox.command("/bin/sh".as_ref()).args(["-c", &script]);
        let limited = limited.args([sandbox.product_file("cc-cli")]);
        let receipt = limited.args(["review", "--background", "--json"]).run();
        let receipt = receipt.success().json();
        let id = receipt["jobId"].as_str().unwrap();
        sandbox.wait_for_run(1, SOON);
        let (claude, worker) = (claude(&sandbox), worker(&sandbox));
        sandbox.write("go", "");
        eventually(SOON, "the end of Claude", || {
            (!claude.is_running()).then_some(())
        });
        eventually(SOON, "the log says so", || {
            let log = sandbox.cc(["logs", id]).run().success().stdout;
            let told = log.contains("cannot save the result yet") && log.contains("File too large");
            told.then_some(())
        });
        assert_eq!(sandbox.record()["status"], "running", "nothing is claimed");
        let status = sandbox.cc(["status", id]).run().success();
        assert!(status.stdout.contains("is being saved"), "{status}");
        assert!(worker.is_running());
        let pid = worker.pid.to_string();
        let raised = Command::new("prlimit")
            .args(["--fsize=unlimited:", "--pid", &pid])
            .status();
        assert!(raised.unwrap().success());
        sandbox.cc(["wait", id]).run().success();
        let result = sandbox.cc(["result", id]).run().success();
        assert!(result.stdout.contains(answer.trim_end()), "{result}");
        sandbox.wait_quiet(SOON);
    }
}

#[test]
fn where_the_system_allows_no_more_threads_or_files_that_is_said() {
    let sandbox = super::answering();
    let limited = |limit: &str, command: &str| {
        // The shell, and what its user runs besides, count as well: only a fresh user has so few.
        let script = format!("ulimit {limit}; exec \"$0\" {command}");
        let shell = sandbox.command(std::path::Path::new("/bin/sh"));
        shell
            .args(["-c", &script])
            .args([sandbox.product_file("cc-cli")])
            .run()
    };
    for files in 4..=28 {
        for command in ["status", "scope", "review", "setup --check"] {
            let output = limited(&format!("-n {files}"), command);
            let is_clear =
                matches!(output.code(), Some(0..=3)) && !output.stderr.contains("panicked");
            // Below this no program of the system starts.
            assert!(
                is_clear || output.code() == Some(127),
                "{files}: {command}: {output}"
            );
        }
    }
    sandbox.cc(["review"]).run().success();
    assert!(
        sandbox
            .records()
            .iter()
            .all(|record| record["completedAt"].is_string())
    );
}
