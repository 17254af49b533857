//! `wait`: waits for jobs to end; exits with their outcome.

use std::time::{Duration, Instant};

use cc_core::text::one_line;
use cc_jobs::{Ending, Job, StoreError, select};
use cc_workflows::{Error, Project};

use super::find::find;
use super::progress::{ProgressDisplay, WATCHING, Watched};
use super::verdict;
use crate::args::WaitArgs;
use crate::documents::Waited;
use crate::error::CliResult;
use crate::printer::Printer;

pub(super) fn wait(project: &Project, args: &WaitArgs, printer: &mut Printer) -> CliResult {
    let found = args.jobs.iter().map(|reference| project.find(reference));
    let mut found = found.collect::<Result<Vec<_>, Error>>()?;
    if found.is_empty() {
        let session = project.session.as_ref();
        found.push(find(project, None, &[], |all| {
            select::only_active(&all.jobs, session)
        })?);
    }
    let fail_on = args.verdict.fail_on;
    let mut jobs = found.iter().map(|(_, job)| job);
    jobs.try_for_each(|job| verdict::check_kind(job, fail_on))?;
    let timeout = args.patience();
    let jobs = all_ended(project, &found, timeout, printer)?;
    if args.json {
        let timed_out = jobs.iter().any(|job| job.state().is_active());
        printer.json(&Waited {
            jobs: &jobs,
            wait_timed_out: timed_out,
            timeout_ms: args.patience().map(millis),
        });
    } else {
        for job in &jobs {
            let (status, outcome) = (job.state().status(), outcome(job));
            let line = match outcome {
                Some(outcome) => format!("{}  {status}  {outcome}", job.id),
                None => format!("{}  still {status}", job.id),
            };
            printer.text(match project.env.output_columns() {
                Some(width) => one_line(&line, width),
                None => line,
            });
        }
    }
    let mut statuses = Vec::new();
    for ((project, _), job) in found.iter().zip(&jobs) {
        let (job, body) = project.store.read(&job.id)?;
        let status = verdict::judge(&job, &body, fail_on);
        verdict::explain(&job, status, printer);
        statuses.push(status);
    }
    verdict::worst(statuses)
}

/// Waits until the jobs have ended or the time is over, and shows their progress.
pub(super) fn all_ended(
    project: &Project,
    jobs: &[(Project, Job)],
    timeout: Option<Duration>,
    printer: &mut Printer,
) -> Result<Vec<Job>, StoreError> {
    let begun = Instant::now();
    let mut display = ProgressDisplay::new(project, WATCHING);
    let watched: Vec<_> = jobs
        .iter()
        .map(|(project, job)| Watched::new(project, job))
        .collect();
    let mut look = || {
        display.tick(&watched, printer);
        display.pause()
    };
    let ended = jobs.iter().map(|(project, job)| {
        let left = timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
        cc_workflows::wait::wait_and(&project.store, &job.id, left, &mut look)
    });
    ended.collect()
}

/// A time in whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What came of a job; `None` if it has not ended.
fn outcome(job: &Job) -> Option<&str> {
    match job.state().ending()? {
        Ending::Failed(failure) => Some(&failure.detail),
        _ => Some(&job.summary),
    }
}
