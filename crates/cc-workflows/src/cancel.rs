//! Cancelling a job: ask its worker to stop, then prove that everything it started has ended.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::process::Signal;
use cc_core::{JobId, Proc, SessionId};
use cc_jobs::{Job, JobEvent, JobState, Store, StoreError, select};

use crate::find::once_rewritten;
use crate::run::{ask_to_stop, may_ask_to_stop};
use crate::{Error, Project, launch, wait};

/// How long a worker has to stop Claude: its own sequence takes up to seven seconds.
const WORKER_PATIENCE: Duration = Duration::from_secs(15);

/// How long a killed worker may take to be gone.
const WORKER_END: Duration = Duration::from_secs(5);

/// Starts a process for each unfinished job of a session, which cancels it.
///
/// # Errors
/// When the jobs cannot be listed, or such a process cannot be started.
pub fn of_session_later(project: &Project, session: &SessionId) -> Result<(), Error> {
    let jobs = project.jobs(&[])?.jobs;
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
/// When it has already ended, this process may not stop it, something of it still runs, or its end cannot be recorded.
pub fn cancel(project: &Project, id: &JobId) -> Result<Job, Error> {
    match cancel_recorded(project, id) {
        Err(Error::Store(source)) if source.is_about_writing() => {
            stop_unrecorded(&project.store, id, source)
        }
        cancelled => cancelled,
    }
}

fn cancel_recorded(project: &Project, id: &JobId) -> Result<Job, Error> {
    let store = &project.store;
    let mut guard = once_rewritten(store, id, || store.lock(id))?;
    if guard.job().is_older() && *guard.job().state() == JobState::Queued {
        let why = "its worker has not started yet".to_owned();
        let job = Box::new(guard.into_job());
        return Err(Error::Survived { job, why });
    }
    check_permission(guard.job())?;
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

/// Makes sure that this process may stop the worker of a job, before anything of the job changes.
fn check_permission(job: &Job) -> Result<(), Error> {
    let (worker, _) = job.state().processes();
    match worker {
        Some(worker) if !may_ask_to_stop(&job.id) => Err(Error::MayNotStop {
            id: job.id.clone(),
            pid: worker.pid,
        }),
        _ => Ok(()),
    }
}

/// Ends a job whose record cannot be changed: its worker takes the request for a cancel, and records that
/// once it can. Always an error, also where all has ended.
fn stop_unrecorded(store: &Store, id: &JobId, source: StoreError) -> Result<Job, Error> {
    // Where the worker is gone, reading ends what it left.
    let (job, _) = store.read(id)?;
    check_permission(&job)?;
    let (_, claude) = job.state().processes();
    if let Some(worker) = job.running_worker() {
        let _ = ask_to_stop(id, &worker);
        if !has_stopped(store, id, claude, WORKER_PATIENCE) {
            let _ = worker.signal(Signal::Kill);
            has_stopped(store, id, None, WORKER_END);
            store.read(id)?;
        }
        if let Some(claude) = claude.filter(|claude| claude.is_running()) {
            let why = format!("Claude, process {}, still runs", claude.pid);
            let job = Box::new(job);
            return Err(Error::Survived { job, why });
        }
    } else if job.state().is_active() {
        return Err(source.into());
    }
    let id = id.clone();
    Err(Error::NotRecorded { id, source })
}

/// Whether the worker is gone within `patience`, or has had a second since the end of Claude.
fn has_stopped(store: &Store, id: &JobId, claude: Option<&Proc>, patience: Duration) -> bool {
    let begun = Instant::now();
    let mut claude_ended = None;
    while begun.elapsed() < patience {
        if !store.is_alive(id).unwrap_or(true) {
            return true;
        }
        if claude.is_some_and(|claude| !claude.is_running()) {
            let since: &mut Instant = claude_ended.get_or_insert_with(Instant::now);
            if since.elapsed() > Duration::from_secs(1) {
                return true;
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
    false
}

fn stop(project: &Project, id: &JobId, worker: &Proc) -> Result<Job, StoreError> {
    let store = &project.store;
    // A worker that cannot be asked is noticed by the lock it keeps.
    let _ = ask_to_stop(id, worker);
    let job = wait::wait(store, id, Some(WORKER_PATIENCE))?;
    if !job.state().is_active() || !store.is_alive(id)? {
        return Ok(job);
    }
    // It hangs. Without it, the next reader ends Claude.
    let _ = worker.signal(Signal::Kill);
    wait::wait(store, id, Some(WORKER_END))
}
