//! A process of Windows by a handle: as long as that is open, the pid is no other process's.
#![expect(
    unsafe_code,
    reason = "no kept library ends a process of which more than the pid is known in safe code"
)]

use std::io;

use windows::Win32::Foundation::{FILETIME, HANDLE, STILL_ACTIVE};
use windows::Win32::System::Threading::{
    GetExitCodeProcess, GetProcessTimes, OpenProcess, PROCESS_ACCESS_RIGHTS,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_TERMINATE, TerminateProcess,
};
use windows::core::Owned;

use crate::windows_error::as_io_error;

/// When the process that has this pid started, in units of 100 ns since 1601; `None` where there is none that runs.
pub(super) fn start(pid: u32) -> Option<u64> {
    let process = open(pid, PROCESS_QUERY_LIMITED_INFORMATION).ok()?;
    start_of(&process).ok()?
}

/// Ends the process that has this pid, if it is meant by its start. One that has ended is no error.
pub(super) fn end(pid: u32, is_meant: impl Fn(u64) -> bool) -> io::Result<()> {
    let rights = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_TERMINATE;
    let ended = open(pid, rights).and_then(|process| match start_of(&process)? {
        // SAFETY: the handle is open until the end of this closure.
        Some(start) if is_meant(start) => unsafe { TerminateProcess(*process, 1) },
        _ => Ok(()),
    });
    match ended {
        Err(error) if start(pid).is_some_and(is_meant) => Err(as_io_error(error)),
        // Where it failed, there was none, it ended meanwhile, or the pid is another's, which we may not end.
        _ => Ok(()),
    }
}

fn open(pid: u32, rights: PROCESS_ACCESS_RIGHTS) -> windows::core::Result<Owned<HANDLE>> {
    // SAFETY: Windows opens the handle for us, and nobody else closes it.
    unsafe { OpenProcess(rights, false, pid).map(|handle| Owned::new(handle)) }
}

/// `None` where it has ended.
fn start_of(process: &Owned<HANDLE>) -> windows::core::Result<Option<u64>> {
    let (mut exit_code, mut start) = (0, FILETIME::default());
    let [mut end, mut kernel, mut user] = [FILETIME::default(); 3];
    // SAFETY: the handle is open, and all else outlives the calls, which only write to it.
    unsafe {
        GetExitCodeProcess(**process, &raw mut exit_code)?;
        let (end, kernel, user) = (&raw mut end, &raw mut kernel, &raw mut user);
        GetProcessTimes(**process, &raw mut start, end, kernel, user)?;
    }
    let start = u64::from(start.dwHighDateTime) << 32 | u64::from(start.dwLowDateTime);
    Ok((exit_code == STILL_ACTIVE.0 as u32).then_some(start))
}
