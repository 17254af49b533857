//! Another look after an earlier review: at what changed since, and at what became of its findings.

use cc_core::{JobId, text};
use cc_git::{Git, Repository};
use cc_jobs::{Job, Kind, SelectError, StoreError, select};

use super::{ReviewReport, ReviewSpec, Survey};
use crate::Project;

/// How much of what the earlier review found is repeated, in bytes.
const FOUND_LIMIT: usize = 32 << 10;

/// The review after which somebody looks again.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// Its job.
    pub id: JobId,
    /// What it found, as text.
    pub(super) found: String,
}

/// Why nobody can look again after a job.
#[derive(Debug, thiserror::Error)]
pub enum SinceError {
    /// The reference names no single job here.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// It is no review, or one that did not come to an end.
    #[error("job `{id}` is no finished review")]
    NotReviewed {
        /// The job.
        id: JobId,
    },
    /// What changed cannot be told or read, or nothing did.
    #[error(transparent)]
    Git(#[from] cc_git::Error),
    /// Jobs cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds what changed since a review.
///
/// # Errors
/// When there is no such review, nothing changed since, or Git fails.
pub fn survey_since(project: &Project, reference: &str) -> Result<(Survey, Earlier), SinceError> {
    let jobs = project.store.list()?.jobs;
    let job = select::by_reference(&jobs, reference)?;
    let (spec, found) = reviewed(project, job)?;
    let git = Git::locate(&project.env)?;
    let repository = Repository::discover(git, &project.env.cwd)?;
    let label = format!("changes since `{}`", job.id);
    let (target, shown) = repository.since(&spec.target, spec.shown, label);
    let context = repository.collect_since(&target, &cc_git::Limits::default(), &shown)?;
    let earlier = Earlier {
        id: job.id.clone(),
        found,
    };
    let survey = Survey {
        target,
        context,
        git_config: repository.overrides().to_vec(),
    };
    Ok((survey, earlier))
}

/// What a finished review was told, and what it found.
fn reviewed(project: &Project, job: &Job) -> Result<(ReviewSpec, String), SinceError> {
    let no = || SinceError::NotReviewed { id: job.id.clone() };
    if !matches!(job.kind, Kind::Review | Kind::AdversarialReview) {
        return Err(no());
    }
    let (_, body) = project.store.read(&job.id)?;
    let report: ReviewReport = serde_json::from_value(body.result).map_err(|_| no())?;
    let spec = serde_json::from_value(body.request).map_err(|_| no())?;
    if report.claude.status != 0 {
        return Err(no());
    }
    let found = match &report.result {
        Some(result) => result.numbered(),
        None => report.claude.stdout,
    };
    Ok((spec, text::head(&found, FOUND_LIMIT).to_owned()))
}
