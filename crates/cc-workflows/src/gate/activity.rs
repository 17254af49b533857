//! When the tools of a session ran, as Codex's transcript says.
//!
//! Codex writes a line when its model calls a tool, and one when the tool has answered. Whatever the
//! session did to files lies between the two; what exactly a tool did is not read out of its text.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use cc_core::Time;
use cc_core::fs::open_regular;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// How much of the end of a transcript is read, in bytes.
const READ: u64 = 64 << 20;

/// How much text of all calls is kept, in bytes.
const TEXT: usize = 16 << 20;

/// How far times of files and of Codex may be apart, in milliseconds: file systems take theirs from a
/// clock that ticks.
const SLACK: i64 = 30;

/// The kinds of lines that matter. Text of the conversation is inside of quotes, where this would be
/// escaped.
const WANTED: [&[u8]; 2] = [br#""type":"response_item""#, br#""type":"turn_context""#];

/// What a session did since some moment.
#[derive(Debug, Default)]
pub(super) struct Activity {
    calls: Vec<ToolCall>,
    /// When the turn began that was asked for, if its beginning was seen.
    pub(super) turn_began: Option<Time>,
    /// Whether the transcript holds all calls of the time up to the last message.
    pub(super) is_complete: bool,
}

/// One call of a tool.
#[derive(Debug)]
struct ToolCall {
    began: i64,
    /// `None` while it runs, and for ever if the session crashed.
    ended: Option<i64>,
    /// The line that called it; empty if there was too much.
    text: Vec<u8>,
}

/// What is asked of a transcript.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedTurn<'a> {
    /// Calls that ended before do not matter; `None` if only the turn is known.
    pub(super) since: Option<Time>,
    /// The turn, where one is meant.
    pub(super) turn: Option<&'a str>,
    /// What the model said last; empty if that is unknown.
    pub(super) last_message: &'a str,
}

