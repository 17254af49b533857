//! `wait`: blocks until jobs have ended; the exit code is their outcome.

use std::time::Duration;

use cc_core::JobId;
use cc_jobs::{Ending, Job, select};
use cc_workflows::Project;
use serde_json::json;

use super::Outcome;
use crate::args::WaitArgs;
use crate::complaint::{self, Complaint, Exit};
use crate::output::Output;

pub(super) fn wait(project: &Project, args: &WaitArgs, output: &mut Output) -> Outcome {
    let listed = project.store.list()?.jobs;
    let ids = args
        .jobs
        .iter()
        .map(|reference| Ok(select::by_reference(&listed, reference)?.id.clone()))
        .collect::<Result<Vec<JobId>, Complaint>>()?;
    let jobs = cc_workflows::wait::wait(
        &project.store,
        &ids,
        args.timeout_ms.map(Duration::from_millis),
    )?;
    if args.json {
        let timed_out = jobs.iter().any(|job| job.state().is_active());
        output
            .json(&json!({"jobs": jobs, "waitTimedOut": timed_out, "timeoutMs": args.timeout_ms}));
    } else {
        for job in &jobs {
            output.text(format!(
                "{}  {}  {}",
                job.id,
                job.state().status(),
                outcome_line(job)
            ));
        }
    }
    Ok(jobs
        .iter()
        .map(exit)
        .max_by_key(|exit| severity(*exit))
        .unwrap_or(Exit::Done))
}

/// One line on where a job stands.
fn outcome_line(job: &Job) -> String {
    match job.state().ending() {
        Some(Ending::Failed(failure)) => failure.detail.clone(),
        Some(_) => job.summary.clone(),
        None => "still running".to_owned(),
    }
}

/// The exit code that says how a job stands.
pub(super) fn exit(job: &Job) -> Exit {
    match job.state().ending() {
        None => Exit::TimedOut,
        Some(Ending::Completed) => Exit::Done,
        Some(Ending::Cancelled) => Exit::Cancelled,
        Some(Ending::Failed(failure)) => complaint::failure_exit(failure),
    }
}

/// Of several jobs the one that matters most decides: still running, failed, cancelled, done.
fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::TimedOut => 3,
        Exit::Done => 0,
        Exit::Cancelled => 1,
        _ => 2,
    }
}
