//! The one state machine of a job.

use cc_core::process::Survivors;
use cc_core::{Failure, Proc, Time};

/// Where a job stands, with what is known there and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Made; its worker has not begun.
    Queued,
    /// Its worker runs.
    Running {
        /// When the worker began.
        since: Time,
        /// The worker, to signal it.
        worker: Proc,
        /// Claude, once it was started.
        claude: Option<Proc>,
    },
    /// Somebody asked it to stop, and its worker is about to.
    Cancelling {
        /// When the worker began.
        since: Time,
        /// The worker, to signal it.
        worker: Proc,
        /// Claude, if it was started.
        claude: Option<Proc>,
        /// What an earlier cancel could not end.
        survivors: Vec<Proc>,
    },
    /// Stopping did not work; it may be tried again.
    CancelFailed {
        /// When the worker began.
        since: Time,
        /// The worker.
        worker: Proc,
        /// Claude, if it was started.
        claude: Option<Proc>,
        /// What survived.
        survivors: Vec<Proc>,
        /// The same, for people.
        why: String,
    },
    /// It has ended; this state is never left.
    Done {
        /// When the worker began, if it ever did.
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
pub enum Event {
    /// Its worker begins.
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
    /// Stopping left something alive.
    CancelFailed {
        /// What.
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
#[error("a job that is {} cannot take this step", state.status())]
pub struct Rejected {
    /// The state as it was.
    pub state: Box<State>,
}

impl State {
    /// Returns the state after `event`, or gives the state back where the event does not apply.
    ///
    /// A `Spawned` that comes after `Cancel` is rejected: the caller must end that child.
    ///
    /// # Errors
    /// [`Rejected`] with the unchanged state.
    pub fn on(self, event: Event) -> Result<State, Rejected> {
        use Event as E;
        use State as S;
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
            // Whatever the run came to: it was told to stop before it ended.
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

    /// When its worker began.
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

    /// What a cancel could not end; some of it may have ended since.
    pub fn survivors(&self) -> &[Proc] {
        match self {
            Self::Cancelling { survivors, .. } | Self::CancelFailed { survivors, .. } => survivors,
            Self::Queued | Self::Running { .. } | Self::Done { .. } => &[],
        }
    }

    /// Whether stopping it failed and something of that still runs. What another boot started, or
    /// had another moment of start, does not.
    pub fn is_held_up(&self) -> bool {
        matches!(self, Self::CancelFailed { .. }) && self.survivors().iter().any(Proc::is_running)
    }

    /// The worker and Claude, as far as they are known and may still run.
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
mod tests {
    use cc_core::FailureClass;

    use super::*;

    fn proc(pid: u32) -> Proc {
        Proc {
            pid,
            identity: "t".into(),
        }
    }

    fn survivors() -> Survivors {
        Survivors {
            processes: vec![proc(12)],
        }
    }

    fn states() -> Vec<State> {
        let (since, worker, claude) = (Time::from_millis(1), proc(10), Some(proc(11)));
        let done = |ending| State::Done {
            since: Some(since),
            at: since,
            ending,
        };
        vec![
            State::Queued,
            State::Running {
                since,
                worker: worker.clone(),
                claude: None,
            },
            State::Running {
                since,
                worker: worker.clone(),
                claude: claude.clone(),
            },
            State::Cancelling {
                since,
                worker: worker.clone(),
                claude: claude.clone(),
                survivors: Vec::new(),
            },
            State::CancelFailed {
                since,
                worker,
                claude,
                survivors: survivors().processes,
                why: survivors().to_string(),
            },
            done(Ending::Completed),
            done(Ending::Failed(Failure::new(FailureClass::Lost, "gone"))),
            done(Ending::Cancelled),
        ]
    }

    fn events() -> Vec<Event> {
        let at = Time::from_millis(2);
        vec![
            Event::Start {
                at,
                worker: proc(20),
            },
            Event::Spawned { claude: proc(21) },
            Event::Cancel { at },
            Event::CancelFailed {
                survivors: survivors(),
            },
            Event::Finish {
                at,
                ending: Ending::Completed,
            },
            Event::Finish {
                at,
                ending: Ending::Failed(Failure::new(FailureClass::Model, "no")),
            },
        ]
    }

    /// Every state against every event, as one table: rows are states, columns events.
    #[test]
    fn every_pair_of_state_and_event() {
        let table: Vec<String> = states()
            .into_iter()
            .map(|state| {
                let row: Vec<&str> = events()
                    .into_iter()
                    .map(|event| state.clone().on(event).map_or("-", |next| next.status()))
                    .collect();
                format!("{}: {}", state.phase(), row.join(" "))
            })
            .collect();
        let expected = [
            "queued: running - cancelled - completed failed",
            "starting: - running cancelling - completed failed",
            "running: - running cancelling - completed failed",
            "cancelling: - - - cancel_failed cancelled cancelled",
            "cancel_failed: - - cancelling cancel_failed cancelled cancelled",
            "done: - - - - - -",
            "failed: - - - - - -",
            "cancelled: - - - - - -",
        ];
        assert_eq!(table, expected);
    }

    #[test]
    fn a_rejected_event_gives_the_state_back() {
        for state in states() {
            for event in events() {
                if let Err(rejected) = state.clone().on(event) {
                    assert_eq!(*rejected.state, state);
                }
            }
        }
    }

    #[test]
    fn cancelling_remembers_whom_to_end() {
        let [_, _, running, _, failed, ..] = &states()[..] else {
            unreachable!()
        };
        for (state, survivors) in [(running, vec![]), (failed, vec![proc(12)])] {
            let at = Time::from_millis(9);
            let cancelling = state.clone().on(Event::Cancel { at }).unwrap();
            assert_eq!(cancelling.processes(), (Some(&proc(10)), Some(&proc(11))));
            assert_eq!(cancelling.survivors(), survivors);
        }
    }
}
