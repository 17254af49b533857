//! What is known of a run while it goes on, and what follows from it.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Instant;

use cc_core::process::Survivors;
use cc_core::text::Tail;
use cc_core::{Failure, FailureClass, Proc};

use super::watch::{Due, Watch};
use crate::cancel::KillSequence;
use crate::digest::OutcomeBuilder;
use crate::outcome::{Exit, Interrupted};
use crate::run_processes::RunProcesses;
use crate::stream::Parser;
use crate::{End, Observer, Outcome, Progress, Request, Tools};

/// How much of standard error is kept.
const STDERR_BYTES: usize = 16 * 1024;

/// The processes of a run that was ended, and whether they are gone.
type Killed = (RunProcesses, Result<(), Survivors>);

/// A run of Claude from its start to its outcome.
pub(super) struct RunState<'a> {
    observer: &'a mut dyn Observer,
    request: &'a Request,
    /// Its processes, until they are being ended.
    processes: Option<RunProcesses>,
    watch: Watch,
    parser: Parser,
    digest: OutcomeBuilder,
    stderr: Tail,
    pub(super) stdout_open: bool,
    pub(super) stderr_open: bool,
    interrupted: Option<Interrupted>,
    /// The sequence that ends everything, once it has begun.
    pub(super) killing: Option<Pin<Box<dyn Future<Output = Killed>>>>,
    /// How that went.
    killed: Option<Killed>,
    claude: ClaudeState,
}

/// Whether Claude itself runs.
enum ClaudeState {
    Runs,
    /// `None` where it is unknown how.
    Ended(Option<ExitStatus>),
}

