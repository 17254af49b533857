use cc_core::{Clock, DataDir, JobId, Workspace};
use serde_json::{Value, json};

use super::*;
use crate::JobResult;

/// Requests and results as earlier versions recorded them, with a field that none of ours knows.
fn recorded() -> [(&'static str, Value, Value); 4] {
    let target = json!({
        "base": "17bc6b31a751775053e85c993a08d4517a2516fb", "head": "17bc6b31a751775053e85c993a08d4517a2516fb",
        "label": "uncommitted changes", "mode": "working-tree",
    });
    let usage = json!({
        "cacheCreationInputTokens": 0, "cacheReadInputTokens": 0, "inputTokens": 0, "outputTokens": 0,
    });
    let claude = json!({
        "costUsd": 0.25, "model": "m-1", "requestedModel": null, "status": 0, "stderr": "",
        "stdout": "fine", "usage": usage, "version": "2.1.330", "warning": null,
    });
    [
        (
            "review",
            json!({
                "idleTimeoutMs": 600_000, "notSeen": [], "shown": {"a.txt": "4bc5fa8221670c727dbf7e274dfa8db6"},
                "target": target, "timeoutMs": 3_600_000, "fromTomorrow": 1,
                "totals": {"additions": 1, "bytes": 109, "deletions": 1, "files": 1},
            }),
            json!({
                "claude": claude, "jobId": "job-1", "notSeen": [], "review": "review", "sessionId": null,
                "target": {"label": "uncommitted changes", "mode": "working-tree"}, "fromTomorrow": [1],
            }),
        ),
        (
            "adversarial-review",
            json!({
                "focus": "mind the sign", "idleTimeoutMs": 600_000, "notSeen": ["a.png: binary"],
                "since": "review-1", "gitConfig": [["core.fsmonitor", ""]], "target": target,
                "timeoutMs": 3_600_000, "fromTomorrow": 1, "model": "m-1", "maxBudgetUsd": 0.5,
                "totals": {"additions": 1, "bytes": 109, "deletions": 1, "files": 1},
            }),
            json!({
                "claude": claude, "jobId": "job-1", "notSeen": [], "parseError": "no form",
                "rawOutput": "fine", "review": "adversarial-review", "sessionId": "s", "fromTomorrow": {},
                "target": {"label": "uncommitted changes", "mode": "working-tree", "since": "review-1"},
            }),
        ),
        (
            "task",
            json!({
                "access": "write-unsandboxed", "allowedDomains": ["crates.io"], "idleTimeoutMs": 600_000,
                "leftovers": [], "resumed": false, "thread": "05710555-8afa-4c01-9acb-a3ec0ff42840",
                "timeoutMs": 3_600_000, "trust": {"found": ["CLAUDE.md"], "trusted": false},
                "userSettings": false, "fromTomorrow": 1,
            }),
            json!({
                "access": "write-unsandboxed", "costUsd": 0.25, "jobId": "job-1", "loaded": [], "model": "m-1",
                "notLoaded": ["CLAUDE.md"], "permissionDenials": [], "ranCommands": false, "rawOutput": "fine",
                "inRepository": false, "requestedModel": null, "sessionId": "05710555-8afa-4c01-9acb-a3ec0ff42840",
                "status": "completed", "stderr": "", "touchedFiles": ["a.txt"], "usage": usage,
                "version": "2.1.330", "withoutUncommitted": false, "fromTomorrow": null,
            }),
        ),
        (
            "gate",
            json!({"idleTimeoutMs": 1, "timeoutMs": 2, "effort": "low", "fromTomorrow": 1}),
            json!({
                "claude": claude, "jobId": "job-1", "verdict": "block", "reason": "It leaks.",
                "fromTomorrow": "more",
            }),
        ),
    ]
}

fn without_unknown(recorded: &Value) -> Value {
    let mut known = recorded.clone();
    let fields = known.as_object_mut().unwrap();
    // The second is what earlier versions recorded for Claude's own Git.
    fields.retain(|name, _| name != "fromTomorrow" && name != "gitConfig");
    known
}

#[test]
fn recorded_orders_and_results_are_read_and_their_unknown_fields_kept() {
    for (kind, request, result) in recorded() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::at(dir.path().to_owned());
        let workspace = Workspace::from_canonical("/w".into());
        let store = Store::new(&data, workspace, Clock::System, |_, _| Ok(None));
        let id = JobId::parse("job-1").unwrap();
        let path = store.dir().record(&id);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let record = json!({
            "schemaVersion": 1, "id": id, "kind": kind, "status": "completed",
            "createdAt": "2026-03-01T10:00:00Z", "request": request, "result": result,
        });
        std::fs::write(&path, record.to_string()).unwrap();

        let (job, body) = store.read(&id).unwrap();
        let order = WorkOrder::read(job.kind, &body).unwrap();
        let known = without_unknown(&request);
        assert_eq!(serde_json::to_value(&order).unwrap(), known, "{kind}");
        let read = JobResult::read(job.kind, &body).unwrap();
        let known = without_unknown(&result);
        assert_eq!(serde_json::to_value(&read).unwrap(), known, "{kind}");

        store.lock(&id).unwrap().mark_viewed().unwrap();
        let saved: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((&saved["request"], &saved["result"]), (&request, &result));
    }
}

#[test]
fn what_another_plugin_recorded_is_no_order_and_no_result() {
    let body = Body {
        request: json!({"prompt": "fix it"}),
        result: json!({"codex": {"stdout": "fine"}}),
        ..Body::default()
    };
    for kind in [
        JobKind::Review,
        JobKind::AdversarialReview,
        JobKind::Task,
        JobKind::Gate,
    ] {
        assert!(WorkOrder::read(kind, &body).is_err());
        assert!(JobResult::read(kind, &body).is_none());
    }
}
