//! How long finished jobs are kept.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use cc_core::fs::{is_temporary, sweep};
use cc_core::{JobId, Time};

use crate::{EndedJob, Job, Listing, Store, StoreError, ledger, spending};

/// How many finished jobs of a session are kept.
pub const KEPT_A_SESSION: usize = 100;

/// How many finished jobs of a workspace are kept.
pub const KEPT_A_WORKSPACE: usize = 1_000;

/// How long a result waits to be read, however many jobs have finished since.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Longer than it takes to make a job: an older file without a job never gets one.
pub const MAKING: Duration = Duration::from_secs(3_600);

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The most jobs that a worker removes: after an update there may be thousands too many, and somebody waits for
/// the hook that it is in.
const REMOVED_AT_ONCE: usize = 100;

/// How many finished jobs are kept. Checks of the gate are counted apart: they come with every turn, and
/// must not displace what was requested.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Of each session.
    pub of_a_session: usize,
    /// Of all sessions.
    pub of_a_workspace: usize,
    /// The most that are removed at once, the oldest.
    pub removed_at_once: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            removed_at_once: REMOVED_AT_ONCE,
            ..Self::of_each_session(KEPT_A_SESSION)
        }
    }
}

impl Kept {
    /// So many of each session, and of all sessions as many as usual.
    pub fn of_each_session(count: usize) -> Self {
        Self {
            of_a_session: count,
            of_a_workspace: count.max(KEPT_A_WORKSPACE),
            removed_at_once: usize::MAX,
        }
    }

    /// Of all finished jobs those that are too many, the one that ended last first.
    fn too_many(self, mut finished: Vec<EndedJob>) -> Vec<EndedJob> {
        finished.sort_by(|a, b| (b.completed_at, &b.id).cmp(&(a.completed_at, &a.id)));
        let (mut of_sessions, mut of_all) = (HashMap::new(), HashMap::new());
        finished.retain(|job| {
            let asked_for = job.kind.is_asked_for();
            let of_session: &mut usize = of_sessions
                .entry((job.session.clone(), asked_for))
                .or_default();
            let of_all: &mut usize = of_all.entry(asked_for).or_default();
            *of_session += 1;
            *of_all += 1;
            *of_session > self.of_a_session || *of_all > self.of_a_workspace
        });
        finished
    }
}

/// Whether the result of a job ended in the last month, and nobody has read it yet.
pub fn waits_for_reader(job: &Job, now: Time) -> bool {
    let ended = job.state().completed_at();
    job.is_unread() && ended.is_some_and(|at| at.until(now) < MONTH)
}

/// What can be pruned.
#[derive(Debug, Default)]
pub struct Prunable {
    /// The jobs, newest first; all have ended.
    pub jobs: Vec<Job>,
    /// Jobs whose records cannot be read, and why.
    pub unreadable: Vec<(JobId, StoreError)>,
}

/// What was pruned, or would be.
#[must_use = "it names the jobs that could not be removed"]
#[derive(Debug, Default)]
pub struct Pruned {
    /// The jobs, newest first.
    pub jobs: Vec<JobId>,
    /// How many of them have a result that nobody has read.
    pub unread: usize,
    /// Jobs that could not be removed, and why.
    pub failed: Vec<(JobId, StoreError)>,
    /// Files of jobs whose record is gone, of sessions without activity for a week, and temporary files.
    pub leftovers: usize,
}

impl Store {
    /// Removes the oldest finished jobs beyond `kept`, and files of jobs without a record. A job that has
    /// not ended is never removed, nor one that `is_needed`. What the removed jobs cost still counts for a
    /// day.
    ///
    /// # Errors
    /// When the jobs cannot be listed, or their costs cannot be saved. A job that cannot be removed is
    /// reported in [`Pruned`].
    pub fn prune(
        &self,
        kept: Kept,
        dry_run: bool,
        is_needed: impl Fn(&Job) -> bool,
    ) -> Result<Pruned, StoreError> {
        let mut prunable = self.prunable(kept, is_needed)?;
        // The newest come first, and the oldest go first.
        let later = prunable.jobs.len().saturating_sub(kept.removed_at_once);
        prunable.jobs.drain(..later);
        self.remove_finished(prunable, dry_run)
    }

