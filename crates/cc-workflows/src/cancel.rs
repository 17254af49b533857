//! Cancelling a job: ask its worker to stop, then prove that everything it started has ended.

use std::process::{Command, Stdio};
use std::time::Duration;

use cc_core::process::Signal;
use cc_core::{JobId, Proc, SessionId};
use cc_jobs::{Job, JobEvent, JobState, StoreError, select};

use crate::{Error, Project, launch, wait};

/// How long a worker has to stop Claude: its own sequence takes up to six seconds.
const WORKER_PATIENCE: Duration = Duration::from_secs(15);

/// Starts a process for each unfinished job of a session, which cancels it.
///
/// # Errors
/// When the jobs cannot be listed, or such a process cannot be started.
pub fn of_session_later(project: &Project, session: &SessionId) -> Result<(), Error> {
    let jobs = project.jobs()?.jobs;
    let name = format!("cc-cli{}", std::env::consts::EXE_SUFFIX);
    let cli = project.env.exe.with_file_name(name);
    select::of_session(&jobs, Some(session))
        .filter(|job| job.state().is_active())
        .try_for_each(|job| {
            let mut command = Command::new(&cli);
            command
                .args(["cancel", job.id.as_str()])
                .current_dir(project.data.root())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            launch::spawn_detached(command).map_err(|source| Error::Spawn {
                exe: cli.display().to_string(),
                source,
            })
        })
}

/// Ends a job and everything it started, and returns the job afterwards.
///
/// # Errors
/// When it has already ended, or something of it still runs.
pub fn cancel(project: &Project, id: &JobId) -> Result<Job, Error> {
    let store = &project.store;
    let mut guard = store.lock(id)?;
    if guard.job().is_older() && *guard.job().state() == JobState::Queued {
        let why = "its worker has not started yet".to_owned();
        let job = Box::new(guard.into_job());
        return Err(Error::Survived { job, why });
    }
    match guard.apply(JobEvent::Cancel { at: store.now() }) {
        Ok(()) => {}
        // Two callers that cancel at once wait for the same end.
        Err(StoreError::Rejected(_))
            if matches!(guard.job().state(), JobState::Cancelling { .. }) => {}
        Err(StoreError::Rejected(_)) => {
            return Err(Error::AlreadyEnded(Box::new(guard.into_job())));
        }
        Err(error) => return Err(error.into()),
    }
    let job = guard.into_job();
    let (worker, _) = job.state().processes();
    let Some(worker) = worker.cloned() else {
        return Ok(job);
    };
    let job = stop(project, &job.id, &worker)?;
    match job.state() {
        JobState::CancelFailed { why, .. } => {
            let why = why.clone();
            Err(Error::Survived {
                job: Box::new(job),
                why,
            })
        }
        state if state.is_active() => {
            let why = format!("its worker, process {}, does not respond", worker.pid);
            Err(Error::Survived {
                job: Box::new(job),
                why,
            })
        }
        _ => Ok(job),
    }
}

fn stop(project: &Project, id: &JobId, worker: &Proc) -> Result<Job, StoreError> {
    let store = &project.store;
    // A worker that cannot be signalled is noticed by the lock it keeps.
    let _ = worker.signal(Signal::Terminate);
    let job = wait::wait(store, id, Some(WORKER_PATIENCE))?;
    if !job.state().is_active() || !store.is_alive(id)? {
        return Ok(job);
    }
    // It hangs. Without it, the next reader ends Claude.
    let _ = worker.signal(Signal::Kill);
    wait::wait(store, id, Some(Duration::from_secs(5)))
}
