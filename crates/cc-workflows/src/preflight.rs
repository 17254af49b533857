//! What must hold before a job is made, so that none is left behind that never could run.

use std::io;
use std::net::UdpSocket;

use cc_core::{Dollars, Env};

use crate::day_budget::DayRest;
use crate::error::{Error, Obstacle};
use crate::{Project, RunOptions};

/// Checks whether this process may start a job.
///
/// # Errors
/// The first obstacle.
pub(crate) fn check(env: &Env) -> Result<(), Obstacle> {
    if env.nested() {
        return Err(Obstacle::Nested);
    }
    // Codex's sandbox refuses the socket itself, so this asks nobody and reaches nothing.
    match UdpSocket::bind(("127.0.0.1", 0)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Obstacle::Sandboxed),
        _ => Ok(()),
    }
}

/// Checks whether a job with these options may start, and returns the options with the job's own
/// limit lowered to what is left of the day's budget.
///
/// This is the earliest answer; what is left is reserved when the job is made.
///
/// # Errors
/// The first reason why it may not.
pub(crate) fn clear(
    project: &Project,
    options: &RunOptions,
    day_budget: Option<Dollars>,
) -> Result<RunOptions, Error> {
    check(&project.env)?;
    project.claude(options.claude.as_deref())?;
    let mut options = options.clone();
    if let Some(rest) = DayRest::find(project, day_budget)? {
        options.max_budget_usd = Some(rest.bound(options.max_budget_usd));
    }
    Ok(options)
}
