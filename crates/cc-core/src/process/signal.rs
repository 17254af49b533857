//! Signals to processes and process groups, by pid.

#[cfg(unix)]
use std::io;

#[cfg(unix)]
use rustix::io::Errno;
#[cfg(unix)]
use rustix::process::{self, Pid};

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

#[cfg(unix)]
impl Signal {
    fn to_os(self) -> process::Signal {
        match self {
            Self::Interrupt => process::Signal::INT,
            Self::Terminate => process::Signal::TERM,
            Self::Kill => process::Signal::KILL,
        }
    }
}

/// Sends a signal; a process that is gone is no error.
#[cfg(unix)]
pub(super) fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let Some(pid) = to_pid(pid) else {
        return Ok(());
    };
    gone_is_fine(process::kill_process(pid, signal.to_os()))
}

/// Sends a signal to the group that `leader` leads; a group that is gone is no error.
#[cfg(unix)]
pub(super) fn send_to_group(leader: u32, signal: Signal) -> io::Result<()> {
    let Some(leader) = to_pid(leader) else {
        return Ok(());
    };
    gone_is_fine(process::kill_process_group(leader, signal.to_os()))
}

/// Zero and one are refused: they would address the caller's own group, or everything.
#[cfg(unix)]
fn to_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?).filter(|pid| !pid.is_init())
}

#[cfg(unix)]
fn gone_is_fine(result: Result<(), Errno>) -> io::Result<()> {
    match result {
        Err(error) if error != Errno::SRCH => Err(error.into()),
        _ => Ok(()),
    }
}
