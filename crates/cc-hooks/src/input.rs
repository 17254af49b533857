//! The host's input: JSON in which fields may be missing or have another type.

use std::io::Read;
use std::path::PathBuf;

use cc_core::{Env, SessionId};
use serde_json::Value;

/// The input limit in bytes, unless `CLAUDE_HOOK_INPUT_MAX_BYTES` is set.
const LIMIT: u64 = 1 << 20;

/// Why the input cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("the input is not a JSON object of at most {limit} bytes: {reason}")]
    NotAnObject { limit: u64, reason: String },
    #[error("the input names no session: it has no usable `session_id`")]
    NoSession,
}

/// The fields that the hooks use.
#[derive(Debug, Default)]
pub(crate) struct HookInput {
    pub(crate) session: Option<SessionId>,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) transcript: Option<PathBuf>,
    pub(crate) prompt: String,
    pub(crate) turn: Option<String>,
    pub(crate) stop_hook_active: bool,
    pub(crate) last_message: String,
}

impl HookInput {
    /// Reads one JSON object and no further: a host that leaves the pipe open is not waited for.
    pub(crate) fn read(env: &Env, stdin: impl Read) -> Result<Self, InputError> {
        let limit = env
            .text("CLAUDE_HOOK_INPUT_MAX_BYTES")
            .and_then(|text| text.parse().ok());
        let limit = limit.unwrap_or(LIMIT);
        let refused = |reason: String| InputError::NotAnObject { limit, reason };
        let mut values =
            serde_json::Deserializer::from_reader(stdin.take(limit)).into_iter::<Value>();
        match values.next() {
            Some(Ok(Value::Object(fields))) => {
                let text = |name: &str| fields.get(name).and_then(Value::as_str);
                Ok(Self {
                    session: text("session_id").and_then(|id| SessionId::parse(id).ok()),
                    cwd: text("cwd").map(PathBuf::from),
                    transcript: text("transcript_path").map(PathBuf::from),
                    prompt: text("prompt").unwrap_or_default().to_owned(),
                    turn: text("turn_id").map(str::to_owned),
                    stop_hook_active: fields.get("stop_hook_active") == Some(&Value::Bool(true)),
                    last_message: text("last_assistant_message")
                        .unwrap_or_default()
                        .to_owned(),
                })
            }
            Some(Ok(_)) => Err(refused("it is another kind of value".into())),
            Some(Err(error)) => Err(refused(error.to_string())),
            None => Err(refused("it is empty".into())),
        }
    }
}
