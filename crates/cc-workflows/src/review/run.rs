//! The worker's part of a review: one run of Claude, the structure of its answer, the report.

use std::time::{Duration, Instant};

use cc_claude::{Claude, End, Limits, Outcome, Request, Tools};
use cc_core::FailureClass;

use super::commands::{self, CommandSandbox};
use super::findings::{Finding, ReviewFindings};
use super::located::Reviewed;
use super::report::{ReviewConclusion, ReviewReport};
use super::reviewed::ReviewedChange;
use super::{findings, prompt};
use crate::claude_report::ClaudeReport;
use crate::job_result::JobResult;
use crate::order::ReviewSpec;
use crate::run::{JobEnd, Run, Told};

/// How long the second run may take, which only puts a finished review into its form.
const REFORMAT_LIMIT: Duration = Duration::from_secs(5 * 60);

/// The least time that a second run is worth.
const REFORMAT_LEAST: Duration = Duration::from_secs(1);

/// A structured answer, or why there is none.
type Structure = Option<Result<ReviewFindings, String>>;

/// Runs a review to its end.
pub(crate) async fn run(
    run: &mut Run<'_>,
    spec: &ReviewSpec,
    claude: &Claude,
    request: Request,
) -> JobEnd {
    let structured = spec.is_structured(run.job.kind);
    let note = spec.commands.as_ref().map(commands::note);
    let request = Request {
        system_prompt: Some(prompt::system(run.job.kind, structured, note.as_deref())),
        tools: Tools::ReadOnly,
        schema: structured.then(findings::schema),
        ..request
    };
    let (sandbox, request) = match &spec.commands {
        None => (None, request),
        Some(commands) => match CommandSandbox::make(run.project, commands, request) {
            Ok((sandbox, request)) => (Some(sandbox), request),
            Err(error) => {
                commands.clean_up();
                return error.into();
            }
        },
    };
    let begun = Instant::now();
    let mut outcome = run.claude(claude, &request).await;
    if let Some(sandbox) = sandbox {
        sandbox.end(run, &mut outcome);
    }
    let structure = match structured {
        true => structure(run, claude, &request, begun, &mut outcome).await,
        false => None,
    };
    let reviewed = Reviewed {
        project: run.project,
        spec,
        prompt: &request.prompt,
        since: run.job.created_at,
    };
    conclude(run, &reviewed, outcome, structure)
}

/// The findings of a run: from its structured output, else from its text, else from a second run
/// that only puts them into their form. A finished review is never lost to its formatting.
async fn structure(
    run: &mut Run<'_>,
    claude: &Claude,
    request: &Request,
    begun: Instant,
    outcome: &mut Outcome,
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
    let answer = unformed(&outcome.report);
    if answer.trim().is_empty() {
        return Some(Err(why));
    }
    // There is a review; only its form is missing.
    outcome.end = End::Completed;
    let Some(again) = reformat(request, begun.elapsed(), outcome.report.cost_usd, &answer) else {
        let note = format!("{why}; nothing is left of the time or the budget to ask for the form");
        run.recorder.note(&note);
        return Some(Err(why));
    };
    run.recorder
        .note(&format!("{why}; asking once more, for the form alone"));
    let second = run.claude(claude, &again).await;
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

/// The second run, within what the first one left of the time and the money; `None` where that is
/// nothing.
fn reformat(
    request: &Request,
    elapsed: Duration,
    cost_usd: Option<f64>,
    answer: &str,
) -> Option<Request> {
    let total = request.limits.total.saturating_sub(elapsed);
    let total = Some(total.min(REFORMAT_LIMIT)).filter(|total| *total >= REFORMAT_LEAST)?;
    let left = |most: f64| Some(most - cost_usd.unwrap_or(0.0)).filter(|left| *left > 0.0);
    Some(Request {
        prompt: prompt::reformat(answer),
        system_prompt: Some("You put a finished code review into a given form.".to_owned()),
        tools: Tools::None,
        server: None,
        limits: Limits {
            idle: request.limits.idle.min(total),
            total,
        },
        max_budget_usd: match request.max_budget_usd {
            Some(most) => Some(left(most)?),
            None => None,
        },
        ..request.clone()
    })
}

/// The findings of a run: its structured output, else the JSON in its text, else the last output that
/// Claude Code refused.
fn findings_in(report: &cc_claude::RunReport) -> Result<ReviewFindings, String> {
    let refused = || serde_json::from_str(report.refused.as_deref()?).ok();
    let output = report.structured.clone();
    let output = output.or_else(|| report.json_in_text()).or_else(refused);
    let output = output.ok_or("Claude gave no structured output")?;
    ReviewFindings::from_output(&output)
        .map_err(|error| format!("the findings do not have the requested form: {error}"))
}

/// The structured output that Claude gave or tried to give, as it is.
fn output(report: &cc_claude::RunReport) -> Option<String> {
    let given = report.structured.as_ref().map(ToString::to_string);
    given.or_else(|| report.refused.clone())
}

/// What Claude gave, unchanged: its text, else its structured output.
fn raw(report: &cc_claude::RunReport) -> String {
    let said = report.answer();
    match output(report) {
        Some(output) if said.trim().is_empty() => output,
        _ => said,
    }
}

/// What Claude gave where it does not have the requested form: its text and its structured output.
fn unformed(report: &cc_claude::RunReport) -> String {
    let said = report.answer();
    match output(report) {
        Some(output) if !said.trim().is_empty() => format!("{said}\n\n{output}"),
        _ => raw(report),
    }
}

fn conclude(
    run: &Run<'_>,
    reviewed: &Reviewed<'_>,
    outcome: Outcome,
    structure: Structure,
) -> JobEnd {
    let spec = reviewed.spec;
    let (job, claude) = (run.job, &outcome.report);
    let completed = outcome.end == End::Completed;
    let (structured, parse_error) = match structure {
        Some(Ok(findings)) => (Some(findings), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let (result, findings) = match structured {
        Some(structured) => {
            let (result, findings) = split(structured);
            (Some(result), Some(reviewed.locate(findings)))
        }
        None => (None, None),
    };
    let review = ReviewReport {
        job_id: job.id.clone(),
        review: job.kind.label().to_owned(),
        target: ReviewedChange::of(spec),
        session_id: job.session.clone(),
        claude: ClaudeReport::new(job, claude, completed),
        not_seen: spec.not_seen.clone(),
        instructions: spec.instructions.clone(),
        result,
        findings,
        raw_output: spec.is_structured(job.kind).then(|| match &parse_error {
            Some(_) => unformed(claude),
            None => raw(claude),
        }),
        parse_error,
        commands: claude.commands.clone(),
    };
    let elapsed = job.elapsed(run.project.store.now());
    let told = completed.then(|| Told {
        summary: review.summary(),
        rendered: review.report(job.kind, elapsed).markdown(),
    });
    run.end(outcome, &JobResult::Review(review), told)
}

/// What Claude gave, as the report has it: the findings apart.
fn split(structured: ReviewFindings) -> (ReviewConclusion, Vec<Finding>) {
    let result = ReviewConclusion {
        verdict: structured.verdict,
        summary: structured.summary,
        next_steps: structured.next_steps,
    };
    (result, structured.findings)
}
