//! `result`: what a finished job found.

use std::fs::File;
use std::io::Write;

use cc_core::JobId;
use cc_core::time::human_duration;
use cc_jobs::{Body, Ending, Job, State, StoreError, select};
use cc_workflows::review::ReviewReport;
use cc_workflows::{JobResult, Project};
use serde_json::{Map, Value, json};

use super::{Outcome, pick};
use crate::args::{Format, ResultArgs};
use crate::complaint::{self, Complaint, Exit};
use crate::output::{self, Output};
use crate::render::{html, sarif};

pub(super) fn result(project: &Project, args: &ResultArgs, output: &mut Output) -> Outcome {
    let session = project.session.as_ref();
    let picked = pick(project, args.job.as_deref(), |jobs| {
        select::latest_finished(jobs, session)
    })?;
    let (job, body) = project.store.read(&picked.id)?;
    let format = if args.json { Format::Json } else { args.format };
    let active = job.state().is_active();
    let text = match format {
        Format::Json => output::json(&json!({
            "job": job,
            "storedJob": stored(&job, &body),
            "state": if active { "active" } else { "terminal" },
        }))
        .map_err(StoreError::from)?,
        Format::Markdown => output::plain(&told(project, &job, &body)),
        Format::Sarif => {
            output::json(&sarif::log(&structured(&job, &body)?)).map_err(StoreError::from)?
        }
        Format::Html => {
            let rendered = body.rendered.as_deref();
            html::page(&job, rendered.ok_or_else(|| nothing_to_render(&job))?)
        }
    };
    match &args.output {
        None => output.write(text.as_bytes()),
        Some(path) => {
            let path = project.env.absolute(path);
            let written = File::create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| {
                let told = format!("cannot write `{}`: {error}", path.display());
                Complaint::new(Exit::Failed, told)
            })?;
            output.note(format_args!("Wrote {}: {}", job.id, path.display()));
        }
    }
    if !active && output.was_delivered() {
        mark_viewed(project, &job.id, output);
    }
    Ok(Exit::Done)
}

/// What is known of a job: its result, how it ended without one, or that it has not.
fn told(project: &Project, job: &Job, body: &Body) -> String {
    let id = &job.id;
    let told = match job.state().ending() {
        Some(Ending::Completed) => {
            let rendered = body.rendered.as_deref();
            rendered.unwrap_or("(this job left no text)").to_owned()
        }
        Some(Ending::Cancelled) => format!("{id} was cancelled.\n\n{}", said_by_then(body)),
        Some(Ending::Failed(failure)) => {
            let hint = complaint::failure_hint(failure);
            let hint = hint.map_or_else(String::new, |hint| format!("  {hint}\n"));
            let detail = &failure.detail;
            format!("{id} failed: {detail}\n{hint}\n{}", said_by_then(body))
        }
        None => {
            let elapsed = job.elapsed(project.store.now());
            let since = elapsed.map(human_duration).unwrap_or_default();
            let (phase, title) = (job.state().phase(), &job.title);
            let next = match job.state() {
                State::CancelFailed { .. } => "It could not be stopped. Try again: cc-cli cancel",
                _ => "It has no result yet. Wait for it with: cc-cli wait",
            };
            format!("{id} is {phase} {since}: {title}\n{next} {id}")
        }
    };
    told.trim_end().to_owned()
}

fn said_by_then(body: &Body) -> String {
    match body.partial_output.as_deref().map(str::trim) {
        None | Some("") => String::new(),
        Some(text) => format!("What Claude had said by then:\n\n{text}\n"),
    }
}

/// Shows how a job ended that was waited for: its result on standard output (if `result_too`), a failure
/// on standard error.
pub(super) fn show_outcome(job: &Job, body: &Body, result_too: bool, output: &mut Output) {
    match job.state().ending() {
        Some(Ending::Completed) if result_too => {
            output.text(
                body.rendered
                    .as_deref()
                    .unwrap_or("(this job left no text)"),
            );
        }
        Some(Ending::Completed) => {}
        Some(Ending::Cancelled) => {
            output.note(format_args!("{} was cancelled.", job.id));
            output.text(if result_too {
                said_by_then(body)
            } else {
                String::new()
            });
        }
        Some(Ending::Failed(failure)) => {
            let mut complaint = Complaint::new(
                Exit::Failed,
                format_args!("{} failed: {}", job.id, failure.detail),
            );
            complaint.hint = complaint::failure_hint(failure);
            output.complain(&complaint);
            output.text(if result_too {
                said_by_then(body)
            } else {
                String::new()
            });
        }
        None => output.note(format_args!("{} is {}.", job.id, job.state().phase())),
    }
}

/// Notes that the result was shown. A store that cannot be written must not take the result away.
pub(super) fn mark_viewed(project: &Project, id: &JobId, output: &mut Output) {
    if let Err(error) = project
        .store
        .lock(id)
        .and_then(|mut guard| guard.mark_viewed())
    {
        output.note(format_args!("could not mark {id} as read: {error}"));
    }
}

/// The result with `codex` beside `claude`, for callers of the plugin before this one.
pub(super) fn with_alias(result: &Value) -> Value {
    let mut result = result.clone();
    if let Some(fields) = result.as_object_mut()
        && let Some(claude) = fields.get("claude").cloned()
    {
        fields.insert("codex".into(), claude);
    }
    result
}

/// The result of a job as `--json` prints it; one that failed before it had a result has the bones of one.
pub(super) fn document(job: &Job, body: &Body) -> Value {
    let mut document = match &body.result {
        Value::Object(_) => with_alias(&body.result),
        _ => json!({"jobId": job.id, "sessionId": null, "rawOutput": body.partial_output}),
    };
    document["status"] = job.state().status().into();
    if let Some(Ending::Failed(failure)) = job.state().ending() {
        document["failure"] = json!(failure);
    }
    document
}

/// The whole record as one object.
fn stored(job: &Job, body: &Body) -> Value {
    let mut record: Map<String, Value> = body.other.clone();
    for part in [serde_json::to_value(body), serde_json::to_value(job)] {
        if let Ok(Value::Object(fields)) = part {
            record.extend(fields);
        }
    }
    if let Some(result) = record.get_mut("result") {
        *result = with_alias(result);
    }
    Value::Object(record)
}

/// The structured review of a job.
fn structured(job: &Job, body: &Body) -> Result<ReviewReport, Complaint> {
    JobResult::read(job.kind, body)
        .and_then(JobResult::into_review)
        .filter(|report| report.result.is_some())
        .ok_or_else(|| {
            Complaint::new(
                Exit::Usage,
                format_args!("{} has no structured findings", job.id),
            )
            .hint("Only a finished adversarial review has them: cc-cli adversarial-review")
        })
}

fn nothing_to_render(job: &Job) -> Complaint {
    Complaint::new(
        Exit::Usage,
        format_args!("{} has no report: it is {}", job.id, job.state().status()),
    )
    .hint(format!("See it with: cc-cli result {}", job.id))
}
