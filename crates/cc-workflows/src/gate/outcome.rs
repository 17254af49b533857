//! What the end of a turn is, and what the gate can come to.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cc_core::text::one_line;
use cc_core::time::human_duration;
use cc_core::{IoError, SessionId};
use cc_jobs::{Ending, Job, SettingsError, StoreError};

use super::verdict::GateAnswer;
use crate::worker::WorkError;
use crate::{Error, hint};

/// How many files or sessions a message names.
const NAMED: usize = 3;

/// The end of a turn, as Codex reports it.
#[derive(Clone, Debug, Default)]
pub struct TurnEnd {
    /// The turn's id.
    pub turn: Option<String>,
    /// Whether a stop hook, ours or another, blocked this turn before.
    pub is_continued: bool,
    /// What Codex said last.
    pub last_message: String,
    /// The file in which Codex writes the session down.
    pub transcript: Option<PathBuf>,
}

/// What becomes of the turn.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It ends.
    Pass,
    /// It ends, and the user gets this message.
    Warn(String),
    /// It continues, and the model gets this message.
    Block(String),
}

/// What the gate came to.
#[derive(Debug)]
pub(crate) enum CheckOutcome {
    /// The turn is not to be checked.
    Skipped(Skip),
    /// Claude gave a verdict.
    Checked {
        /// The job of the check.
        job: Box<Job>,
        /// The verdict.
        answer: GateAnswer,
    },
}

/// Why a turn is not checked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Skip {
    #[error("the turn edited nothing")]
    NoEdits,
    #[error("nothing was edited since the last check")]
    CheckedAlready,
    #[error("the turn was not to be checked")]
    Suppressed,
    #[error("this is no Git repository")]
    NoRepository,
    #[error("what changed was not done by this turn")]
    OfOthers,
    #[error("{0}")]
    Unclear(Unclear),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What this turn or another session may have done, which nothing tells apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unclear {
    /// Files, and commits by their subjects.
    pub(crate) what: Vec<String>,
    /// The other sessions.
    pub(crate) sessions: Vec<SessionId>,
}

impl Unclear {
    pub(crate) fn is_nothing(&self) -> bool {
        self.what.is_empty()
    }
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |names: &mut dyn Iterator<Item = String>, all: usize| {
            let named: Vec<String> = names.take(NAMED).collect();
            match all.saturating_sub(NAMED) {
                0 => named.join(", "),
                more => format!("{} and {more} more", named.join(", ")),
            }
        };
        let sessions = &mut self.sessions.iter().map(ToString::to_string);
        write!(
            f,
            "not checked, since session {} of Codex may have done it at the same time: {}",
            named(sessions, self.sessions.len()),
            named(
                &mut self.what.iter().map(|name| one_line(name, 100)),
                self.what.len()
            ),
        )
    }
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The turn was blocked as often as allowed.
    #[error("it has blocked this turn {} (gate.max_rounds)", times(*blocked))]
    Rounds {
        /// How often.
        blocked: u32,
    },
    /// The last check was too recent.
    #[error("it rests for {} after each check (gate.cooldown)", human_duration(*rest))]
    Cooldown {
        /// How long it rests.
        rest: Duration,
    },
    /// The session has used all its checks.
    #[error("it has checked this session {} (gate.max_per_session)", times(*checks))]
    Session {
        /// How many.
        checks: u32,
    },
    /// The workspace has used all its checks of 24 hours.
    #[error("it has checked this workspace {} in 24 hours (gate.max_per_day)", times(*checks))]
    Day {
        /// How many.
        checks: u32,
    },
}

fn times(number: u32) -> String {
    match number {
        1 => "once".to_owned(),
        number => format!("{number} times"),
    }
}

/// Why the gate came to no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GateError {
    /// No job can be started.
    #[error(transparent)]
    Preflight(#[from] Error),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The change cannot be read.
    #[error(transparent)]
    Git(#[from] cc_git::Error),
    /// A file of the gate cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The job of the check cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The job of the check could not be run.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// Claude ran and gave no verdict.
    #[error("{why}")]
    NoVerdict {
        /// The job of the check.
        job: Box<Job>,
        /// What happened.
        why: String,
    },
}

impl GateError {
    /// What the user can do about it.
    pub(super) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Preflight(Error::Claude(error)) => hint::for_claude(error),
            Self::Preflight(Error::Obstacle(error)) => hint::for_obstacle(*error),
            Self::Preflight(Error::DayBudget { .. }) => hint::DAY_BUDGET,
            Self::Settings(_) => "List all settings: cc-cli config list",
            Self::Store(StoreError::DamagedFile { path, .. }) => {
                match path.extension().is_some_and(|kind| kind == "json") {
                    true => {
                        "Switch the gate again: cc-cli setup --enable-review-gate, or --disable-review-gate"
                    }
                    false => "Move the file away: checks are counted from zero then",
                }
            }
            Self::NoVerdict { job, .. } => match job.state().ending() {
                Some(Ending::Failed(failure)) => return hint::for_check(failure),
                _ => return None,
            },
            Self::Preflight(_) | Self::Git(_) | Self::Io(_) | Self::Store(_) | Self::Work(_) => {
                return None;
            }
        };
        Some(hint.to_owned())
    }
}
