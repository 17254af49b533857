//! How a run failed.

use super::*;

#[test]
fn a_dropped_schema_is_known_at_once() {
    let refused = |structured, init| digest(structured, &[init]).0.schema_refused();
    assert!(refused(true, init()));
    assert!(!refused(false, init()));
    let unknown = json!({"type": "system", "subtype": "init"});
    assert!(!refused(true, unknown));
    // Stopped early for it.
    for exit in [
        Exit {
            signal: Some(15),
            ..Exit::default()
        },
        Exit {
            code: Some(0),
            ..Exit::default()
        },
    ] {
        let outcome = digest(true, &[init()]).0.conclude(&exit);
        assert_eq!(class(&outcome), Some(FailureClass::Schema));
    }
    let aborted = json!({"subtype": "error_during_execution", "is_error": true,
        "terminal_reason": "aborted_streaming"});
    let outcome = digest(true, &[init(), result("", aborted)])
        .0
        .conclude(&Exit::default());
    assert_eq!(class(&outcome), Some(FailureClass::Schema));
    // Another reason is not hidden by it.
    let refused = json!({"is_error": true, "api_error_status": 401});
    let outcome = digest(true, &[init(), result("", refused)])
        .0
        .conclude(&Exit::default());
    assert_eq!(class(&outcome), Some(FailureClass::LoggedOut));
}

