//! What is asked of Claude, and the command line and standard input that say so.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use cc_core::{Failure, FailureClass, ThreadId};
use serde_json::Value;

/// One request to Claude.
#[derive(Clone, Debug)]
pub struct Request {
    /// The directory Claude works in; absolute.
    pub cwd: PathBuf,
    /// What to do. Goes through standard input: an argument is bounded at 128 KiB and shows in `ps`.
    pub prompt: String,
    /// Replaces Claude's own system prompt.
    pub system_prompt: Option<String>,
    /// What Claude may use.
    pub tools: Tools,
    /// The JSON schema of the structured output that is asked for.
    pub schema: Option<Value>,
    /// The model, verbatim; Claude's default where absent.
    pub model: Option<String>,
    /// The effort, verbatim; the model's default where absent.
    pub effort: Option<String>,
    /// What becomes of the conversation.
    pub thread: Thread,
    /// How long the run may take.
    pub limits: Limits,
    /// How many turns the run may take.
    pub max_turns: Option<u32>,
}

/// What Claude may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    /// Nothing: one answer from what the prompt holds.
    None,
    /// Reading, searching, and the shell commands that Claude itself proves to be read-only.
    ///
    /// No allow rule is given, because one would switch that proof off: under `dontAsk` without
    /// rules Claude 2.1.197 and 2.1.330 let none of 72 writing probes through.
    ReadOnly,
}

impl Tools {
    fn names(self) -> &'static str {
        match self {
            Tools::None => "",
            Tools::ReadOnly => "Read,Glob,Grep,Bash",
        }
    }
}

/// What becomes of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thread {
    /// It is not kept and cannot be resumed.
    NotKept,
    /// It is kept under this id, which must be a new UUID.
    New(ThreadId),
    /// It goes on with the thread of this id. Claude 2.1.330 does so from any directory: that the
    /// thread belongs to the workspace is for the caller to see to.
    Resume(ThreadId),
}

/// How long a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Without a byte on standard output.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
}

/// Claude 2.1.330 takes exactly this many bytes on standard input and refuses one more.
const PROMPT_BYTES: usize = 10 * 1024 * 1024;

/// Keeps a prompt that begins with `/` from being a command to Claude itself.
const PLAIN_TEXT: &str = "Task:\n";

impl Request {
    /// The arguments after the program's name.
    ///
    /// A value that is not ours stands behind `=`, so that one that begins with `-` stays a value.
    pub fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = [
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-partial-messages",
            "--setting-sources",
            "",
            "--strict-mcp-config",
            "--disable-slash-commands",
            "--permission-mode",
            "dontAsk",
            "--tools",
            self.tools.names(),
        ]
        .map(OsString::from)
        .into();
        args.push(match &self.thread {
            Thread::NotKept => "--no-session-persistence".into(),
            Thread::New(id) => valued("--session-id", id.as_str()),
            Thread::Resume(id) => valued("--resume", id.as_str()),
        });
        let values = [
            ("--system-prompt", self.system_prompt.clone()),
            ("--json-schema", self.schema.as_ref().map(schema_text)),
            ("--max-turns", self.max_turns.map(|turns| turns.to_string())),
            ("--model", self.model.clone()),
            ("--effort", self.effort.clone()),
        ];
        args.extend(
            values
                .into_iter()
                .filter_map(|(name, value)| Some(valued(name, &value?))),
        );
        args
    }

    /// What goes to standard input.
    ///
    /// # Errors
    /// [`FailureClass::PromptTooLong`] when Claude would refuse to read it.
    pub fn stdin(&self) -> Result<Cow<'_, str>, Failure> {
        let text = if is_slash_command(&self.prompt) {
            Cow::Owned(format!("{PLAIN_TEXT}{}", self.prompt))
        } else {
            Cow::Borrowed(self.prompt.as_str())
        };
        if text.len() > PROMPT_BYTES {
            return Err(Failure::new(
                FailureClass::PromptTooLong,
                format!(
                    "the prompt has {} bytes, claude reads at most {PROMPT_BYTES}",
                    text.len()
                ),
            ));
        }
        Ok(text)
    }
}

fn valued(name: &str, value: &str) -> OsString {
    format!("{name}={value}").into()
}

/// White space before the slash shields it in Claude 2.1.330; that is not relied upon.
fn is_slash_command(prompt: &str) -> bool {
    prompt
        .trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}')
        .starts_with('/')
}

/// `schema` on one line without `$schema`: Claude's validator refuses the drafts 2019-09 and 2020-12.
fn schema_text(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    schema.to_string()
}

#[cfg(test)]
mod tests;
