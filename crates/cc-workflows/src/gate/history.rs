//! What the gate did, and why: `stop-review-last.json`, and the latest checks in
//! `stop-review-history.jsonl`.

use std::time::Duration;

use cc_core::fs::{create_private_dir, read_bounded, write_atomic};
use cc_core::text::one_line;
use cc_core::{FileLock, JobId, SessionId, Time};
use cc_jobs::{StoreError, content_of};
use serde::{Deserialize, Serialize};

use super::outcome::{CheckOutcome, Decision, GateError, TurnEnd};
use crate::Project;

/// How many checks are kept.
const KEPT: usize = 200;

/// The most that the history may hold, in bytes.
const LIMIT: u64 = 1 << 20;

/// How long to wait for another hook that is writing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The end of one turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryEntry {
    /// When.
    pub at: Time,
    /// The session.
    pub session_id: SessionId,
    /// The turn, where the host named it.
    pub turn_id: Option<String>,
    /// What became of it.
    pub outcome: TurnOutcome,
    /// Why, in one line.
    pub reason: String,
    /// The job of the check, where there was one.
    pub job_id: Option<JobId>,
    /// What the check cost, in US dollars.
    pub cost_usd: Option<f64>,
    /// How long the gate took.
    pub duration_ms: u64,
}

/// What became of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TurnOutcome {
    /// Claude let it pass.
    Allowed,
    /// It was blocked.
    Blocked,
    /// It was not checked.
    Skipped,
    /// The check failed.
    Failed,
    /// Claude was asked, and the user or Codex ended the gate before the answer.
    Unfinished,
}

impl HistoryEntry {
    /// The entry from the moment that Claude is asked until it has answered.
    pub(super) fn unfinished(at: Time, session: &SessionId, end: &TurnEnd) -> Self {
        Self {
            at,
            session_id: session.clone(),
            turn_id: end.turn.as_deref().map(|turn| one_line(turn, 100)),
            outcome: TurnOutcome::Unfinished,
            reason: "the check was ended before it came to a verdict".to_owned(),
            job_id: None,
            cost_usd: None,
            duration_ms: 0,
        }
    }

    /// The entry at the end of the gate, which took `took`.
    pub(super) fn finished(
        self,
        outcome: &Result<CheckOutcome, GateError>,
        decision: &Decision,
        took: Duration,
    ) -> Self {
        let (outcome, reason, job) = match outcome {
            Ok(CheckOutcome::Skipped(skip)) => (TurnOutcome::Skipped, skip.to_string(), None),
            Ok(CheckOutcome::Checked { job, answer }) => {
                (TurnOutcome::Allowed, answer.reason.clone(), Some(job))
            }
            Err(GateError::NoVerdict { job, why }) => (TurnOutcome::Failed, why.clone(), Some(job)),
            Err(error) => (TurnOutcome::Failed, error.to_string(), None),
        };
        Self {
            outcome: match decision {
                Decision::Block(_) => TurnOutcome::Blocked,
                Decision::Pass | Decision::Warn(_) => outcome,
            },
            reason: one_line(&reason, 500),
            job_id: job.map(|job| job.id.clone()),
            cost_usd: job.and_then(|job| job.cost_usd),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            ..self
        }
    }

    /// Whether `entry` is this one, finished; an unfinished one is another check.
    fn precedes(&self, entry: &Self) -> bool {
        let same = self.session_id == entry.session_id && self.turn_id == entry.turn_id;
        let is_unfinished = |entry: &Self| entry.outcome == TurnOutcome::Unfinished;
        same && is_unfinished(self) && !is_unfinished(entry)
    }
}

/// The latest checks, oldest first.
///
/// # Errors
/// When a line cannot be read: a check that does not count would let the gate work more often.
pub(super) fn read(project: &Project) -> Result<Vec<HistoryEntry>, StoreError> {
    let path = project.store.dir().stop_review_history();
    let entries = |bytes: &[u8]| {
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.trim_ascii().is_empty());
        lines.map(serde_json::from_slice).collect()
    };
    Ok(content_of(&path, read_bounded(&path, LIMIT), entries)?.unwrap_or_default())
}

/// Saves what became of a turn, and adds it to the history if Claude was asked.
pub(super) fn record(
    project: &Project,
    entry: &HistoryEntry,
    is_check: bool,
) -> Result<(), StoreError> {
    let dir = project.store.dir();
    create_private_dir(dir.root())?;
    let line = |entry: &HistoryEntry| serde_json::to_string(entry).unwrap_or_default() + "\n";
    write_atomic(&dir.stop_review_last(), line(entry).as_bytes())?;
    if is_check {
        let _lock = FileLock::exclusive(&dir.stop_review_lock(), PATIENCE)?;
        let mut past = read(project)?;
        if let Some(at) = past.iter().rposition(|past| past.precedes(entry)) {
            past.remove(at);
        }
        past.push(entry.clone());
        let kept = &past[past.len().saturating_sub(KEPT)..];
        let text: String = kept.iter().map(line).collect();
        write_atomic(&dir.stop_review_history(), text.as_bytes())?;
    }
    Ok(())
}
