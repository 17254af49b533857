//! Which processes belong to one run of Claude.
//!
//! The tree of parents is not enough: Claude 2.1.330 gives every shell command a session of its
//! own, and a command that forks twice leaves the tree. So a run marks its environment, which
//! children inherit, and whoever carries the mark belongs to it, whoever its parent is now.

use std::time::Duration;

use cc_core::Proc;

/// The variable that carries the mark of a run.
pub(crate) const MARK: &str = "CC_RUN";

/// A Claude and everything it started that was seen.
#[derive(Debug)]
pub(crate) struct Family {
    claude: Proc,
    mark: Option<String>,
    /// Whether we started the run ourselves: then its process group can be nobody else's.
    ours: bool,
    known: Vec<Proc>,
}

impl Family {
    /// The family of a run that this process started.
    pub(crate) fn of_run(claude: Proc, mark: String) -> Self {
        Self {
            claude,
            mark: Some(mark),
            ours: true,
            known: Vec::new(),
        }
    }

    /// The family of a run that another process started and left behind.
    pub(crate) fn of_orphan(claude: Proc) -> Self {
        let mark = mark_of(&claude);
        Self {
            claude,
            mark,
            ours: false,
            known: Vec::new(),
        }
    }

    pub(crate) fn claude(&self) -> &Proc {
        &self.claude
    }

    /// Everything seen so far, without Claude itself.
    pub(crate) fn known(&self) -> &[Proc] {
        &self.known
    }

    /// Looks around for members and keeps them in mind.
    pub(crate) fn remember(&mut self) {
        self.known.retain(Proc::is_running);
        let claude_runs = self.claude.is_running();
        let mut seen = Vec::new();
        if claude_runs {
            seen.extend(self.claude.descendants());
        }
        for proc in Proc::all() {
            let by_mark = || match &self.mark {
                Some(mark) => os::variable(&proc, MARK).as_ref() == Some(mark),
                None => false,
            };
            let by_group = || {
                os::group(&proc) == Some(self.claude.pid)
                    && (self.ours || claude_runs || os::variable(&proc, "CC_NESTED").is_some())
            };
            if by_group() || by_mark() {
                seen.push(proc);
            }
        }
        let me = std::process::id();
        for proc in seen {
            if proc.pid != me && proc != self.claude && !self.known.contains(&proc) {
                self.known.push(proc);
            }
        }
    }

    /// The members that still run, Claude first.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Proc> {
        std::iter::once(&self.claude)
            .chain(&self.known)
            .filter(|proc| proc.is_running())
    }
}

/// The mark of a Claude that runs.
fn mark_of(claude: &Proc) -> Option<String> {
    // In the middle of an exec a process has no environment to be seen.
    for _ in 0..10 {
        if !claude.is_running() {
            break;
        }
        if let Some(mark) = os::variable(claude, MARK) {
            return Some(mark);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
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
}