    /// The oldest finished jobs beyond `kept` that are not needed, the one that ended last first.
    ///
    /// # Errors
    /// When the jobs cannot be listed.
    pub fn prunable(
        &self,
        kept: Kept,
        is_needed: impl Fn(&Job) -> bool,
    ) -> Result<Prunable, StoreError> {
        let Listing { jobs, others, .. } = self.list_with(&[])?;
        let ended = jobs.iter().filter_map(EndedJob::of).chain(others);
        let mut prunable = Prunable::default();
        for job in kept.too_many(ended.collect()) {
            match self.find(&job.id) {
                Ok(job) if is_needed(&job) => {}
                Ok(job) => prunable.jobs.push(job),
                // Somebody else has pruned it.
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => prunable.unreadable.push((job.id, error)),
            }
        }
        Ok(prunable)
    }

    /// Removes jobs that have ended, and files of jobs without a record. What the jobs cost still counts for
    /// a day.
    ///
    /// # Errors
    /// When their costs cannot be saved. A job that cannot be removed is reported in [`Pruned`].
    pub fn remove_finished(&self, prunable: Prunable, dry_run: bool) -> Result<Pruned, StoreError> {
        let mut finished = prunable.jobs;
        let mut pruned = Pruned {
            failed: prunable.unreadable,
            ..Pruned::default()
        };
        match dry_run {
            true => Ok(()),
            false => spending::keep_bills(self.dir(), &finished, self.now()),
        }
        .or_else(|error| match error {
            // What counts against the budget stays until it can be counted.
            StoreError::DamagedFile { .. } => {
                let is_counted = |job: &Job| spending::counts(job, self.now());
                let first = finished.iter().find(|job| is_counted(job));
                pruned
                    .failed
                    .extend(first.map(|job| (job.id.clone(), error)));
                finished.retain(|job| !is_counted(job));
                Ok(())
            }
            error => Err(error),
        })?;
        if !dry_run {
            // What was spent in the past must not keep anybody from freeing space.
            let _ = ledger::keep(self.dir(), &finished, self.now());
        }
        for job in finished {
            match if dry_run {
                Ok(())
            } else {
                self.remove(&job.id)
            } {
                Ok(()) => {
                    pruned.unread += usize::from(job.is_unread());
                    pruned.jobs.push(job.id);
                }
                // Somebody else has pruned it.
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => pruned.failed.push((job.id, error)),
            }
        }
        if !dry_run {
            pruned.leftovers = self.sweep() + self.sweep_turns();
        }
        Ok(pruned)
    }

    fn remove(&self, id: &JobId) -> Result<(), StoreError> {
        let guard = self.lock(id)?;
        // Ended jobs stay ended, so the look before the lock still holds.
        Ok(guard.remove()?)
    }

    /// Removes what killed processes left behind: files of jobs without a record, and temporary files.
    /// Both also exist for a moment while a job is made or a file saved, so recent ones are kept.
    fn sweep(&self) -> usize {
        let jobs = self.dir().jobs();
        let entries = fs::read_dir(&jobs).into_iter().flatten().flatten();
        let names: HashSet<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        let has_no_record = |name: &str| {
            let extensions = [
                "lock", "alive", "log", "progress", "prompt", "settings", "html",
            ];
            let mut stems = extensions
                .iter()
                .filter_map(|extension| name.strip_suffix(extension)?.strip_suffix('.'));
            stems.any(|stem| JobId::parse(stem).is_ok() && !names.contains(&format!("{stem}.json")))
        };
        let of_jobs = sweep(&jobs, MAKING, |name| {
            is_temporary(name) || has_no_record(name)
        });
        let data = self.data();
        let subdirectories = |dir: &Path| {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            let real = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            real.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let mut dirs = subdirectories(data.root());
        dirs.extend(subdirectories(&data.repositories()));
        dirs.extend([data.root().to_owned(), self.dir().root().to_owned()]);
        let others = dirs.iter().map(|dir| sweep(dir, MAKING, is_temporary));
        of_jobs + others.sum::<usize>()
    }

    /// Removes the files of sessions that never reported their end: not every Codex does.
    fn sweep_turns(&self) -> usize {
        sweep(self.dir().root(), WEEK, |name| {
            let is_lock = name.starts_with("turn.") && name.ends_with(".lock");
            is_lock || (name.starts_with("turn-baseline.") && name.ends_with(".json"))
        })
    }
}
