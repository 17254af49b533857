//! Making a job: its record comes last, and makes it one.

use std::time::Duration;

use cc_core::fs::{create_private_dir, write_transient};
use cc_core::{FileLock, JobId, ModelNames};

use crate::guard::Guard;
use crate::job::{Body, Draft, Job, SCHEMA_VERSION};
use crate::retention::MAKING;
use crate::state::JobState;
use crate::store::{Store, StoreError};

/// A job without a record, which is locked until it has one. Dropping it instead removes its files.
#[must_use = "it becomes a job when it is saved"]
#[derive(Debug)]
pub struct NewJob<'store> {
    store: &'store Store,
    job: Job,
    body: Body,
    is_saved: bool,
    _lock: FileLock,
}

impl Store {
    /// Makes a queued job with its prompt.
    ///
    /// The returned lock marks the job as alive: once nobody holds it, every reader treats the job as lost.
    ///
    /// # Errors
    /// When a file cannot be written; nothing is left behind then.
    pub fn create(&self, draft: Draft, prompt: &str) -> Result<(Job, FileLock), StoreError> {
        let (new, alive) = self.begin(draft, prompt)?;
        Ok((new.save()?, alive))
    }

    /// Makes the files of a queued job but for its record. The returned lock marks the job as alive, as that of
    /// [`Store::create`] does. It may be handed to the worker before the record is there, for which
    /// [`Store::lock_made`] waits.
    ///
    /// # Errors
    /// When a file cannot be written; nothing is left behind then.
    pub fn begin(&self, draft: Draft, prompt: &str) -> Result<(NewJob<'_>, FileLock), StoreError> {
        create_private_dir(&self.dir().jobs())?;
        let now = self.now();
        let id = JobId::fresh(draft.kind.class(), now);
        let new = NewJob {
            store: self,
            // Nobody else knows the job.
            _lock: FileLock::exclusive(&self.dir().lock(&id), Duration::ZERO)?,
            is_saved: false,
            job: Job {
                id,
                kind: draft.kind,
                title: draft.title,
                summary: draft.summary,
                workspace_root: self.workspace().root().display().to_string(),
                write: draft.write,
                session: draft.session,
                thread: None,
                created_at: now,
                updated_at: now,
                usage: None,
                cost_usd: None,
                model: ModelNames {
                    requested: draft.model,
                    actual: None,
                },
                viewed_at: None,
                notified_at: None,
                schema_version: Some(SCHEMA_VERSION),
                state: JobState::Queued,
            },
            body: Body {
                request: draft.request,
                ..Body::default()
            },
        };
        let alive = FileLock::exclusive(&self.dir().alive(new.id()), Duration::ZERO)?;
        write_transient(&self.dir().prompt(new.id()), prompt.as_bytes())?;
        Ok((new, alive))
    }

    /// For the worker of a job, which may start before it is made: waits until it is, and takes its lock. Of one
    /// that was not made, it removes the files.
    ///
    /// # Errors
    /// When it was not made, its record is damaged or newer, or the lock stays held.
    pub fn lock_made(&self, id: &JobId) -> Result<Guard<'_>, StoreError> {
        // As long as its caller lives, it may still be made.
        let taken = self.take(id, MAKING);
        if let Err(StoreError::NotFound { .. }) = taken {
            // Why is the error to report; `prune` removes what stays.
            let _ = self.remove_files(id);
        }
        taken
    }
}

impl NewJob<'_> {
    /// Its name.
    pub fn id(&self) -> &JobId {
        &self.job.id
    }

    /// Writes the record.
    ///
    /// # Errors
    /// When it cannot be written; nothing is left behind then.
    pub fn save(mut self) -> Result<Job, StoreError> {
        self.store.save(&self.job, &self.body)?;
        self.is_saved = true;
        Ok(self.job.clone())
    }
}

impl Drop for NewJob<'_> {
    fn drop(&mut self) {
        if !self.is_saved {
            // Why there is no job is the error to report; `prune` removes what stays.
            let _ = self.store.remove_files(&self.job.id);
        }
    }
}
