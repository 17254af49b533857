//! What a new job may spend.

use cc_core::Dollars;
use cc_jobs::spending;

use crate::{Project, RunOptions};

/// The jobs of the last 24 hours have used up what all of them may cost.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the jobs of the last 24 hours cost ${spent:.2}, and {limit} is all they may cost")]
pub struct BudgetSpent {
    /// What they cost, in US dollars.
    pub spent: f64,
    /// What they may cost.
    pub limit: Dollars,
}

/// Lowers the job's own limit to what is left of the day's.
///
/// Jobs count when they end: those that run side by side each may spend what is left.
///
/// # Errors
/// When nothing is left.
pub(crate) fn within_the_day(
    project: &Project,
    options: &RunOptions,
) -> Result<RunOptions, BudgetSpent> {
    let mut options = options.clone();
    if let Some(limit) = options.day_budget {
        let spent = spending::of_a_day(&project.data, project.store.now());
        let left = limit.amount() - spent;
        if left <= 0.0 {
            return Err(BudgetSpent { spent, limit });
        }
        options.max_budget_usd = Some(options.max_budget_usd.map_or(left, |own| own.min(left)));
    }
    Ok(options)
}
