//! Reviews: a change becomes a job, and its worker turns Claude's answer into a report.

pub(crate) mod commands;
mod estimate;
pub(crate) mod findings;
pub(crate) mod instructions;
mod located;
pub(crate) mod prompt;
pub(crate) mod report;
mod repository_file;
pub(crate) mod reviewed;
pub(crate) mod run;
mod survey;

use std::path::PathBuf;

use cc_core::Dollars;
use cc_core::text::{count, one_line};
use cc_git::{Selection, Totals};
use cc_jobs::settings::{DiffSettings, TrustPolicy};
use cc_jobs::{Body, Job, JobKind};

use crate::order::{ReviewSpec, WorkOrder};
use crate::{Error, Project, RunOptions, launch, preflight};

pub use crate::rescue::sandbox::CommandsUnavailable;
pub use estimate::{Estimate, estimate};
pub use findings::{Finding, LocatedFinding, Location, ReviewVerdict, Severity};
use instructions::Instructions;
pub use instructions::{INSTRUCTIONS_LIMIT, InstructionSources};
pub use report::{ReviewConclusion, ReviewReport};
pub use reviewed::ReviewedChange;
pub(crate) use survey::survey_edits;
pub use survey::{Survey, names_revision, size, survey, survey_since};

/// A request for a review.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    /// What to review.
    pub selection: Selection,
    /// An earlier review, by its id or a prefix of it: review only what changed since, whatever the
    /// selection says.
    pub since: Option<String>,
    /// Whether this is an adversarial review: its findings are structured.
    pub adversarial: bool,
    /// Whether a plain review has structured findings too.
    pub structured: bool,
    /// What to look at first; adversarial reviews only.
    pub focus: Option<String>,
    /// What is shown of the change.
    pub diff: DiffSettings,
    /// An absolute path of a file with the user's own instructions.
    pub instructions: Option<PathBuf>,
    /// Who decides whether the project's rules for reviews are used.
    pub trust: TrustPolicy,
    /// Whether Claude may run commands, such as the tests, in a sandbox.
    pub run_commands: bool,
    /// What such commands may read besides the workspace and the user's tools; absolute, or `~/NAME`.
    pub readable_paths: Vec<String>,
    /// How Claude is run.
    pub options: RunOptions,
    /// What all jobs of 24 hours may cost, if that is limited.
    pub day_budget: Option<Dollars>,
}

impl ReviewRequest {
    /// The kind of job this becomes.
    pub fn kind(&self) -> JobKind {
        if self.adversarial {
            JobKind::AdversarialReview
        } else {
            JobKind::Review
        }
    }
}

/// What a review is about, by the record of its job: `uncommitted changes (6 files)`.
#[must_use]
pub fn subject(kind: JobKind, body: &Body) -> Option<String> {
    match WorkOrder::read(kind, body) {
        Ok(WorkOrder::Review(spec)) => {
            let scope = ReviewedChange::of(&spec).name().plain();
            let files = usize::try_from(spec.totals.files).unwrap_or(usize::MAX);
            Some(format!("{scope} ({})", count(files, "file")))
        }
        _ => None,
    }
}

/// A review up to this size ends soon enough to wait for it.
const SMALL_FILES: u64 = 5;
const SMALL_LINES: u64 = 300;

/// Whether a review of a change of this size ends soon enough to wait for it.
#[must_use]
pub fn is_small(totals: &Totals) -> bool {
    totals.files <= SMALL_FILES && totals.additions + totals.deletions <= SMALL_LINES
}

/// The size of the change that the review of this record looks at.
#[must_use]
pub fn totals_in_record(kind: JobKind, body: &Body) -> Option<Totals> {
    match WorkOrder::read(kind, body) {
        Ok(WorkOrder::Review(spec)) => Some(spec.totals),
        _ => None,
    }
}

/// Starts a review as a job with its own worker, and returns the queued job.
///
/// # Errors
/// When it cannot run or cannot be stored; no job is left behind then.
pub fn start(project: &Project, request: &ReviewRequest) -> Result<Job, Error> {
    let options = preflight::clear(project, &request.options, request.day_budget)?;
    let commands = request
        .run_commands
        .then(|| commands::prepare(project, &request.readable_paths))
        .transpose()?;
    let user_file = request.instructions.as_deref();
    let root = project.store.workspace().root();
    let mut instructions = Instructions::read(&project.env, root, user_file, request.trust)?;
    let (survey, earlier) = match &request.since {
        Some(reference) => {
            let (survey, earlier) = survey_since(project, reference, &request.diff)?;
            (survey, Some(earlier))
        }
        None => (survey(project, &request.selection, &request.diff)?, None),
    };
    let Survey {
        target,
        context,
        branch,
        repository_file,
    } = survey;
    instructions.add_repository_file(repository_file.instructions.as_deref());
    let kind = request.kind();
    let prompt = prompt::task(
        &target,
        &context,
        earlier.as_ref(),
        &instructions,
        request.focus.as_deref(),
    );
    let summary = size(&context.totals);
    let spec = ReviewSpec {
        totals: context.totals,
        not_seen: context.not_seen.iter().map(ToString::to_string).collect(),
        shown: context.shown,
        since: earlier.map(|earlier| earlier.id),
        target,
        branch,
        exclude: [request.diff.exclude.clone(), repository_file.exclude].concat(),
        structured: request.structured,
        focus: request.focus.clone(),
        instructions: instructions.sources,
        commands,
        options,
    };
    let scope = ReviewedChange::of(&spec).name().plain();
    let focus = request.focus.as_deref();
    let focus = focus.map_or_else(String::new, |it| format!(" ({})", one_line(it, 60)));
    let title = match kind {
        JobKind::AdversarialReview => format!("Adversarial review of {scope}{focus}"),
        _ => format!("Review of {scope}"),
    };
    let order = WorkOrder::Review(spec);
    let (title, summary) = (one_line(&title, 200), one_line(&summary, 200));
    let draft = order.draft(kind, project.session.clone(), title, summary);
    launch::launch(project, draft?, &prompt, request.day_budget)
}
