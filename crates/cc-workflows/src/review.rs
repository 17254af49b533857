//! Reviews: what is to be reviewed becomes a job, and its worker turns Claude's answer into a report.

pub mod findings;
mod locate;
mod prompt;
mod report;
mod run;
mod since;

use std::ffi::OsString;

use cc_core::text::{count, one_line};
use cc_core::{JobId, LocateError};
use cc_git::{Context, Git, Repository, Selection, Shown, Target, Totals};
use cc_jobs::{Draft, Job, Kind};
use serde::{Deserialize, Serialize};

use crate::preflight::{self, Obstacle};
use crate::{BudgetSpent, LaunchError, Project, RunOptions, budget, launch};

pub use findings::{Finding, Findings, Severity, Verdict};
pub use locate::Location;
pub(crate) use prompt::describe;
pub use report::{ClaudeReport, LocatedFinding, ReviewReport, ReviewResult};
pub(crate) use run::run;
pub use since::{Earlier, SinceError, survey_since};

/// A review to be made.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    /// What to review.
    pub selection: Selection,
    /// A review, by its id or the beginning of one: only what changed since, whatever the selection says.
    pub since: Option<String>,
    /// Whether findings come structured, from a reviewer that tries to break the change.
    pub adversarial: bool,
    /// What to look at above all; adversarial reviews only.
    pub focus: Option<String>,
    /// How Claude is run for it.
    pub options: RunOptions,
}

impl ReviewRequest {
    /// The kind of job this becomes.
    pub fn kind(&self) -> Kind {
        if self.adversarial {
            Kind::AdversarialReview
        } else {
            Kind::Review
        }
    }
}

/// Why a review was not started; no job is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No job can be started from here.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// There is no Claude Code to run.
    #[error(transparent)]
    Claude(#[from] LocateError),
    /// Nothing is left of what jobs may cost.
    #[error(transparent)]
    Budget(#[from] BudgetSpent),
    /// What is to be reviewed cannot be told or read.
    #[error(transparent)]
    Git(#[from] cc_git::Error),
    /// What changed since an earlier review cannot be told.
    #[error(transparent)]
    Since(#[from] SinceError),
    /// The job cannot be stored or its worker not started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
}

/// What the worker of a review is told; `request` of the job's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewSpec {
    /// What is reviewed.
    pub target: Target,
    /// How much that is.
    pub totals: Totals,
    /// What the prompt does not hold, a line each.
    pub not_seen: Vec<String>,
    /// The diffs that were shown, in this review or the earlier ones that it goes on from.
    #[serde(default, skip_serializing_if = "Shown::is_empty")]
    pub shown: Shown,
    /// The review that it goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<JobId>,
    /// Settings for the git that Claude calls.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub git_config: Vec<(OsString, OsString)>,
    /// What to look at above all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
    /// How Claude is run for it.
    #[serde(flatten)]
    pub options: RunOptions,
}

/// What a review would look at.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Which states are compared.
    pub target: Target,
    /// The change, as far as it fits.
    pub context: Context,
    /// Settings that take out the programs which the repository would have git run.
    pub git_config: Vec<(OsString, OsString)>,
}

/// Resolves the selection and collects the change.
///
/// # Errors
/// When there is no repository, nothing to review, or Git fails.
pub fn survey(project: &Project, selection: &Selection) -> Result<Survey, cc_git::Error> {
    let git = Git::locate(&project.env)?;
    let repository = Repository::discover(git, &project.env.cwd)?;
    let target = repository.resolve(selection)?;
    let context = repository.collect(&target, &cc_git::Limits::default())?;
    let git_config = repository.overrides().to_vec();
    Ok(Survey {
        target,
        context,
        git_config,
    })
}

/// Starts a review as a job with a worker of its own, and returns the queued job.
///
/// # Errors
/// When it cannot run or cannot be stored; no job is left behind then.
pub fn start(project: &Project, request: &ReviewRequest) -> Result<Job, StartError> {
    preflight::check(&project.env)?;
    project.claude(request.options.claude.as_deref())?;
    let options = budget::within_the_day(project, &request.options)?;
    let (survey, earlier) = match &request.since {
        Some(reference) => {
            let (survey, earlier) = survey_since(project, reference)?;
            (survey, Some(earlier))
        }
        None => (survey(project, &request.selection)?, None),
    };
    let Survey {
        target,
        context,
        git_config,
    } = survey;
    let kind = request.kind();
    let prompt = prompt::task(
        &target,
        &context,
        earlier.as_ref(),
        request.focus.as_deref(),
    );
    let title = match kind {
        Kind::AdversarialReview => format!("Adversarial review of {}", target.label),
        _ => format!("Review of {}", target.label),
    };
    let summary = request
        .focus
        .clone()
        .unwrap_or_else(|| size(&context.totals));
    let spec = ReviewSpec {
        totals: context.totals,
        not_seen: context.not_seen.iter().map(ToString::to_string).collect(),
        shown: context.shown,
        since: earlier.map(|earlier| earlier.id),
        target,
        git_config,
        focus: request.focus.clone(),
        options,
    };
    let draft = Draft {
        kind,
        title: one_line(&title, 200),
        summary: one_line(&summary, 200),
        write: false,
        session: project.session.clone(),
        thread: None,
        model: spec.options.model.clone(),
        request: serde_json::to_value(&spec).map_err(|error| LaunchError::Store(error.into()))?,
    };
    Ok(launch::launch(project, draft, &prompt)?)
}

/// How much a change is, in words: `3 files, +20 −4`.
pub fn size(totals: &Totals) -> String {
    format!(
        "{}, +{} −{}",
        count(usize::try_from(totals.files).unwrap_or(usize::MAX), "file"),
        totals.additions,
        totals.deletions
    )
}
