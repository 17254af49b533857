//! `cancel`: ends a job and everything it started.

use cc_jobs::select;
use cc_workflows::cancel::cancel as cancel_job;
use cc_workflows::{Error, Project};

use super::find::find;
use crate::args::CancelArgs;
use crate::documents::Cancelled;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn cancel(project: &Project, args: &CancelArgs, printer: &mut Printer) -> CliResult {
    let session = project.session.as_ref();
    let (project, job) = find(project, args.job.as_deref(), &[], |all| {
        select::only_active(&all.jobs, session)
    })?;
    let (job, note, failure) = match cancel_job(&project, &job.id) {
        Ok(job) => {
            let note = "cancelled; nothing it started is left running";
            (job, note.to_owned(), None)
        }
        Err(Error::Survived { job, why }) => {
            let (survived, note) = ((*job).clone(), why.clone());
            let error = CliError::from(Error::Survived { job, why });
            (survived, note, Some(error))
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        printer.json(&Cancelled {
            job_id: &job.id,
            status: job.state().status(),
            title: &job.title,
            note: &note,
            session_id: job.session.as_ref(),
            thread_id: job.thread.as_ref(),
        });
    } else if failure.is_none() {
        printer.text(format!("{}: {note}.", job.id));
    }
    failure.map_or(Ok(ExitStatus::Success), Err)
}
