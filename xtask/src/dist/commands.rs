//! Calls of other programs.

use std::error::Error;
use std::process::{Command, Stdio};

/// What a step of a task gives.
pub(super) type Done<T = ()> = Result<T, Box<dyn Error>>;

/// What a program printed, without the end of the line.
pub(super) fn said_by(command: &mut Command) -> Done<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Runs a program that has to succeed.
pub(super) fn succeed(command: &mut Command) -> Done {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{command:?} ended with {status}").into())
}
