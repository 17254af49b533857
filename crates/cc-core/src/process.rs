//! Which process is meant: a pid together with the moment that process started.
//!
//! A pid alone lies: it is reused, and means another process in another pid namespace. It serves
//! only to signal and to clean up; whether a worker lives is told by its lock.

use std::io;

use serde::{Deserialize, Serialize};

/// A process by pid and identity; the pid alone may be reused, the pair is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
        os::identity(pid).map(|identity| Self { pid, identity })
    }

    /// Whether that very process still runs; a zombie counts as ended.
    pub fn is_running(&self) -> bool {
        os::identity(self.pid).is_some_and(|identity| identity == self.identity)
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

    /// The boot, where the operating system tells it, and the start in units since it.
    fn start(&self) -> Option<(&str, u64)> {
        let (boot, start) = self
            .identity
            .rsplit_once(':')
            .unwrap_or(("", &self.identity));
        Some((boot, start.parse().ok()?))
    }

    /// Sends a signal, if that very process still runs; one that has ended is no error.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.is_running() {
            os::signal(self.pid, signal)
        } else {
            Ok(())
        }
    }

    /// Sends a signal to the process group that this process leads; a group that is gone is no error.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        os::signal_group(self, signal)
    }
}

/// Every process there was at one look, as far as we may see.
#[derive(Debug)]
pub struct Processes {
    /// Each with the pid of its parent.
    all: Vec<(Proc, u32)>,
}

