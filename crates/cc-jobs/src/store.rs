//! The files of all jobs of one workspace: one record each.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use cc_core::fs::{open_own, read_own, remove_if_there, write_atomic};
use cc_core::process::Survivors;
use cc_core::{Clock, DataDir, IoError, JobId, LockError, StateDir, Time, Workspace, lock};

use crate::job::{Body, Job};
use crate::record::{self, RECORD_LIMIT, RecordError};
use crate::state::Rejected;

/// How often is looked whether a worker has ended that holds no lock.
const OLDER_PAUSE: Duration = Duration::from_millis(200);

/// Why the store cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Another process holds the lock and does not release it.
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
    /// A file that counts or switches something is damaged; what it says is not guessed.
    #[error("`{}` is damaged: {source}", path.display())]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RecordError,
    },
    /// A newer version wrote the record, and this one cannot read it, or must not change it.
    #[error("job `{id}` was written by a newer version of cc")]
    Newer {
        /// The id.
        id: JobId,
    },
    /// The state of the job has changed; the event does not apply any more.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A value has no JSON form.
    #[error("cannot write the record as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl StoreError {
    /// Why a job cannot be read whose record is no record to this version.
    pub(crate) fn of_record(id: &JobId, path: PathBuf, source: RecordError) -> Self {
        match source {
            RecordError::Newer => Self::Newer { id: id.clone() },
            source => Self::Damaged { path, source },
        }
    }

    /// Whether the job is there and cannot be changed at the moment: a full disk, a directory that may
    /// not be written, a lock that somebody holds.
    pub fn is_about_writing(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Lock(_))
    }
}

/// The content of a file that was read; `None` where it is not there.
///
/// # Errors
/// [`StoreError::DamagedFile`] where either fails.
pub fn content_of<T>(
    path: &Path,
    read: Result<Vec<u8>, IoError>,
    parse: impl FnOnce(&[u8]) -> serde_json::Result<T>,
) -> Result<Option<T>, StoreError> {
    let damaged = |source| StoreError::DamagedFile {
        path: path.to_owned(),
        source,
    };
    match read {
        Ok(bytes) => parse(&bytes)
            .map(Some)
            .map_err(|error| damaged(error.into())),
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(damaged(error.source.into())),
    }
}

/// Ends the processes of a job whose worker is gone, and removes the files it left behind, as far as its
/// record can be read. Returns what its processes changed that they must not, in words; nothing if that is
/// nothing. The error names the surviving processes.
pub type CleanUp = fn(&JobId, Option<(&Job, &Body)>) -> Result<Option<String>, Survivors>;

/// The jobs of one workspace.
#[derive(Clone, Debug)]
pub struct Store {
    data: DataDir,
    workspace: Workspace,
    dir: StateDir,
    clock: Clock,
    pub(crate) clean_up: CleanUp,
}

impl Store {
    /// The store of a workspace; touches no file.
    pub fn new(data: &DataDir, workspace: Workspace, clock: Clock, clean_up: CleanUp) -> Self {
        let dir = data.state(&workspace);
        Self {
            data: data.clone(),
            workspace,
            dir,
            clock,
            clean_up,
        }
    }

    /// The store of the jobs in `dir`, which belong to `workspace`; touches no file.
    #[must_use]
    pub fn beside(&self, dir: StateDir, workspace: Workspace) -> Self {
        Self {
            workspace,
            dir,
            ..self.clone()
        }
    }

    /// The workspace whose jobs these are.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The files of all workspaces.
    pub(crate) fn data(&self) -> &DataDir {
        &self.data
    }

    /// The files of the workspace.
    pub fn dir(&self) -> &StateDir {
        &self.dir
    }

    /// The time of day.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The prompt of a job that has not ended.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn prompt(&self, id: &JobId) -> Result<String, StoreError> {
        let path = self.dir.prompt(id);
        let bytes = read_own(&path, RECORD_LIMIT)?;
        let not_utf8 = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        Ok(String::from_utf8(bytes)
            .map_err(not_utf8)
            .map_err(IoError::at("read", &path))?)
    }

    /// Whether the worker of a job is running, by its lock.
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
        lock::wait_released(&self.dir.alive(id))?;
        while self
            .load_head(id)
            .is_ok_and(|job| job.waits_for_older_worker(self.now()))
        {
            thread::sleep(OLDER_PAUSE);
        }
        Ok(())
    }

    pub(crate) fn save(&self, job: &Job, body: &Body) -> Result<(), StoreError> {
        let bytes = record::write(job, body)?;
        Ok(write_atomic(&self.dir.record(&job.id), &bytes)?)
    }

    /// Removes the record first: without it, what is left of the other files means nothing.
    pub(crate) fn remove_files(&self, id: &JobId) -> Result<(), IoError> {
        self.drop_kept_end(id);
        let dir = &self.dir;
        [
            dir.record(id),
            dir.prompt(id),
            dir.run_settings(id),
            dir.log(id),
            dir.progress(id),
            dir.page(id),
            dir.alive(id),
            dir.lock(id),
        ]
        .iter()
        .try_for_each(|path| remove_if_there(path))
    }

    /// Reads the head of one job as it was written.
    pub(crate) fn load_head(&self, id: &JobId) -> Result<Job, StoreError> {
        let path = self.dir.record(id);
        let file = match open_own(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotFound { id: id.clone() });
            }
            file => file.map_err(IoError::at("read", &path))?,
        };
        let job = match record::read_head(file) {
            Ok(job) if job.id != *id => Err(RecordError::Other(job.id)),
            head => head,
        };
        job.map_err(|source| StoreError::of_record(id, path, source))
    }

    pub(crate) fn load(&self, id: &JobId) -> Result<(Job, Body), StoreError> {
        let path = self.dir.record(id);
        let bytes = match read_own(&path, RECORD_LIMIT) {
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotFound { id: id.clone() });
            }
            // No record is larger than is read.
            Err(error) if error.source.kind() == io::ErrorKind::FileTooLarge => {
                let source = error.source.into();
                return Err(StoreError::Damaged { path, source });
            }
            bytes => bytes?,
        };
        let damaged = |source| StoreError::of_record(id, path, source);
        match record::read(&bytes) {
            Ok((job, _)) if job.id != *id => Err(damaged(RecordError::Other(job.id))),
            read => read.map_err(damaged),
        }
    }
}

#[cfg(test)]
mod tests;
