//! `result`: shows the result of a finished job.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use cc_core::time::human_duration;
use cc_core::{JobId, SessionId, ThreadId};
use cc_jobs::select::{self, SelectError};
use cc_jobs::{Body, EndedJob, Ending, Job, JobState, Latest, StoreError};
use cc_workflows::report::Line;
use cc_workflows::review::ReviewReport;
use cc_workflows::{JobResult, Project, current, hint, report_of, rescue};
use serde_json::{Map, Value, json};

use super::find::find;
use super::{show, verdict};
use crate::args::{Format, ResultArgs};
use crate::documents::{EndOfJob, StoredResult};
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::{self, Printer};
use crate::render::terminal::{self, Look};
use crate::render::{html, sarif};

/// Where a result goes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    /// A file instead of standard output.
    pub(super) file: Option<&'a Path>,
    /// Whether a long report goes through a pager.
    pub(super) pager: bool,
}

pub(super) fn result(
    project: &Project,
    args: &ResultArgs,
    place: Place<'_>,
    printer: &mut Printer,
) -> CliResult {
    let (project, job, running) = chosen(project, args)?;
    verdict::check_kind(&job, args.verdict.fail_on)?;
    let (job, body) = project.store.read(&job.id)?;
    let format = if args.json { Format::Json } else { args.format };
    let is_active = job.state().is_active();
    let look = show::look(&project).filter(|_| format == Format::Markdown && place.file.is_none());
    let text = match (&look, format) {
        (Some(look), _) => shown(&project, (&job, &body), look),
        (None, Format::Json) => printer::json(&StoredResult {
            job: &job,
            stored_job: stored(&job, &body),
            state: if is_active { "active" } else { "terminal" },
        })
        .map_err(StoreError::from)?,
        (None, Format::Markdown) => printer::plain(&markdown(&project, &job, &body)),
        (None, Format::Sarif) => sarif(&job, &body)?,
        (None, Format::Html) => page(&project, &job, &body)?,
    };
    let pager = look.and_then(|_| show::pager(&project, &text));
    let pager = pager.filter(|_| place.pager);
    let is_paged = pager.is_some();
    match place.file {
        None if is_paged => {}
        None => printer.bytes(text.as_bytes()),
        Some(path) => {
            let path = project.env.absolute(path);
            let written = File::create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| {
                let message = format!("cannot write `{}`: {error}", path.display());
                CliError::new(ExitStatus::Failure, message)
            })?;
            printer.note(format_args!("Wrote {}: {}", job.id, path.display()));
        }
    }
    if !is_active && printer.was_delivered() {
        mark_viewed(&project, &job.id, printer);
    }
    for id in running {
        printer.note(format_args!(
            "{id} is still running. Wait for it: cc-cli wait {id}"
        ));
    }
    let status = match args.verdict.fail_on {
        Some(_) => verdict::judge(&job, &body, args.verdict.fail_on),
        None => ExitStatus::Success,
    };
    verdict::explain(&job, status, printer);
    // A pager takes the place of this process, and with it the exit code.
    match pager.filter(|_| status == ExitStatus::Success) {
        Some(pager) => show::page(pager, &text, printer),
        None if is_paged => printer.bytes(text.as_bytes()),
        None => {}
    }
    Ok(status)
}

/// The job that is meant, and those that still run where it is the latest that has ended.
pub(super) fn chosen(
    project: &Project,
    args: &ResultArgs,
) -> Result<(Project, Job, Vec<JobId>), CliError> {
    let session = project.session.as_ref();
    let mut running = Vec::new();
    let is_result = |job: &EndedJob| select::is_visible_result(job, session);
    let (project, job) = find(
        project,
        args.job.as_deref(),
        &[Latest::one(&is_result)],
        |all| {
            running = active(&all.jobs, session);
            select::latest_finished(&all.jobs, &all.others, session)
                .map_err(|error| none_finished(error, &running))
        },
    )?;
    Ok((project, job, running))
}

/// The report as a page.
pub(super) fn page(project: &Project, job: &Job, body: &Body) -> Result<String, CliError> {
    let report = report_of(job, body, project.store.now());
    Ok(html::page(job, &report.ok_or_else(|| no_report(job))?))
}

