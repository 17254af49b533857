//! Which process is meant: a pid together with the moment that process started.
//!
//! A pid alone lies: it is reused, and means another process in another pid namespace. It serves
//! only to signal and to clean up; a worker's lock says whether it lives.

#[cfg(windows)]
mod handle;
mod program_pages;
mod signal;
#[cfg(windows)]
mod stop_event;
mod table;

use std::io;

use serde::{Deserialize, Serialize};

use crate::Time;

pub use program_pages::release_program_pages;
pub use signal::Signal;
#[cfg(windows)]
pub use stop_event::StopEvent;

/// A process by pid and identity; the pid alone may be reused, the pair is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Proc {
    /// The process id as seen by the process that wrote this.
    pub pid: u32,
    /// When the process started, in the operating system's own terms.
    pub identity: String,
}

impl Proc {
    /// The calling process.
    pub fn current() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// The process that has this pid now.
    pub fn of(pid: u32) -> Option<Self> {
        table::identity(pid).map(|identity| Self { pid, identity })
    }

    /// Whether that very process still runs; a zombie counts as ended.
    pub fn is_running(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| self.is(&now))
    }

    /// Whether that very process is `now`, which was not recorded, but runs.
    pub fn is(&self, now: &Proc) -> bool {
        self.pid == now.pid && table::is_same(&self.identity, &now.identity)
    }

    /// Whether it provably did not start before `other`.
    pub fn is_no_older_than(&self, other: &Proc) -> bool {
        match (self.start(), other.start()) {
            (Some((boot, start)), Some((other_boot, other_start))) => {
                boot == other_boot && start >= other_start
            }
            _ => false,
        }
    }

    /// When it started, by the wall clock, to a second or so; `None` where that is unknown.
    pub fn started_at(&self) -> Option<Time> {
        table::wall_clock(self.start()?.1)
    }

    /// When it started, as a number in the operating system's own unit: on Linux clock ticks since the
    /// boot, on Windows 100 ns since 1601, elsewhere seconds since the Unix epoch.
    pub fn start_number(&self) -> Option<u64> {
        Some(self.start()?.1)
    }

    /// The boot, where the operating system reports it, and the start in units since it.
    fn start(&self) -> Option<(&str, u64)> {
        let (boot, start) = self
            .identity
            .rsplit_once(':')
            .unwrap_or(("", &self.identity));
        Some((boot, start.parse().ok()?))
    }

    /// Ends that very process, whatever the signal; one that has ended is no error.
    ///
    /// # Errors
    /// When the operating system refuses.
    #[cfg(windows)]
    pub fn signal(&self, _: Signal) -> io::Result<()> {
        handle::end(self.pid, |start| {
            table::is_same(&self.identity, &start.to_string())
        })
    }

    /// Sends a signal, if that very process still runs; one that has ended is no error.
    ///
    /// # Errors
    /// When the operating system refuses.
    #[cfg(unix)]
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.is_running() {
            signal::send(self.pid, signal)
        } else {
            Ok(())
        }
    }

    /// Sends a signal to the process group that this process leads; a group that is gone is no error.
    ///
    /// # Errors
    /// When the operating system refuses.
    #[cfg(unix)]
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        // A pid that now belongs to another process may lead a group that is not ours.
        match Self::of(self.pid) {
            Some(now) if now != *self => Ok(()),
            _ => signal::send_to_group(self.pid, signal),
        }
    }

    /// Windows has no groups: ends the process and all its descendants.
    ///
    /// # Errors
    /// When the operating system refuses.
    #[cfg(not(unix))]
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        let descendants = Processes::now().descendants(std::slice::from_ref(self));
        let mut group = descendants.iter().chain([self]);
        group.try_for_each(|proc| proc.signal(signal))
    }
}

/// All processes at one moment, as far as we may see them.
#[derive(Debug)]
pub struct Processes {
    /// Each with the pid of its parent.
    all: Vec<(Proc, u32)>,
}

impl Processes {
    /// Lists the processes that run now.
    pub fn now() -> Self {
        let all = table::all().into_iter();
        let proc = |(pid, identity, parent)| (Proc { pid, identity }, parent);
        Self {
            all: all.map(proc).collect(),
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Proc> {
        self.all.iter().map(|(proc, _)| proc)
    }

    /// Those that descend from one of `ancestors`, children before grandchildren.
    pub fn descendants(&self, ancestors: &[Proc]) -> Vec<Proc> {
        let mut found: Vec<Proc> = Vec::new();
        let mut parents: Vec<Proc> = ancestors.to_vec();
        while let Some(parent) = parents.pop() {
            let is_child = |(proc, ppid): &&(Proc, u32)| {
                *ppid == parent.pid
                    && (!table::ORPHANS_KEEP_PARENT || proc.is_no_older_than(&parent))
            };
            for (proc, _) in self.all.iter().filter(is_child) {
                if !ancestors.contains(proc) && !found.contains(proc) {
                    parents.push(proc.clone());
                    found.push(proc.clone());
                }
            }
        }
        found
    }
}

/// Processes that outlived SIGKILL, or that we may not signal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("still running after SIGKILL: {}", pids(processes))]
pub struct Survivors {
    /// The surviving processes.
    pub processes: Vec<Proc>,
}

fn pids(processes: &[Proc]) -> String {
    let pids: Vec<String> = processes.iter().map(|proc| proc.pid.to_string()).collect();
    format!("pid {}", pids.join(", "))
}

#[cfg(test)]
mod tests;
