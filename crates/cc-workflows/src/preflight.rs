//! What must hold before a job is made, so that none is left behind that never could run.

use std::io;
use std::net::UdpSocket;

use cc_core::{Dollars, Env, LocateError};
use cc_jobs::spending;

use crate::{Project, RunOptions};

/// Why no job can be started.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// The environment of this call forbids it.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// There is no Claude Code to run.
    #[error(transparent)]
    Claude(#[from] LocateError),
    /// The budget of the day is spent.
    #[error(transparent)]
    Budget(#[from] BudgetSpent),
}

/// Why no job can be started from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// This call comes from a Claude that we started.
    #[error("this is a Claude Code run started by cc; it does not start another one")]
    Nested,
    /// The operating system's sandbox around this call forbids network sockets.
    #[error("this call runs inside a sandbox without network, where Claude Code cannot work")]
    Sandboxed,
}

/// The jobs of the last 24 hours have spent the day's budget.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the jobs of the last 24 hours cost ${spent:.2}, and the limit is {limit}")]
pub struct BudgetSpent {
    /// What they cost, in US dollars.
    pub spent: f64,
    /// What they may cost.
    pub limit: Dollars,
}

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
) -> Result<RunOptions, PreflightError> {
    check(&project.env)?;
    project.claude(options.claude.as_deref())?;
    let mut options = options.clone();
    if let Some(limit) = day_budget {
        let spent = spending::of_a_day(&project.data, project.store.now());
        let left = limit.amount() - spent;
        if left <= 0.0 {
            return Err(BudgetSpent { spent, limit }.into());
        }
        options.max_budget_usd = Some(options.max_budget_usd.map_or(left, |own| own.min(left)));
    }
    Ok(options)
}
