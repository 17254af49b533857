//! The states that records go through, each of which has to follow from the one before.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cc_core::process::Survivors;
use cc_core::{Proc, Time};
use cc_jobs::{Job, JobEvent, JobState};

/// How long between two looks at the records.
const PAUSE: Duration = Duration::from_millis(1);

/// The most events between two states, each of which can happen unseen.
const UNSEEN: usize = 6;

/// Watches the records of a workspace until it is asked what it saw.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

/// What was seen of the records.
#[derive(Default)]
pub(super) struct Seen {
    /// How often one had changed.
    pub(super) changes: u64,
    /// The first change that no event explains.
    pub(super) wrong: Option<String>,
    /// The file and the state of each.
    last: HashMap<PathBuf, (u64, Option<JobState>)>,
}

impl Watch {
    /// Watches the records in `jobs`.
    pub(super) fn start(jobs: PathBuf) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let over = Arc::clone(&over);
            move || {
                let mut seen = Seen::default();
                while !over.load(Ordering::Relaxed) {
                    seen.look(&jobs);
                    thread::sleep(PAUSE);
                }
                seen.look(&jobs);
                seen
            }
        });
        Self { over, thread }
    }

    /// What was seen.
    pub(super) fn end(self) -> Seen {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

impl Seen {
    fn look(&mut self, jobs: &Path) {
        for entry in fs::read_dir(jobs).into_iter().flatten().flatten() {
            let path = entry.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                self.look_at(path);
            }
        }
    }

    fn look_at(&mut self, path: PathBuf) {
        // Each save is a new file.
        let Ok(inode) = fs::symlink_metadata(&path).map(|meta| meta.ino()) else {
            return;
        };
        if self
            .last
            .get(&path)
            .is_some_and(|(known, _)| *known == inode)
        {
            return;
        }
        let job = fs::read(&path)
            .ok()
            .and_then(|bytes| Job::parse(&bytes).ok());
        let state = job.map(|job| job.state().clone());
        let before = self.last.insert(path.clone(), (inode, state.clone()));
        self.changes += 1;
        // What was damaged has no history.
        let (Some((_, Some(before))), Some(after)) = (before, state) else {
            return;
        };
        if !leads_to(&before, &after) {
            self.wrong.get_or_insert_with(|| {
                format!("`{}` went from {before:?} to {after:?}", path.display())
            });
        }
    }
}

/// Whether events lead from one state to another one.
fn leads_to(before: &JobState, after: &JobState) -> bool {
    let events = events_of(after);
    let mut reached = vec![before.clone()];
    for _ in 0..UNSEEN {
        if reached.contains(after) {
            return true;
        }
        let next = reached.iter().flat_map(|state| {
            let step = |event: &JobEvent| state.clone().on(event.clone()).ok();
            events.iter().filter_map(step).collect::<Vec<_>>()
        });
        let mut next: Vec<_> = next.collect();
        next.extend(reached);
        next.dedup();
        reached = next;
    }
    reached.contains(after)
}

/// The events that can have made a state what it is.
fn events_of(state: &JobState) -> Vec<JobEvent> {
    let nobody = Proc {
        pid: 0,
        identity: String::new(),
    };
    let (worker, claude) = match state {
        JobState::Running { worker, claude, .. }
        | JobState::Cancelling { worker, claude, .. }
        | JobState::CancelFailed { worker, claude, .. } => (worker.clone(), claude.clone()),
        JobState::Queued | JobState::Done { .. } => (nobody, None),
    };
    let at = state
        .completed_at()
        .or(state.started_at())
        .unwrap_or(Time::from_millis(0));
    let mut events = vec![
        JobEvent::Start {
            at: state.started_at().unwrap_or(at),
            worker,
        },
        JobEvent::Cancel { at },
        JobEvent::CancelFailed {
            survivors: Survivors {
                processes: state.survivors().to_vec(),
            },
        },
    ];
    events.extend(claude.map(|claude| JobEvent::Spawned { claude }));
    events.extend(state.ending().map(|ending| JobEvent::Finish {
        at,
        ending: ending.clone(),
    }));
    events
}

#[cfg(test)]
mod tests {

    use cc_jobs::Ending;

    use super::*;

    #[test]
    fn only_what_events_explain_is_a_history() {
        let proc = |pid| Proc {
            pid,
            identity: pid.to_string(),
        };
        let at = Time::from_millis;
        let running = |claude: Option<u32>| JobState::Running {
            since: at(1),
            worker: proc(1),
            claude: claude.map(proc),
        };
        let done = |ending| JobState::Done {
            since: Some(at(1)),
            at: at(2),
            ending,
        };
        let cancelling = JobState::Cancelling {
            since: at(1),
            worker: proc(1),
            claude: Some(proc(2)),
            survivors: vec![proc(3)],
        };
        let possible = [
            (JobState::Queued, running(Some(2))),
            (JobState::Queued, done(Ending::Completed)),
            (JobState::Queued, cancelling.clone()),
            (running(None), running(Some(2))),
            (running(Some(2)), running(Some(3))),
            (running(Some(2)), cancelling.clone()),
            (cancelling.clone(), done(Ending::Cancelled)),
            (done(Ending::Completed), done(Ending::Completed)),
        ];
        for (before, after) in possible {
            assert!(leads_to(&before, &after), "{before:?} to {after:?}");
        }
        let impossible = [
            (running(None), JobState::Queued),
            (running(Some(2)), running(None)),
            (cancelling.clone(), running(Some(2))),
            (cancelling, done(Ending::Completed)),
            (done(Ending::Completed), done(Ending::Cancelled)),
            (done(Ending::Cancelled), running(None)),
        ];
        for (before, after) in impossible {
            assert!(!leads_to(&before, &after), "{before:?} to {after:?}");
        }
    }
}
