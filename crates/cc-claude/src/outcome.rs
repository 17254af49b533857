//! How a run of Claude ended and what it left.

use std::time::Duration;

use cc_core::{AccountLimit, BlockedCall, Failure, RanCommand, ThreadId, Usage};
use serde::Serialize;
use serde_json::Value;

/// How the process ended, as its supervisor saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exit {
    /// The exit code, where the process exited by itself. Never decides an outcome that a result
    /// event decides: an interrupted Claude exits with 0 or with 1.
    pub(crate) code: Option<i32>,
    /// The signal that ended the process.
    pub(crate) signal: Option<i32>,
    /// The end of its standard error.
    pub(crate) stderr: String,
    /// Why *we* ended the run, if we did.
    pub(crate) interrupted: Option<Interrupted>,
}

/// Why we ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// Someone asked for it.
    Cancelled,
    /// Claude printed nothing for that long.
    Idle(Duration),
    /// The run took that long.
    Total(Duration),
}

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What it produced, however it ended.
    pub report: RunReport,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// With an answer: `text`, or the structured output that was asked for.
    Completed,
    /// Without one.
    Failed(Failure),
    /// Because someone asked to end it.
    Cancelled,
}

/// What a run produced. Bounded: at most 4 MiB of text and some hundreds of entries in each list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The last part of the answer; after a failure or a cancel, the last top-level text there was.
    pub text: String,
    /// Its earlier parts, the oldest first: the substantial text that came before the last tool calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
    /// Why the answer may be incomplete although the run completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Incomplete>,
    /// The structured output, only ever from the result event's own field.
    pub structured: Option<Value>,
    /// The last structured output that Claude Code refused, as JSON, where none was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Claude's session id. It can be resumed only where the run kept its thread.
    pub thread: Option<ThreadId>,
    /// The model that answered.
    pub model: Option<String>,
    /// The version of Claude Code.
    pub claude_version: Option<String>,
    /// The tokens of this run alone, earlier runs of a resumed thread left out.
    pub usage: Usage,
    /// The price of this run alone in US dollars, as Claude reports it.
    pub cost_usd: Option<f64>,
    /// What Claude Code said last of the limits of the account; with a subscription only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<AccountLimit>,
    /// The turns, as Claude counts them.
    pub turns: u64,
    /// The tool calls that were not permitted.
    pub denials: Vec<BlockedCall>,
    /// The files written by Claude's own file tools, in the order of the first write. Files that
    /// shell commands wrote are not known here.
    pub touched: Vec<String>,
    /// Whether Claude ran shell commands, which may have written others.
    pub ran_commands: bool,
    /// The commands that ran to their end, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<RanCommand>,
    /// What did not fit into this report.
    pub omitted: Omitted,
    /// The end of standard error.
    pub stderr: String,
}

/// Why an answer of a run that completed may be incomplete: how its last message ended, or what came
/// after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Incomplete {
    /// With a call of a tool, which never ran.
    ToolCall,
    /// At the most that the model may write.
    OutputLimit,
    /// At the most that the model can read and write.
    ContextLimit,
    /// It stands, but a turn after it failed.
    LaterFailure,
}

impl Incomplete {
    pub(crate) fn of(stop_reason: &str) -> Option<Self> {
        Some(match stop_reason {
            "tool_use" => Self::ToolCall,
            "max_tokens" => Self::OutputLimit,
            "model_context_window_exceeded" => Self::ContextLimit,
            _ => return None,
        })
    }

    /// A fragment for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::ToolCall => "Claude stopped at a tool call that did not run",
            Self::OutputLimit => "Claude reached the model's output limit",
            Self::ContextLimit => "Claude reached the model's context limit",
            Self::LaterFailure => "a later turn of the run failed",
        }
    }
}

impl RunReport {
    /// The whole answer: the last part, then the earlier ones, each with a mark.
    pub fn answer(&self) -> String {
        let mut answer = self.text.trim_end().to_owned();
        let of = self.earlier.len();
        for (part, number) in self.earlier.iter().zip(1..) {
            let part = part.trim();
            answer +=
                &format!("\n\n---\n**Written earlier in the run ({number} of {of}):**\n\n{part}");
        }
        answer
    }

    /// The largest JSON object in the last part of the answer: the answer of a model that did not call the tool for
    /// structured output, but wrote the object into its text, mostly within a fence. Claude Code
    /// does not read it from there.
    pub fn json_in_text(&self) -> Option<Value> {
        /// How many bytes may be parsed without success: a hostile text must not make this slow.
        const WASTE: usize = 8 << 20;
        let (mut at, mut wasted) = (0, 0);
        let mut largest: Option<(usize, Value)> = None;
        while wasted < WASTE
            && let Some(offset) = self.text[at..].find('{')
        {
            at += offset;
            let rest = &self.text[at..];
            // Most braces of a review are code.
            if !rest[1..].trim_start().starts_with(['"', '}']) {
                at += 1;
                continue;
            }
            let mut values = serde_json::Deserializer::from_str(rest).into_iter();
            match values.next() {
                Some(Ok(value)) => {
                    let length = values.byte_offset();
                    if largest.as_ref().is_none_or(|(most, _)| length > *most) {
                        largest = Some((length, value));
                    }
                    at += length;
                }
                Some(Err(error)) => {
                    let read = rest.lines().take(error.line());
                    wasted += read.map(|line| line.len() + 1).sum::<usize>();
                    at += 1;
                }
                None => at += 1,
            }
        }
        largest.map(|(_, value)| value)
    }
}

/// How much was left out of a [`RunReport`] to keep it bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Omitted {
    /// Bytes of the answer.
    pub text_bytes: u64,
    /// Denials.
    pub denials: u64,
    /// Touched files.
    pub touched: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Option<Value>) {
        let report = RunReport {
            text: text.to_owned(),
            ..RunReport::default()
        };
        assert_eq!(report.json_in_text(), expected, "{text}");
    }

    #[test]
    fn the_largest_object_of_a_text_is_found() {
        check("", None);
        check("no braces, 1, [2]", None);
        check("{\"a\": 1}", Some(json!({"a": 1})));
        check(
            "Here:\n```json\n{\n \"a\": {\"b\": \"}\"}\n}\n```\nDone.",
            Some(json!({"a": {"b": "}"}})),
        );
        check(
            "`{}` and {\"a\": [1]} and { \"b\": 2 }",
            Some(json!({"a": [1]})),
        );
        check("{\"cut\": {\"a\": 1}, ", Some(json!({"a": 1})));
        check("{\"é\": \"{\"}", Some(json!({"é": "{"})));
        check(
            &format!("{} {{\"a\": 1}}", "fn f() { g({x}) }".repeat(9_000)),
            Some(json!({"a": 1})),
        );
    }

    #[test]
    fn a_hostile_text_is_given_up_on() {
        check(&"{\"a\":[".repeat(300_000), None);
        check(&"{ ".repeat(1_000_000), None);
        // Each of these would be read to the end of the text.
        let open = format!("{{\"a\":[{}\n", "1,".repeat(15_000));
        check(&format!("{}x {{\"b\": 1}}", open.repeat(120)), None);
        check(
            &format!("{}x {{\"b\": 1}}", open.repeat(3)),
            Some(json!({"b": 1})),
        );
    }
}
