//! Finding the job that a command is about.

use cc_jobs::{Choice, Job};
use cc_workflows::{Project, RepositoryJobs};

use crate::error::CliError;

/// The job whose id is `reference` or begins with it; without one, the job that `default` picks of those
/// that have not ended and those that `choice` names. Also returns the project that it belongs to, which
/// may be another one.
pub(super) fn find<E: Into<CliError>>(
    project: &Project,
    reference: Option<&str>,
    choice: Choice<'_>,
    default: impl for<'a> FnOnce(&'a RepositoryJobs) -> Result<&'a Job, E>,
) -> Result<(Project, Job), CliError> {
    if let Some(reference) = reference {
        return Ok(project.find(reference)?);
    }
    let all = project.jobs(choice)?;
    let job = default(&all).map_err(Into::into)?;
    Ok((all.project_of(job), job.clone()))
}
