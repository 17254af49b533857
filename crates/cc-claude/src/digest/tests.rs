use std::time::Duration;

use cc_core::{FailureClass, Time};
use serde_json::{Value, json};

use super::*;
use crate::outcome::{End, Exit, Incomplete, Interrupted, Outcome};
use crate::stream::Parser;

mod answer;
mod class;
mod report;

fn digest(structured: bool, lines: &[Value]) -> (OutcomeBuilder, Vec<Progress>) {
    let mut digest = OutcomeBuilder::new(structured, None);
    let (mut parser, mut progress) = (Parser::new(), Vec::new());
    for line in lines {
        let line = format!("{line}\n");
        parser.push(line.as_bytes(), &mut |event| {
            progress.extend(digest.on(&event))
        });
    }
    (digest, progress)
}

fn outcome(lines: &[Value]) -> Outcome {
    digest(false, lines).0.conclude(&Exit::default())
}

fn class(outcome: &Outcome) -> Option<FailureClass> {
    match &outcome.end {
        End::Failed(failure) => Some(failure.class),
        End::Completed | End::Cancelled => None,
    }
}

fn init() -> Value {
    json!({"type": "system", "subtype": "init", "session_id": "s", "model": "m",
        "claude_code_version": "2.1.330", "tools": ["Read"]})
}

fn says(text: &str) -> Value {
    json!({"type": "assistant", "parent_tool_use_id": null,
        "message": {"content": [{"type": "text", "text": text}]}})
}

fn calls(id: &str, name: &str, input: Value) -> Value {
    json!({"type": "assistant",
        "message": {"content": [{"type": "tool_use", "id": id, "name": name, "input": input}]}})
}

fn returns(id: &str) -> Value {
    json!({"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": id}]}})
}

fn nudge() -> Value {
    json!({"type": "user", "isSynthetic": true,
        "message": {"content": [{"type": "text", "text": "continue"}]}})
}

fn stops(reason: &str) -> Value {
    json!({"type": "stream_event", "parent_tool_use_id": null,
        "event": {"type": "message_delta", "delta": {"stop_reason": reason}}})
}

fn by_subagent(mut line: Value) -> Value {
    line["parent_tool_use_id"] = json!("toolu_1");
    line
}

fn task_ended(id: &str) -> Value {
    json!({"type": "system", "subtype": "task_notification", "tool_use_id": id})
}

/// A result event with what differs from a plain success.
fn result(text: &str, differs: Value) -> Value {
    let mut line =
        json!({"type": "result", "subtype": "success", "is_error": false, "result": text});
    for (key, value) in differs.as_object().unwrap() {
        line[key] = value.clone();
    }
    line
}

fn ok(text: &str) -> Value {
    result(text, json!({}))
}
