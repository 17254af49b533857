//! What the answer is: the text and the structured output that count.

use super::*;

#[test]
fn the_final_text_is_the_last_turns_own() {
    let check = |lines: &[Value], expected: &str| {
        let mut all = vec![init()];
        all.extend_from_slice(lines);
        let outcome = outcome(&all);
        assert_eq!(
            (outcome.end, outcome.report.text.as_str()),
            (End::Completed, expected)
        );
    };
    check(
        &[says("Looks good. "), says("None."), ok("None.")],
        "Looks good. None.",
    );
    check(
        &[says("Looking."), returns("1"), says("Found."), ok("Found.")],
        "Found.",
    );
    check(&[says("x"), nudge(), says("y"), ok("y")], "y");
    // 2.1.330 puts a synthetic event between the halves of a continued answer, 2.1.197 none.
    let halves = [
        says("one "),
        stops("max_tokens"),
        nudge(),
        says("two"),
        ok("two"),
    ];
    check(&halves, "one two");
    check(
        &[says("one "), stops("max_tokens"), says("two"), ok("two")],
        "one two",
    );
    check(
        &[
            says("one "),
            stops("end_turn"),
            nudge(),
            says("two"),
            ok("two"),
        ],
        "two",
    );
    check(
        &[
            says("one "),
            stops("max_tokens"),
            returns("1"),
            says("two"),
            ok("two"),
        ],
        "two",
    );
    // A subagent's messages neither add nor reset, nor does the end of one count.
    let noise = [
        says("one "),
        by_subagent(says("noise")),
        by_subagent(nudge()),
        stops("max_tokens"),
        by_subagent(stops("end_turn")),
        nudge(),
        says("two"),
        ok("two"),
    ];
    check(&noise, "one two");
    // Where no text came as an event, the result has it.
    check(
        &[says("Looking."), returns("1"), ok("Only here.")],
        "Only here.",
    );
    check(
        &[ok("/compact isn't available")],
        "/compact isn't available",
    );
    // A turn without an init event.
    check(&[says("a"), ok("a"), says("b"), ok("b")], "b");
}

#[test]
fn substantial_text_before_the_last_calls_is_an_earlier_part() {
    let check = |lines: &[Value], text: &str, earlier: &[&str]| {
        let mut all = vec![init()];
        all.extend_from_slice(lines);
        let report = outcome(&all).report;
        assert_eq!(report.text, text, "{lines:?}");
        assert_eq!(report.earlier, earlier, "{lines:?}");
    };
    let long = "x".repeat(201);
    let report = [
        says("# Found\n- it"),
        returns("1"),
        says(&long),
        returns("2"),
    ];
    let with = |last: &[Value]| [&report, last].concat();
    let parts = ["# Found\n- it", &long];
    // The last part stands first, whatever is narrated between.
    let ends = [
        says("Let me check."),
        returns("3"),
        says("Done."),
        ok("Done."),
    ];
    check(&with(&ends), "Done.", &parts);
    // After a nudge of Claude Code's own, too.
    check(
        &with(&[nudge(), says("Done."), ok("Done.")]),
        "Done.",
        &parts,
    );
    // What the last part repeats is there once.
    let all = format!("All:\n# Found\n- it\n{long}");
    check(&with(&[says(&all), ok(&all)]), &all, &[]);
    // A run that was cut off, or that never came to an end: the last substantial part leads.
    check(&report, &long, &parts[..1]);
    check(&with(&[ok("")]), &long, &parts[..1]);
    assert_eq!(
        class(&outcome(&with(&[ok("")]))),
        Some(FailureClass::Protocol)
    );
    // A turn of its own for a task that ended.
    let notice = json!({"origin": {"kind": "task-notification"}, "result_index": 1});
    let two_turns = [
        says("review"),
        result("review", json!({"result_index": 0})),
        init(),
        says("The tests:\n- failed"),
        result("The tests:\n- failed", notice),
    ];
    check(&two_turns, "review", &["The tests:\n- failed"]);
    // Of a subagent nothing is for the user.
    let noise = [
        by_subagent(says(&long)),
        by_subagent(returns("1")),
        says("a"),
        ok("a"),
    ];
    check(&noise, "a", &[]);
}

#[test]
fn a_block_that_was_not_finished_counts_only_where_the_run_was_cut_off() {
    let writes = |text: &str| {
        json!({"type": "stream_event", "parent_tool_use_id": null,
            "event": {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}})
    };
    let starts = || json!({"type": "stream_event", "event": {"type": "message_start"}});
    let check = |lines: &[Value], text: &str| assert_eq!(outcome(lines).report.text, text);
    check(&[init(), says("a "), writes("b"), writes("c")], "a bc");
    check(&[init(), by_subagent(writes("noise"))], "");
    // Finished, or started over.
    check(&[init(), writes("ab"), says("ab"), ok("ab")], "ab");
    check(&[init(), writes("a"), starts(), writes("b")], "b");
    check(
        &[init(), writes("half"), says("whole"), ok("whole")],
        "whole",
    );
    // What a success leaves unfinished was never said.
    check(&[init(), says("a"), writes("b"), ok("a")], "a");
    let failed = result("", json!({"subtype": "error_max_turns", "is_error": true}));
    check(&[init(), says("a"), writes("b"), failed], "ab");
}

#[test]
fn a_text_whose_last_message_was_a_call_is_incomplete() {
    let check = |differs: Value, incomplete: Option<Incomplete>| {
        let lines = [init(), says("a"), result("a", differs)];
        assert_eq!(outcome(&lines).report.incomplete, incomplete);
    };
    let call = Some(Incomplete::ToolCall);
    check(json!({"stop_reason": "tool_use"}), call);
    check(
        json!({"stop_reason": "max_tokens"}),
        Some(Incomplete::OutputLimit),
    );
    check(json!({"stop_reason": "end_turn"}), None);
    let structured = json!({"stop_reason": "tool_use", "structured_output": {}});
    check(structured, None);
    check(json!({"stop_reason": "tool_use", "is_error": true}), None);
}