/// The result for a terminal.
fn shown(project: &Project, (job, body): (&Job, &Body), look: &Look) -> String {
    let is_complete = job.state().ending() == Some(&Ending::Completed);
    match report_of(job, body, project.store.now()).filter(|_| is_complete) {
        Some(mut report) => {
            let origin = origin(project, job, report.continuation.is_empty());
            let origin = origin.iter().map(|line| Line::described(line));
            report.continuation.extend(origin);
            terminal::report(&report, look)
        }
        None if is_complete => printer::plain(&markdown(project, job, body)),
        None => {
            let origin = origin(project, job, true);
            let origin: Vec<Line> = origin.iter().map(|line| Line::described(line)).collect();
            let partial = partial(job, body);
            terminal::unfinished(&outcome(project, job), partial, &origin, look)
        }
    }
}

/// The jobs of the session that have not ended.
fn active(jobs: &[Job], session: Option<&SessionId>) -> Vec<JobId> {
    match select::only_active(jobs, session) {
        Ok(job) => vec![job.id.clone()],
        Err(SelectError::SeveralActive { candidates, .. }) => candidates,
        Err(_) => Vec::new(),
    }
}

fn none_finished(error: SelectError, running: &[JobId]) -> CliError {
    match running {
        [] => error.into(),
        [id, ..] => {
            let ids: Vec<&str> = running.iter().map(JobId::as_str).collect();
            let message = format!("{error}; still running: {}", ids.join(", "));
            CliError::new(ExitStatus::Usage, message).hint(format!("Wait for it: cc-cli wait {id}"))
        }
    }
}

/// The result of a job, why it has none, or that it is still running.
fn markdown(project: &Project, job: &Job, body: &Body) -> String {
    let text = match job.state().ending() {
        Some(Ending::Completed) => completed(project, job, body),
        _ => {
            let partial = partial(job, body).map(|text| format!("\n\nPartial output:\n\n{text}"));
            outcome(project, job).join("\n") + &partial.unwrap_or_default()
        }
    };
    let text = text.trim_end();
    let says = |thread: &ThreadId| text.contains(&format!("claude --resume {thread}"));
    let origin = origin(project, job, !job.thread.as_ref().is_some_and(says));
    match origin.is_empty() {
        true => text.to_owned(),
        false => format!("{text}\n\n{}", origin.join("\n")),
    }
}

/// How a job without a report ended, or that it has not.
fn outcome(project: &Project, job: &Job) -> Vec<String> {
    let id = &job.id;
    match job.state().ending() {
        Some(Ending::Completed) => vec![format!("{id} completed.")],
        Some(Ending::Cancelled) => vec![format!("{id} was cancelled.")],
        Some(Ending::Failed(failure)) => {
            let hint = hint::for_failure(failure).map(|hint| format!("  {hint}"));
            let failed = format!("{id} failed: {}", failure.detail);
            [failed].into_iter().chain(hint).collect()
        }
        None => {
            let elapsed = job.elapsed(project.store.now());
            let elapsed = elapsed.map(human_duration).unwrap_or_default();
            let (phase, title) = (job.state().phase(), &job.title);
            let next = match job.state() {
                JobState::CancelFailed { .. } => {
                    "It could not be stopped. Try again: cc-cli cancel"
                }
                _ => "It has no result yet. Wait for it: cc-cli wait",
            };
            vec![
                format!("{id} is {phase} ({elapsed}): {title}"),
                format!("{next} {id}"),
            ]
        }
    }
}

/// Where the job comes from, in lines of Markdown: how to continue Claude's conversation, if `continues`, and
/// the session of Codex.
fn origin(project: &Project, job: &Job, continues: bool) -> Vec<String> {
    let next = continues.then(|| rescue::how_to_continue(project, job));
    let next = next.flatten().map(|next| next.line);
    let session = job.session.as_ref();
    let session = session.map(|session| format!("Codex session: `{session}`"));
    next.into_iter().chain(session).collect()
}

/// The report of a completed job as Markdown; what earlier records hold is shown as it is.
fn completed(project: &Project, job: &Job, body: &Body) -> String {
    let report = JobResult::read(job.kind, body);
    let report = report.map(|result| {
        let elapsed = job.elapsed(project.store.now());
        result.report(job.kind, elapsed).markdown()
    });
    let text = report.or_else(|| body.report().map(str::to_owned));
    text.unwrap_or_else(|| "(no output)".to_owned())
}

/// What Claude had written of a job that did not complete.
fn partial<'a>(job: &Job, body: &'a Body) -> Option<&'a str> {
    job.state().ending()?;
    body.unfinished().map(str::trim)
}

