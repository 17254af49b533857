//! Records of the plugin before this one: without `schemaVersion`, with a bare start time as identity and
//! workers that hold no lock.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use cc_core::Proc;
use cc_tests::{Sandbox, eventually};
use serde_json::{Value, json};

use super::{SOON, answering};

/// A process in a group of its own with a child, in the sandbox's home; it ignores all but SIGKILL.
struct Worker {
    child: Child,
    proc: Proc,
    descendant: Proc,
}

impl Worker {
    fn start(sandbox: &Sandbox) -> Self {
        Self::running(
            sandbox,
            "trap '' INT TERM; sleep 300 & echo $! > pid.new; mv pid.new pid; wait; wait",
        )
    }

    fn running(sandbox: &Sandbox, script: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(sandbox.tmp());
        command.env("HOME", sandbox.home()).stdin(Stdio::null());
        let child = command.process_group(0).spawn().unwrap();
        let pid = || std::fs::read_to_string(sandbox.tmp().join("pid")).ok();
        let pid = eventually(SOON, "the worker has a child", pid);
        Self {
            proc: Proc::of(child.id()).unwrap(),
            descendant: Proc::of(pid.trim().parse().unwrap()).unwrap(),
            child,
        }
    }

    /// As the plugin before noted it: the start in clock ticks.
    fn ticks(&self) -> String {
        self.proc.start_number().unwrap().to_string()
    }