#[test]
fn fields_decide_the_class_of_a_failed_turn() {
    use FailureClass as Class;
    let api = |fields: Value| {
        let mut line = says("API Error: prose");
        line["message"]["model"] = json!("<synthetic>");
        for (key, value) in fields.as_object().unwrap() {
            line[key] = value.clone();
        }
        line
    };
    let error = |kind: &str| api(json!({"error": kind}));
    let retry = |status: Value, error: &str| json!({"type": "system", "subtype": "api_retry", "error_status": status, "error": error});
    let none = json!({});
    let cases: Vec<(Vec<Value>, Value, Class)> = vec![
        (vec![], json!({"subtype": "error_max_turns"}), Class::Turns),
        (
            vec![],
            json!({"subtype": "error_max_budget_usd"}),
            Class::Budget,
        ),
        (
            vec![],
            json!({"subtype": "error_max_structured_output_retries"}),
            Class::Schema,
        ),
        (
            vec![],
            json!({"subtype": "error_during_execution",
                "startup_failure_reason": "sandbox_required_unavailable"}),
            Class::Sandbox,
        ),
        (
            vec![],
            json!({"subtype": "error_during_execution",
                "errors": ["Error: sandbox required but unavailable: bwrap"]}),
            Class::Sandbox,
        ),
        (
            vec![],
            json!({"subtype": "error_during_execution", "terminal_reason": "aborted_tools"}),
            Class::Killed,
        ),
        (
            vec![],
            json!({"subtype": "error_during_execution", "errors": ["x"]}),
            Class::Protocol,
        ),
        (
            vec![],
            json!({"subtype": "error_of_tomorrow", "is_error": false}),
            Class::Protocol,
        ),
        (
            vec![],
            json!({"terminal_reason": "blocking_limit"}),
            Class::PromptTooLong,
        ),
        (
            vec![error("invalid_request")],
            json!({"terminal_reason": "prompt_too_long", "api_error_status": 400}),
            Class::PromptTooLong,
        ),
        (vec![], json!({"api_error_status": 400}), Class::Model),
        (
            vec![error("billing_error")],
            json!({"api_error_status": 400}),
            Class::Credit,
        ),
        (
            vec![],
            json!({"api_error_status": 400, "result": "API Error: 400 Your credit balance is too low"}),
            Class::Credit,
        ),
        (vec![], json!({"api_error_status": 402}), Class::Credit),
        (
            vec![],
            json!({"api_error_status": 400, "api_error_type": "invalid_request_error",
                "result": "API Error: 400 Output blocked by content filtering policy"}),
            Class::Declined,
        ),
        (
            vec![says("a"), error("max_output_tokens")],
            none.clone(),
            Class::OutputLimit,
        ),
        (
            vec![],
            json!({"stop_reason": "max_tokens"}),
            Class::OutputLimit,
        ),
        (
            vec![],
            json!({"stop_reason": "model_context_window_exceeded"}),
            Class::ContextLimit,
        ),
        // What is too long after an answer is the conversation.
        (
            vec![says("a"), returns("1")],
            json!({"terminal_reason": "prompt_too_long", "api_error_status": 400}),
            Class::ContextLimit,
        ),
        (vec![], json!({"api_error_status": 401}), Class::LoggedOut),
        (vec![], json!({"api_error_status": 403}), Class::LoggedOut),
        (vec![], json!({"api_error_status": 404}), Class::Model),
        (
            vec![],
            json!({"api_error_status": 413}),
            Class::PromptTooLong,
        ),
        (vec![], json!({"api_error_status": 429}), Class::UsageLimit),
        (vec![], json!({"api_error_status": 500}), Class::Overloaded),
        (vec![], json!({"api_error_status": 529}), Class::Overloaded),
        (
            vec![api(
                json!({"is_api_error_message": true, "api_error_status": 529}),
            )],
            none.clone(),
            Class::Overloaded,
        ),
        (
            vec![],
            json!({"api_error_type": "overloaded_error"}),
            Class::Overloaded,
        ),
        (
            vec![],
            json!({"api_error": "connection_failed"}),
            Class::Network,
        ),
        (
            vec![error("server_error")],
            json!({"api_error": "connection_failed"}),
            Class::Network,
        ),
        (
            vec![error("authentication_failed")],
            none.clone(),
            Class::LoggedOut,
        ),
        // 2.1.197 gives no status here: the retries before tell.
        (
            vec![retry(json!(529), "overloaded"), error("server_error")],
            none.clone(),
            Class::Overloaded,
        ),
        (
            vec![retry(json!(null), "unknown"), error("server_error")],
            none.clone(),
            Class::Network,
        ),
        (vec![error("server_error")], none.clone(), Class::Network),
        // A retry that went well says nothing about a later failure.
        (
            vec![retry(json!(529), "overloaded"), says("a")],
            none.clone(),
            Class::Protocol,
        ),
        (
            vec![json!({"type": "system", "subtype": "model_refusal_no_fallback"})],
            none.clone(),
            Class::Declined,
        ),
        (vec![], json!({"stop_reason": "refusal"}), Class::Declined),
        (
            vec![json!({"type": "rate_limit_event", "rate_limit_info": {"status": "rejected"}})],
            none.clone(),
            Class::UsageLimit,
        ),
        // Prose, where no field tells.
        (
            vec![],
            json!({"result": "Not logged in · Please run /login"}),
            Class::LoggedOut,
        ),
        (vec![], none, Class::Protocol),
    ];
    for (before, mut differs, expected) in cases {
        if differs.get("is_error").is_none() {
            differs["is_error"] = json!(true);
        }
        let mut lines = vec![init()];
        lines.extend(before);
        lines.push(result("what claude said", differs));
        assert_eq!(class(&outcome(&lines)), Some(expected), "{lines:?}");
    }
}

#[test]
fn a_failure_quotes_claude_and_the_error_is_no_answer() {
    let mut error = says("API Error: 400");
    error["error"] = json!("unknown");
    let failed = json!({"is_error": true, "api_error_status": 400});
    let outcome = outcome(&[init(), error, result("API Error:\u{1b} 400", failed)]);
    let End::Failed(failure) = &outcome.end else {
        panic!("{outcome:?}");
    };
    assert_eq!(failure.detail, "API Error:\u{fffd} 400");
    assert_eq!(outcome.report.text, "");
}

