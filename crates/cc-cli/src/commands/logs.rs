//! `logs`: prints the log of a job.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use cc_jobs::log::{self, Follower, LOG_LIMIT};
use cc_jobs::{EndedJob, Latest, StoreError, select};
use cc_workflows::{Project, wait};

use super::find::find;
use crate::args::LogsArgs;
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;

/// How often `--follow` reads the log.
const INTERVAL: Duration = Duration::from_millis(200);

pub(super) fn logs(
    project: &Project,
    args: &LogsArgs,
    show_path: bool,
    printer: &mut Printer,
) -> CliResult {
    let session = project.session.as_ref();
    let is_result = |job: &EndedJob| select::is_visible_result(job, session);
    let (project, job) = find(
        project,
        args.job.as_deref(),
        &[Latest::one(&is_result)],
        |all| {
            select::newest_active(&all.jobs, session)
                .or_else(|_| select::latest_finished(&all.jobs, &all.others, session))
        },
    )?;
    let path = project.store.dir().log(&job.id);
    if show_path {
        printer.text(path.display().to_string());
        return Ok(ExitStatus::Success);
    }
    if !args.follow {
        let log = log::tail(&path, 2 * LOG_LIMIT).map_err(StoreError::from)?;
        printer.text(in_local_time(&log));
        return Ok(ExitStatus::Success);
    }
    let ended = wait::ended(&project.store, &job.id);
    let mut follower = Follower::new(path);
    loop {
        let is_last = !matches!(ended.recv_timeout(INTERVAL), Err(RecvTimeoutError::Timeout));
        let added = follower.added().map_err(StoreError::from)?;
        if !added.is_empty() {
            printer.text(in_local_time(&added));
        }
        if is_last || !printer.was_delivered() {
            return Ok(ExitStatus::Success);
        }
    }
}

/// The lines of a log with their times as the clock of the user shows them; the file has UTC.
fn in_local_time(log: &str) -> String {
    let lines = log.lines().map(|line| match log::dated(line) {
        Some((time, text)) => format!("{} {text}\n", time.local_second()),
        None => format!("{line}\n"),
    });
    lines.collect()
}
