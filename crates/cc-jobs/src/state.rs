//! The state machine of a job.

use cc_core::process::Survivors;
use cc_core::{Failure, Proc, Time};

/// The state of a job, with the data that exists only in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Made; its worker has not started.
    Queued,
    /// Its worker runs.
    Running {
        /// When the worker started.
        since: Time,
        /// The worker, to signal it.
        worker: Proc,
        /// Claude, once it was started.
        claude: Option<Proc>,
    },
    /// Somebody asked it to stop, and its worker is stopping it.
    Cancelling {
        /// When the worker started.
        since: Time,
        /// The worker, to signal it.
        worker: Proc,
        /// Claude, if it was started.
        claude: Option<Proc>,
        /// The processes that an earlier cancel could not end.
        survivors: Vec<Proc>,
    },
    /// Stopping failed; it may be tried again.
    CancelFailed {
        /// When the worker started.
        since: Time,
        /// The worker.
        worker: Proc,
        /// Claude, if it was started.
        claude: Option<Proc>,
        /// The processes that survived.
        survivors: Vec<Proc>,
        /// Who they are, for people.
        why: String,
    },
    /// It has ended; this state is never left.
    Done {
        /// When the worker started, if it did.
        since: Option<Time>,
        /// When it ended.
        at: Time,
        /// How it ended.
        ending: Ending,
    },
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Claude gave an answer.
    Completed,
    /// It failed, and why.
    Failed(Failure),
    /// It was cancelled.
    Cancelled,
}

/// What can happen to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEvent {
    /// Its worker starts.
    Start {
        /// The moment.
        at: Time,
        /// The worker.
        worker: Proc,
    },
    /// Its worker started Claude; again for each further run, such as a retry.
    Spawned {
        /// Claude.
        claude: Proc,
    },
    /// Somebody asks it to stop.
    Cancel {
        /// The moment.
        at: Time,
    },
    /// Stopping left processes running.
    CancelFailed {
        /// The surviving processes.
        survivors: Survivors,
    },
    /// It ended.
    Finish {
        /// The moment.
        at: Time,
        /// How, as its worker or a reader saw it.
        ending: Ending,
    },
}

/// An event that does not apply to the state, which is given back unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {} cannot make this transition", state.status())]
pub struct Rejected {
    /// The state as it was.
    pub state: Box<JobState>,
}

impl JobState {
    /// Returns the state after `event`, or returns the state unchanged if the event does not apply.
    ///
    /// A `Spawned` that comes after `Cancel` is rejected: the caller must end that child.
    ///
    /// # Errors
    /// [`Rejected`] with the unchanged state.
    pub fn on(self, event: JobEvent) -> Result<JobState, Rejected> {
        use JobEvent as E;
        use JobState as S;
        Ok(match (self, event) {
            (S::Queued, E::Start { at, worker }) => S::Running {
                since: at,
                worker,
                claude: None,
            },
            (S::Queued, E::Cancel { at }) => S::Done {
                since: None,
                at,
                ending: Ending::Cancelled,
            },
            (S::Queued, E::Finish { at, ending }) => S::Done {
                since: None,
                at,
                ending,
            },
            (S::Running { since, worker, .. }, E::Spawned { claude }) => S::Running {
                since,
                worker,
                claude: Some(claude),
            },
            (
                S::Running {
                    since,
                    worker,
                    claude,
                },
                E::Cancel { .. },
            ) => S::Cancelling {
                since,
                worker,
                claude,
                survivors: Vec::new(),
            },
            (
                S::CancelFailed {
                    since,
                    worker,
                    claude,
                    survivors,
                    ..
                },
                E::Cancel { .. },
            ) => S::Cancelling {
                since,
                worker,
                claude,
                survivors,
            },
            (S::Running { since, .. }, E::Finish { at, ending }) => S::Done {
                since: Some(since),
                at,
                ending,
            },
            (
                S::Cancelling {
                    since,
                    worker,
                    claude,
                    ..
                }
                | S::CancelFailed {
                    since,
                    worker,
                    claude,
                    ..
                },
                E::CancelFailed { survivors },
            ) => S::CancelFailed {
                since,
                worker,
                claude,
                why: survivors.to_string(),
                survivors: survivors.processes,
            },
            // Whatever the outcome of the run: the request to stop came before its end.
            (S::Cancelling { since, .. } | S::CancelFailed { since, .. }, E::Finish { at, .. }) => {
                S::Done {
                    since: Some(since),
                    at,
                    ending: Ending::Cancelled,
                }
            }
            (state, _) => {
                return Err(Rejected {
                    state: Box::new(state),
                });
            }
        })
    }

    /// The word for this state: `status` of the record.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running { .. } => "running",
            Self::Cancelling { .. } => "cancelling",
            Self::CancelFailed { .. } => "cancel_failed",
            Self::Done {
                ending: Ending::Completed,
                ..
            } => "completed",
            Self::Done {
                ending: Ending::Failed(_),
                ..
            } => "failed",
            Self::Done {
                ending: Ending::Cancelled,
                ..
            } => "cancelled",
        }
    }

    /// A finer word for people: `phase` of the record.
    pub fn phase(&self) -> &'static str {
        match self {
            Self::Running { claude: None, .. } => "starting",
            Self::Done {
                ending: Ending::Completed,
                ..
            } => "done",
            other => other.status(),
        }
    }

    /// How it ended, once it has.
    pub fn ending(&self) -> Option<&Ending> {
        match self {
            Self::Done { ending, .. } => Some(ending),
            _ => None,
        }
    }

    /// Whether it can still change.
    pub fn is_active(&self) -> bool {
        self.ending().is_none()
    }

    /// When its worker started.
    pub fn started_at(&self) -> Option<Time> {
        match self {
            Self::Queued => None,
            Self::Running { since, .. }
            | Self::Cancelling { since, .. }
            | Self::CancelFailed { since, .. } => Some(*since),
            Self::Done { since, .. } => *since,
        }
    }

    /// When it ended.
    pub fn completed_at(&self) -> Option<Time> {
        match self {
            Self::Done { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// The processes that a cancel could not end; some may have ended since.
    pub fn survivors(&self) -> &[Proc] {
        match self {
            Self::Cancelling { survivors, .. } | Self::CancelFailed { survivors, .. } => survivors,
            Self::Queued | Self::Running { .. } | Self::Done { .. } => &[],
        }
    }

    /// Whether stopping it failed and some of its processes still run. A process with the same pid but
    /// another start time is another process.
    pub fn is_held_up(&self) -> bool {
        matches!(self, Self::CancelFailed { .. }) && self.survivors().iter().any(Proc::is_running)
    }

    /// The worker and Claude, if known and possibly still running.
    pub fn processes(&self) -> (Option<&Proc>, Option<&Proc>) {
        match self {
            Self::Running { worker, claude, .. }
            | Self::Cancelling { worker, claude, .. }
            | Self::CancelFailed { worker, claude, .. } => (Some(worker), claude.as_ref()),
            Self::Queued | Self::Done { .. } => (None, None),
        }
    }
}

#[cfg(test)]
mod tests;
