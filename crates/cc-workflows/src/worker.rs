//! The process that runs one job: each ends with the other.

use std::fs::File;
use std::io;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use cc_core::fs::check_own_dir;
use cc_core::text::count;
use cc_core::{DataDir, Env, FileLock, IoError, JobId, Proc, Workspace};
use cc_jobs::log::Log;
use cc_jobs::{Body, Draft, Ending, Job, JobEvent, JobState, Remembered, StoreError, retention};

use crate::day_budget::DayRest;
use crate::order::WorkOrder;
use crate::run::{CannotRun, JobEnd, Prologue, Run, RunRecorder, StopRequest};
use crate::{Project, day_budget, gate, push, rescue, review};

/// How long a worker keeps a result that it cannot save, such as on a full disk: until there is room.
const SAVE_PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// How long a hook, which Codex would end, keeps such a result.
const HOOK_SAVE_PATIENCE: Duration = Duration::from_secs(60);

/// How often it says so in the log.
const NOTE_INTERVAL: Duration = Duration::from_secs(60);

/// How many files are open at once while a job is saved, with some to spare.
const FILES_TO_SAVE: usize = 4;

/// Why a worker could not run its job.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// A file of the job cannot be used.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The job cannot be read or changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gives us no process identity, timer or signal.
    #[error("cannot set up the worker: {0}")]
    Setup(#[source] io::Error),
}

/// Runs the job `id` of `workspace` to its end.
///
/// # Errors
/// When the job cannot be taken; what goes wrong later becomes the job's own failure.
pub fn work(env: &Env, data: PathBuf, workspace: PathBuf, id: &JobId) -> Result<(), WorkError> {
    let project = Project::at(env, DataDir::at(data), Workspace::from_canonical(workspace));
    let dir = project.store.dir();
    for dir in [project.data.root(), dir.root(), &dir.jobs()] {
        check_own_dir(dir)?;
    }
    let alive = FileLock::inherited(&dir.alive(id))?;
    if work_holding(&project, id, alive, SAVE_PATIENCE)? {
        push::push(&project, id);
    }
    Ok(())
}

/// Makes a job and runs it to its end in this process, which is then its worker: on Linux, any other
/// process that this one starts meanwhile is ended with Claude.
///
/// # Errors
/// When it cannot be made; what goes wrong later becomes the job's own failure.
pub(crate) fn work_here(
    project: &Project,
    draft: Draft,
    prompt: &str,
    rest: Option<DayRest>,
) -> Result<(Job, Body), WorkError> {
    project.remember();
    let (new, alive) = day_budget::begin(project, draft, prompt, rest)?;
    let job = new.save()?;
    work_holding(project, &job.id, alive, HOOK_SAVE_PATIENCE)?;
    Ok(project.store.read(&job.id)?)
}

/// Runs a job whose lock is held; returns whether it was to be run, and not cancelled before.
fn work_holding(
    project: &Project,
    id: &JobId,
    alive: FileLock,
    save_patience: Duration,
) -> Result<bool, WorkError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(WorkError::Setup)?;
    let has_run = runtime.block_on(async {
        #[cfg(unix)]
        survive_large_writes().map_err(WorkError::Setup)?;
        // Where few files may be open, no run begins that could never save what it cost.
        let reserve = reserve_files(FILES_TO_SAVE).map_err(WorkError::Setup)?;
        // Listens before the record names this process, so that no request to stop is missed.
        let stop = StopRequest::listen(id).map_err(WorkError::Setup)?;
        let Some((remembered, prologue)) = begin(project, id)? else {
            return Ok(false);
        };
        let job = remembered.job().clone();
        let log = Log::append_to(&project.store.dir().log(id))?;
        let recorder = RunRecorder::new(&project.store, remembered, log, stop.removed());
        let mut run = Run {
            project,
            job: &job,
            stop,
            recorder,
        };
        run.recorder.note(&format!("{} started", job.title));
        let end = carry_out(&mut run, prologue)
            .await
            .unwrap_or_else(JobEnd::from);
        run.recorder.note(&match &end.ending {
            Ending::Completed => "completed".to_owned(),
            Ending::Cancelled => "cancelled".to_owned(),
            Ending::Failed(failure) => format!("failed: {}", failure.detail),
        });
        drop(reserve);
        save(&mut run, end, save_patience).await?;
        // The job has ended: release its waiters before the rest, and let them have this processor.
        alive.release();
        thread::yield_now();
        Ok::<_, WorkError>(true)
    })?;
    prune(project, id);
    Ok(has_run)
}

