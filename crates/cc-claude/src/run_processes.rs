//! Which processes belong to one run of Claude.
//!
//! The tree of parents is not enough: Claude 2.1.330 gives every shell command a session of its
//! own, and a command that forks twice leaves the tree. So a run carries its job's id in its
//! environment, which children inherit, and what carries it belongs to the job, whatever its
//! parent is now. A command that clears its environment too stays below the worker, which adopts it.
//!
//! Anybody may set a variable. What carries the mark is therefore taken for ours only where it runs
//! as our user and is no older than the worker; and the id, 40 bits of which are random, is known to
//! nobody before there is a job.

use std::time::Duration;

use cc_core::process::Processes;
use cc_core::{JobId, Proc, Time};

/// The variable that carries the mark of a run: the id of its job.
pub(crate) const MARK: &str = "CC_RUN";

/// How much the wall clock may be wrong about the start of a process: the time of the boot is known to a
/// second, and the clock may have been set since.
const CLOCK_ERROR: Duration = Duration::from_secs(60);

/// Claude and everything that it started, as far as it was seen.
#[derive(Debug)]
pub(crate) struct RunProcesses {
    job: JobId,
    /// Nothing that is older belongs to the job.
    oldest: Oldest,
    /// `None` where the worker ended before it could record it.
    claude: Option<Proc>,
    started_by: StartedBy,
    known: Vec<Proc>,
}

/// What every process of a run is no older than.
#[derive(Clone, Debug)]
pub(crate) enum Oldest {
    /// Its worker.
    Worker(Proc),
    /// Its job, made at this time: its worker is not known.
    Job(Time),
}

/// Where a run comes from, and so what is certain of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartedBy {
    /// This process started it: Claude's process group can be nobody else's.
    Us,
    /// This process started it and nothing else: whatever is below this process is Claude's.
    UsAlone,
    /// Another process started it and has ended.
    LostWorker,
}

impl RunProcesses {
    /// Those of a run that this process started, `alone` if it starts nothing else meanwhile.
    pub(crate) fn started_here(job: JobId, claude: Proc, alone: bool) -> Self {
        Self {
            job,
            oldest: Oldest::Worker(Proc::current().unwrap_or_else(|| claude.clone())),
            claude: Some(claude),
            started_by: if alone {
                StartedBy::UsAlone
            } else {
                StartedBy::Us
            },
            known: Vec::new(),
        }
    }

    /// Those of a run that another process, its worker, started and left behind, of which some
    /// are `known`.
    pub(crate) fn left_by(
        job: JobId,
        oldest: Oldest,
        claude: Option<Proc>,
        known: Vec<Proc>,
    ) -> Self {
        Self {
            job,
            oldest,
            claude,
            started_by: StartedBy::LostWorker,
            known,
        }
    }

    /// Claude, while it runs.
    pub(crate) fn claude(&self) -> Option<&Proc> {
        self.claude.as_ref().filter(|claude| claude.is_running())
    }

    /// Everything seen so far, without Claude itself.
    pub(crate) fn known(&self) -> &[Proc] {
        &self.known
    }

    /// Looks for more of them, and forgets those that have ended.
    pub(crate) fn look_for_more(&mut self) {
        self.known.retain(Proc::is_running);
        let claude = self.claude().cloned();
        let group = match self.started_by {
            StartedBy::LostWorker => claude.as_ref(),
            StartedBy::Us | StartedBy::UsAlone => self.claude.as_ref(),
        };
        let group = group.map(|leader| leader.pid);
        let all = Processes::now();
        let is_ours =
            |proc: &&Proc| (group.is_some() && os::group(proc) == group) || self.carries_mark(proc);
        let mut seen: Vec<Proc> = all.iter().filter(is_ours).cloned().collect();
        seen.extend(claude);
        seen.extend(all.descendants(&[&self.known[..], &seen].concat()));
        if self.started_by == StartedBy::UsAlone {
            seen.extend(self.below_us(&all));
        }
        let me = std::process::id();
        for proc in seen {
            if proc.pid != me && Some(&proc) != self.claude.as_ref() && !self.known.contains(&proc)
            {
                self.known.push(proc);
            }
        }
    }

