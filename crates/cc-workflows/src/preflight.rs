//! What must hold before a job is made, so that none is left behind that never could run.

use std::io;
use std::net::UdpSocket;

use cc_core::{Dollars, Env};
use cc_jobs::spending;

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
/// Jobs count when they end: those that run at the same time may each spend what is left.
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
    if let Some(limit) = day_budget {
        let spent = spending::of_a_day(&project.data, project.store.now())?;
        let left = limit.amount() - spent;
        if left <= 0.0 {
            return Err(Error::DayBudget { spent, limit });
        }
        options.max_budget_usd = Some(options.max_budget_usd.map_or(left, |own| own.min(left)));
    }
    Ok(options)
}
