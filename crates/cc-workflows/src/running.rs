//! How many jobs of Codex's model may run at once: each costs the user money, and it can start them
//! without a question.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::fs::{create_private_dir, is_older_than, read_own, remove_if_there, write_atomic};
use cc_core::{DataDir, FileLock, JobId, StateDir, lock};
use cc_jobs::StoreError;
use serde::{Deserialize, Serialize};

use crate::project::Caller;
use crate::{Error, Project};

/// The largest list, in bytes.
const LIMIT: u64 = 1 << 20;

/// How long to wait for another call of the session that starts a job.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the list of a session stays that starts no more jobs.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// A place for one more job of a session, until it is taken or dropped.
pub(crate) struct JobSlot {
    file: PathBuf,
    running: Vec<RunningJob>,
    _lock: FileLock,
}

/// A job that was started, and may have ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct RunningJob {
    /// The name of its workspace's state directory.
    workspace: String,
    id: JobId,
}

impl RunningJob {
    pub(crate) fn of(project: &Project, id: &JobId) -> Self {
        let name = project.store.dir().root().file_name();
        Self {
            workspace: name.unwrap_or_default().to_string_lossy().into_owned(),
            id: id.clone(),
        }
    }

    /// Whether it has not ended; yes where that is unknown.
    pub(crate) fn is_alive(&self, data: &DataDir) -> bool {
        let dir = StateDir::at(data.states().join(&self.workspace));
        lock::is_held(&dir.alive(&self.id)).unwrap_or(true)
    }
}

impl JobSlot {
    /// A place for a job that the model of a session starts; `None` where a person does.
    ///
    /// # Errors
    /// When it has as many as it may, or that cannot be determined.
    pub(crate) fn find(project: &Project) -> Result<Option<Self>, Error> {
        let (Caller::Codex(_), Some(session)) = (&project.caller, &project.session) else {
            return Ok(None);
        };
        // Whoever calls with settings that are not valid was told so.
        let limit = project.settings().unwrap_or_default().jobs.max_per_session;
        let file = project.data.running(session);
        let dir = file.parent().unwrap_or(Path::new(""));
        create_private_dir(dir).map_err(StoreError::from)?;
        let lock = FileLock::exclusive(&project.data.running_lock(session), PATIENCE);
        let lock = lock.map_err(StoreError::from)?;
        sweep(dir)?;
        let mut running = read(&file);
        running.retain(|job| job.is_alive(&project.data));
        if running.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(Error::TooManyJobs {
                running: running.len(),
                limit,
            });
        }
        Ok(Some(Self {
            file,
            running,
            _lock: lock,
        }))
    }

    /// Gives the place to a job that is about to start.
    ///
    /// # Errors
    /// When that cannot be saved.
    pub(crate) fn take(mut self, project: &Project, id: &JobId) -> Result<(), Error> {
        self.running.push(RunningJob::of(project, id));
        let list = serde_json::to_vec(&self.running).map_err(StoreError::from)?;
        Ok(write_atomic(&self.file, &list).map_err(StoreError::from)?)
    }
}

/// The list; only we write it, and one that cannot be read is no list.
fn read(file: &Path) -> Vec<RunningJob> {
    let bytes = read_own(file, LIMIT).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Removes the files of sessions that start no more jobs.
fn sweep(dir: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if is_older_than(&entry.path(), KEPT) {
            remove_if_there(&entry.path()).map_err(StoreError::from)?;
        }
    }
    Ok(())
}
