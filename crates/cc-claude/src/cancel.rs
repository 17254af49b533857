//! Ending a Claude and everything it started, with proof that nothing is left.
//!
//! SIGINT first: it is the one signal on which Claude ends its running shell command and still
//! reports what the run cost (2.1.330 does so within 1.5 s). Then SIGTERM, then SIGKILL, for the
//! group and for every member that was seen, each named by pid *and* start time.

use std::ops::ControlFlow::{self, Break, Continue};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::process::{Signal, Survivors};
use cc_core::{JobId, Proc};

use crate::run_processes::{Oldest, RunProcesses};

/// Ends what a job left running whose worker is gone: Claude, if it is known, and everything it
/// started, also where Claude itself has ended. `survivors` are those that an earlier try could not
/// end: a command that became root is recognized by nothing else.
///
/// Blocks for at most 8 s; returns at once where nothing runs. Sees only what this process can
/// see: a Claude in a pid namespace below or beside ours is not found.
///
/// # Errors
/// [`Survivors`] when something still runs afterwards. It can be tried again.
pub fn end_orphans(
    job: &JobId,
    worker: &Proc,
    claude: Option<&Proc>,
    survivors: &[Proc],
) -> Result<(), Survivors> {
    let (oldest, claude) = (Oldest::Worker(worker.clone()), claude.cloned());
    end(RunProcesses::left_by(
        job.clone(),
        oldest,
        claude,
        survivors.to_vec(),
    ))
}

/// The same for a job of which nothing but its id is known: ends what carries it.
///
/// # Errors
/// [`Survivors`] when something still runs afterwards. It can be tried again.
pub fn end_marked(job: &JobId) -> Result<(), Survivors> {
    let Some(made) = job.made_at() else {
        return Ok(());
    };
    end(RunProcesses::left_by(
        job.clone(),
        Oldest::Job(made),
        None,
        Vec::new(),
    ))
}

fn end(processes: RunProcesses) -> Result<(), Survivors> {
    let mut sequence = KillSequence::begin(processes);
    loop {
        match sequence.step() {
            Continue(pause) => thread::sleep(pause),
            Break(result) => return result,
        }
    }
}

/// Tests have less patience.
const SECOND: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 1_000 });

/// How often is looked whether the signal had its effect.
const PAUSE: Duration = Duration::from_millis(20);

/// How long Claude's children may take to follow it, before the next signal.
const FOLLOW: Duration = Duration::from_millis(200);

/// The signals in order, each with the time it has to take effect.
const STAGES: [(Signal, Duration); 3] = [
    (Signal::Interrupt, SECOND.saturating_mul(3)),
    (Signal::Terminate, SECOND.saturating_mul(2)),
    (Signal::Kill, Duration::from_secs(2)),
];

/// The sequence, one look at a time, so that a thread and a task can both wait between looks.
#[derive(Debug)]
pub(crate) struct KillSequence {
    processes: RunProcesses,
    stage: usize,
    since: Instant,
    /// Whether the look before this one found nothing.
    quiet: bool,
}

impl KillSequence {
    /// Remembers everything that runs and sends the first signal.
    pub(crate) fn begin(processes: RunProcesses) -> Self {
        let stage = usize::from(processes.claude().is_none());
        let mut sequence = Self {
            processes,
            stage,
            since: Instant::now(),
            quiet: false,
        };
        sequence.send();
        sequence
    }

    /// Runs the sequence to its end.
    pub(crate) async fn run(mut self) -> (RunProcesses, Result<(), Survivors>) {
        loop {
            match self.step() {
                Continue(pause) => tokio::time::sleep(pause).await,
                Break(result) => return (self.processes, result),
            }
        }
    }

    /// The result, or how long to wait before the next step.
    fn step(&mut self) -> ControlFlow<Result<(), Survivors>, Duration> {
        if self.nothing_runs() {
            // What was started after the last look must be found as well. Two looks, because in the
            // middle of an exec a process cannot be recognized by its mark.
            self.processes.look_for_more();
            let nothing = self.nothing_runs();
            if nothing && self.quiet {
                return Break(Ok(()));
            }
            self.quiet = nothing;
            if nothing {
                return Continue(PAUSE);
            }
        }
        let (signal, patience) = STAGES[self.stage];
        let patience = match signal {
            Signal::Interrupt if self.processes.claude().is_none() => FOLLOW,
            _ => patience,
        };
        if self.since.elapsed() < patience {
            if signal == Signal::Kill {
                self.send();
            }
            return Continue(PAUSE);
        }
        if self.stage + 1 == STAGES.len() {
            let processes = self.processes.running().cloned().collect();
            return Break(Err(Survivors { processes }));
        }
        self.stage += 1;
        self.since = Instant::now();
        self.send();
        Continue(PAUSE)
    }

    fn nothing_runs(&self) -> bool {
        self.processes.running().next().is_none()
    }

    /// Sends the signal of this stage. A refused signal is no error here: what does not end is
    /// reported as a survivor.
    fn send(&mut self) {
        self.processes.look_for_more();
        let (signal, _) = STAGES[self.stage];
        // A group whose leader is gone is reached through its members, each known to be ours.
        if let Some(claude) = self.processes.claude() {
            let _ = claude.signal_group(signal);
        }
        if signal != Signal::Interrupt {
            for proc in self.processes.known() {
                let _ = proc.signal(signal);
            }
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
