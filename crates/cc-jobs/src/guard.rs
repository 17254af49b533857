//! The right to change one job: exists only while the job's lock is held.

use std::time::Duration;

use cc_core::text::tail;
use cc_core::{FileLock, IoError, JobId, ThreadId};

use crate::job::{Body, Job, PARTIAL_OUTPUT_LIMIT, Report, SCHEMA_VERSION};
use crate::state::{Ending, Event};
use crate::store::{Store, StoreError};

/// How long a change waits for another change of the same job.
const PATIENCE: Duration = Duration::from_secs(10);

/// A locked job. Every change is saved before it returns.
#[derive(Debug)]
pub struct Guard<'store> {
    store: &'store Store,
    _lock: FileLock,
    job: Job,
    body: Body,
}

impl Store {
    /// Takes the lock of a job, to change it.
    ///
    /// # Errors
    /// When there is no such job, its record is damaged or newer, or the lock stays held.
    pub fn lock(&self, id: &JobId) -> Result<Guard<'_>, StoreError> {
        // Looked at before the lock file is made, so that an unknown id leaves no file behind.
        self.load(id)?;
        let lock = FileLock::exclusive(&self.dir().lock(id), PATIENCE)?;
        let (job, body) = self.load(id)?;
        if job
            .schema_version
            .is_some_and(|version| version > SCHEMA_VERSION)
        {
            return Err(StoreError::Newer { id: id.clone() });
        }
        Ok(Guard::new(self, lock, job, body))
    }
}

impl<'store> Guard<'store> {
    fn new(store: &'store Store, lock: FileLock, job: Job, body: Body) -> Self {
        Self {
            store,
            _lock: lock,
            job,
            body,
        }
    }

    /// The job as it stands.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Its bulky parts.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Gives the job away, and the lock up.
    pub fn into_job(self) -> Job {
        self.job
    }

    /// Moves the job.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] where the event does not apply; the job is then unchanged.
    pub fn apply(&mut self, event: Event) -> Result<(), StoreError> {
        self.change(|job, _| Ok(job.apply(event)?))?;
        self.drop_prompt_of_ended();
        Ok(())
    }

    /// Ends the job with what its run left behind.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] where it has ended already; the job is then unchanged.
    pub fn finish(&mut self, ending: Ending, report: Report) -> Result<(), StoreError> {
        let at = self.store.now();
        self.change(|job, body| {
            job.apply(Event::Finish { at, ending })?;
            report.store(job, body);
            Ok(())
        })?;
        self.drop_prompt_of_ended();
        Ok(())
    }

    /// Keeps what its run left behind of a job that has not ended with it.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn keep_report(&mut self, report: Report) -> Result<(), StoreError> {
        self.change(|job, body| {
            report.store(job, body);
            Ok(())
        })
    }

    /// Keeps what Claude has said so far, the last MiB of it, in case the worker dies.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn keep_partial(&mut self, text: &str) -> Result<(), StoreError> {
        self.change(|_, body| {
            body.partial_output = Some(tail(text, PARTIAL_OUTPUT_LIMIT).to_owned());
            Ok(())
        })
    }

    /// Notes the thread that Claude keeps, from the moment it is there to be resumed.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn keep_thread(&mut self, thread: ThreadId) -> Result<(), StoreError> {
        self.change(|job, _| {
            job.thread = Some(thread);
            Ok(())
        })
    }

    /// Notes that the result was shown; only the first time counts.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn mark_viewed(&mut self) -> Result<(), StoreError> {
        let now = self.store.now();
        if self.job.viewed_at.is_some() {
            return Ok(());
        }
        self.change(|job, _| {
            job.viewed_at = Some(now);
            Ok(())
        })
    }

    /// Notes that the end was announced; tells whether this call was the first to do so.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn mark_notified(&mut self) -> Result<bool, StoreError> {
        if self.job.notified_at.is_some() || self.job.viewed_at.is_some() {
            return Ok(false);
        }
        let now = self.store.now();
        self.change(|job, _| {
            job.notified_at = Some(now);
            Ok(())
        })?;
        Ok(true)
    }

    /// Takes the note that the end was announced back, where the announcement failed.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn unmark_notified(&mut self) -> Result<(), StoreError> {
        self.change(|job, _| {
            job.notified_at = None;
            Ok(())
        })
    }

    /// Removes the job and all its files.
    ///
    /// Removing the lock file with the record is safe: ids are never used again, and whoever still
    /// waits for this lock finds no record once it has it.
    ///
    /// # Errors
    /// When a file stays.
    pub fn remove(self) -> Result<(), IoError> {
        self.store.remove_files(&self.job.id)
    }

    fn change(
        &mut self,
        change: impl FnOnce(&mut Job, &mut Body) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut job, mut body) = (self.job.clone(), self.body.clone());
        change(&mut job, &mut body)?;
        job.updated_at = self.store.now();
        self.store.save(&job, &body)?;
        (self.job, self.body) = (job, body);
        Ok(())
    }

    fn drop_prompt_of_ended(&self) {
        if !self.job.state.is_active() {
            // A prompt that stays is swept with its job.
            let _ = cc_core::fs::remove_if_there(&self.store.dir().prompt(&self.job.id));
        }
    }
}