    fn carries_mark(&self, proc: &Proc) -> bool {
        // What costs nothing comes first: most processes are older.
        let is_young = match &self.oldest {
            Oldest::Worker(worker) => proc.is_no_older_than(worker),
            Oldest::Job(made) => {
                (proc.started_at()).is_some_and(|at| at.plus(CLOCK_ERROR) >= *made)
            }
        };
        is_young
            && os::variable(proc, MARK).as_deref() == Some(self.job.as_str())
            && os::runs_as_our_user(proc)
    }

    /// What is below this process and came with Claude or later: an exec may have given us others.
    fn below_us(&self, all: &Processes) -> Vec<Proc> {
        let mut below = all.descendants(Proc::current().as_slice());
        below.retain(|proc| (self.claude.iter()).all(|claude| proc.is_no_older_than(claude)));
        below
    }

    /// Those that still run, Claude first.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Proc> {
        (self.claude.iter())
            .chain(&self.known)
            .filter(|proc| proc.is_running())
    }
}

#[cfg(target_os = "linux")]
pub(crate) use os::group_and_session;

#[cfg(target_os = "linux")]
mod os {
    use cc_core::Proc;

    /// The process group, by the pid of its leader.
    pub(super) fn group(proc: &Proc) -> Option<u32> {
        group_and_session(proc.pid).map(|(group, _)| group)
    }

    /// Group and session of a process, which may have ended: fields 5 and 6 of `/proc/PID/stat`.
    ///
    /// Read there because both are 0 for a process whose group or session began outside of our
    /// pid namespace, which `rustix` takes for impossible.
    pub(crate) fn group_and_session(pid: u32) -> Option<(u32, u32)> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let name_end = stat.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
        let mut fields = rest.split_ascii_whitespace().skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    }

    /// Whether a process runs as the user that we run as: its real user id is ours.
    pub(super) fn runs_as_our_user(proc: &Proc) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", proc.pid));
        let real = status
            .iter()
            .flat_map(|status| status.lines())
            .find_map(|line| {
                let ids = line.strip_prefix("Uid:")?;
                ids.split_ascii_whitespace().next()?.parse().ok()
            });
        real == Some(rustix::process::getuid().as_raw())
    }

    /// A variable of the environment that the process was started with, where we may see it.
    pub(super) fn variable(proc: &Proc, name: &str) -> Option<String> {
        let vars = std::fs::read(format!("/proc/{}/environ", proc.pid)).ok()?;
        vars.split(|&byte| byte == 0)
            .filter_map(|var| std::str::from_utf8(var).ok()?.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod os {
    use cc_core::Proc;
    use rustix::process::{Pid, getpgid};

    /// The process group, by the pid of its leader.
    pub(super) fn group(proc: &Proc) -> Option<u32> {
        let pid = Pid::from_raw(i32::try_from(proc.pid).ok()?)?;
        let group = getpgid(Some(pid)).ok()?;
        u32::try_from(group.as_raw_nonzero().get()).ok()
    }

    /// Environments of other processes are not looked at here: the tree and the group have to do.
    pub(super) fn variable(_: &Proc, _: &str) -> Option<String> {
        None
    }

    pub(super) fn runs_as_our_user(_: &Proc) -> bool {
        false
    }
}

/// Windows has no groups; a Job Object holds a run together there.
#[cfg(not(unix))]
mod os {
    use cc_core::Proc;

    pub(super) fn group(_: &Proc) -> Option<u32> {
        None
    }

    pub(super) fn variable(_: &Proc, _: &str) -> Option<String> {
        None
    }

    pub(super) fn runs_as_our_user(_: &Proc) -> bool {
        false
    }
}