    fn is_running(&self) -> bool {
        self.proc.is_running() || self.descendant.is_running()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.descendant.signal(cc_core::process::Signal::Kill);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn record(sandbox: &Sandbox, id: &str, fields: Value) -> Value {
    let mut record = json!({
        "id": id, "kind": "task", "jobClass": "task", "title": "Codex task", "status": "running",
        "createdAt": "2026-01-01T10:00:00.000Z", "startedAt": "2026-01-01T10:00:01.000Z",
        "workspaceRoot": sandbox.repo(), "logFile": "/home/dev/x.log",
    });
    let fields = fields.as_object().unwrap().clone();
    record.as_object_mut().unwrap().extend(fields);
    sandbox.write_record(id, record.to_string());
    record
}

fn status(sandbox: &Sandbox, id: &str) -> Value {
    let status = sandbox.cc(["status", id, "--json"]).run().success();
    status.json()["job"]["status"].clone()
}

#[test]
fn a_live_job_is_ended_by_a_cancel_although_it_ignores_signals() {
    for queued in [false, true] {
        let sandbox = answering();
        let worker = Worker::start(&sandbox);
        let status_word = if queued { "queued" } else { "running" };
        let identity = json!({
            "pid": worker.proc.pid, "pidIdentity": worker.ticks(), "status": status_word,
        });
        record(&sandbox, "task-old", identity);
        assert_eq!(status(&sandbox, "task-old"), "running");
        let listed = sandbox.cc(["status", "--json"]).run().success().json();
        assert_eq!(listed["running"][0]["id"], "task-old");
        assert!(worker.proc.is_running() && worker.descendant.is_running());
        sandbox.cc(["cancel", "task-old"]).run().success();
        assert!(!worker.is_running(), "no longer");
        let record = sandbox.record();
        assert_eq!(record["status"], "cancelled");
        assert_eq!(record["logFile"], "/home/dev/x.log");
    }
}

#[test]
fn what_was_asked_to_stop_and_lives_is_not_called_cancelled() {
    let sandbox = answering();
    let worker = Worker::start(&sandbox);
    // As a cancel leaves it that was itself ended in the middle.
    let fields = json!({
        "pid": worker.proc.pid, "pidIdentity": worker.ticks(), "status": "cancelling",
    });
    record(&sandbox, "task-old", fields);
    assert_eq!(status(&sandbox, "task-old"), "cancelled");
    assert!(!worker.is_running());
}

#[test]
fn a_worker_of_ours_that_lost_its_lock_ends_before_its_job_does() {
    let sandbox = answering();
    let worker = Worker::start(&sandbox);
    let fields = json!({
        "schemaVersion": 1, "pid": worker.proc.pid, "pidIdentity": worker.proc.identity,
    });
    record(&sandbox, "task-new", fields);
    let told = sandbox.cc(["cancel", "task-new"]).run().exits(2);
    assert!(told.stderr.contains("has already ended: failed"), "{told}");
    assert!(!worker.is_running());
}

#[test]
fn a_job_whose_pid_belongs_to_another_process_now_has_ended() {
    let sandbox = answering();
    let other = Worker::start(&sandbox);
    let earlier = other.proc.start_number().unwrap() - 1;
    for (id, identity) in [
        ("task-a", json!(earlier.to_string())),
        ("task-b", Value::Null),
        ("task-c", json!("Thu Jan  1 10:00:01 2026")),
    ] {
        let fields = json!({"pid": other.proc.pid, "pidIdentity": identity});
        record(&sandbox, id, fields);
        assert_eq!(status(&sandbox, id), "failed", "{id}");
        let cancel = sandbox.cc(["cancel", id]).run().exits(2);
        assert!(cancel.stderr.contains("has already ended"), "{cancel}");
    }
    assert!(other.proc.is_running() && other.descendant.is_running());
}

#[test]
fn a_wait_lasts_until_its_worker_has_ended() {
    let sandbox = answering();
    let script = "sleep 300 & echo $! > pid.new; mv pid.new pid; until [ -e go ]; do sleep 0.05; done; \
                  mv done.json \"$0\"; kill $!";
    let path = sandbox.state_dir().jobs().join("task-old.json");
    let script = script.replace("$0", path.to_str().unwrap());
    let worker = Worker::running(&sandbox, &script);
    let fields = json!({"pid": worker.proc.pid, "pidIdentity": worker.ticks()});
    let mut record = record(&sandbox, "task-old", fields);
    record["status"] = json!("completed");
    record["result"] = json!({"rawOutput": "All done."});
    std::fs::write(sandbox.tmp().join("done.json"), record.to_string()).unwrap();
    let short = ["wait", "task-old", "--timeout-ms", "300"];
    sandbox.cc(short).run().exits(124);
    let waiting = sandbox.cc(["wait", "task-old"]).spawn();
    std::fs::write(sandbox.tmp().join("go"), "").unwrap();
    waiting.wait().success();
    let result = sandbox.cc(["result", "task-old"]).run().success();
    assert_eq!(result.stdout, "All done.\n");
}

#[test]
fn a_job_that_is_only_being_started_is_not_called_cancelled() {
    let sandbox = answering();
    let now = cc_core::Clock::System.now();
    record(
        &sandbox,
        "task-old",
        json!({"status": "queued", "createdAt": now}),
    );
    assert_eq!(status(&sandbox, "task-old"), "queued");
    let told = sandbox.cc(["cancel", "task-old"]).run().exits(1);
    assert!(told.stderr.contains("has not started yet"), "{told}");
    assert_eq!(sandbox.record()["status"], "queued");
}

#[test]
fn a_finished_job_shows_its_text_wherever_its_record_has_it() {
    let sandbox = answering();
    let codex = json!({"status": 0, "stdout": "From stdout.", "stderr": "", "reasoning": []});
    let shapes = [
        (json!({"rendered": "# Rendered"}), "# Rendered"),
        (
            json!({"rendered": "", "result": {"rawOutput": "Raw."}}),
            "Raw.",
        ),
        (json!({"result": {"codex": codex}}), "From stdout."),
        (
            json!({"result": {"codex": codex, "rawOutput": null}, "touchedFiles": null}),
            "From stdout.",
        ),
        (
            json!({"result": {"rawOutput": "Raw."}, "permissionDenials": ["Bash"]}),
            "Raw.",
        ),
    ];
    for (place, (fields, text)) in shapes.into_iter().enumerate() {
        for (end, before) in [
            ("completed", ""),
            ("failed", "failed: the record gives no reason"),
            ("cancelled", "was cancelled"),
        ] {
            let id = format!("task-{place}-{end}");
            let mut fields = fields.clone();
            fields["status"] = json!(end);
            record(&sandbox, &id, fields);
            let shown = sandbox.cc(["result", &id]).run().success();
            assert!(shown.stdout.contains(text), "{id}: {shown}");
            assert!(shown.stdout.contains(before), "{id}: {shown}");
        }
        let page = [
            "result",
            &format!("task-{place}-completed"),
            "--format",
            "html",
        ];
        let page = sandbox.cc(page).run().success();
        assert!(
            page.stdout.contains(text.trim_start_matches("# ")),
            "{page}"
        );
    }
}
