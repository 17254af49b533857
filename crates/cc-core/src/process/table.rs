//! The processes that the operating system knows.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::*;
#[cfg(target_os = "linux")]
pub(super) use linux::*;

#[cfg(target_os = "linux")]
mod linux {
    use crate::Time;

    pub(in crate::process) const ORPHANS_KEEP_PARENT: bool = false;

    /// Start time in clock ticks since boot, and the boot's id: immune to a wall clock that jumps.
    pub(in crate::process) fn identity(pid: u32) -> Option<String> {
        let (_, start) = stat(pid)?;
        Some(format!("{}:{start}", boot()))
    }

    pub(in crate::process) fn is_same(recorded: &str, now: &str) -> bool {
        recorded == now
    }

    fn boot() -> String {
        let mut boot =
            std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        boot.truncate(8);
        boot
    }

    /// The time of a start: `btime` of `/proc/stat` is the boot in seconds since the Unix epoch.
    pub(in crate::process) fn wall_clock(ticks: u64) -> Option<Time> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let boot = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
        let boot: u64 = boot.trim().parse().ok()?;
        let since_boot = ticks.checked_mul(1_000)? / rustix::param::clock_ticks_per_second().max(1);
        let millis = boot.checked_mul(1_000)?.checked_add(since_boot)?;
        Some(Time::from_millis(millis.try_into().ok()?))
    }

    /// Pid, identity and parent of every process.
    pub(in crate::process) fn all() -> Vec<(u32, String, u32)> {
        let Ok(entries) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        let boot = boot();
        entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid: u32| {
                let (parent, start) = stat(pid)?;
                Some((pid, format!("{boot}:{start}"), parent))
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
mod elsewhere {
    use sysinfo::{Pid, ProcessesToUpdate};

    use super::system::look;

    pub(in crate::process) use super::start::*;

    /// Pid, identity and parent of every process.
    pub(in crate::process) fn all() -> Vec<(u32, String, u32)> {
        let Some(system) = look(ProcessesToUpdate::All) else {
            return Vec::new();
        };
        let parent = |process: &sysinfo::Process| process.parent().map_or(0, Pid::as_u32);
        system
            .processes()
            .iter()
            .filter_map(|(pid, process)| {
                Some((pid.as_u32(), identity_of(process)?, parent(process)))
            })
            .collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

    /// The processes that are asked for; `None` where the system does not say.
    pub(super) fn look(which: ProcessesToUpdate<'_>) -> Option<System> {
        let mut system = System::new().ok()?;
        system.refresh_processes_specifics(which, true, ProcessRefreshKind::nothing());
        Some(system)
    }
}

#[cfg(windows)]
mod start {
    use crate::Time;
    use crate::process::handle;

    /// The parent of an orphan is still told, though its pid may be another process's by now.
    pub(in crate::process) const ORPHANS_KEEP_PARENT: bool = true;

    /// The Unix epoch in seconds since 1601.
    const UNIX_EPOCH: u64 = 11_644_473_600;

    pub(in crate::process) fn identity(pid: u32) -> Option<String> {
        handle::start(pid).map(|start| start.to_string())
    }

    /// The process is the one that was listed: the list holds it open.
    pub(in crate::process) fn identity_of(process: &sysinfo::Process) -> Option<String> {
        identity(process.pid().as_u32())
    }

    /// What an earlier version recorded are seconds since the Unix epoch.
    pub(in crate::process) fn is_same(recorded: &str, now: &str) -> bool {
        let seconds = |start: u64| (start / 10_000_000).checked_sub(UNIX_EPOCH);
        let in_seconds = || now.parse().ok().and_then(seconds);
        recorded == now || in_seconds().is_some_and(|now| now.to_string() == recorded)
    }

    /// The time of a start, which is in units of 100 ns since 1601.
    pub(in crate::process) fn wall_clock(start: u64) -> Option<Time> {
        let millis = (start / 10_000).checked_sub(UNIX_EPOCH * 1_000)?;
        Some(Time::from_millis(millis.try_into().ok()?))
    }
}

#[cfg(not(any(target_os = "linux", windows)))]
mod start {
    use sysinfo::{Pid, ProcessStatus, ProcessesToUpdate};

    use super::system::look;
    use crate::Time;

    pub(in crate::process) const ORPHANS_KEEP_PARENT: bool = false;

    pub(in crate::process) fn identity(pid: u32) -> Option<String> {
        let pid = Pid::from_u32(pid);
        identity_of(look(ProcessesToUpdate::Some(&[pid]))?.process(pid)?)
    }

    pub(in crate::process) fn identity_of(process: &sysinfo::Process) -> Option<String> {
        let ended = matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        );
        (!ended).then(|| process.start_time().to_string())
    }

    pub(in crate::process) fn is_same(recorded: &str, now: &str) -> bool {
        recorded == now
    }

    /// The time of a start, which is in seconds since the Unix epoch.
    pub(in crate::process) fn wall_clock(seconds: u64) -> Option<Time> {
        let millis = seconds.checked_mul(1_000)?.try_into().ok()?;
        Some(Time::from_millis(millis))
    }
}
