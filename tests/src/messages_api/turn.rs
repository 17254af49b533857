//! What the server does with one request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Request;

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Text.
    Text(String),
    /// Thinking, with a made-up signature.
    Thinking(String),
    /// A call of a tool.
    Tool {
        /// The tool's name.
        name: String,
        /// Its input.
        input: Value,
    },
}

impl Block {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A thought.
    pub fn thinking(text: impl Into<String>) -> Self {
        Self::Thinking(text.into())
    }

    /// A call of a tool.
    pub fn tool(name: impl Into<String>, input: Value) -> Self {
        Self::Tool {
            name: name.into(),
            input,
        }
    }
}

/// The answer to one request, and how well or badly it is delivered.
#[derive(Clone, Debug)]
#[must_use]
pub struct Turn {
    pub(super) answer: Answer,
    pub(super) pace: Pace,
    times: usize,
}

#[derive(Clone)]
pub(super) enum Answer {
    Message(Message),
    HttpError {
        status: u16,
        kind: String,
        message: String,
        headers: Vec<(String, String)>,
    },
    Computed(Arc<dyn Fn(&Request) -> Turn + Send + Sync>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) blocks: Vec<Block>,
    pub(super) stop: Option<String>,
    pub(super) usage: Option<Value>,
    pub(super) model: Option<String>,
    /// An SSE error event in place of the rest.
    pub(super) event_error: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Pace {
    pub(super) before_headers: Duration,
    pub(super) after_start: Duration,
    pub(super) between: Duration,
    pub(super) chunk: usize,
    pub(super) stop_after: Option<(usize, Stop)>,
}

/// How a stream ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Cut,
    Hang,
}

impl Turn {
    /// Answers with one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::blocks([Block::text(text)])
    }

    /// Answers with one call of a tool.
    pub fn tool(name: impl Into<String>, input: Value) -> Self {
        Self::blocks([Block::tool(name, input)])
    }

    /// Answers with these parts; the stop reason is `tool_use` where one is a call, else `end_turn`.
    pub fn blocks(blocks: impl IntoIterator<Item = Block>) -> Self {
        let blocks = blocks.into_iter().collect();
        Self::of(Answer::Message(Message {
            blocks,
            ..Message::default()
        }))
    }

    /// Answers with an HTTP error, its type as the API names it for this status.
    pub fn error(status: u16) -> Self {
        let kind = match status {
            400 => "invalid_request_error",
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            _ => "api_error",
        };
        Self::of(Answer::HttpError {
            status,
            kind: kind.to_owned(),
            message: kind.to_owned(),
            headers: Vec::new(),
        })
    }

    /// Answers 200, then sends an SSE error event of this type and nothing else.
    pub fn event_error(kind: impl Into<String>) -> Self {
        Self::blocks([]).then_event_error(kind)
    }

    /// Computes the answer from the request.
    pub fn computed(answer: impl Fn(&Request) -> Turn + Send + Sync + 'static) -> Self {
        Self::of(Answer::Computed(Arc::new(answer)))
    }

    /// The answer when no turn is left: an error that Claude does not retry.
    pub(super) fn spent() -> Self {
        Self::error(400).message("the script has no turn left")
    }

    fn of(answer: Answer) -> Self {
        let pace = Pace {
            before_headers: Duration::ZERO,
            after_start: Duration::ZERO,
            between: Duration::ZERO,
            chunk: 24,
            stop_after: None,
        };
        Self {
            answer,
            pace,
            times: 1,
        }
    }

    /// Plays this turn for `times` requests.
    pub fn times(mut self, times: usize) -> Self {
        assert!(times > 0, "a turn is played at least once");
        self.times = times;
        self
    }

    /// Plays this turn for every further request.
    pub fn forever(self) -> Self {
        self.times(usize::MAX)
    }

    /// Whether more of this turn is left after one was taken.
    pub(super) fn take_one(&mut self) -> bool {
        if self.times != usize::MAX {
            self.times -= 1;
        }
        self.times > 0
    }

    /// Sets the stop reason, for example `max_tokens` or `refusal`.
    pub fn stop(self, reason: &str) -> Self {
        self.map_message(|message| message.stop = Some(reason.to_owned()))
    }

    /// Sets fields of the usage, over made-up ones.
    pub fn usage(self, usage: Value) -> Self {
        self.map_message(|message| message.usage = Some(usage))
    }

    /// Names this model in the answer instead of the requested one.
    pub fn model(self, model: &str) -> Self {
        self.map_message(|message| message.model = Some(model.to_owned()))
    }

    /// Sends an SSE error event of this type where the message would end.
    pub fn then_event_error(self, kind: impl Into<String>) -> Self {
        self.map_message(|message| message.event_error = Some(kind.into()))
    }

    /// Sets the text of an HTTP error.
    pub fn message(mut self, text: &str) -> Self {
        match &mut self.answer {
            Answer::HttpError { message, .. } => *message = text.to_owned(),
            _ => panic!("only an HTTP error has a message"),
        }
        self
    }

    /// Adds a header to an HTTP error, for example `retry-after`, or to a message.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let headers = match &mut self.answer {
            Answer::HttpError { headers, .. } => headers,
            Answer::Message(message) => &mut message.headers,
            Answer::Computed(_) => panic!("a computed answer has the headers of its turn"),
        };
        headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits before the headers.
    pub fn delay(mut self, wait: Duration) -> Self {
        self.pace.before_headers = wait;
        self
    }

    /// Waits between `message_start` and the first part.
    pub fn delay_after_start(mut self, wait: Duration) -> Self {
        self.pace.after_start = wait;
        self
    }

    /// Waits after each delta.
    pub fn delay_between(mut self, wait: Duration) -> Self {
        self.pace.between = wait;
        self
    }

    /// Sets the characters a delta carries; 24 if not set.
    pub fn chunk(mut self, characters: usize) -> Self {
        assert!(characters > 0, "a delta carries something");
        self.pace.chunk = characters;
        self
    }

    /// Drops the connection after `deltas` deltas.
    pub fn cut_after(mut self, deltas: usize) -> Self {
        self.pace.stop_after = Some((deltas, Stop::Cut));
        self
    }

    /// Stalls after `deltas` deltas, the connection open; 0 is right after `message_start`.
    pub fn hang_after(mut self, deltas: usize) -> Self {
        self.pace.stop_after = Some((deltas, Stop::Hang));
        self
    }

    fn map_message(mut self, change: impl FnOnce(&mut Message)) -> Self {
        match &mut self.answer {
            Answer::Message(message) => change(message),
            _ => panic!("only a message can be changed so"),
        }
        self
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(f),
            Self::HttpError { status, .. } => write!(f, "HttpError({status})"),
            Self::Computed(_) => f.write_str("Computed"),
        }
    }
}

impl Message {
    pub(super) fn stop_reason(&self) -> &str {
        let calls = self
            .blocks
            .iter()
            .any(|block| matches!(block, Block::Tool { .. }));
        let natural = if calls { "tool_use" } else { "end_turn" };
        self.stop.as_deref().unwrap_or(natural)
    }

    pub(super) fn full_usage(&self) -> Value {
        let mut usage = json!({
            "input_tokens": 1200,
            "cache_creation_input_tokens": 300,
            "cache_read_input_tokens": 5000,
            "output_tokens": 42,
            "service_tier": "standard",
        });
        for (name, value) in self.usage.iter().filter_map(Value::as_object).flatten() {
            usage[name] = value.clone();
        }
        usage
    }
}
