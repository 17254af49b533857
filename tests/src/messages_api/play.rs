//! Delivers a turn: as one JSON document, or as a stream of events at the pace that the turn sets.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::turn::{Answer, Block, Message, Pace, Stop};
use super::{Request, Turn};
use crate::http::{Gone, Reply};

/// Why a turn was not delivered to its end.
pub(super) enum End {
    /// The client hung up.
    ClientGone,
    /// The script cut the connection.
    Cut,
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::ClientGone
    }
}

pub(super) fn play(turn: &Turn, request: &Request, reply: &mut Reply) -> Result<(), End> {
    reply.pause(turn.pace.before_headers)?;
    match &turn.answer {
        Answer::Computed(answer) => play(&answer(request), request, reply),
        Answer::HttpError {
            status,
            kind,
            message,
            headers,
        } => {
            let error = json!({"type": kind, "message": message});
            let body = json!({"type": "error", "error": error, "request_id": "req_loopback"});
            Ok(reply.json(*status, headers, &body)?)
        }
        Answer::Message(message) => {
            let document = document(message, request);
            if request.body["stream"].as_bool() == Some(true) {
                Stream {
                    reply,
                    pace: &turn.pace,
                    deltas: 0,
                }
                .play(message, &document)
            } else {
                Ok(reply.json(200, &headers(message), &document)?)
            }
        }
    }
}

fn headers(message: &Message) -> Vec<(String, String)> {
    let id = ("request-id".to_owned(), "req_loopback".to_owned());
    [id].into_iter().chain(message.headers.clone()).collect()
}

/// The whole message as the API sends it without streaming.
fn document(message: &Message, request: &Request) -> Value {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let content: Vec<Value> = message.blocks.iter().enumerate().map(|(place, block)| match block {
        Block::Text(text) => json!({"type": "text", "text": text}),
        Block::Thinking(text) => {
            json!({"type": "thinking", "thinking": text, "signature": "bG9vcGJhY2s="})
        }
        Block::Tool { name, input } => {
            json!({"type": "tool_use", "id": format!("toolu_{id:06}_{place}"), "name": name, "input": input})
        }
    }).collect();
    json!({
        "id": format!("msg_{id:06}"),
        "type": "message",
        "role": "assistant",
        "model": message.model.as_deref().or(request.body["model"].as_str()),
        "content": content,
        "stop_reason": message.stop_reason(),
        "stop_sequence": null,
        "usage": message.full_usage(),
    })
}

struct Stream<'a> {
    reply: &'a mut Reply,
    pace: &'a Pace,
    deltas: usize,
}

impl Stream<'_> {
    fn play(mut self, message: &Message, document: &Value) -> Result<(), End> {
        self.reply.begin_events(&headers(message))?;
        if message.blocks.is_empty() && message.event_error.is_some() {
            return self.end(message, document);
        }
        let mut start = document.clone();
        start["content"] = json!([]);
        start["stop_reason"] = Value::Null;
        start["usage"]["output_tokens"] = json!(1);
        self.event(json!({"type": "message_start", "message": start}))?;
        self.stop_if_due()?;
        self.reply.pause(self.pace.after_start)?;
        for (index, block) in document["content"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            self.block(index, block)?;
        }
        self.end(message, document)
    }

    fn block(&mut self, index: usize, block: &Value) -> Result<(), End> {
        let kind = block["type"].as_str().unwrap_or_default();
        let mut start = block.clone();
        let (delta, field, text) = match kind {
            "tool_use" => {
                start["input"] = json!({});
                (
                    "input_json_delta",
                    "partial_json",
                    block["input"].to_string(),
                )
            }
            _ => {
                start[kind] = json!("");
                (
                    if kind == "text" {
                        "text_delta"
                    } else {
                        "thinking_delta"
                    },
                    kind,
                    owned(&block[kind]),
                )
            }
        };
        if kind == "thinking" {
            start["signature"] = json!("");
        }
        self.event(json!({"type": "content_block_start", "index": index, "content_block": start}))?;
        let characters: Vec<char> = text.chars().collect();
        for part in characters.chunks(self.pace.chunk) {
            let part = String::from_iter(part);
            self.delta(index, json!({"type": delta, field: part}))?;
        }
        if kind == "thinking" {
            self.delta(
                index,
                json!({"type": "signature_delta", "signature": block["signature"]}),
            )?;
        }
        self.event(json!({"type": "content_block_stop", "index": index}))
    }

    fn delta(&mut self, index: usize, delta: Value) -> Result<(), End> {
        self.event(json!({"type": "content_block_delta", "index": index, "delta": delta}))?;
        self.deltas += 1;
        self.reply.pause(self.pace.between)?;
        self.stop_if_due()
    }

    fn stop_if_due(&mut self) -> Result<(), End> {
        match self.pace.stop_after {
            Some((deltas, stop)) if deltas == self.deltas => Err(match stop {
                Stop::Cut => {
                    self.reply.cut();
                    End::Cut
                }
                Stop::Hang => self.reply.hang().into(),
            }),
            _ => Ok(()),
        }
    }

    fn end(&mut self, message: &Message, document: &Value) -> Result<(), End> {
        if let Some(kind) = &message.event_error {
            let error = json!({"type": kind, "message": kind});
            return self.event(json!({"type": "error", "error": error}));
        }
        let delta = json!({"stop_reason": document["stop_reason"], "stop_sequence": null});
        self.event(json!({"type": "message_delta", "delta": delta, "usage": document["usage"]}))?;
        self.event(json!({"type": "message_stop"}))
    }

    fn event(&mut self, event: Value) -> Result<(), End> {
        let name = event["type"].as_str().unwrap_or_default();
        Ok(self.reply.event(name, &event)?)
    }
}

fn owned(text: &Value) -> String {
    text.as_str().unwrap_or_default().to_owned()
}
