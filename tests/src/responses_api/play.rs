//! Delivers a turn as a stream of events.

use serde_json::{Value, json};

use super::turn::Answer;
use super::{Call, Request, Turn};
use crate::http::{Gone, Reply};

/// Answers the `number`-th request.
pub(super) fn play(
    turn: &Turn,
    number: usize,
    request: &Request,
    reply: &mut Reply,
) -> Result<(), Gone> {
    reply.pause(turn.delay)?;
    let items = match &turn.answer {
        Answer::Computed(answer) => return play(&answer(request), number, request, reply),
        Answer::HttpError(status) => {
            let error = json!({"error": {"message": "as the script says", "code": null}});
            return reply.json(*status, &[], &error);
        }
        Answer::Hang => {
            reply.begin_events(&[])?;
            return Err(reply.hang());
        }
        Answer::Text(text) => vec![message(number, text)],
        Answer::Calls(calls) => {
            let calls = calls.iter().enumerate();
            calls.map(|(at, call)| item(number, at, call)).collect()
        }
    };
    let id = format!("resp_{number}");
    reply.begin_events(&[])?;
    let mut event = |kind: &str, mut fields: Value| {
        fields["type"] = json!(kind);
        reply.event(kind, &fields)
    };
    event(
        "response.created",
        json!({"response": {"id": id, "status": "in_progress"}}),
    )?;
    for (at, item) in items.iter().enumerate() {
        let fields = json!({"output_index": at, "item": item});
        event("response.output_item.added", fields.clone())?;
        event("response.output_item.done", fields)?;
    }
    let usage = json!({
        "input_tokens": 10, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 15,
    });
    let response = json!({"id": id, "status": "completed", "output": items, "usage": usage});
    event("response.completed", json!({"response": response}))
}

fn message(number: usize, text: &str) -> Value {
    json!({
        "type": "message", "role": "assistant", "id": format!("msg_{number}"),
        "content": [{"type": "output_text", "text": text}],
    })
}

fn item(number: usize, at: usize, call: &Call) -> Value {
    let call_id = format!("call_{number}_{at}");
    match call {
        Call::Function { name, arguments } => json!({
            "type": "function_call", "id": format!("fc_{number}_{at}"), "call_id": call_id,
            "name": name, "arguments": arguments.to_string(),
        }),
        Call::Custom { name, input } => json!({
            "type": "custom_tool_call", "id": format!("ctc_{number}_{at}"), "call_id": call_id,
            "name": name, "input": input,
        }),
    }
}
