//! `cancel`: ends a job and everything it started.

use cc_jobs::select;
use cc_workflows::Project;
use cc_workflows::cancel::{CancelError, cancel as cancel_job};
use serde_json::json;

use super::{Outcome, pick};
use crate::args::CancelArgs;
use crate::complaint::Exit;
use crate::output::Output;

pub(super) fn cancel(project: &Project, args: &CancelArgs, output: &mut Output) -> Outcome {
    let session = project.session.as_ref();
    let job = pick(project, args.job.as_deref(), |jobs| {
        select::only_active(jobs, session)
    })?;
    let (job, note, outcome) = match cancel_job(project, &job.id) {
        Ok(job) => (
            job,
            "cancelled; nothing it started is left running".to_owned(),
            Ok(Exit::Done),
        ),
        Err(CancelError::Survived { job, why }) => {
            let error = CancelError::Survived {
                job: job.clone(),
                why: why.clone(),
            };
            (*job, why, Err(error.into()))
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        output.json(&json!({"jobId": job.id, "status": job.state().status(), "title": job.title, "note": note}));
    } else if outcome.is_ok() {
        output.text(format!("{}: {note}.", job.id));
    }
    outcome
}
