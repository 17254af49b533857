//! Finding the job that a command is about.

use cc_jobs::{Job, select};
use cc_workflows::Project;

use crate::error::CliError;

/// The job whose id is `reference` or begins with it; without one, the job that `default` picks.
pub(super) fn find<E: Into<CliError>>(
    project: &Project,
    reference: Option<&str>,
    default: impl for<'a> FnOnce(&'a [Job]) -> Result<&'a Job, E>,
) -> Result<Job, CliError> {
    let jobs = project.store.list()?.jobs;
    let job = match reference {
        Some(reference) => select::by_reference(&jobs, reference)?,
        None => default(&jobs).map_err(Into::into)?,
    };
    Ok(job.clone())
}
