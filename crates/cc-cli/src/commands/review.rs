//! `review` and `adversarial-review`: start a job, then attach to it or give out its receipt.

use cc_core::text::one_line;
use cc_jobs::Job;
use cc_workflows::Project;
use cc_workflows::cancel::{CancelError, cancel};
use cc_workflows::review::{ReviewRequest, TOTAL_LIMIT, start};
use serde_json::json;

use super::{Outcome, result, wait};
use crate::args::{ReviewArgs, ViewState};
use crate::attach::{Attached, attach};
use crate::complaint::{Complaint, Exit};
use crate::output::Output;

pub(super) fn review(
    project: &Project,
    args: &ReviewArgs,
    adversarial: bool,
    output: &mut Output,
) -> Outcome {
    let request = ReviewRequest {
        selection: args.selection.selection(),
        adversarial,
        focus: focus(args, adversarial)?,
        model: args.model.clone(),
        effort: args.effort.clone(),
        timeout: args.timeout.unwrap_or(TOTAL_LIMIT),
    };
    let job = start(project, &request)?;
    if args.background {
        receipt(&job, args.json, output);
        return Ok(Exit::Done);
    }
    match attach(project, &job, output)? {
        Attached::Ended => {}
        Attached::Interrupted => match cancel(project, &job.id) {
            // It may have ended in the moment before.
            Ok(_) | Err(CancelError::AlreadyEnded { .. }) => {}
            Err(error) => return Err(error.into()),
        },
        Attached::Detached => {
            output.note(format_args!(
                "Detached; job {} goes on. See it with: cc-cli status {}",
                job.id, job.id
            ));
            return Ok(Exit::Done);
        }
    }
    let (job, body) = project.store.read(&job.id)?;
    if args.json {
        output.json(&result::with_alias(&body.result));
    }
    result::show_outcome(&job, &body, !args.json, output);
    if args.view_state == ViewState::OnSuccess && output.was_delivered() {
        result::mark_viewed(project, &job.id, output);
    }
    Ok(wait::exit(&job))
}

/// The focus as one text; a plain review has none.
fn focus(args: &ReviewArgs, adversarial: bool) -> Result<Option<String>, Complaint> {
    let words: Vec<String> = args
        .focus
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let focus = words.join(" ");
    if focus.trim().is_empty() {
        return Ok(None);
    }
    if !adversarial {
        let quoted = one_line(&focus, 60).replace('\'', "'\\''");
        return Err(
            Complaint::new(Exit::Usage, "a plain review takes no focus text").hint(format!(
                "Use: cc-cli adversarial-review '{quoted}'. Paths come after `--`."
            )),
        );
    }
    Ok(Some(focus))
}

/// What is known of a job that was just started.
fn receipt(job: &Job, as_json: bool, output: &mut Output) {
    if as_json {
        output.json(&json!({
            "jobId": job.id,
            "status": job.state().status(),
            "title": job.title,
            "summary": job.summary,
        }));
        return;
    }
    output.text(format!(
        "{} started in the background: {}\n\n  cc-cli status {id}   how it stands\n  cc-cli wait {id}     wait for it\n  cc-cli result {id}   what it found",
        job.title,
        job.summary,
        id = job.id
    ));
}
