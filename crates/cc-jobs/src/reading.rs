//! Reading a job in its true state: if its worker is gone it has ended, whatever its record says.

use std::fs;

use cc_core::fs::{open_own, remove_if_there};
use cc_core::process::Survivors;
use cc_core::{DataDir, Failure, FailureClass, JobId, StateDir, Time};

use crate::job::{Body, Job};
use crate::kept::KeptEnd;
use crate::record::{self, RecordError};
use crate::state::{Ending, JobEvent, JobState};
use crate::store::{Store, StoreError};

impl Store {
    /// Reads one job in its true state.
    ///
    /// # Errors
    /// When there is no such job or its record is damaged.
    pub fn read(&self, id: &JobId) -> Result<(Job, Body), StoreError> {
        let (job, body) = self.load(id).inspect_err(|error| {
            if matches!(error, StoreError::Damaged { .. }) {
                self.end_damaged(id);
            }
        })?;
        let settled = self.settle(job.clone());
        let settled = settled.ok_or_else(|| StoreError::NotFound { id: id.clone() })?;
        if settled.state == job.state {
            return Ok((job, body));
        }
        // The text of a lost job may have been saved after the first read.
        let body = match (self.load(id), self.kept_end(id)) {
            (Ok((saved, body)), kept) if !saved.state.is_active() || kept.is_none() => body,
            (_, Some(kept)) => kept.body,
            _ => body,
        };
        Ok((settled, body))
    }

    /// Reads the head of one job in its true state.
    ///
    /// # Errors
    /// When there is no such job or its record is damaged.
    pub fn find(&self, id: &JobId) -> Result<Job, StoreError> {
        let job = self.load_head(id).inspect_err(|error| {
            if matches!(error, StoreError::Damaged { .. }) {
                self.end_damaged(id);
            }
        })?;
        self.settle(job)
            .ok_or_else(|| StoreError::NotFound { id: id.clone() })
    }

    /// The job in its true state; `None` if it was removed meanwhile.
    pub(crate) fn settle(&self, job: Job) -> Option<Job> {
        if self.is_settled(&job) {
            return Some(job);
        }
        match self.finish_lost(&job.id) {
            Ok(job) => Some(job),
            Err(StoreError::NotFound { .. }) => None,
            // A reader that may not write, as in a sandbox, may not see its processes either.
            Err(_) if matches!(job.state, JobState::CancelFailed { .. }) => Some(job),
            Err(error) => Some(self.lost_in_memory(job, &error)),
        }
    }

    /// The lost job as it would be saved: who may not write still reports the truth, and ends what runs.
    fn lost_in_memory(&self, mut job: Job, error: &StoreError) -> Job {
        let left = match (error, self.load(&job.id)) {
            // Only a newer version may touch it.
            (StoreError::Newer { .. }, _) => Ok(None),
            (_, Ok((_, body))) => (self.clean_up)(&job.id, Some((&job, &body))),
            (_, Err(_)) => {
                self.end_damaged(&job.id);
                Ok(None)
            }
        };
        let kept = self.kept_end(&job.id);
        // The last that is known of it: each reader says the same.
        let event = ending(&job.state, job.updated_at, left, kept.as_ref());
        if job.apply(event).is_ok()
            && let Some(kept) = kept
        {
            kept.restore(&mut job, &mut Body::default());
        }
        job
    }

    /// Whether reading the job changes nothing. If stopping it failed and some of its processes still
    /// run, only another cancel tries again, since that takes seconds.
    fn is_settled(&self, job: &Job) -> bool {
        !job.state.is_active() || job.state.is_held_up() || self.worker_lives(job)
    }

    fn worker_lives(&self, job: &Job) -> bool {
        if job.is_older() {
            return job.has_older_worker(self.now());
        }
        self.is_alive(&job.id).unwrap_or(true)
    }

    /// Ends what a job left behind whose record is damaged, and whose worker is gone: a running worker
    /// rewrites its record. What can be done is done once: then there is no `alive` file any more. A job of a
    /// newer version is left to it.
    pub(crate) fn end_damaged(&self, id: &JobId) {
        let alive = self.dir().alive(id);
        if !alive.exists() || self.is_alive(id).unwrap_or(true) {
            return;
        }
        if matches!(self.load(id), Err(StoreError::Newer { .. })) {
            return;
        }
        if (self.clean_up)(id, None).is_ok() {
            // If this fails, the next reader finds nothing left to end.
            let _ = remove_if_there(&alive);
        }
    }

    fn finish_lost(&self, id: &JobId) -> Result<Job, StoreError> {
        let mut guard = self.lock(id)?;
        let job = guard.job();
        if self.is_settled(job) {
            return Ok(guard.into_job());
        }
        let left = (self.clean_up)(id, Some((job, guard.body())));
        let kept = self.kept_end(id);
        let event = ending(&job.state, self.now(), left, kept.as_ref());
        guard.finish_lost(event, kept)?;
        self.drop_kept_end(id);
        Ok(guard.into_job())
    }
}

/// Finds a job in any workspace, as recorded; also returns the state directory that holds it.
///
/// # Errors
/// When there is a record of that name, but only one that is damaged.
pub fn find_anywhere(data: &DataDir, id: &JobId) -> Result<Option<(StateDir, Job)>, StoreError> {
    let mut damaged = None;
    for entry in fs::read_dir(data.states()).into_iter().flatten().flatten() {
        let dir = StateDir::at(entry.path());
        let path = dir.record(id);
        let read = open_own(&path).map_err(RecordError::from);
        match read.and_then(record::read_head) {
            Ok(job) => return Ok(Some((dir, job))),
            Err(_) if path.symlink_metadata().is_err() => {}
            Err(source) => damaged = Some(StoreError::of_record(id, path, source)),
        }
    }
    damaged.map_or(Ok(None), Err)
}

/// What becomes of a job without a worker: the end that the worker kept, where nothing of the job runs.
fn ending(
    state: &JobState,
    at: Time,
    left: Result<Option<String>, Survivors>,
    kept: Option<&KeptEnd>,
) -> JobEvent {
    match (left, kept.and_then(KeptEnd::event)) {
        (Ok(None), Some(event)) => event,
        (left, _) => lost_or_held_up(state, at, left),
    }
}

/// What becomes of a job without a worker, by what it changed or which of its processes could not be ended.
fn lost_or_held_up(
    state: &JobState,
    at: Time,
    left: Result<Option<String>, Survivors>,
) -> JobEvent {
    match (left, state) {
        (Err(survivors), JobState::Cancelling { .. } | JobState::CancelFailed { .. }) => {
            JobEvent::CancelFailed { survivors }
        }
        (left, _) => lost(at, left),
    }
}

fn lost(at: Time, left: Result<Option<String>, Survivors>) -> JobEvent {
    const LOST: &str = "the worker of this job ended without finishing it";
    let failure = match left {
        Ok(None) => Failure::new(FailureClass::Lost, LOST),
        Ok(Some(changed)) => Failure::new(FailureClass::Protected, format!("{changed}; {LOST}")),
        Err(survivors) => Failure::new(FailureClass::Lost, format!("{LOST}; {survivors}")),
    };
    JobEvent::Finish {
        at,
        ending: Ending::Failed(failure),
    }
}
