//! What the sandbox of a session of Codex allows, as Codex notes it in its transcript for each turn.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use super::rules::FileRules;
use crate::fs::open_regular;

/// A transcript is read up to this size, in bytes.
const TRANSCRIPT_LIMIT: u64 = 1 << 30;

/// The sandbox of a session.
///
/// Neither the environment of a command nor the input of a hook tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxPolicy {
    /// The one of the latest turn: `read-only`, `workspace-write`, `danger-full-access`, `unknown` where that turn notes
    /// none.
    pub mode: String,
    /// The directories that some turn could write besides that of the session: by `--add-dir`, a profile of permissions
    /// or the settings. What was written in an earlier turn is still there.
    pub writable_roots: Vec<PathBuf>,
    /// What the latest turn may read and write, if a profile of permissions says so.
    pub rules: Option<FileRules>,
}

/// One line of a transcript, as far as it matters.
#[derive(Deserialize)]
struct TranscriptLine<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    payload: Option<TurnContext<'a>>,
}

#[derive(Deserialize)]
struct TurnContext<'a> {
    #[serde(borrow)]
    sandbox_policy: Option<Policy<'a>>,
    file_system_sandbox_policy: Option<Value>,
}

#[derive(Deserialize)]
struct Policy<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default)]
    writable_roots: Vec<PathBuf>,
}

impl SandboxPolicy {
    /// What a transcript notes; `None` where it has no turn, or cannot be read. It is read once in a process, as long
    /// as nothing is added.
    #[must_use]
    pub fn noted(transcript: &Path) -> Option<Self> {
        let file = open_regular(transcript).ok()?;
        let meta = file.metadata().ok()?;
        if meta.len() > TRANSCRIPT_LIMIT {
            return None;
        }
        let read_before = ReadTranscript {
            path: transcript.to_owned(),
            size: meta.len(),
            modified: meta.modified().ok(),
        };
        let mut last = LAST_READ.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((read, noted)) if *read == read_before => noted.clone(),
            _ => {
                let noted = Self::of_lines(BufReader::with_capacity(1 << 18, file));
                *last = Some((read_before, noted.clone()));
                noted
            }
        }
    }

    fn of_lines(mut lines: impl BufRead) -> Option<Self> {
        let mut noted: Option<Self> = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line).ok()? == 0 {
                return noted;
            }
            // Text of a conversation is inside of quotes, where this would be escaped.
            let head = line.get(..200).unwrap_or(&line);
            if !contains(head, br#""type":"turn_context""#) {
                continue;
            }
            let line: TranscriptLine<'_> = serde_json::from_slice(&line).ok()?;
            if line.kind != "turn_context" {
                continue;
            }
            let (policy, rules) = line.payload.map_or((None, None), |context| {
                (context.sandbox_policy, context.file_system_sandbox_policy)
            });
            let noted = noted.get_or_insert_with(|| Self {
                mode: String::new(),
                writable_roots: Vec::new(),
                rules: None,
            });
            noted.rules = FileRules::noted(rules.as_ref());
            noted.mode = policy.as_ref().map_or("unknown", |it| it.kind).to_owned();
            for root in policy.into_iter().flat_map(|it| it.writable_roots) {
                if !noted.writable_roots.contains(&root) {
                    noted.writable_roots.push(root);
                }
            }
        }
    }
}

/// The transcript that was read last, at its size and time then, and what it notes.
static LAST_READ: Mutex<Option<(ReadTranscript, Option<SandboxPolicy>)>> = Mutex::new(None);

#[derive(PartialEq, Eq)]
struct ReadTranscript {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_turn_decides_and_no_text_of_the_conversation() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rollout.jsonl");
        let turn = |mode: &str, roots: &[&str]| {
            let policy = serde_json::json!({"writable_roots": roots, "type": mode});
            let context = serde_json::json!({"cwd": "/w", "sandbox_policy": policy});
            format!(r#"{{"timestamp":"t","ordinal":5,"type":"turn_context","payload":{context}}}"#)
        };
        let said = turn("danger-full-access", &["/said"]);
        let said = format!(
            r#"{{"type":"response_item","payload":{}}}"#,
            serde_json::json!(said)
        );
        let check = |lines: &[&str], mode: Option<&str>, roots: &[&str]| {
            std::fs::write(&path, lines.join("\n")).unwrap();
            let noted = SandboxPolicy::noted(&path);
            let expected = mode.map(|mode| SandboxPolicy {
                mode: mode.to_owned(),
                writable_roots: roots.iter().map(PathBuf::from).collect(),
                rules: None,
            });
            assert_eq!(noted, expected, "{lines:?}");
        };
        let reads = turn("read-only", &[]);
        let writes = turn("workspace-write", &["/a", "/b"]);
        check(&[&reads, &said], Some("read-only"), &[]);
        check(
            &[&reads, &writes, &said],
            Some("workspace-write"),
            &["/a", "/b"],
        );
        check(
            &[&writes, &writes, &reads],
            Some("read-only"),
            &["/a", "/b"],
        );
        check(&[&said], None, &[]);
        let without = r#"{"type":"turn_context","payload":{"cwd":"/w"}}"#;
        check(&[without], Some("unknown"), &[]);
        check(&[&writes, without], Some("unknown"), &["/a", "/b"]);
        check(&[r#"{"type":"turn_context","payload":{"#], None, &[]);
        assert_eq!(SandboxPolicy::noted(&dir.path().join("none")), None);
    }
}