impl<'a> RunState<'a> {
    pub(super) fn new(
        request: &'a Request,
        processes: RunProcesses,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            observer,
            request,
            processes: Some(processes),
            watch: Watch::new(request.limits, Instant::now()),
            parser: Parser::new(),
            digest: OutcomeBuilder::new(
                request.schema.is_some(),
                request.server.as_ref().map(|server| server.name),
            ),
            stderr: Tail::new(STDERR_BYTES),
            stdout_open: true,
            stderr_open: true,
            interrupted: None,
            killing: None,
            killed: None,
            claude: ClaudeState::Runs,
        }
    }

    /// Tells the observer which process it is.
    pub(super) fn spawned(&mut self, claude: &Proc) {
        if let ControlFlow::Break(()) = self.observer.spawned(claude) {
            self.cancel();
        }
    }

    /// Somebody wants the run to end.
    pub(super) fn cancel(&mut self) {
        self.end(Some(Interrupted::Cancelled));
    }

    pub(super) fn goes_on(&self) -> bool {
        let has_more = self.stdout_open || self.stderr_open;
        let gave_up = matches!(self.killed, Some((_, Err(_))));
        self.killing.is_some() || (!gave_up && (self.claude_runs() || has_more))
    }

    pub(super) fn claude_runs(&self) -> bool {
        matches!(self.claude, ClaudeState::Runs)
    }

    /// Whether a request to end the run still changes anything.
    pub(super) fn can_be_interrupted(&self) -> bool {
        self.claude_runs() && self.processes.is_some()
    }

    /// What is due next, and when.
    pub(super) fn next_due(&self) -> Option<(Instant, Due)> {
        // The sequence that ends a running Claude has its own times.
        let watched = self.processes.is_some() || !self.claude_runs();
        let next = watched.then(|| self.watch.next()).flatten();
        let save = self.observer.save_at().map(|at| (at, Due::Save));
        [next, save].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    pub(super) fn on_due(&mut self, due: Due) {
        let limits = self.request.limits;
        match due {
            Due::Save => self.observer.save(),
            Due::Idle => self.end(Some(Interrupted::Idle(limits.idle))),
            Due::Total => self.end(Some(Interrupted::Total(limits.total))),
            Due::Lingering => self.end(None),
            Due::Drained => {
                self.close_stdout();
                self.stderr_open = false;
            }
        }
    }

    /// Takes in what came on standard output; nothing means that it was closed.
    pub(super) fn on_stdout(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        self.watch.hear(now);
        let (digest, observer) = (&mut self.digest, &mut *self.observer);
        observer.heard();
        let mut tell = |event: crate::stream::event::ClaudeEvent<'_>| {
            if let Some(progress) = digest.on(&event) {
                observer.progress(progress);
            }
        };
        if bytes.is_empty() {
            self.parser.finish(&mut tell);
            self.stdout_open = false;
        } else {
            self.parser.push(bytes, &mut tell);
        }
        if self.digest.saw_result() || !self.stdout_open {
            self.watch.finish(now);
        }
        let is_useless = self.digest.schema_refused() || self.digest.server_missing();
        if is_useless && self.can_be_interrupted() {
            self.end(None);
        }
    }

    /// Reads what is left of the last line.
    fn close_stdout(&mut self) {
        if self.stdout_open {
            self.on_stdout(&[]);
        }
    }

    /// Takes in what came on standard error; nothing means that it was closed.
    pub(super) fn on_stderr(&mut self, bytes: &[u8]) {
        self.stderr.push(bytes);
        self.stderr_open = !bytes.is_empty();
    }

    /// Claude ended.
    pub(super) fn on_exit(&mut self, status: Option<ExitStatus>) {
        self.claude = ClaudeState::Ended(status);
        self.watch.exit(Instant::now());
    }

    /// Begins to end everything; `why` only where somebody or a limit wants it.
    fn end(&mut self, why: Option<Interrupted>) {
        if let Some(processes) = self.processes.take() {
            self.interrupted = why;
            self.killing = Some(Box::pin(KillSequence::begin(processes).run()));
        }
    }

    /// The sequence is over.
    pub(super) fn on_killed(&mut self, killed: Killed) {
        self.killing = None;
        self.killed = Some(killed);
    }

    /// The outcome, and the processes of the run where they had to be ended.
    ///
    /// What `may_be_left` is ended first, unless the run was asked to change things and has a
    /// result: a server that runs on may be what was asked for.
    pub(super) async fn conclude(mut self, may_be_left: bool) -> (Outcome, Option<RunProcesses>) {
        self.close_stdout();
        let may_leave = matches!(self.request.tools, Tools::Write(_)) && self.digest.saw_result();
        if may_be_left && may_leave {
            self.tell_left();
        } else if may_be_left {
            self.end(self.interrupted);
        }
        if let Some(killing) = self.killing.take() {
            let killed = killing.await;
            self.on_killed(killed);
        }
        let status = match self.claude {
            ClaudeState::Runs => None,
            ClaudeState::Ended(status) => status,
        };
        let mut outcome = self.digest.conclude(&Exit {
            code: status.and_then(|status| status.code()),
            signal: status.and_then(signal_of),
            stderr: self.stderr.text().into_owned(),
            interrupted: self.interrupted,
        });
        let processes = self.killed.map(|(processes, result)| {
            if let Err(survivors) = result {
                add_survivors(&mut outcome.end, &survivors);
                self.observer.survived(&survivors);
            }
            processes
        });
        (outcome, processes)
    }

    /// Tells the observer what runs on.
    fn tell_left(&mut self) {
        let Some(processes) = &mut self.processes else {
            return;
        };
        processes.look_for_more();
        let pids: Vec<String> = processes
            .running()
            .map(|proc| proc.pid.to_string())
            .collect();
        if !pids.is_empty() {
            let note = format!("left running: process {}", pids.join(", "));
            self.observer.progress(Progress::Note(note));
        }
    }
}

/// Adds the survivors to the end: a run that could not be stopped is not cancelled.
fn add_survivors(end: &mut End, survivors: &Survivors) {
    match end {
        End::Completed => {}
        End::Cancelled => {
            *end = End::Failed(Failure::new(FailureClass::Internal, survivors.to_string()));
        }
        End::Failed(failure) => {
            let detail = format!("{}; {survivors}", failure.detail);
            failure.detail = Failure::new(failure.class, detail).detail;
        }
    }
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}
