//! What one run of the fake Claude does, step by step.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[must_use]
pub struct Run {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The exit code after the last step.
    pub exit: i32,
    /// Whether to ignore SIGINT, SIGTERM and SIGHUP. Otherwise SIGINT ends the run like the real one, with
    /// a result `error_during_execution` and exit code 0.
    pub ignores_signals: bool,
}

/// One step of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// Prints a JSON line; the text `{session}` in it becomes the session's id, `{cwd}` the directory.
    Line(Value),
    /// Prints bytes unchanged, for example half a line.
    Raw(String),
    /// Prints a recorded stream.
    File(PathBuf),
    /// Prints deltas of `each` bytes of text until they make up `total` bytes.
    Deltas {
        /// Total bytes of text.
        total: u64,
        /// Bytes of text in each line.
        each: usize,
    },
    /// Prints one line of about this many bytes, in pieces.
    LongLine(u64),
    /// Prints text on standard error.
    Stderr(String),
    /// Prints this many bytes of lines on standard error.
    StderrFlood(u64),
    /// Sleeps for some milliseconds.
    Sleep(u64),
    /// Waits until this file exists.
    Await(PathBuf),
    /// Writes a file relative to the current directory, with its parent directories.
    Write {
        /// Path of the file.
        path: PathBuf,
        /// Content of the file.
        content: String,
    },
    /// Starts a process in a session of its own that ignores signals; it ends after an hour.
    Grandchild {
        /// Whether it keeps standard output and error open.
        holds_output: bool,
    },
    /// Runs this in a shell, as Claude runs commands, and waits for it.
    Shell(String),
    /// Closes standard output and continues.
    CloseStdout,
    /// Hangs until it is killed.
    Hang,
    /// Kills itself with SIGKILL.
    Kill,
}

/// The model that a run names.
const MODEL: &str = "claude-opus-5-5";

impl Run {
    /// A run that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run that begins like every real one, with the `init` event.
    pub fn started() -> Self {
        let tools = ["Bash", "Read", "Glob", "Grep", "StructuredOutput"];
        Self::new().line(json!({
            "type": "system", "subtype": "init", "cwd": "{cwd}", "session_id": "{session}",
            "tools": tools, "mcp_servers": [], "model": MODEL, "permissionMode": "dontAsk",
            "apiKeySource": "none", "claude_code_version": crate::peers::CLAUDE.version,
        }))
    }

    /// A run that answers with this text and completes.
    pub fn says(text: &str) -> Self {
        Self::started().text(text).success(text, None)
    }

    /// A run that answers with this structured output and completes.
    pub fn structured(output: Value) -> Self {
        let text = output.to_string();
        let run = Self::started().tool("StructuredOutput", output.clone());
        run.success(&text, Some(output))
    }

    /// A run that starts and then hangs.
    pub fn hangs() -> Self {
        Self::started().step(Step::Hang)
    }

    /// A run that fails like the real one on an API error: `subtype` is `success`, `is_error` is true, the
    /// exit code is 1.
    pub fn api_error(status: Option<u16>, text: &str) -> Self {
        Self::started()
            .result(json!({
                "subtype": "success", "is_error": true, "api_error_status": status, "result": text,
                "terminal_reason": "api_error",
            }))
            .exits(1)
    }

    /// A run that prints a recorded stream.
    pub fn replays(stream: impl Into<PathBuf>) -> Self {
        Self::new().step(Step::File(stream.into()))
    }

    /// Adds a step.
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Adds a JSON line.
    pub fn line(self, line: Value) -> Self {
        self.step(Step::Line(line))
    }

    /// Adds the event of one finished text block.
    pub fn text(self, text: &str) -> Self {
        self.assistant(json!({"type": "text", "text": text}))
    }

    /// Adds the event of one call of a tool.
    pub fn tool(self, name: &str, input: Value) -> Self {
        let id = format!("toolu_{:02}", self.steps.len());
        self.assistant(json!({"type": "tool_use", "id": id, "name": name, "input": input}))
    }

    fn assistant(self, block: Value) -> Self {
        let id = format!("msg_{:02}", self.steps.len());
        self.line(json!({
            "type": "assistant", "session_id": "{session}", "parent_tool_use_id": null,
            "message": {
                "id": id, "type": "message", "role": "assistant", "model": MODEL,
                "content": [block],
            },
        }))
    }

    /// Adds the result of a completed run.
    pub fn success(self, text: &str, structured: Option<Value>) -> Self {
        let mut fields = json!({
            "subtype": "success", "is_error": false, "result": text, "api_error_status": null,
            "terminal_reason": "completed",
        });
        if let Some(output) = structured {
            fields["structured_output"] = output;
        }
        self.result(fields)
    }

    /// Adds a result event with these fields over the usual ones.
    pub fn result(self, fields: Value) -> Self {
        let mut event = json!({
            "type": "result", "session_id": "{session}", "num_turns": 1, "duration_ms": 5,
            "total_cost_usd": 0.00814, "permission_denials": [],
            "usage": {
                "input_tokens": 1200, "output_tokens": 42, "cache_read_input_tokens": 5000,
                "cache_creation_input_tokens": 300,
            },
            "modelUsage": {MODEL: {
                "inputTokens": 1200, "outputTokens": 42, "cacheReadInputTokens": 5000,
                "cacheCreationInputTokens": 300, "costUSD": 0.00814,
            }},
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        self.line(event)
    }

    /// Waits for some time before the next step.
    pub fn sleep(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).expect("a test does not sleep that long");
        self.step(Step::Sleep(millis))
    }

    /// Sets the exit code.
    pub fn exits(mut self, code: i32) -> Self {
        self.exit = code;
        self
    }

    /// Ignores SIGINT, SIGTERM and SIGHUP.
    pub fn ignoring_signals(mut self) -> Self {
        self.ignores_signals = true;
        self
    }
}