#[test]
fn the_answer_to_a_notification_does_not_hide_the_review() {
    let by_notification =
        |index: u64| json!({"origin": {"kind": "task-notification"}, "result_index": index});
    let check = |lines: &[Value], expected: &str| {
        assert_eq!(outcome(lines).report.text, expected);
        assert_eq!(outcome(lines).end, End::Completed);
    };
    // Marked, as on 2.1.330.
    let marked = [
        init(),
        says("review"),
        result("review", json!({"result_index": 0})),
        init(),
        says("done"),
        result("done", by_notification(1)),
    ];
    check(&marked, "review");
    // The next turn may begin before the result of the first.
    let overlapping = [
        init(),
        says("review"),
        init(),
        says("done"),
        result("review", json!({"result_index": 0})),
        result("done", by_notification(1)),
    ];
    check(&overlapping, "review");
    // With marks, the order of notifications does not matter, and a second prompt does.
    let second_prompt = [
        init(),
        says("one"),
        result("one", json!({"result_index": 0})),
        task_ended("1"),
        init(),
        says("two"),
        result("two", json!({"result_index": 1})),
    ];
    check(&second_prompt, "two");
    // Without marks, as on 2.1.197: the call was over before its task ended, so it ran behind.
    let unmarked = [
        init(),
        calls("1", "Bash", json!({"command": "git log"})),
        returns("1"),
        says("review"),
        ok("review"),
        task_ended("1"),
        init(),
        says("done"),
        ok("done"),
    ];
    check(&unmarked, "review");
    let ended_before_the_result = [
        init(),
        calls("1", "Bash", json!({"command": "git log"})),
        returns("1"),
        task_ended("1"),
        says("review"),
        ok("review"),
        init(),
        says("done"),
        ok("done"),
    ];
    check(&ended_before_the_result, "review");
    // What ended before the first turn has nothing to do with it.
    let mut early = vec![task_ended("0")];
    early.extend(unmarked);
    check(&early, "review");
    // A task in the foreground ends before its call returns; what comes next is a prompt's answer.
    let foreground = [
        init(),
        calls(
            "1",
            "Agent",
            json!({"description": "look", "subagent_type": "Explore"}),
        ),
        task_ended("1"),
        returns("1"),
        says("one"),
        ok("one"),
        init(),
        says("two"),
        ok("two"),
    ];
    check(&foreground, "two");
    // Nothing never replaces something.
    check(
        &[init(), says("review"), ok("review"), init(), ok("")],
        "review",
    );
}

#[test]
fn a_notification_is_no_answer_to_the_prompt() {
    let lines = [
        init(),
        result("", json!({"result_index": 0})),
        init(),
        says("done"),
        result(
            "done",
            json!({"origin": {"kind": "task-notification"}, "result_index": 1}),
        ),
    ];
    let outcome = outcome(&lines);
    assert_eq!(class(&outcome), Some(FailureClass::Protocol));
    assert_eq!(outcome.report.text, "done");
}

#[test]
fn a_later_failure_does_not_take_the_answer_back() {
    let failed = result(
        "",
        json!({"subtype": "error_max_turns", "is_error": true, "result": null}),
    );
    let after = outcome(&[init(), says("one"), ok("one"), init(), failed.clone()]);
    assert_eq!(class(&after), None);
    assert_eq!(after.report.text, "one");
    assert_eq!(after.report.incomplete, Some(Incomplete::LaterFailure));
    // Nothing was answered before, or the failure came first.
    let before = outcome(&[init(), failed.clone(), init(), says("one"), ok("one")]);
    assert_eq!((class(&before), before.report.incomplete), (None, None));
    let alone = outcome(&[init(), ok(""), init(), failed]);
    assert_eq!(class(&alone), Some(FailureClass::Turns));
}

#[test]
fn structured_output_comes_from_its_own_field_only() {
    let offered =
        json!({"type": "system", "subtype": "init", "tools": ["Read", "StructuredOutput"]});
    let check = |lines: &[Value], expected: Result<Option<Value>, FailureClass>| {
        let outcome = digest(true, lines).0.conclude(&Exit::default());
        let got = class(&outcome).map_or(Ok(outcome.report.structured), Err);
        assert_eq!(got, expected, "{lines:?}");
    };
    let object = json!({"verdict": "approve"});
    let given = result("trailing", json!({"structured_output": object}));
    check(&[offered.clone(), given.clone()], Ok(Some(object.clone())));
    check(&[offered.clone(), ok("plain")], Err(FailureClass::Schema));
    check(&[offered.clone(), ok("")], Err(FailureClass::Schema));
    let null = result("plain", json!({"structured_output": null}));
    check(&[offered.clone(), null], Err(FailureClass::Schema));
    // The object in the text: usable, but not structured output.
    check(
        &[
            offered.clone(),
            ok("```json\n{\"verdict\": \"approve\"}\n```"),
        ],
        Ok(None),
    );
    // Given in the turn that answers a notification, while the prompt's own turn had none.
    let late = json!({"structured_output": object, "origin": {"kind": "task-notification"}});
    let main = result("waiting", json!({"result_index": 0}));
    check(
        &[offered.clone(), main, offered, result("x", late)],
        Ok(Some(object)),
    );
    // Not offered at all.
    check(&[init(), ok("plain")], Err(FailureClass::Schema));
    check(&[init(), given], Ok(Some(json!({"verdict": "approve"}))));
}
