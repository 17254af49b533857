//! `wait`: waits for jobs to end; exits with their outcome.

use std::time::{Duration, Instant};

use cc_jobs::{Ending, Job, StoreError, select};
use cc_workflows::{Error, Project};

use super::find::find;
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
    let timeout = args.timeout_ms.map(Duration::from_millis);
    let begun = Instant::now();
    let ended = found.iter().map(|(project, job)| {
        let left = timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
        cc_workflows::wait::wait(&project.store, &job.id, left)
    });
    let jobs = ended.collect::<Result<Vec<_>, StoreError>>()?;
    if args.json {
        let timed_out = jobs.iter().any(|job| job.state().is_active());
        printer.json(&Waited {
            jobs: &jobs,
            wait_timed_out: timed_out,
            timeout_ms: args.timeout_ms,
        });
    } else {
        for job in &jobs {
            let (status, outcome) = (job.state().status(), outcome(job));
            printer.text(format!("{}  {status}  {outcome}", job.id));
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

fn outcome(job: &Job) -> &str {
    match job.state().ending() {
        Some(Ending::Failed(failure)) => &failure.detail,
        Some(_) => &job.summary,
        None => "still running",
    }
}