#[derive(Deserialize)]
struct ActivityLine {
    timestamp: Time,
    payload: Payload,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    #[serde(rename = "type")]
    kind: Option<String>,
    turn_id: Option<String>,
    call_id: Option<String>,
    role: Option<String>,
    content: Option<MessageContent>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MessageContent {
    Parts(Vec<Part>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

impl Activity {
    /// Reads the end of a transcript; `None` if it cannot be read.
    pub(super) fn read(transcript: &Path, wanted: WantedTurn<'_>) -> Option<Self> {
        let mut file = open_regular(transcript).ok()?;
        let is_cut = skip_to_end(&mut file).ok()?;
        let mut reading = TranscriptReader::new(wanted, is_cut);
        for line in BufReader::new(file).split(b'\n') {
            reading.take(line.ok()?);
        }
        Some(reading.end())
    }

    /// Whether no tool was called.
    pub(super) fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    /// When the first tool was called.
    pub(super) fn first(&self) -> Option<Time> {
        let first = self.calls.iter().map(|call| call.began).min()?;
        Some(Time::from_millis(first - SLACK))
    }

    /// Whether a tool ran at `at`, given that one without an answer is dead after `until`.
    pub(super) fn ran_at(&self, at: Time, until: Time) -> bool {
        self.at(at, until).next().is_some()
    }

    /// Whether such a tool was called with `word` in what it was asked.
    pub(super) fn named_at(&self, at: Time, until: Time, word: &[u8]) -> bool {
        let holds = |call: &ToolCall| {
            call.text
                .windows(word.len().max(1))
                .any(|part| part == word)
        };
        self.at(at, until).any(holds)
    }

    /// Whether a tool ran at any moment from `from` on.
    pub(super) fn ran_since(&self, from: Time, until: Time) -> bool {
        let until = until.as_millis();
        let from = from.as_millis();
        self.calls
            .iter()
            .any(|call| call.ended.unwrap_or(until) + SLACK >= from)
    }

    fn at(&self, at: Time, until: Time) -> impl Iterator<Item = &ToolCall> {
        let (at, until) = (at.as_millis(), until.as_millis());
        self.calls.iter().filter(move |call| {
            call.began - SLACK <= at && at <= call.ended.unwrap_or(until) + SLACK
        })
    }
}

/// Whether `bytes` hold `part`, which is most likely near the beginning.
fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Skips all but the end; returns whether something was skipped.
fn skip_to_end(file: &mut File) -> io::Result<bool> {
    let Some(skipped) = file.metadata()?.len().checked_sub(READ + 1) else {
        return Ok(false);
    };
    file.seek(SeekFrom::Start(skipped))?;
    Ok(true)
}

struct TranscriptReader<'a> {
    wanted: WantedTurn<'a>,
    found: Activity,
    open: HashMap<String, usize>,
    text_left: usize,
    /// Whether the beginning of what is wanted was seen.
    has_begun: bool,
    last_said: String,
}

impl<'a> TranscriptReader<'a> {
    fn new(wanted: WantedTurn<'a>, is_cut: bool) -> Self {
        Self {
            wanted,
            found: Activity::default(),
            open: HashMap::new(),
            text_left: TEXT,
            has_begun: !is_cut,
            last_said: String::new(),
        }
    }

    fn take(&mut self, bytes: Vec<u8>) {
        // Most lines are of no interest, and some are very long.
        if !WANTED.iter().any(|kind| holds(&bytes, kind)) {
            return;
        }
        let Ok(line) = serde_json::from_slice::<ActivityLine>(&bytes) else {
            return;
        };
        let ActivityLine { timestamp, payload } = line;
        if self.wanted.since.is_some_and(|since| timestamp < since) {
            self.has_begun = true;
        }
        let is_turn = self.wanted.turn.is_some() && self.wanted.turn == payload.turn_id.as_deref();
        match (payload.kind.as_deref(), payload.call_id) {
            (None, _) if is_turn && self.found.turn_began.is_none() => {
                self.found.turn_began = Some(timestamp);
                self.has_begun = true;
            }
            (Some(kind), Some(id)) if kind.ends_with("_call_output") => {
                if let Some(at) = self.open.remove(&id) {
                    self.found.calls[at].ended = Some(timestamp.as_millis());
                }
            }
            (Some(kind), id) if kind.ends_with("_call") => {
                let is_kept = self.text_left >= bytes.len();
                self.text_left -= if is_kept { bytes.len() } else { 0 };
                let began = timestamp.as_millis();
                // What has no id is done by the model's provider, and never answered.
                let ended = id.is_none().then_some(began);
                self.open.extend(id.map(|id| (id, self.found.calls.len())));
                self.found.calls.push(ToolCall {
                    began,
                    ended,
                    text: if is_kept { bytes } else { Vec::new() },
                });
            }
            (Some("message"), _) if payload.role.as_deref() == Some("assistant") => {
                if let Some(MessageContent::Parts(parts)) = payload.content {
                    self.last_said = parts.into_iter().map(|part| part.text).collect();
                }
            }
            _ => {}
        }
    }

    fn end(mut self) -> Activity {
        let said = self.wanted.last_message.trim();
        // What Codex wrote before the last message is on disk when that is.
        self.found.is_complete =
            self.has_begun && !said.is_empty() && self.last_said.trim() == said;
        let since = self.wanted.since.or(self.found.turn_began);
        if let Some(since) = since {
            let since = since.as_millis();
            self.found
                .calls
                .retain(|call| call.ended.is_none_or(|ended| ended >= since));
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(second: u32, kind: &str, payload: Value) -> String {
        json!({"timestamp": format!("2026-01-01T00:00:{second:02}.000Z"), "type": kind, "payload": payload})
            .to_string()
    }

    fn at(second: i64) -> Time {
        Time::from_millis(1_767_225_600_000 + second * 1_000)
    }

    fn read(lines: &[String], wanted: WantedTurn<'_>) -> Activity {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rollout.jsonl");
        std::fs::write(&path, lines.join("\n")).unwrap();
        Activity::read(&path, wanted).unwrap()
    }

    fn session() -> Vec<String> {
        let call = |id: &str, text: &str| json!({"type": "function_call", "call_id": id, "arguments": text});
        let output =
            |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "x"});
        let said = json!({"type": "message", "role": "assistant", "content": [{"text": "Done."}]});
        vec![
            line(1, "turn_context", json!({"turn_id": "t1"})),
            line(2, "response_item", call("a", "sed -i s/a/b/ old.rs")),
            line(3, "response_item", output("a")),
            line(10, "turn_context", json!({"turn_id": "t2"})),
            line(12, "response_item", call("b", "sed -i s/a/b/ new.rs")),
            line(14, "response_item", output("b")),
            line(15, "response_item", json!({"type": "web_search_call"})),
            line(20, "response_item", said),
        ]
    }

    #[test]
    fn a_tool_runs_from_its_call_to_its_answer() {
        let wanted = WantedTurn {
            since: None,
            turn: Some("t2"),
            last_message: "Done.",
        };
        let found = read(&session(), wanted);
        assert_eq!(found.turn_began, Some(at(10)));
        assert!(found.is_complete && !found.is_idle());
        let ran = |second| found.ran_at(at(second), at(60));
        assert!(ran(12) && ran(13) && ran(14));
        assert!(!ran(3) && !ran(11) && !ran(16));
        assert!(found.named_at(at(13), at(60), b"new.rs"));
        assert!(!found.named_at(at(13), at(60), b"old.rs"));
        assert!(found.ran_since(at(15), at(60)) && !found.ran_since(at(17), at(60)));
    }

    #[test]
    fn it_is_complete_only_with_what_was_said_last() {
        let check = |last_message, lines: &[String], expect| {
            let wanted = WantedTurn {
                since: Some(at(9)),
                turn: None,
                last_message,
            };
            assert_eq!(read(lines, wanted).is_complete, expect, "{last_message}");
        };
        let session = session();
        check(" Done.\n", &session, true);
        check("More.", &session, false);
        check("", &session, false);
        check("Done.", &session[..7], false);
    }

    #[test]
    fn a_tool_that_never_answered_runs_until_it_is_taken_for_dead() {
        let mut session = session();
        session.remove(5);
        let wanted = WantedTurn {
            since: Some(at(9)),
            turn: None,
            last_message: "",
        };
        let found = read(&session, wanted);
        assert!(found.ran_at(at(40), at(60)) && !found.ran_at(at(40), at(30)));
    }

    #[test]
    fn text_of_the_conversation_is_no_line_of_its_own() {
        let quoted = line(
            12,
            "response_item",
            json!({"type": "function_call", "call_id": "z"}),
        );
        let said = json!({"type": "message", "role": "user", "content": [{"text": quoted}]});
        let wanted = WantedTurn {
            since: None,
            turn: None,
            last_message: "",
        };
        assert!(read(&[line(1, "response_item", said), "{".into()], wanted).is_idle());
    }
}
