//! What is reviewed: a selection of the user's, or what changed since an earlier review.

use cc_core::JobId;
use cc_core::text::{count, head};
use cc_git::{Context, ContextLimits, Git, Head, Repository, Selection, Target, Totals};
use cc_jobs::Job;
use cc_jobs::settings::{DiffSettings, RepositorySettings};

use super::repository_file;
use crate::job_result::JobResult;
use crate::order::{ReviewSpec, WorkOrder};
use crate::{Error, Project};

/// How much of the earlier review's findings is repeated, in bytes.
const FOUND_LIMIT: usize = 32 << 10;

/// What a review would look at.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The two states that are compared.
    pub target: Target,
    /// The change, as far as it fits.
    pub context: Context,
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// What the repository says of its reviews.
    pub repository_file: RepositorySettings,
}

/// An earlier review that this one follows.
#[derive(Clone, Debug)]
pub struct EarlierReview {
    /// Its job.
    pub id: JobId,
    /// Its findings, as text.
    pub(super) found: String,
}

/// The bounds and rules of a review's diff.
fn limits(settings: &DiffSettings) -> ContextLimits {
    ContextLimits {
        show_secrets: settings.show_secrets.clone(),
        exclude: settings.exclude.clone(),
        ..ContextLimits::default()
    }
}

/// Resolves the selection and collects the change.
///
/// # Errors
/// When there is no repository, nothing to review, or Git fails.
pub fn survey(
    project: &Project,
    selection: &Selection,
    settings: &DiffSettings,
) -> Result<Survey, Error> {
    let git = Git::locate(&project.env)?;
    let repository = Repository::discover(git, &project.env.cwd)?.with_index_of_caller()?;
    let (target, context, file) = match repository_file::is_there(&repository) {
        false => {
            let (target, context) = repository.survey(selection, &limits(settings))?;
            (target, context, RepositorySettings::default())
        }
        true => {
            let (target, file) = repository_file::resolve(&repository, selection)?;
            let context = repository.collect(&target, &limits_with(settings, &file))?;
            (target, context, file)
        }
    };
    Ok(Survey {
        target,
        context,
        branch: branch(&repository),
        repository_file: file,
    })
}

/// The bounds and rules of a review's diff, with the exclusions of the repository.
fn limits_with(settings: &DiffSettings, file: &RepositorySettings) -> ContextLimits {
    let mut limits = limits(settings);
    limits.exclude.extend(file.exclude.iter().cloned());
    limits
}

/// Whether a word names a commit here; an empty one means HEAD.
#[must_use]
pub fn names_revision(project: &Project, word: &str) -> bool {
    let commit = if word.is_empty() { "HEAD" } else { word };
    let selection = Selection {
        commit: Some(commit.to_owned()),
        ..Selection::default()
    };
    let repository =
        Git::locate(&project.env).and_then(|git| Repository::discover(git, &project.env.cwd));
    repository.is_ok_and(|repository| repository.resolve(&selection).is_ok())
}

/// [`survey`] in an open repository, of files that the user did not name.
pub(crate) fn survey_edits(
    repository: &Repository,
    selection: &Selection,
    settings: &DiffSettings,
) -> Result<Survey, cc_git::Error> {
    let limits = ContextLimits {
        show_named: false,
        ..limits(settings)
    };
    let (target, context) = repository.survey(selection, &limits)?;
    Ok(Survey {
        target,
        context,
        branch: branch(repository),
        repository_file: RepositorySettings::default(),
    })
}

/// Collects what changed since a review.
///
/// # Errors
/// When there is no such review, nothing changed since, or Git fails.
pub fn survey_since(
    project: &Project,
    reference: &str,
    settings: &DiffSettings,
) -> Result<(Survey, EarlierReview), Error> {
    let (there, job) = project.find(reference)?;
    let (spec, found) = reviewed(&there, &job)?;
    let git = Git::locate(&project.env)?;
    let repository = Repository::discover(git, &project.env.cwd)?.with_index_of_caller()?;
    let label = format!("changes since `{}`", job.id);
    let (target, shown) = repository.since(&spec.target, spec.shown, label);
    let file = repository_file::read(&repository, &target.base)?;
    let context = repository.collect_since(&target, &limits_with(settings, &file), &shown)?;
    let earlier = EarlierReview {
        id: job.id.clone(),
        found,
    };
    let survey = Survey {
        target,
        context,
        branch: branch(&repository),
        repository_file: file,
    };
    Ok((survey, earlier))
}

fn branch(repository: &Repository) -> Option<String> {
    match repository.head() {
        Head::Branch { name, .. } => Some(name.clone()),
        Head::Unborn | Head::Detached { .. } => None,
    }
}

/// The order and the findings of a finished review.
fn reviewed(project: &Project, job: &Job) -> Result<(ReviewSpec, String), Error> {
    let (_, body) = project.store.read(&job.id)?;
    let report = JobResult::read(job.kind, &body).and_then(JobResult::into_review);
    let report = report.filter(|report| report.claude.status == 0);
    let (Some(report), Ok(WorkOrder::Review(spec))) = (report, WorkOrder::read(job.kind, &body))
    else {
        return Err(Error::NotReviewed(job.id.clone()));
    };
    let found = report.numbered();
    let found = found.unwrap_or(report.claude.stdout);
    Ok((spec, head(&found, FOUND_LIMIT).to_owned()))
}

/// The size of a change: `3 files, +20 −4`.
pub fn size(totals: &Totals) -> String {
    format!(
        "{}, +{} −{}",
        count(usize::try_from(totals.files).unwrap_or(usize::MAX), "file"),
        totals.additions,
        totals.deletions
    )
}