#[test]
fn a_usage_limit_tells_when_it_resets() {
    let limit = |status: &str| {
        json!({"type": "rate_limit_event",
            "rate_limit_info": {"status": status, "resetsAt": 1_700_000_000}})
    };
    let retry_at = |lines: &[Value]| match outcome(lines).end {
        End::Failed(failure) => failure.retry_at,
        end => panic!("{end:?}"),
    };
    let failed = |status: u64| {
        result(
            "limit",
            json!({"is_error": true, "api_error_status": status}),
        )
    };
    let at = Time::from_millis(1_700_000_000_000);
    assert_eq!(
        retry_at(&[init(), limit("rejected"), failed(429)]),
        Some(at)
    );
    assert_eq!(retry_at(&[init(), limit("allowed"), failed(429)]), None);
    assert_eq!(
        retry_at(&[init(), limit("rejected"), limit("allowed"), failed(429)]),
        None
    );
    assert_eq!(retry_at(&[init(), limit("rejected"), failed(401)]), None);
    assert_eq!(retry_at(&[init(), failed(429)]), None);
    // The limit is the account's, not the turn's.
    assert_eq!(
        retry_at(&[init(), limit("rejected"), ok(""), init(), failed(429)]),
        Some(at)
    );
}

#[test]
fn a_line_that_was_too_long_may_have_been_the_result() {
    let conclude = |lines: &[Value]| {
        let (mut digest, _) = digest(false, lines);
        digest.on(&ClaudeEvent::Oversized { bytes: 20_000_000 });
        let exit = Exit {
            code: Some(0),
            ..Exit::default()
        };
        digest.conclude(&exit).end
    };
    let End::Failed(failure) = conclude(&[init()]) else {
        panic!("there was no result");
    };
    assert_eq!(
        failure.detail,
        "claude exited with code 0 without a result that could be read: a line of 20000000 bytes \
         is longer than the 16777216 that are taken"
    );
    assert_eq!(conclude(&[init(), ok("Done.")]), End::Completed);
}

#[test]
fn without_a_result_the_process_tells() {
    use FailureClass as Class;
    let check =
        |code: Option<i32>, signal: Option<i32>, stderr: &str, expected: Class, detail: &str| {
            let exit = Exit {
                code,
                signal,
                stderr: stderr.to_owned(),
                interrupted: None,
            };
            let End::Failed(failure) = digest(false, &[init()]).0.conclude(&exit).end else {
                panic!("{exit:?}");
            };
            assert_eq!((failure.class, failure.detail.as_str()), (expected, detail));
        };
    check(
        None,
        Some(9),
        "",
        Class::Killed,
        "claude was ended by signal 9",
    );
    check(
        Some(143),
        None,
        "",
        Class::Killed,
        "claude was ended by signal 15",
    );
    check(
        None,
        None,
        "",
        Class::Protocol,
        "claude ended without a result",
    );
    check(
        Some(0),
        None,
        "",
        Class::Protocol,
        "claude exited with code 0 without a result",
    );
    check(
        Some(1),
        None,
        "warning\nboom\x07\n",
        Class::Protocol,
        "claude exited with code 1 without a result: warning\nboom\u{fffd}",
    );
    check(
        Some(1),
        None,
        "error: unknown option '--json-schema'\n",
        Class::Protocol,
        "this version of claude does not support an option that cc uses; it may be too old: \
         error: unknown option '--json-schema'",
    );
    for (stderr, expected) in [
        (
            "Error: --json-schema is not a valid JSON Schema: x",
            Class::Schema,
        ),
        (
            "Error: sandbox required but unavailable: bwrap",
            Class::Sandbox,
        ),
        (
            "Error: piped stdin input exceeds 10MB",
            Class::PromptTooLong,
        ),
        ("No conversation found with session ID: x", Class::Thread),
        ("Not logged in", Class::LoggedOut),
    ] {
        let exit = Exit {
            code: Some(1),
            stderr: stderr.into(),
            ..Exit::default()
        };
        let outcome = digest(false, &[]).0.conclude(&exit);
        assert_eq!(class(&outcome), Some(expected), "{stderr}");
        assert_eq!(outcome.report.stderr, stderr);
    }
    // A failed request is a better reason than a code.
    let mut error = says("Invalid API key");
    error["error"] = json!("authentication_failed");
    assert_eq!(class(&outcome(&[init(), error])), Some(Class::LoggedOut));
}

