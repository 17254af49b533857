//! `--fail-on`: the exit code that the findings of a review come to.

use cc_jobs::{Body, Ending, Job, JobKind};
use cc_workflows::JobResult;
use cc_workflows::review::Severity;

use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

/// The exit code for a job: its outcome, and for a completed review what its findings say. A review whose
/// findings are not structured has no verdict.
pub(super) fn judge(job: &Job, body: &Body, fail_on: Option<Severity>) -> ExitStatus {
    let (Some(Ending::Completed), Some(lowest)) = (job.state().ending(), fail_on) else {
        return ExitStatus::of_job(job);
    };
    let review = JobResult::read(job.kind, body).and_then(JobResult::into_review);
    match review.and_then(|review| review.findings) {
        None => ExitStatus::NoVerdict,
        // The most severe comes first.
        Some(findings) if findings.iter().any(|it| it.finding.severity <= lowest) => {
            ExitStatus::Findings
        }
        Some(_) => ExitStatus::Success,
    }
}

/// Says why there is no verdict, where that is the exit code.
pub(super) fn explain(job: &Job, status: ExitStatus, printer: &mut Printer) {
    if status == ExitStatus::NoVerdict {
        printer.note(format_args!(
            "{} has no verdict: its findings are not structured.",
            job.id
        ));
    }
}

/// Refuses `--fail-on` for what is no review.
pub(super) fn check_kind(job: &Job, fail_on: Option<Severity>) -> Result<(), CliError> {
    let is_review = matches!(job.kind, JobKind::Review | JobKind::AdversarialReview);
    if fail_on.is_none() || is_review {
        return Ok(());
    }
    let message = format_args!("{} is no review: it has no findings", job.id);
    Err(CliError::new(ExitStatus::Usage, message).hint("Leave out --fail-on."))
}

/// The exit code of several jobs: the worst decides.
pub(super) fn worst(statuses: impl IntoIterator<Item = ExitStatus>) -> CliResult {
    let worst = statuses.into_iter().max_by_key(|status| match status {
        ExitStatus::Success => 0,
        ExitStatus::Findings => 1,
        ExitStatus::NoVerdict => 2,
        ExitStatus::Cancelled => 3,
        ExitStatus::TimedOut => 5,
        _ => 4,
    });
    Ok(worst.unwrap_or(ExitStatus::Success))
}
