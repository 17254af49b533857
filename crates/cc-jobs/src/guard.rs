//! Changing one job, which takes its lock.

use std::io;
use std::time::Duration;

use cc_core::fs::remove_if_there;
use cc_core::text::tail;
use cc_core::{FileLock, IoError, JobId, ThreadId};

use crate::job::{Body, Job, JobReport, PARTIAL_OUTPUT_LIMIT, SCHEMA_VERSION};
use crate::kept::KeptEnd;
use crate::state::{Ending, JobEvent};
use crate::store::{Store, StoreError};

/// How long a change waits for another change of the same job.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is in the record of a job, for the worker, which alone changes its state while it runs.
#[derive(Clone, Debug)]
pub struct Remembered {
    job: Job,
    body: Body,
}

impl Remembered {
    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Its bulky parts.
    pub fn body(&self) -> &Body {
        &self.body
    }
}

/// A locked job. Every change is saved before it returns.
#[must_use = "dropping the guard releases the lock"]
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
    /// When there is no such job or the lock stays held; once it is held, when the record is damaged or newer.
    pub fn lock(&self, id: &JobId) -> Result<Guard<'_>, StoreError> {
        // Before the lock file is made, so that an unknown id leaves no file behind.
        let record = self.dir().record(id).symlink_metadata();
        if matches!(record, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return Err(StoreError::NotFound { id: id.clone() });
        }
        self.take(id, PATIENCE)
    }

    /// Takes the lock of a job and reads its record, which may not be there yet while somebody holds the lock.
    pub(crate) fn take(&self, id: &JobId, patience: Duration) -> Result<Guard<'_>, StoreError> {
        let path = self.dir().lock(id);
        let lock = FileLock::exclusive(&path, patience)?;
        let loaded = self.load(id);
        if let Err(StoreError::NotFound { .. }) = loaded {
            // Removed meanwhile, or not made: the lock file is a new one, of a job that is never made again.
            let _ = remove_if_there(&path);
        }
        let (job, body) = loaded?;
        if job
            .schema_version
            .is_some_and(|version| version > SCHEMA_VERSION)
        {
            return Err(StoreError::Newer { id: id.clone() });
        }
        Ok(Guard::new(self, lock, job, body))
    }
}

impl Store {
    /// Takes the lock of the job that this process works on. Where its record is damaged, or does not name
    /// its worker any more, it is rewritten from what is `remembered`.
    ///
    /// # Errors
    /// When there is no such job, its record is newer, the lock stays held, or the record cannot be saved.
    pub fn lock_at_work(&self, remembered: &Remembered) -> Result<Guard<'_>, StoreError> {
        let id = &remembered.job.id;
        let worker = |job: &Job| job.state.processes().0.cloned();
        match self.lock(id) {
            // A job that has ended stays ended.
            Ok(guard)
                if !guard.job.state.is_active()
                    || worker(&guard.job) == worker(&remembered.job) =>
            {
                return Ok(guard);
            }
            Ok(guard) => drop(guard),
            Err(StoreError::Damaged { .. }) => {}
            error => return error,
        }
        let lock = FileLock::exclusive(&self.dir().lock(id), PATIENCE)?;
        let Remembered { job, body } = remembered.clone();
        let mut guard = Guard::new(self, lock, job, body);
        guard.change(|_, _| Ok(()))?;
        Ok(guard)
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

    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Its bulky parts.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Releases the lock and returns what is in the record.
    pub fn remember(self) -> Remembered {
        Remembered {
            job: self.job,
            body: self.body,
        }
    }

    /// Returns the job and releases the lock.
    pub fn into_job(self) -> Job {
        self.job
    }

    /// Changes the state of the job.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] where the event does not apply; the job is then unchanged.
    pub fn apply(&mut self, event: JobEvent) -> Result<(), StoreError> {
        self.change(|job, _| Ok(job.apply(event)?))?;
        self.drop_files_of_ended();
        Ok(())
    }

    /// Ends the job with the report of its run.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] where it has ended already; the job is then unchanged.
    pub fn finish(&mut self, ending: Ending, report: JobReport) -> Result<(), StoreError> {
        let at = self.store.now();
        self.change(|job, body| {
            job.apply(JobEvent::Finish { at, ending })?;
            report.store(job, body);
            Ok(())
        })?;
        self.drop_files_of_ended();
        Ok(())
    }

    /// Ends the job whose worker is gone by `event`, with what the worker could not save, if it kept that.
    pub(crate) fn finish_lost(
        &mut self,
        event: JobEvent,
        kept: Option<KeptEnd>,
    ) -> Result<(), StoreError> {
        self.change(|job, body| {
            job.apply(event)?;
            if let Some(kept) = kept {
                kept.restore(job, body);
            }
            Ok(())
        })?;
        self.drop_files_of_ended();
        Ok(())
    }

    /// Saves the report of a run after which the job has not ended.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn keep_report(&mut self, report: JobReport) -> Result<(), StoreError> {
        self.change(|job, body| {
            report.store(job, body);
            Ok(())
        })
    }

    /// Saves Claude's text so far, the last MiB of it, in case the worker dies.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn keep_partial(&mut self, text: &str) -> Result<(), StoreError> {
        self.change(|_, body| {
            let kept = tail(text, PARTIAL_OUTPUT_LIMIT);
            body.partial_output = Some(match text.len() - kept.len() {
                0 => text.to_owned(),
                _ => format!("[the beginning was not saved]\n\n{kept}"),
            });
            Ok(())
        })
    }

    /// Saves Claude's thread, from the moment it can be resumed.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn keep_thread(&mut self, thread: ThreadId) -> Result<(), StoreError> {
        self.change(|job, _| {
            job.thread = Some(thread);
            Ok(())
        })
    }

    /// Saves when the result was first shown.
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

    /// Saves that the end was announced; returns whether this call was the first to do so.
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

    /// Reverts [`Guard::mark_notified`] after the announcement failed.
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
    /// Removing the lock file with the record is safe: ids are never reused, and a process that still
    /// waits for this lock finds no record once it has it.
    ///
    /// # Errors
    /// When a file cannot be removed.
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

    fn drop_files_of_ended(&self) {
        if !self.job.state.is_active() {
            let dir = self.store.dir();
            let id = &self.job.id;
            for path in [dir.prompt(id), dir.run_settings(id), dir.progress(id)] {
                // If this fails, it is removed with its job.
                let _ = cc_core::fs::remove_if_there(&path);
            }
        }
    }
}
