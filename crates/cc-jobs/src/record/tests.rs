use serde_json::json;

use super::*;

fn parse(value: &Value) -> Result<(Job, Body), RecordError> {
    read(value.to_string().as_bytes())
}

#[test]
fn a_record_of_the_plugin_before_is_read_and_its_own_fields_survive() {
    let old = json!({
        "id": "review-m1abc-x2", "kind": "review", "kindLabel": "review", "jobClass": "review",
        "title": "Codex Review", "workspaceRoot": "/home/dev/demo", "status": "completed", "phase": "done",
        "createdAt": "2026-03-01T10:00:00.000Z", "completedAt": "2026-03-01T10:01:00.000Z",
        "pid": null, "logFile": "/home/dev/x.log", "model": "opus", "write": false,
        "result": {"codex": {"stdout": "fine"}}, "rendered": "# Review\nfine", "touchedFiles": null,
    });
    let (job, body) = parse(&old).unwrap();
    assert_eq!(job.state().ending(), Some(&Ending::Completed));
    assert_eq!(
        (job.schema_version, job.model.requested.as_deref()),
        (None, None)
    );
    assert_eq!(body.rendered.as_deref(), Some("# Review\nfine"));
    let again: Value = serde_json::from_slice(&write(&job, &body).unwrap()).unwrap();
    assert_eq!(again["logFile"], old["logFile"]);
    assert_eq!(again["result"], old["result"]);
    assert_eq!(again["completedAt"], old["completedAt"]);
}

#[test]
fn numbers_stay_what_they_are_however_often_a_record_is_saved() {
    for number in [
        "2.2222222222222226e42",
        "0.1234567890123456",
        "7.2057594037927933e16",
    ] {
        let text = format!(
            r#"{{"id":"x","kind":"task","status":"completed","createdAt":"2026-03-01T10:00:00Z",
            "costUsd":{number},"result":{{"cost":{number}}},"fromTomorrow":{number}}}"#
        );
        let mut bytes = text.into_bytes();
        for _ in 0..5 {
            let (job, body) = read(&bytes).unwrap();
            let exact = number.parse::<f64>().unwrap();
            assert_eq!(job.cost_usd.map(f64::to_bits), Some(exact.to_bits()));
            assert_eq!(body.result["cost"].as_f64(), Some(exact));
            assert_eq!(body.other["fromTomorrow"].as_f64(), Some(exact));
            bytes = write(&job, &body).unwrap();
        }
    }
}

/// Counts what is read of a record.
struct Counted<'a>(&'a [u8], usize);

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1 += count;
        Ok(count)
    }
}

fn completed() -> (Job, Body) {
    let (job, mut body) = parse(&json!({
        "schemaVersion": 1, "id": "x", "kind": "task", "title": "t", "sessionId": "s", "status": "completed",
        "createdAt": "2026-03-01T10:00:00Z", "fromTomorrow": {"id": "y", "status": "queued"},
    }))
    .unwrap();
    body.rendered = Some("long ".repeat(100_000));
    (job, body)
}

#[test]
fn of_a_record_of_ours_only_the_start_is_read_for_its_head() {
    let (job, body) = completed();
    let bytes = write(&job, &body).unwrap();
    let mut counted = Counted(&bytes, 0);
    let head = read_head(&mut counted).unwrap();
    assert_eq!(counted.1 as u64, START);
    assert_eq!(
        serde_json::to_value(&head).unwrap(),
        serde_json::to_value(&job).unwrap()
    );
    let (again, same) = read(&bytes).unwrap();
    assert_eq!(write(&again, &same).unwrap(), bytes);
}

#[test]
fn a_record_in_any_order_has_the_same_head() {
    let (job, body) = completed();
    let bytes = write(&job, &body).unwrap();
    // The order of the alphabet: half of the head stands behind the report.
    let sorted: Value = serde_json::from_slice(&bytes).unwrap();
    let sorted = serde_json::to_vec(&sorted).unwrap();
    assert_ne!(sorted, bytes);
    let mut missing = serde_json::from_slice::<Map<String, Value>>(&bytes).unwrap();
    for name in ["notifiedAt", "failure", "schemaVersion"] {
        missing.remove(name);
    }
    let missing = serde_json::to_vec(&missing).unwrap();
    for (bytes, version) in [(&sorted, Some(1)), (&missing, None)] {
        let head = read_head(&bytes[..]).unwrap();
        let expect = Job {
            schema_version: version,
            ..job.clone()
        };
        assert_eq!(
            serde_json::to_value(&head).unwrap(),
            serde_json::to_value(&expect).unwrap()
        );
    }
}

