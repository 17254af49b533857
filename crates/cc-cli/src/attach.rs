//! Waiting in the foreground for a job that runs elsewhere: the shell may go, the job stays.

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use cc_core::text::one_line;
use cc_jobs::{Job, StoreError, log};
use cc_workflows::{Project, wait};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// How waiting ended.
pub(crate) enum Attached {
    /// The job has ended.
    Ended,
    /// Somebody pressed Ctrl-C: the job is to be cancelled.
    Interrupted,
    /// The terminal or shell goes away: the job goes on.
    #[cfg_attr(windows, expect(dead_code, reason = "nobody is told there"))]
    Detached,
}

/// Waits until the job has ended or a signal comes, showing its progress on a terminal.
pub(crate) fn attach(
    project: &Project,
    job: &Job,
    output: &mut Output,
) -> Result<Attached, StoreError> {
    let (tell, told) = mpsc::channel();
    tell_of_signals(tell.clone());
    tell_of_end(project, job, tell);
    if !project.env.stderr_is_terminal {
        output.note(format_args!(
            "{}: job {} (`cc-cli cancel {}` ends it)",
            job.title, job.id, job.id
        ));
        return told.recv().unwrap_or(Ok(Attached::Ended));
    }
    let log = project.store.dir().log(&job.id);
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        spinner.set_style(style);
    }
    spinner.set_message(job.title.clone());
    let attached = loop {
        match told.recv_timeout(Duration::from_millis(120)) {
            Ok(attached) => break attached,
            Err(RecvTimeoutError::Disconnected) => break Ok(Attached::Ended),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(line) = last_line(&log) {
            spinner.set_message(line);
        }
        spinner.tick();
    };
    spinner.finish_and_clear();
    attached
}

/// The text of the last line of a log, without its time.
pub(crate) fn last_line(log: &Path) -> Option<String> {
    let lines = log::tail(log, 4 << 10).ok()?;
    let (_, text) = lines.lines().next_back()?.split_once(' ')?;
    Some(one_line(text, 200))
}

fn tell_of_end(project: &Project, job: &Job, tell: Sender<Result<Attached, StoreError>>) {
    let ended = wait::ended(&project.store, &job.id);
    thread::spawn(move || {
        let result = ended.recv().unwrap_or(Ok(())).map(|()| Attached::Ended);
        // Nobody listens any more where a signal came first.
        let _ = tell.send(result);
    });
}

/// Tells of the first signal from now on: returns once signals are listened to. Where they cannot
/// be, an impatient shell ends us and the job goes on.
fn tell_of_signals(tell: Sender<Result<Attached, StoreError>>) {
    let (listens, listening) = mpsc::channel();
    thread::spawn(move || {
        let builder = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = builder else { return };
        let attached = runtime.block_on(async {
            let signals = Signals::listen()?;
            // Nobody waits for this any more only where the process ends.
            let _ = listens.send(());
            signals.first().await
        });
        if let Ok(attached) = attached {
            let _ = tell.send(Ok(attached));
        }
    });
    // An error means that the thread gave up, and there is nothing to wait for.
    let _ = listening.recv();
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let [interrupt, terminate, hangup] = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ]
        .map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn first(self) -> io::Result<Attached> {
        let [mut interrupt, mut terminate, mut hangup] = self.0;
        Ok(tokio::select! {
            _ = interrupt.recv() => Attached::Interrupted,
            _ = terminate.recv() => Attached::Detached,
            _ = hangup.recv() => Attached::Detached,
        })
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn first(self) -> io::Result<Attached> {
        tokio::signal::ctrl_c()
            .await
            .map(|()| Attached::Interrupted)
    }
}