/// Makes a write beyond the limit on the size of files (`ulimit -f`) an error like that of a full disk: the signal
/// that comes with it would end the worker, and with it what Claude has said. Programs started later have the default.
#[cfg(unix)]
fn survive_large_writes() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // Stays in effect until the process ends.
    signal(kind).map(drop)
}

/// Holds `count` files open, so that as many can be opened once they are dropped.
fn reserve_files(count: usize) -> io::Result<Vec<File>> {
    let nothing = if cfg!(windows) { "NUL" } else { "/dev/null" };
    (0..count).map(|_| File::open(nothing)).collect()
}

/// Removes old finished jobs, and tells in the log of this one how many results nobody had read. If this
/// fails, the next job prunes them.
fn prune(project: &Project, id: &JobId) {
    let store = &project.store;
    let now = store.now();
    let pruned = store.prune(retention::Kept::default(), false, |job| {
        retention::waits_for_reader(job, now) || rescue::is_needed(project, job)
    });
    let unread = pruned.map_or(0, |pruned| pruned.unread);
    if unread > 0
        && let Ok(mut log) = Log::append_to(&store.dir().log(id))
    {
        let results = count(unread, "result");
        let _ = log.line(
            now,
            &format!("removed {results} of more than a month ago that nobody had read"),
        );
    }
}

/// Marks the job as running, and prepares its run while that is written to the disk; `None` where it was
/// cancelled first.
fn begin(project: &Project, id: &JobId) -> Result<Option<(Remembered, Prepared)>, WorkError> {
    let worker =
        Proc::current().ok_or_else(|| WorkError::Setup(io::ErrorKind::Unsupported.into()))?;
    let mut guard = project.store.lock_made(id)?;
    let (queued, body) = (guard.job().clone(), guard.body().clone());
    let prepare = || Prologue::prepare(project, &queued, &body);
    thread::scope(|scope| {
        let prepared = thread::Builder::new().spawn_scoped(scope, prepare);
        let started = guard.apply(JobEvent::Start {
            at: project.store.now(),
            worker,
        });
        let record = guard.remember();
        match started {
            Ok(()) => {}
            Err(StoreError::Rejected(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let prologue = match prepared {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // The system allows no more threads.
            Err(_) => prepare(),
        };
        Ok(Some((record, prologue)))
    })
}

type Prepared = Result<Prologue, CannotRun>;

/// Does what the job is asked to do.
async fn carry_out(run: &mut Run<'_>, prologue: Prepared) -> Result<JobEnd, CannotRun> {
    let Prologue {
        order,
        claude,
        request,
    } = prologue?;
    Ok(match order {
        WorkOrder::Review(spec) => review::run::run(run, &spec, &claude, request).await,
        WorkOrder::Rescue(spec) => rescue::run::run(run, &spec, &claude, request).await,
        WorkOrder::Gate(_) => gate::run::run(run, &claude, request).await,
    })
}

/// Saves the end of the job, and tries again for a while: a full disk must not lose what it cost.
async fn save(run: &mut Run<'_>, end: JobEnd, patience: Duration) -> Result<(), WorkError> {
    let begun = tokio::time::Instant::now();
    let (mut noted, mut kept) = (None, None);
    loop {
        let survivors = run.recorder.survivors();
        let saved = run.recorder.change(|guard| {
            if let Some(survivors) = survivors {
                match guard.apply(JobEvent::CancelFailed { survivors }) {
                    // Nobody cancelled it: its failure names what survived.
                    Err(StoreError::Rejected(_)) => {}
                    failed => failed?,
                }
            }
            // Processes of the job still run, so it has not ended; the reader that finds them gone ends it.
            if matches!(guard.job().state(), JobState::CancelFailed { .. }) {
                return guard.keep_report(end.report.clone());
            }
            guard.finish(end.ending.clone(), end.report.clone())
        });
        match saved {
            // Somebody else has ended or removed it.
            Ok(()) | Err(StoreError::Rejected(_) | StoreError::NotFound { .. }) => {
                if kept.is_some() {
                    run.project.store.drop_kept_end(&run.job.id);
                }
                return Ok(());
            }
            Err(error) if begun.elapsed() > patience => return Err(error.into()),
            Err(error) => {
                let now = tokio::time::Instant::now();
                if noted.is_none_or(|at| now - at > NOTE_INTERVAL) {
                    noted = Some(now);
                    if kept.is_none() {
                        let (ending, report) = (end.ending.clone(), end.report.clone());
                        kept = run.recorder.keep_end(ending, report);
                    }
                    let mut note = format!("cannot save the result yet: {error}");
                    if let Some(path) = &kept {
                        note = format!("{note}; until then it is in `{}`", path.display());
                    }
                    run.recorder.note(&note);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
