//! After a job is started: prints its receipt, or attaches to it: waits for it and prints its result.
//! The job runs in its own process and outlives the shell.

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;

use cc_core::text::one_line;
use cc_jobs::{Ending, Job, StoreError, log};
use cc_workflows::cancel::cancel;
use cc_workflows::review::Severity;
use cc_workflows::{BeforeLaunch, Error, Project, wait};
use tokio::runtime::{self, Runtime};

use super::progress::{ProgressDisplay, STARTED, Watched};
use super::{result, verdict};
use crate::args::{AttachArgs, Format, ViewState};
use crate::documents::Receipt;
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;

/// What is wanted of the result.
#[derive(Clone, Copy, Default)]
pub(super) struct Delivery {
    pub(super) format: Format,
    /// The least severe finding that is a failure.
    pub(super) fail_on: Option<Severity>,
}

/// A project whose next job somebody waits for, and how that wait ends.
pub(super) struct Attaching {
    pub(super) project: Project,
    sender: Sender<WaitEnd>,
    receiver: Receiver<WaitEnd>,
}

type WaitEnd = Result<Attached, StoreError>;

impl Attaching {
    /// Listens for signals from right before the job is made, unless nobody waits for it: until then a signal ends
    /// this process, and later there is a job that it is about.
    pub(super) fn new(project: &Project, args: &AttachArgs) -> Self {
        let (sender, receiver) = mpsc::channel();
        let mut project = project.clone();
        if !args.background {
            let sender = sender.clone();
            project.before_launch = BeforeLaunch::new(move || send_first_signal(sender.clone()));
        }
        Self {
            project,
            sender,
            receiver,
        }
    }
}

/// Prints the receipt of a background job, or waits for the job and prints its result.
pub(super) fn attach(
    attaching: Attaching,
    job: Job,
    args: &AttachArgs,
    delivery: Delivery,
    printer: &mut Printer,
) -> CliResult {
    let format = if args.json {
        Format::Json
    } else {
        delivery.format
    };
    if args.background {
        print_receipt(&job, format, delivery.fail_on, printer);
        return Ok(ExitStatus::Success);
    }
    let Attaching {
        mut project,
        sender,
        receiver,
    } = attaching;
    // It sends too: while it is there, nothing tells that nobody else does any more.
    project.before_launch = BeforeLaunch::default();
    let project = &project;
    match wait_attached(project, &job, sender, &receiver, printer)? {
        Attached::Ended => {}
        Attached::Interrupted => match cancel(project, &job.id) {
            // It may have ended just before.
            Ok(_) | Err(Error::AlreadyEnded(_)) => {}
            Err(error) => return Err(error.into()),
        },
        Attached::Detached => {
            let id = &job.id;
            printer.note(format_args!(
                "Detached; job {id} keeps running. Check progress: cc-cli status {id}"
            ));
            return Ok(ExitStatus::Success);
        }
    }
    let (job, body) = project.store.read(&job.id)?;
    let is_complete = job.state().ending() == Some(&Ending::Completed);
    match format {
        Format::Json => printer.json(&result::document(&job, &body)),
        Format::Sarif if is_complete => printer.bytes(result::sarif(&job, &body)?.as_bytes()),
        Format::Html if is_complete => {
            printer.bytes(result::page(project, &job, &body)?.as_bytes());
        }
        Format::Markdown | Format::Sarif | Format::Html => {}
    }
    let with_result = format == Format::Markdown;
    result::print_outcome(project, &job, &body, with_result, printer);
    if args.view_state == ViewState::OnSuccess && printer.was_delivered() {
        result::mark_viewed(project, &job.id, printer);
    }
    let status = verdict::judge(&job, &body, delivery.fail_on);
    verdict::explain(&job, status, printer);
    Ok(status)
}

fn print_receipt(job: &Job, format: Format, fail_on: Option<Severity>, printer: &mut Printer) {
    let Job {
        id,
        title,
        summary,
        session,
        ..
    } = job;
    if format == Format::Json {
        printer.json(&Receipt {
            job_id: id,
            status: job.state().status(),
            title,
            summary,
            session_id: session.as_ref(),
        });
    } else {
        let fail_on = fail_on.map(|it| format!(" --fail-on {}", it.word()));
        let commands = [
            (format!("status {id}"), "check progress"),
            (
                format!("wait {id}{}", fail_on.unwrap_or_default()),
                "wait for it",
            ),
            (format!("result {id}"), "show the result"),
        ];
        let width = commands.iter().map(|(command, _)| command.len()).max();
        let width = width.unwrap_or(0);
        let lines = commands.map(|(command, what)| format!("\n  cc-cli {command:width$}   {what}"));
        printer.text(format!(
            "{title} started in the background: {summary}\n{}",
            lines.concat()
        ));
    }
}

/// Why waiting in the foreground ended.
enum Attached {
    /// The job has ended.
    Ended,
    /// Ctrl-C was pressed: cancel the job.
    Interrupted,
    /// The terminal or the shell is closing: the job keeps running.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows sends no such signal"))]
    Detached,
}

/// Waits until the job ends or a signal arrives, and shows progress.
fn wait_attached(
    project: &Project,
    job: &Job,
    sender: Sender<WaitEnd>,
    receiver: &Receiver<WaitEnd>,
    printer: &mut Printer,
) -> Result<Attached, StoreError> {
    wait::tell_ended(&project.store, &job.id, move |ended| {
        // Nobody receives it if a signal came first.
        let _ = sender.send(ended.map(|()| Attached::Ended));
    });
    let mut display = ProgressDisplay::new(project, STARTED);
    let watched = [Watched::new(project, job)];
    if !display.is_live() {
        let (title, id) = (&job.title, &job.id);
        printer.note(format_args!(
            "[cc] {title}: job {id} (cancel it with: cc-cli cancel {id})"
        ));
    }
    loop {
        match receiver.recv_timeout(display.pause()) {
            Ok(attached) => return attached,
            Err(RecvTimeoutError::Disconnected) => return Ok(Attached::Ended),
            Err(RecvTimeoutError::Timeout) => display.tick(&watched, printer),
        }
    }
}

/// The last line of a log, without its timestamp.
pub(super) fn last_line(log: &Path) -> Option<String> {
    let lines = log::tail(log, 4 << 10).ok()?;
    let (_, text) = lines.lines().next_back()?.split_once(' ')?;
    Some(one_line(text, 200))
}

/// Sends the first signal that arrives; returns once the handlers are installed. If they cannot be, a
/// signal ends this process and the job keeps running.
fn send_first_signal(sender: Sender<WaitEnd>) {
    let (listening, listener) = mpsc::channel::<(Runtime, Signals)>();
    let spawned = thread::Builder::new().spawn(move || {
        let (runtime, signals) = listener.recv().ok()?;
        let attached = runtime.block_on(signals.first()).ok()?;
        // Fails only while the process exits.
        sender.send(Ok(attached)).ok()
    });
    if spawned.is_err() {
        return;
    }
    // The handlers are installed on this thread, so that they are in place when this returns.
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    let inside = runtime.enter();
    let signals = Signals::listen();
    drop(inside);
    if let Ok(signals) = signals {
        let _ = listening.send((runtime, signals));
    }
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

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn first(mut self) -> io::Result<Attached> {
        // `None` where it can come no more, as in a process that ends.
        let interrupted = self.0.recv().await.map(|()| Attached::Interrupted);
        interrupted.ok_or_else(|| io::ErrorKind::Interrupted.into())
    }
}
