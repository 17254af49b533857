//! `logs`: what a job did so far.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use cc_jobs::log::{self, Follower, LOG_LIMIT};
use cc_jobs::select;
use cc_workflows::{Project, wait};

use super::{Outcome, pick};
use crate::args::LogsArgs;
use crate::complaint::Exit;
use crate::output::Output;

/// How often a followed log is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

pub(super) fn logs(project: &Project, args: &LogsArgs, output: &mut Output) -> Outcome {
    let session = project.session.as_ref();
    let job = pick(project, args.job.as_deref(), |jobs| {
        select::only_active(jobs, session).or_else(|_| select::latest_finished(jobs, session))
    })?;
    let path = project.store.dir().log(&job.id);
    if args.path {
        output.text(path.display().to_string());
        return Ok(Exit::Done);
    }
    if !args.follow {
        output.text(log::tail(&path, 2 * LOG_LIMIT).map_err(cc_jobs::StoreError::from)?);
        return Ok(Exit::Done);
    }
    let ended = wait::ended(&project.store, &job.id);
    let mut follower = Follower::new(path);
    loop {
        let over = !matches!(ended.recv_timeout(INTERVAL), Err(RecvTimeoutError::Timeout));
        let added = follower.added().map_err(cc_jobs::StoreError::from)?;
        if !added.is_empty() {
            output.text(added);
        }
        if over || !output.was_delivered() {
            return Ok(Exit::Done);
        }
    }
}
