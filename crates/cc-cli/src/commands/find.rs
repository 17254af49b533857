//! Finding the job that a command is about.

use cc_jobs::Job;
use cc_workflows::Project;

use crate::error::CliError;

/// The job whose id is `reference` or begins with it; without one, the job that `default` picks. Also
/// returns the project that it belongs to, which may be another one.
pub(super) fn find<E: Into<CliError>>(
    project: &Project,
    reference: Option<&str>,
    default: impl for<'a> FnOnce(&'a [Job]) -> Result<&'a Job, E>,
) -> Result<(Project, Job), CliError> {
    if let Some(reference) = reference {
        return Ok(project.find(reference)?);
    }
    let all = project.jobs()?;
    let job = default(&all.jobs).map_err(Into::into)?;
    Ok((all.project_of(job), job.clone()))
}