#[test]
fn a_head_that_comes_first_is_the_same_in_a_list_and_in_the_whole_record() {
    let (job, body) = completed();
    let text = String::from_utf8(write(&job, &body).unwrap()).unwrap();
    let head_again = text.replace(
        "\"fromTomorrow\"",
        "\"status\": \"queued\",\n  \"fromTomorrow\"",
    );
    assert_ne!(head_again, text);
    let (whole, rest) = read(head_again.as_bytes()).unwrap();
    let listed = read_head(head_again.as_bytes()).unwrap();
    assert_eq!((whole.state(), listed.state()), (job.state(), job.state()));
    // It does not come back when the record is saved.
    assert_eq!(write(&whole, &rest).unwrap(), text.as_bytes());

    let in_the_head = text.replacen("\"kind\"", "\"id\": \"y\", \"kind\"", 1);
    assert!(read(in_the_head.as_bytes()).is_err() && read_head(in_the_head.as_bytes()).is_err());

    let cut = text.replace("\"schemaVersion\": 1", "\"schemaVersion\": 9");
    let cut = cut.replacen("\"completed\"", "\"paused\"", 1);
    let cut = &cut.as_bytes()[..cut.len() / 2];
    assert!(matches!(read(cut), Err(RecordError::Newer)));
    assert!(matches!(read_head(cut), Err(RecordError::Newer)));
}

#[test]
fn a_large_part_of_another_shape_does_not_cost_the_others() {
    let denied = json!({"tool": "Bash", "detail": "make"});
    let mut record = json!({
        "id": "x", "kind": "task", "status": "completed", "createdAt": "2026-03-01T10:00:00Z",
        "request": {"a": 1}, "result": [2], "rendered": "r", "partialOutput": "p", "touchedFiles": ["f"],
        "permissionDenials": [denied],
    });
    let (job, body) = parse(&record).unwrap();
    let whole: Value = serde_json::from_slice(&write(&job, &body).unwrap()).unwrap();
    for part in [
        "request",
        "result",
        "rendered",
        "partialOutput",
        "touchedFiles",
        "permissionDenials",
    ] {
        assert_eq!(whole[part], record[part], "{part}");
        assert!(!body.other.contains_key(part), "{part}");
    }
    record["rendered"] = json!(5);
    record["touchedFiles"] = json!("f");
    let (_, body) = parse(&record).unwrap();
    assert_eq!((body.rendered, body.touched_files.len()), (None, 0));
    assert_eq!(
        (
            body.partial_output.as_deref(),
            body.permission_denials.len()
        ),
        (Some("p"), 1)
    );
}

#[test]
fn a_long_error_is_read_whole() {
    let (mut job, body) = completed();
    let failure = Failure::new(FailureClass::Other, "no ".repeat(5_000));
    job.state = JobState::Done {
        since: None,
        at: job.created_at,
        ending: Ending::Failed(failure),
    };
    let head = read_head(&write(&job, &body).unwrap()[..]).unwrap();
    assert_eq!(head.state(), job.state());
}

#[test]
fn what_is_no_record_is_refused_with_a_reason() {
    for (value, reason) in [
        (json!({}), "missing field `id`"),
        (
            json!({"id": "../x", "kind": "review", "status": "queued", "createdAt": "2026-03-01T10:00:00Z"}),
            "not a valid job id",
        ),
        (
            json!({"id": "x", "kind": "review", "status": "paused", "createdAt": "2026-03-01T10:00:00Z"}),
            "unknown status `paused`",
        ),
        (
            json!({"id": "x", "kind": "dance", "status": "queued", "createdAt": "2026-03-01T10:00:00Z"}),
            "dance",
        ),
    ] {
        let error = parse(&value).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_running_job_without_a_pid_has_a_worker_that_does_not_run() {
    let old = json!({"id": "x", "kind": "task", "status": "running", "createdAt": "2026-03-01T10:00:00Z"});
    let (job, _) = parse(&old).unwrap();
    let (worker, claude) = job.state().processes();
    assert!(!worker.expect("running jobs name one").is_running());
    assert_eq!(claude, None);
}
