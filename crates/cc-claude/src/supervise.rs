//! Running Claude: feeding it, listening to it, and ending it when that is due.
//!
//! `spawn` starts it, `watch` says when something is due, `state` says what follows from what
//! happened; here the two pipes, the timers and the signals come together.

#[cfg(target_os = "linux")]
mod fork;
mod orphans;
mod spawn;
mod state;
#[cfg(test)]
#[cfg(unix)]
mod tests;
mod watch;

use std::io;
use std::pin::pin;
use std::time::Instant;

use cc_core::process::Signal;
use cc_core::{Env, Failure, FailureClass, Proc, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::orphans::Orphans;
use self::spawn::{Call, Started};
use self::state::RunState;
use self::watch::Due;
use crate::observer::LINE;
use crate::run_processes::RunProcesses;
use crate::{Claude, End, Observer, Outcome, Progress, Request, RunReport, UserSettings};

/// How much is read at once: what a pipe of Linux holds.
const CHUNK: usize = 64 * 1024;

/// Runs Claude from start to end. Memory is bounded, however much Claude says.
///
/// The run ends when Claude does, when a limit of the request is reached, when `cancelled` is
/// ready, or when the observer breaks off. A run that may only read, or has no result, leaves no
/// process behind; what one that may write left running runs on after its result, and is reported to
/// the observer. Where something cannot be ended, the
/// outcome is a failure that names it, also after a cancel.
///
/// Needs a Tokio runtime with its drivers for IO and time; one thread is enough. On Linux Claude
/// is interrupted when the *thread* that first polls this future ends: take one that lives as long
/// as the process, not one from a pool for blocking work. Dropping the future interrupts Claude
/// too, but without proof.
pub async fn run(
    claude: &Claude,
    request: &Request,
    env: &Env,
    cancelled: impl Future<Output = ()>,
    observer: &mut dyn Observer,
) -> Outcome {
    let prompt = match request.stdin() {
        Ok(prompt) => prompt,
        Err(failure) => return never_ran(failure),
    };
    let user = UserSettings::read(env, claude.workspace());
    let user = match request.loaded().project {
        Some(project) => project.settings.over(user),
        None => user,
    };
    for problem in user.problems() {
        observer.progress(Progress::Note(text::one_line(problem, LINE)));
    }
    let call = match Call::new(claude, request, env, &user) {
        Ok(call) => call,
        Err(error) => {
            let class = FailureClass::Internal;
            return never_ran(Failure::new(class, error.to_string()));
        }
    };
    let (job, alone) = (observer.job().clone(), observer.is_alone());
    let mut orphans = Orphans::adopt(alone);
    let started = match spawn::spawn(claude, request, &call, &job).await {
        Ok(started) => started,
        Err(error) => return never_ran(cannot_start(claude, request, &error)),
    };
    let processes = RunProcesses::started_here(job, started.proc.clone(), alone);
    let mut state = RunState::new(request, processes, observer);
    let Started {
        mut child,
        proc,
        mut stdin,
        mut stdout,
        mut stderr,
    } = started;
    let _interrupt = InterruptOnDrop(&proc);
    state.spawned(&proc);

    let mut feed = pin!(async move {
        // Claude may end without reading; the outcome says what that means.
        let _ = stdin.write_all(prompt.as_bytes()).await;
    });
    let mut fed = false;
    let mut cancelled = pin!(cancelled);
    let mut out = vec![0; CHUNK];
    let mut err = vec![0; CHUNK / 8];
    while state.goes_on() {
        let due = state.next_due();
        tokio::select! {
            () = &mut feed, if !fed => fed = true,
            read = stdout.read(&mut out), if state.stdout_open => {
                state.on_stdout(&out[..read.unwrap_or(0)]);
            }
            read = stderr.read(&mut err), if state.stderr_open => {
                state.on_stderr(&err[..read.unwrap_or(0)]);
            }
            status = child.wait(), if state.claude_runs() => state.on_exit(status.ok()),
            () = &mut cancelled, if state.can_be_interrupted() => state.cancel(),
            due = sleep_until(due) => state.on_due(due),
            killed = finished(&mut state.killing), if state.killing.is_some() => state.on_killed(killed),
            () = orphans.wait() => orphans.collect(proc.pid, &[]),
        }
        if state.killing.is_some() {
            child.end_job();
        }
    }
    orphans.collect(proc.pid, &[]);
    let (outcome, killed) = state.conclude(orphans.may_be_left()).await;
    orphans.collect(
        proc.pid,
        killed.as_ref().map_or(&[], |processes| processes.known()),
    );
    outcome
}

/// Interrupts Claude when the run is dropped before its end.
struct InterruptOnDrop<'a>(&'a Proc);

impl Drop for InterruptOnDrop<'_> {
    fn drop(&mut self) {
        let _ = self.0.signal(Signal::Interrupt);
    }
}

async fn sleep_until(due: Option<(Instant, Due)>) -> Due {
    match due {
        Some((at, due)) => {
            tokio::time::sleep_until(at.into()).await;
            due
        }
        None => std::future::pending().await,
    }
}

async fn finished<T>(task: &mut Option<impl Future<Output = T> + Unpin>) -> T {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

fn never_ran(failure: Failure) -> Outcome {
    Outcome {
        end: End::Failed(failure),
        report: RunReport::default(),
    }
}

fn cannot_start(claude: &Claude, request: &Request, error: &io::Error) -> Failure {
    use io::ErrorKind::{ArgumentListTooLong, NotFound, PermissionDenied};
    let path = claude.path().display();
    if !request.cwd.is_dir() {
        let cwd = request.cwd.display();
        return Failure::new(
            FailureClass::Internal,
            format!("cannot start claude in `{cwd}`: not a directory"),
        );
    }
    let class = match error.kind() {
        NotFound | PermissionDenied => FailureClass::NotInstalled,
        ArgumentListTooLong => FailureClass::PromptTooLong,
        _ => FailureClass::Internal,
    };
    Failure::new(class, format!("cannot start `{path}`: {error}"))
}
