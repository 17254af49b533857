//! The worker's side of a review: one run of Claude, the structure of its answer, the report.

use std::time::Duration;

use cc_claude::{Claude, End, Limits, Outcome, Request, Tools};
use cc_core::FailureClass;
use cc_git::{Git, Repository};
use cc_jobs::{Job, Kind, Report};
use serde_json::Value;

use super::report::ReportTarget;
use super::{
    ClaudeReport, Findings, LocatedFinding, Location, ReviewReport, ReviewResult, ReviewSpec,
};
use super::{findings, prompt};
use crate::done::{Done, order};
use crate::observe::Scribe;
use crate::worker::Stop;
use crate::{Project, git_access};

/// How long putting a finished review into shape may take.
const REFORMAT_LIMIT: Duration = Duration::from_secs(5 * 60);

/// A structured answer, or why there is none.
type Structure = Option<Result<Findings, String>>;

/// Runs a review to its end.
pub(crate) async fn run(
    project: &Project,
    job: &Job,
    stop: &mut Stop,
    scribe: &mut Scribe<'_>,
) -> Done {
    let (spec, task): (ReviewSpec, String) = match order(project, job) {
        Ok(order) => order,
        Err(error) => return Done::failed(FailureClass::Internal, error),
    };
    let root = project.store.workspace().root();
    let claude = match project.claude(spec.options.claude.as_deref()) {
        Ok(claude) => claude,
        Err(error) => return Done::failed(FailureClass::NotInstalled, error),
    };
    let structured = job.kind == Kind::AdversarialReview;
    let git = match git_access::reading(project, spec.git_config.clone()) {
        Ok(git) => git,
        Err(error) => return Done::failed(FailureClass::Internal, error),
    };
    let request = spec.options.apply(Request {
        prompt: task,
        system_prompt: Some(prompt::system(job.kind)),
        git,
        tools: Tools::ReadOnly,
        schema: structured.then(findings::schema),
        ..Request::new(root)
    });
    let mut outcome = cc_claude::run(&claude, &request, &project.env, stop.asked(), scribe).await;
    let structure = if structured {
        structure(project, &claude, &request, &mut outcome, stop, scribe).await
    } else {
        None
    };
    conclude(project, job, &spec, outcome, structure)
}

/// The findings of a run: from its structured output, else from its text, else by asking once more
/// for nothing but the form. A review that was made is never lost to its formatting.
async fn structure(
    project: &Project,
    claude: &Claude,
    request: &Request,
    outcome: &mut Outcome,
    stop: &mut Stop,
    scribe: &mut Scribe<'_>,
) -> Structure {
    let no_form =
        matches!(&outcome.end, End::Failed(failure) if failure.class == FailureClass::Schema);
    if outcome.end != End::Completed && !no_form {
        return None;
    }
    let why = match findings_in(&outcome.report) {
        Ok(findings) => {
            outcome.end = End::Completed;
            return Some(Ok(findings));
        }
        Err(why) => why,
    };
    let said = match &outcome.report.structured {
        Some(output) if outcome.report.text.trim().is_empty() => output.to_string(),
        _ => outcome.report.text.clone(),
    };
    if said.trim().is_empty() {
        return Some(Err(why));
    }
    // There is a review; only its form is missing.
    outcome.end = End::Completed;
    scribe.note(&format!("{why}; asking once for the form alone"));
    let again = Request {
        prompt: prompt::reformat(&said),
        system_prompt: Some("You put a finished code review into a given form.".to_owned()),
        tools: Tools::None,
        limits: Limits {
            idle: request.limits.idle.min(REFORMAT_LIMIT),
            total: REFORMAT_LIMIT,
        },
        ..request.clone()
    };
    let second = cc_claude::run(claude, &again, &project.env, stop.asked(), scribe).await;
    outcome.report.usage.add(second.report.usage);
    outcome.report.cost_usd = match (outcome.report.cost_usd, second.report.cost_usd) {
        (None, None) => None,
        (first, second) => Some(first.unwrap_or(0.0) + second.unwrap_or(0.0)),
    };
    if second.end == End::Cancelled {
        outcome.end = End::Cancelled;
    }
    Some(findings_in(&second.report).map_err(|_| why))
}

/// The findings of a run: its structured output, else the JSON in its text.
fn findings_in(report: &cc_claude::Report) -> Result<Findings, String> {
    let output = report.structured.clone().or_else(|| report.json_in_text());
    let output = output.ok_or("Claude gave no structured output")?;
    Findings::from_output(&output)
        .map_err(|error| format!("the findings are not in the form asked for: {error}"))
}

fn conclude(
    project: &Project,
    job: &Job,
    spec: &ReviewSpec,
    outcome: Outcome,
    structure: Structure,
) -> Done {
    let Outcome { end, report } = outcome;
    let raw_output = (job.kind == Kind::AdversarialReview).then(|| raw(&report));
    let (result, parse_error) = match structure {
        Some(Ok(findings)) => (Some(located(project, spec, findings)), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let made = end == End::Completed;
    let review = ReviewReport {
        job_id: job.id.clone(),
        review: job.kind.label().to_owned(),
        target: ReportTarget {
            mode: spec.target.mode,
            label: spec.target.label.clone(),
            base_ref: spec.target.base_ref.clone(),
            since: spec.since.clone(),
        },
        session_id: job.session.clone(),
        claude: ClaudeReport::new(job, &report, made),
        not_seen: spec.not_seen.clone(),
        result,
        parse_error,
        raw_output,
    };
    let rendered = made.then(|| review.markdown(job.kind, job.elapsed(project.store.now())));
    let done = Done::of_run(end, report);
    Done {
        report: Report {
            summary: made.then(|| review.summary()),
            result: serde_json::to_value(&review).unwrap_or(Value::Null),
            rendered,
            ..done.report
        },
        ..done
    }
}

/// What Claude gave, as it came: its text, else its structured output.
fn raw(report: &cc_claude::Report) -> String {
    match &report.structured {
        Some(output) if report.text.trim().is_empty() => output.to_string(),
        _ => report.text.clone(),
    }
}

fn located(project: &Project, spec: &ReviewSpec, findings: Findings) -> ReviewResult {
    let repository = Git::locate(&project.env)
        .and_then(|git| Repository::discover(git, project.store.workspace().root()))
        .ok();
    let findings_located = findings.findings.into_iter().map(|finding| LocatedFinding {
        location: Location::of(&finding, repository.as_ref(), &spec.target),
        finding,
    });
    ReviewResult {
        verdict: findings.verdict,
        summary: findings.summary,
        findings: findings_located.collect(),
        next_steps: findings.next_steps,
    }
}