/// Prints how a job ended: its result to standard output (if `with_result`), a failure to standard error.
pub(super) fn print_outcome(
    project: &Project,
    job: &Job,
    body: &Body,
    with_result: bool,
    printer: &mut Printer,
) {
    let id = &job.id;
    match job.state().ending() {
        Some(Ending::Completed) if with_result => {
            return match show::look(project) {
                Some(look) => printer.bytes(shown(project, (job, body), &look).as_bytes()),
                None => printer.text(completed(project, job, body)),
            };
        }
        Some(Ending::Completed) => return,
        Some(Ending::Cancelled) => printer.note(format_args!("{id} was cancelled.")),
        Some(Ending::Failed(failure)) => printer.error(&CliError {
            hint: hint::for_failure(failure),
            ..CliError::new(
                ExitStatus::Failure,
                format_args!("{id} failed: {}", failure.detail),
            )
        }),
        None => return printer.note(format_args!("{id} is {}.", job.state().phase())),
    }
    let partial = partial(job, body).filter(|_| with_result);
    let next = rescue::how_to_continue(project, job).map(|next| next.line);
    let is_empty = partial.is_none() && next.is_none();
    if let Some(look) = show::look(project).filter(|_| with_result && !is_empty) {
        let next = next.iter().map(|line| Line::described(line));
        let text = terminal::unfinished(&[], partial, &next.collect::<Vec<_>>(), &look);
        return printer.bytes(format!("\n{text}").as_bytes());
    }
    if let Some(partial) = partial {
        printer.text(format!("Partial output:\n\n{partial}"));
    }
    if let Some(next) = next {
        // Both streams may go to one place.
        printer.note(match partial {
            Some(_) => format!("\n{next}"),
            None => next,
        });
    }
}

/// Marks a job as read. If that fails, the result was shown all the same.
pub(super) fn mark_viewed(project: &Project, id: &JobId, printer: &mut Printer) {
    let lock = project.store.lock(id);
    if let Err(error) = lock.and_then(|mut guard| guard.mark_viewed()) {
        printer.note(format_args!("could not mark {id} as read: {error}"));
    }
}

/// The result of a job as `--json` prints it; a job without a result gets the minimal fields.
pub(super) fn document(job: &Job, body: &Body) -> Value {
    let mut document = match &body.result {
        Value::Object(_) => current(&body.result).into_owned(),
        _ => json!({"jobId": job.id, "rawOutput": body.partial_output}),
    };
    let end = serde_json::to_value(EndOfJob {
        status: job.state().status(),
        session_id: job.session.as_ref(),
        thread_id: job.thread.as_ref(),
        failure: match job.state().ending() {
            Some(Ending::Failed(failure)) => Some(failure),
            _ => None,
        },
    });
    if let (Some(fields), Ok(Value::Object(end))) = (document.as_object_mut(), end) {
        fields.extend(end);
    }
    document
}

/// The result in the form of today, with what every result has: Codex's session and Claude's thread, which
/// some records name otherwise.
fn full(job: &Job, result: &Value) -> Value {
    let mut result = current(result).into_owned();
    if let Some(fields) = result.as_object_mut() {
        fields.insert("sessionId".into(), json!(job.session));
        fields.insert("threadId".into(), json!(job.thread));
    }
    result
}

/// The whole record of a job.
fn stored(job: &Job, body: &Body) -> Value {
    let mut record: Map<String, Value> = body.other.clone();
    for part in [serde_json::to_value(body), serde_json::to_value(job)] {
        if let Ok(Value::Object(fields)) = part {
            record.extend(fields);
        }
    }
    if let Some(result) = record.get_mut("result") {
        *result = full(job, result);
    }
    Value::Object(record)
}

/// The findings for code hosts.
pub(super) fn sarif(job: &Job, body: &Body) -> Result<String, CliError> {
    let report = structured(job, body)?;
    Ok(printer::json(&sarif::log(&report)).map_err(StoreError::from)?)
}

/// The report of a review with structured findings.
fn structured(job: &Job, body: &Body) -> Result<ReviewReport, CliError> {
    let review = JobResult::read(job.kind, body).and_then(JobResult::into_review);
    let was_asked = review.as_ref().is_some_and(|it| it.parse_error.is_some());
    review.filter(|it| it.findings.is_some()).ok_or_else(|| {
        let message = format_args!("{} has no structured findings", job.id);
        match was_asked {
            true => CliError::new(ExitStatus::NoVerdict, message)
                .hint(format!("Show Claude's answer: cc-cli result {}", job.id)),
            false => CliError::new(ExitStatus::Usage, message).hint(
                "A finished adversarial review has them, and a review that was started with --format sarif or --fail-on.",
            ),
        }
    })
}

fn no_report(job: &Job) -> CliError {
    let status = job.state().status();
    let message = format_args!("{} has no report: it is {status}", job.id);
    CliError::new(ExitStatus::Usage, message).hint(format!("Show it: cc-cli result {}", job.id))
}
