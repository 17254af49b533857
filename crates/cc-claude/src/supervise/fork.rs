//! What must be done in the child between fork and exec: the only unsafe code of this crate.
#![expect(
    unsafe_code,
    reason = "`pre_exec` is unsafe: after a fork only async-signal-safe calls are allowed"
)]

use std::io;

use rustix::io::Errno;
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use tokio::process::Command;

/// Makes the kernel send SIGINT to the child when its parent ends: on SIGINT Claude ends its
/// running shell command and itself, without it Claude works on and writes on, unseen.
///
/// The kernel watches the *thread* that forked. That thread must live as long as the run.
pub(super) fn end_with_parent(command: &mut Command) {
    let parent = getpid();
    let in_child = move || -> io::Result<()> {
        // One raw system call through rustix: nothing is allocated or locked.
        set_parent_process_death_signal(Some(Signal::INT))?;
        // The parent may have ended before the call above; then no signal will ever come.
        if getppid() != Some(parent) {
            // An error made from a number allocates nothing either.
            return Err(Errno::SRCH.into());
        }
        Ok(())
    };
    // SAFETY: `in_child` makes two async-signal-safe system calls and touches only `parent`, a
    // number copied into it: no allocation, no lock, no panic.
    unsafe { command.pre_exec(in_child) };
}