#[test]
fn what_is_printed_outside_json_is_quoted_once() {
    let mut digest = OutcomeBuilder::new(false, None);
    let mut progress = Vec::new();
    Parser::new().push(b"Error: no disk\nmore\n", &mut |event| {
        progress.extend(digest.on(&event))
    });
    let note = "a line of 14 bytes is not JSON: Error: no disk";
    assert_eq!(progress, [Progress::Note(note.into())]);
    let End::Failed(failure) = digest.conclude(&Exit::default()).end else {
        panic!();
    };
    assert_eq!(
        failure.detail,
        "claude ended without a result: Error: no disk"
    );
}

#[test]
fn our_own_interrupt_decides_unless_an_answer_came_before() {
    use FailureClass as Class;
    let end = |interrupted, lines: &[Value]| {
        let exit = Exit {
            code: Some(0),
            interrupted: Some(interrupted),
            ..Exit::default()
        };
        digest(false, lines).0.conclude(&exit)
    };
    let idle = Interrupted::Idle(Duration::from_secs(300));
    let total = Interrupted::Total(Duration::from_secs(600));
    let aborted = json!({"subtype": "error_during_execution", "is_error": true,
        "terminal_reason": "aborted_streaming"});
    let notice = json!({"type": "user", "message": {"content": [{"type": "text", "text": "[Request
        interrupted by user]"}]}});
    let interrupted = [init(), says("half"), notice, result("", aborted)];
    for (reason, expected) in [(idle, Class::TimeoutIdle), (total, Class::TimeoutTotal)] {
        for lines in [&interrupted[..0], &interrupted[..2], &interrupted] {
            let outcome = end(reason, lines);
            assert_eq!(class(&outcome), Some(expected));
            assert_eq!(
                outcome.report.text,
                if lines.is_empty() { "" } else { "half" }
            );
        }
        let refused = result("", json!({"is_error": true, "api_error_status": 429}));
        assert_eq!(
            class(&end(reason, &[init(), refused])),
            Some(Class::UsageLimit)
        );
        assert_eq!(class(&end(reason, &[init(), ok("")])), Some(expected));
        // The answer came, and then a background command kept the process alive.
        let waiting = [init(), says("review"), ok("review"), init(), says("and")];
        assert_eq!(end(reason, &waiting).end, End::Completed);
        assert_eq!(end(reason, &waiting).report.text, "review");
    }
    for lines in [
        &interrupted[..0],
        &interrupted,
        &[init(), says("a"), ok("a")],
    ] {
        assert_eq!(end(Interrupted::Cancelled, lines).end, End::Cancelled);
    }
}

#[test]
fn the_exit_code_of_an_answered_run_means_nothing() {
    let exit = Exit {
        code: Some(1),
        signal: Some(15),
        ..Exit::default()
    };
    let outcome = digest(false, &[init(), says("a"), ok("a")])
        .0
        .conclude(&exit);
    assert_eq!(outcome.end, End::Completed);
}

#[test]
fn an_answer_outlives_the_interrupt_of_a_run_that_lingers() {
    let aborted = json!({"subtype": "error_during_execution", "is_error": true,
        "terminal_reason": "aborted_streaming"});
    let lines = [
        init(),
        says("review"),
        ok("review"),
        init(),
        says("and"),
        result("", aborted.clone()),
    ];
    let answered = outcome(&lines);
    assert_eq!(answered.end, End::Completed);
    assert_eq!(answered.report.text, "review");
    // A blank answer is none.
    let outcome = outcome(&[init(), ok(""), init(), result("", aborted)]);
    assert_eq!(class(&outcome), Some(FailureClass::Killed));
}

#[test]
fn what_was_heard_in_one_turn_says_nothing_about_the_next() {
    let mut error = says("Invalid API key");
    error["error"] = json!("authentication_failed");
    let failed = result("", json!({"is_error": true}));
    let declined = json!({"type": "system", "subtype": "model_refusal_no_fallback"});
    for heard in [error, declined] {
        let lines = [init(), heard, ok(""), init(), failed.clone()];
        assert_eq!(class(&outcome(&lines)), Some(FailureClass::Protocol));
    }
}
