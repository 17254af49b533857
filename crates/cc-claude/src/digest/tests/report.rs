//! What a run leaves besides its answer, and what it shows on the way.

use super::*;

#[test]
fn usage_is_that_of_this_run() {
    let used =
        |output: u64| json!({"m": {"outputTokens": output, "inputTokens": 1, "costUSD": output}});
    let check = |results: &[Value], output: u64, cost: Option<f64>| {
        let report = outcome(results).report;
        assert_eq!(
            (report.usage.output_tokens, report.cost_usd),
            (output, cost)
        );
    };
    // 2.1.197: grows from result to result.
    let so_far = |output| {
        result(
            "a",
            json!({"modelUsage": used(output), "total_cost_usd": output}),
        )
    };
    check(&[so_far(5)], 5, Some(5.0));
    check(&[so_far(5), so_far(8)], 8, Some(8.0));
    // 2.1.330, resumed: 100 were used in earlier runs.
    let since = |so_far: u64, since: Value| {
        let all = json!({"modelUsage": used(so_far), "model_usage_since_last_result": since,
            "total_cost_usd": so_far});
        result("a", all)
    };
    check(&[since(105, used(5))], 5, Some(5.0));
    check(&[since(105, used(5)), since(108, used(3))], 8, Some(8.0));
    check(&[since(105, used(5)), since(105, json!({}))], 5, Some(5.0));
    // Refused before anything was used.
    check(
        &[result("a", json!({"modelUsage": {}, "total_cost_usd": 0}))],
        0,
        Some(0.0),
    );
    check(&[], 0, None);
}

#[test]
fn the_model_is_the_one_that_answered() {
    let fallback = json!({"type": "system", "subtype": "model_fallback", "trigger": "overloaded",
        "original_model": "m", "fallback_model": "n"});
    let (digest, progress) = digest(false, &[init(), fallback, says("a"), ok("a")]);
    assert_eq!(
        digest.conclude(&Exit::default()).report.model.as_deref(),
        Some("n")
    );
    assert_eq!(
        progress[1],
        Progress::Note("model n instead of m: overloaded".into())
    );
    // Without an init event, the one that wrote most.
    let usage = json!({"modelUsage": {"a": {"outputTokens": 1}, "b": {"outputTokens": 2}}});
    assert_eq!(
        outcome(&[result("x", usage)]).report.model.as_deref(),
        Some("b")
    );
}

#[test]
fn files_are_touched_by_claude_and_its_subagents() {
    let lines = [
        init(),
        calls("1", "Edit", json!({"old_string": "a", "file_path": "/r/a"})),
        returns("1"),
        by_subagent(calls(
            "2",
            "Write",
            json!({"content": "x", "file_path": "/r/b"}),
        )),
        by_subagent(returns("2")),
        calls("3", "NotebookEdit", json!({"notebook_path": "/r/c.ipynb"})),
        json!({"type": "user", "message": {"content": [
            {"type": "tool_result", "tool_use_id": "3", "is_error": true}]}}),
        says("a"),
        ok("a"),
    ];
    let (digest, progress) = digest(false, &lines);
    assert_eq!(
        digest.conclude(&Exit::default()).report.touched,
        ["/r/a", "/r/b"]
    );
    let tools = progress
        .iter()
        .filter(|step| matches!(step, Progress::Tool { .. }))
        .count();
    assert_eq!(tools, 3);
}

#[test]
fn a_subagent_is_reported_once() {
    let started = |id: &str, kind: &str| {
        json!({"type": "system", "subtype": "task_started", "tool_use_id": id, "task_type": kind,
            "description": "look\naround"})
    };
    let lines = [
        calls(
            "1",
            "Agent",
            json!({"description": "look", "subagent_type": "Explore"}),
        ),
        started("1", "local_agent"),
        started("2", "local_agent"),
        started("3", "local_bash"),
    ];
    let subagent = |description: &str| Progress::Subagent {
        description: description.into(),
    };
    assert_eq!(
        digest(false, &lines).1,
        [subagent("look"), subagent("look around")]
    );
}

#[test]
fn a_run_starts_once() {
    let (digest, progress) = digest(false, &[init(), init()]);
    assert_eq!(progress.len(), 1);
    let report = digest.conclude(&Exit::default()).report;
    assert_eq!(report.thread.map(String::from).as_deref(), Some("s"));
    assert_eq!(report.claude_version.as_deref(), Some("2.1.330"));
}

#[test]
fn a_long_answer_is_cut_and_counted() {
    let mut lines = vec![init()];
    lines.extend((0..5).map(|_| says(&"x".repeat(1 << 20))));
    lines.push(ok("x"));
    let report = outcome(&lines).report;
    assert_eq!(
        (report.text.len(), report.omitted.text_bytes),
        (4 << 20, 1 << 20)
    );
    let outcome = outcome(&[ok(&"é".repeat(3 << 20))]);
    assert_eq!(outcome.report.text.len(), 4 << 20);
    assert_eq!(outcome.report.omitted.text_bytes, 2 << 20);
}

#[test]
fn an_outcome_serializes_in_camel_case() {
    let mut outcome = outcome(&[init(), says("a"), result("a", json!({"num_turns": 1}))]);
    outcome.report.stderr = "e".into();
    insta::assert_json_snapshot!(outcome);
}
