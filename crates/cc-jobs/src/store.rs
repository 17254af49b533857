//! All jobs of one workspace, one file each, no index.

mod listing;

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use cc_core::fs::{create_private_dir, open_regular, read_bounded, remove_if_there, write_atomic};
use cc_core::process::Survivors;
use cc_core::{
    Clock, DataDir, Failure, FailureClass, FileLock, IoError, JobId, LockError, Proc, StateDir,
    Time, Workspace, lock,
};

pub use listing::{Listing, Skipped, without_record};

use crate::record::{self, RECORD_LIMIT, RecordError};
use crate::state::Event;
use crate::{Body, Draft, Ending, Guard, Job, Rejected, State};

/// How long a change waits for another change of the same job.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What the store cannot do, and why.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The record is being changed by a process that does not finish.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is no such job in this workspace.
    #[error("there is no job `{id}` in this workspace")]
    NotFound {
        /// The id.
        id: JobId,
    },
    /// The record is damaged.
    #[error("job record `{}` is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The record was written by a newer version, which alone may change it.
    #[error("job `{id}` was written by a newer version of cc, which alone may change it")]
    Newer {
        /// The id.
        id: JobId,
    },
    /// The job has moved on; the step does not apply any more.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A value has no JSON form.
    #[error("cannot write the record as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Ends what a job whose worker is gone left running, and takes away what it left lying; the error
/// says what survived.
pub type CleanUp = fn(&Job, &Body) -> Result<(), Survivors>;

/// The jobs of one workspace.
#[derive(Clone, Debug)]
pub struct Store {
    workspace: Workspace,
    dir: StateDir,
    clock: Clock,
    clean_up: CleanUp,
}

impl Store {
    /// The store of a workspace; touches no file.
    pub fn new(data: &DataDir, workspace: Workspace, clock: Clock, clean_up: CleanUp) -> Self {
        let dir = data.state(&workspace);
        Self {
            workspace,
            dir,
            clock,
            clean_up,
        }
    }

    /// The workspace whose jobs these are.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The files of the workspace.
    pub fn dir(&self) -> &StateDir {
        &self.dir
    }

    /// The time of day.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Makes a queued job with its prompt.
    ///
    /// The returned lock says that the job is alive. Hand it to the worker: once nobody holds it,
    /// every reader takes the job for lost.
    ///
    /// # Errors
    /// When a file cannot be written; nothing is left behind then.
    pub fn create(&self, draft: Draft, prompt: &str) -> Result<(Job, FileLock), StoreError> {
        create_private_dir(&self.dir.jobs())?;
        let now = self.now();
        let job = Job {
            id: JobId::fresh(draft.kind.class(), now),
            kind: draft.kind,
            title: draft.title,
            summary: draft.summary,
            workspace_root: self.workspace.root().display().to_string(),
            write: draft.write,
            session: draft.session,
            thread: None,
            created_at: now,
            updated_at: now,
            usage: None,
            cost_usd: None,
            model: cc_core::ModelNames {
                requested: draft.model,
                actual: None,
            },
            viewed_at: None,
            notified_at: None,
            schema_version: Some(crate::job::SCHEMA_VERSION),
            state: State::Queued,
        };
        let body = Body {
            request: draft.request,
            ..Body::default()
        };
        let make = || {
            let alive = FileLock::exclusive(&self.dir.alive(&job.id), Duration::ZERO)?;
            write_atomic(&self.dir.prompt(&job.id), prompt.as_bytes())?;
            self.save(&job, &body)?;
            Ok(alive)
        };
        match make() {
            Ok(alive) => Ok((job, alive)),
            Err(error) => {
                // The first error is the one to tell; what cannot be removed is swept by `prune`.
                let _ = self.remove_files(&job.id);
                Err(error)
            }
        }
    }

    /// Reads one job as it really stands.
    ///
    /// # Errors
    /// When there is no such job or its record is damaged.
    pub fn read(&self, id: &JobId) -> Result<(Job, Body), StoreError> {
        let (job, body) = self.load(id)?;
        let settled = self.settle(job.clone());
        if settled.state == job.state {
            return Ok((job, body));
        }
        // What a lost job had said may have been saved after the first look.
        let body = self.load(id).map_or(body, |(_, body)| body);
        Ok((settled, body))
    }

