//! The model's answer to one request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Request;

/// A call of one of Codex's tools.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// A function with JSON arguments.
    Function {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: Value,
    },
    /// A tool that takes plain text, such as `apply_patch`.
    Custom {
        /// Its name.
        name: String,
        /// Its input.
        input: String,
    },
}

impl Call {
    /// A command in Codex's shell, as models do it that Codex does not know. Codex waits for it as
    /// long as its tool may, half a minute.
    pub fn shell(command: &str) -> Self {
        let arguments = json!({"cmd": command, "yield_time_ms": 30_000});
        Self::function("exec_command", arguments)
    }

    /// A function with JSON arguments.
    pub fn function(name: &str, arguments: Value) -> Self {
        Self::Function {
            name: name.to_owned(),
            arguments,
        }
    }

    /// A tool that takes plain text.
    pub fn custom(name: &str, input: &str) -> Self {
        Self::Custom {
            name: name.to_owned(),
            input: input.to_owned(),
        }
    }
}

/// The answer to one request.
#[derive(Clone, Debug)]
#[must_use]
pub struct Turn {
    pub(super) answer: Answer,
    pub(super) delay: Duration,
    times: usize,
}

#[derive(Clone)]
pub(super) enum Answer {
    Text(String),
    Calls(Vec<Call>),
    HttpError(u16),
    Hang,
    Computed(Arc<dyn Fn(&Request) -> Turn + Send + Sync>),
}

impl Turn {
    /// Sends a message, which ends the turn.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(Answer::Text(text.into()))
    }

    /// Runs one command in Codex's shell.
    pub fn shell(command: &str) -> Self {
        Self::calls([Call::shell(command)])
    }

    /// Writes one line to a file of the repository, by a command in Codex's shell.
    pub fn edit(path: &str, line: &str) -> Self {
        Self::shell(&format!("printf '%s\\n' '{line}' > '{path}'"))
    }

    /// Calls tools, all in one answer.
    pub fn calls(calls: impl IntoIterator<Item = Call>) -> Self {
        Self::of(Answer::Calls(calls.into_iter().collect()))
    }

    /// Answers with an HTTP error.
    pub fn error(status: u16) -> Self {
        Self::of(Answer::HttpError(status))
    }

    /// Stalls until Codex hangs up.
    pub fn hang() -> Self {
        Self::of(Answer::Hang)
    }

    /// Decides when the request is there.
    pub fn computed(answer: impl Fn(&Request) -> Turn + Send + Sync + 'static) -> Self {
        Self::of(Answer::Computed(Arc::new(answer)))
    }

    fn of(answer: Answer) -> Self {
        Self {
            answer,
            delay: Duration::ZERO,
            times: 1,
        }
    }

    /// Waits before the answer.
    pub fn delay(mut self, wait: Duration) -> Self {
        self.delay = wait;
        self
    }

    /// Plays this turn for `times` requests.
    pub fn times(mut self, times: usize) -> Self {
        assert!(times > 0, "a turn is played at least once");
        self.times = times;
        self
    }

    /// Whether more of this turn is left after one was taken.
    pub(super) fn take_one(&mut self) -> bool {
        self.times -= 1;
        self.times > 0
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({text:?})"),
            Self::Calls(calls) => calls.fmt(f),
            Self::HttpError(status) => write!(f, "HttpError({status})"),
            Self::Hang => f.write_str("Hang"),
            Self::Computed(_) => f.write_str("Computed"),
        }
    }
}
