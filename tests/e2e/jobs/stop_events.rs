//! A cancel of a job whose worker cannot be asked to stop through its event.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cc_core::fs::create_private_dir;
use cc_core::{Clock, FileLock, JobId, Proc};
use cc_tests::closed_event::ClosedEvent;
use cc_tests::{Sandbox, binaries};
use serde_json::json;

use super::answering;

/// How long a cancel waits for a worker that it has asked; less than that is at once.
const WORKER_PATIENCE: Duration = Duration::from_secs(15);

/// A process that holds the lock of a running job, as its worker does, and has made no event.
struct Worker {
    job: JobId,
    process: Child,
    proc: Proc,
}

impl Worker {
    fn start(sandbox: &Sandbox) -> Self {
        let state = sandbox.state_dir();
        create_private_dir(&state.jobs()).unwrap();
        let job = JobId::fresh("review", Clock::System.now());
        let alive = FileLock::exclusive(&state.alive(&job), Duration::ZERO).unwrap();
        let process = Command::new(binaries::fake_claude())
            .arg("--grandchild")
            .stdin(Stdio::from(alive.into_file()))
            .spawn()
            .unwrap();
        let proc = Proc::of(process.id()).unwrap();
        let record = json!({
            "schemaVersion": 1, "id": job, "kind": "review", "jobClass": "review", "title": "Review",
            "status": "running", "createdAt": "2026-01-01T10:00:00.000Z", "startedAt": "2026-01-01T10:00:01.000Z",
            "workspaceRoot": sandbox.repo(), "pid": proc.pid, "pidIdentity": proc.identity,
        });
        sandbox.write_record(job.as_str(), record.to_string());
        Self { job, process, proc }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_worker_without_an_event_is_ended_at_once() {
    let sandbox = answering();
    let worker = Worker::start(&sandbox);
    let begun = Instant::now();
    let cancel = ["cancel", worker.job.as_str()];
    let cancelled = sandbox.cc(cancel).run().success();
    assert!(begun.elapsed() < WORKER_PATIENCE, "{cancelled}");
    assert!(!worker.proc.is_running());
    assert_eq!(sandbox.record()["status"], "cancelled");
}

#[test]
fn a_job_that_this_user_may_not_stop_runs_on_as_before() {
    let sandbox = answering();
    let worker = Worker::start(&sandbox);
    let event = ClosedEvent::of(&worker.job);
    let id = worker.job.as_str();
    let record = fs::read(sandbox.state_dir().record(&worker.job)).unwrap();
    let begun = Instant::now();
    let refused = sandbox.cc(["cancel", id]).run().exits(1);
    assert!(begun.elapsed() < WORKER_PATIENCE, "{refused}");
    let says = [
        format!("not allowed to stop job `{id}`"),
        format!("process {}", worker.proc.pid),
        format!("as administrator if it was started so, run: cc-cli cancel {id}"),
    ];
    for says in says {
        assert!(refused.stderr.contains(&says), "{refused}");
    }
    assert!(worker.proc.is_running());
    let after = fs::read(sandbox.state_dir().record(&worker.job)).unwrap();
    assert!(record == after, "the record has changed");
    let status = sandbox.cc(["status", id, "--json"]).run().success().json();
    assert_eq!(status["job"]["status"], "running");
    drop(event);
    sandbox.cc(["cancel", id]).run().success();
}