    /// Takes the lock of a job, to change it.
    ///
    /// # Errors
    /// When there is no such job, its record is damaged or newer, or the lock stays held.
    pub fn lock(&self, id: &JobId) -> Result<Guard<'_>, StoreError> {
        // Looked at before the lock file is made, so that an unknown id leaves no file behind.
        self.load(id)?;
        let lock = FileLock::exclusive(&self.dir.lock(id), LOCK_PATIENCE)?;
        let (job, body) = self.load(id)?;
        if job
            .schema_version
            .is_some_and(|version| version > crate::job::SCHEMA_VERSION)
        {
            return Err(StoreError::Newer { id: id.clone() });
        }
        Ok(Guard::new(self, lock, job, body))
    }

    /// The prompt of a job that has not ended.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn prompt(&self, id: &JobId) -> Result<String, StoreError> {
        let path = self.dir.prompt(id);
        let bytes = read_bounded(&path, RECORD_LIMIT)?;
        let not_utf8 = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        Ok(String::from_utf8(bytes)
            .map_err(not_utf8)
            .map_err(IoError::at("read", &path))?)
    }

    /// Whether the worker of a job lives, by its lock.
    ///
    /// # Errors
    /// When the lock cannot be probed.
    pub fn is_alive(&self, id: &JobId) -> Result<bool, IoError> {
        lock::is_held(&self.dir.alive(id))
    }

    /// Blocks the thread until the worker of a job is gone.
    ///
    /// # Errors
    /// When the lock cannot be waited for.
    pub fn wait_ended(&self, id: &JobId) -> Result<(), IoError> {
        lock::wait_released(&self.dir.alive(id))
    }

    pub(crate) fn save(&self, job: &Job, body: &Body) -> Result<(), StoreError> {
        let bytes = record::write(job, body)?;
        Ok(write_atomic(&self.dir.record(&job.id), &bytes)?)
    }

    /// Removes the record first: without it, what is left of the other files means nothing.
    pub(crate) fn remove_files(&self, id: &JobId) -> Result<(), IoError> {
        let dir = &self.dir;
        [
            dir.record(id),
            dir.prompt(id),
            dir.log(id),
            dir.alive(id),
            dir.lock(id),
        ]
        .iter()
        .try_for_each(|path| remove_if_there(path))
    }

    fn load(&self, id: &JobId) -> Result<(Job, Body), StoreError> {
        let path = self.dir.record(id);
        let bytes = match read_bounded(&path, RECORD_LIMIT) {
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotFound { id: id.clone() });
            }
            bytes => bytes?,
        };
        record::read(&bytes).map_err(|source| StoreError::Damaged { path, source })
    }

    /// The job as it really stands: one whose worker is gone has ended, whatever its record says.
    fn settle(&self, job: Job) -> Job {
        if self.is_settled(&job) {
            return job;
        }
        match self.finish_lost(&job.id) {
            Ok(job) => job,
            // Who may not write, as in a sandbox, may not see either what still runs.
            Err(_) if matches!(job.state, State::CancelFailed { .. }) => job,
            // Who may not write still tells the truth.
            Err(_) => {
                let mut job = job;
                let event = lost(self.now(), None);
                let _ = job.apply(event);
                job
            }
        }
    }

    /// Whether a look at the job changes nothing. Where stopping it failed, only another cancel tries
    /// that again, which takes seconds, as long as something of it runs.
    fn is_settled(&self, job: &Job) -> bool {
        !job.state.is_active() || job.state.is_held_up() || self.worker_lives(job)
    }

    fn worker_lives(&self, job: &Job) -> bool {
        if job.schema_version.is_none() {
            // The plugin before this one held no lock; its pid is all there is.
            let (worker, _) = job.state.processes();
            return worker.is_some_and(|worker| worker.pid != 0 && Proc::of(worker.pid).is_some());
        }
        // Elsewhere than on Unix a lock cannot be inherited: the worker takes it a moment later.
        let starting = !cfg!(unix)
            && job.state == State::Queued
            && job.created_at.until(self.now()) < Duration::from_secs(15);
        starting || self.is_alive(&job.id).unwrap_or(true)
    }

    fn finish_lost(&self, id: &JobId) -> Result<Job, StoreError> {
        let mut guard = self.lock(id)?;
        let job = guard.job();
        if self.is_settled(job) {
            return Ok(guard.into_job());
        }
        match ((self.clean_up)(job, guard.body()), &job.state) {
            (Err(survivors), State::Cancelling { .. } | State::CancelFailed { .. }) => {
                guard.apply(Event::CancelFailed { survivors })?;
            }
            (ended, _) => guard.apply(lost(self.now(), ended.err()))?,
        }
        Ok(guard.into_job())
    }
}

/// Finds a job in any workspace, as its record says; also tells the name of the state directory.
pub fn find_anywhere(data: &DataDir, id: &JobId) -> Option<(String, Job)> {
    fs::read_dir(data.states()).ok()?.find_map(|entry| {
        let entry = entry.ok()?;
        let record = entry.path().join("jobs").join(format!("{id}.json"));
        let job = record::read_head(open_regular(&record).ok()?).ok()?;
        Some((entry.file_name().into_string().ok()?, job))
    })
}

fn lost(at: Time, survivors: Option<Survivors>) -> Event {
    let mut detail = "the worker of this job ended without finishing it".to_owned();
    if let Some(survivors) = survivors {
        detail = format!("{detail}; {survivors}");
    }
    let failure = Failure::new(FailureClass::Lost, detail);
    Event::Finish {
        at,
        ending: Ending::Failed(failure),
    }
}

#[cfg(test)]
mod tests;
