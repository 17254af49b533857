//! What follows once a job was started: its receipt, or its result.

use cc_jobs::Job;
use cc_workflows::Project;
use cc_workflows::cancel::{CancelError, cancel};
use serde_json::json;

use super::{Outcome, result, wait};
use crate::args::{HandOutArgs, ViewState};
use crate::attach::{Attached, attach};
use crate::complaint::Exit;
use crate::output::Output;

/// Gives out the receipt of a background job, or waits for the job and shows what came of it.
pub(super) fn hand_out(
    project: &Project,
    job: Job,
    args: &HandOutArgs,
    output: &mut Output,
) -> Outcome {
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
            let id = &job.id;
            output.note(format_args!(
                "Detached; job {id} goes on. See it with: cc-cli status {id}"
            ));
            return Ok(Exit::Done);
        }
    }
    let (job, body) = project.store.read(&job.id)?;
    if args.json {
        output.json(&result::document(&job, &body));
    }
    result::show_outcome(&job, &body, !args.json, output);
    if args.view_state == ViewState::OnSuccess && output.was_delivered() {
        result::mark_viewed(project, &job.id, output);
    }
    Ok(wait::exit(&job))
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
    let id = &job.id;
    output.text(format!(
        "{} started in the background: {}",
        job.title, job.summary
    ));
    output.text(format!("\n  cc-cli status {id}   how it stands\n  cc-cli wait {id}     wait for it\n  cc-cli result {id}   what it found"));
}