impl Processes {
    /// Looks at them.
    pub fn now() -> Self {
        Self { all: os::all() }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Proc> {
        self.all.iter().map(|(proc, _)| proc)
    }

    /// Those that descend from one of `ancestors`, children before grandchildren.
    pub fn descendants(&self, ancestors: &[Proc]) -> Vec<Proc> {
        let mut found: Vec<Proc> = Vec::new();
        let mut parents: Vec<u32> = ancestors.iter().map(|proc| proc.pid).collect();
        while let Some(parent) = parents.pop() {
            for (proc, _) in self.all.iter().filter(|(_, ppid)| *ppid == parent) {
                if !ancestors.contains(proc) && !found.contains(proc) {
                    parents.push(proc.pid);
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
    /// Them.
    pub processes: Vec<Proc>,
}

fn pids(processes: &[Proc]) -> String {
    let pids: Vec<String> = processes.iter().map(|proc| proc.pid.to_string()).collect();
    format!("pid {}", pids.join(", "))
}

/// What can be asked of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Stop what you do and tidy up (SIGINT).
    Interrupt,
    /// End (SIGTERM).
    Terminate,
    /// Be ended (SIGKILL; on Windows, all three are this).
    Kill,
}

#[cfg(target_os = "linux")]
mod os {
    use super::Proc;

    pub(super) use super::unix::{signal, signal_group};

    /// Start time in clock ticks since boot, and the boot's id: immune to a wall clock that jumps.
    pub(super) fn identity(pid: u32) -> Option<String> {
        let (_, start) = stat(pid)?;
        Some(format!("{}:{start}", boot()))
    }

    fn boot() -> String {
        let mut boot =
            std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        boot.truncate(8);
        boot
    }

    pub(super) fn all() -> Vec<(Proc, u32)> {
        let Ok(entries) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        let boot = boot();
        entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid: u32| {
                let (parent, start) = stat(pid)?;
                let identity = format!("{boot}:{start}");
                Some((Proc { pid, identity }, parent))
            })
            .collect()
    }

    /// Parent and start time of a process that is no zombie, from `/proc/PID/stat`: fields 3, 4
    /// and 22, counted after the command name, which may hold spaces and parentheses.
    fn stat(pid: u32) -> Option<(u32, u64)> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let name_end = stat.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let state = *fields.first()?;
        if matches!(state, "Z" | "X") {
            return None;
        }
        Some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

    use super::Proc;

    #[cfg(unix)]
    pub(super) use super::unix::{signal, signal_group};

    pub(super) fn identity(pid: u32) -> Option<String> {
        let pid = Pid::from_u32(pid);
        identity_of(look(ProcessesToUpdate::Some(&[pid]))?.process(pid)?)
    }

    /// The processes that are asked for; `None` where the system does not tell.
    fn look(which: ProcessesToUpdate<'_>) -> Option<System> {
        let mut system = System::new().ok()?;
        system.refresh_processes_specifics(which, true, ProcessRefreshKind::nothing());
        Some(system)
    }

    pub(super) fn all() -> Vec<(Proc, u32)> {
        let Some(system) = look(ProcessesToUpdate::All) else {
            return Vec::new();
        };
        let parent = |process: &sysinfo::Process| process.parent().map_or(0, Pid::as_u32);
        system
            .processes()
            .iter()
            .filter_map(|(pid, process)| {
                Some((
                    Proc {
                        pid: pid.as_u32(),
                        identity: identity_of(process)?,
                    },
                    parent(process),
                ))
            })
            .collect()
    }

    fn identity_of(process: &sysinfo::Process) -> Option<String> {
        let ended = matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        );
        (!ended).then(|| process.start_time().to_string())
    }

    #[cfg(windows)]
    pub(super) fn signal(pid: u32, _: super::Signal) -> std::io::Result<()> {
        let pid = Pid::from_u32(pid);
        let system = look(ProcessesToUpdate::Some(&[pid]));
        match system.as_ref().and_then(|system| system.process(pid)) {
            Some(process) if !process.kill() => Err(std::io::ErrorKind::PermissionDenied.into()),
            _ => Ok(()),
        }
    }

    /// Windows has no groups: ends the process and all its descendants.
    #[cfg(windows)]
    pub(super) fn signal_group(leader: &Proc, wanted: super::Signal) -> std::io::Result<()> {
        super::Processes::now()
            .descendants(std::slice::from_ref(leader))
            .iter()
            .chain([leader])
            .try_for_each(|proc| proc.signal(wanted))
    }
}

#[cfg(unix)]
mod unix {
    use std::io;

    use rustix::io::Errno;
    use rustix::process::{self, Pid};

    use super::{Proc, Signal};

    pub(super) fn signal(pid: u32, signal: Signal) -> io::Result<()> {
        let Some(pid) = to_pid(pid) else {
            return Ok(());
        };
        gone_is_fine(process::kill_process(pid, to_os(signal)))
    }

    pub(super) fn signal_group(leader: &Proc, signal: Signal) -> io::Result<()> {
        let Some(pid) = to_pid(leader.pid) else {
            return Ok(());
        };
        // A pid that now belongs to another process may lead a group that is not ours.
        match Proc::of(leader.pid) {
            Some(now) if now != *leader => Ok(()),
            _ => gone_is_fine(process::kill_process_group(pid, to_os(signal))),
        }
    }

    /// Zero and one are refused: they would address the caller's own group, or everything.
    fn to_pid(pid: u32) -> Option<Pid> {
        Pid::from_raw(i32::try_from(pid).ok()?).filter(|pid| !pid.is_init())
    }

    fn gone_is_fine(result: Result<(), Errno>) -> io::Result<()> {
        match result {
            Err(error) if error != Errno::SRCH => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn to_os(signal: Signal) -> process::Signal {
        match signal {
            Signal::Interrupt => process::Signal::INT,
            Signal::Terminate => process::Signal::TERM,
            Signal::Kill => process::Signal::KILL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_run_and_are_ourselves() {
        let me = Proc::current().expect("this test runs");
        assert!(me.is_running());
        let imposter = Proc {
            identity: "somebody else".into(),
            ..me
        };
        assert!(!imposter.is_running());
    }

    #[test]
    fn no_process_has_the_highest_pid() {
        assert_eq!(Proc::of(u32::MAX), None);
    }

    #[test]
    #[cfg(unix)]
    fn a_child_is_a_descendant_until_it_is_killed() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let proc = Proc::of(child.id()).unwrap();
        let me = Proc::current().unwrap();
        let all = Processes::now();
        assert!(all.descendants(std::slice::from_ref(&me)).contains(&proc));
        assert!(proc.is_no_older_than(&me));
        assert!(all.iter().any(|other| *other == proc));
        proc.signal(Signal::Kill).unwrap();
        child.wait().unwrap();
        assert!(!proc.is_running());
        proc.signal(Signal::Kill).unwrap();
    }

    #[test]
    fn which_process_is_older_is_told_only_within_one_boot() {
        let proc = |identity: &str| Proc {
            pid: 7,
            identity: identity.into(),
        };
        for (one, other, expected) in [
            ("b:10", "b:9", true),
            ("b:10", "b:10", true),
            ("b:9", "b:10", false),
            ("c:10", "b:9", false),
            ("10", "9", true),
            ("10", "b:9", false),
            ("ended", "b:9", false),
            ("b:9", "", false),
        ] {
            let told = proc(one).is_no_older_than(&proc(other));
            assert_eq!(told, expected, "{one} {other}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_reused_pid_is_not_signalled() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let before = Proc {
            pid: child.id(),
            identity: "an earlier process".into(),
        };
        before.signal(Signal::Kill).unwrap();
        before.signal_group(Signal::Kill).unwrap();
        assert!(Proc::of(child.id()).unwrap().is_running());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn survivors_are_named() {
        let processes = [7, 8].map(|pid| Proc {
            pid,
            identity: String::new(),
        });
        let survivors = Survivors {
            processes: processes.into(),
        };
        assert_eq!(
            survivors.to_string(),
            "still running after SIGKILL: pid 7, 8"
        );
    }
}
