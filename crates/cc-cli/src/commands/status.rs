//! `status`: where the jobs stand.

use std::time::Duration;

use cc_core::text::{count, human_count};
use cc_core::time::human_duration;
use cc_core::{SessionId, Time};
use cc_git::WorkTree;
use cc_jobs::spending::{self, Spent};
use cc_jobs::{Ending, Job, Listing, select};

use cc_workflows::Project;
use cc_workflows::rescue::isolated;
use serde_json::json;

use super::{Outcome, pick};
use crate::args::StatusArgs;
use crate::attach::last_line;
use crate::complaint::{Exit, failure_hint};
use crate::output::Output;
use crate::render::table::table;

/// How many finished jobs are listed.
const RECENT: usize = 8;

pub(super) fn status(project: &Project, args: &StatusArgs, output: &mut Output) -> Outcome {
    if args.job.is_none() && !args.wait {
        return all(project, args, output);
    }
    let session = project.session.as_ref();
    let job = pick(project, args.job.as_deref(), |jobs| {
        select::only_active(jobs, session)
    })?;
    one(project, job, args, output)
}

/// The jobs of a session, as `status` shows them.
struct Overview {
    running: Vec<Job>,
    finished: Vec<Job>,
    elsewhere: usize,
}

impl Overview {
    /// The jobs of `session`, or of all sessions.
    fn new(listing: Listing, session: Option<&SessionId>, all: bool) -> Self {
        let total = listing.jobs.len();
        let jobs: Vec<Job> = match all {
            true => listing.jobs,
            false => select::of_session(&listing.jobs, session)
                .cloned()
                .collect(),
        };
        let elsewhere = total - jobs.len();
        let (running, mut finished): (Vec<Job>, Vec<Job>) =
            jobs.into_iter().partition(|job| job.state().is_active());
        finished.sort_by_key(|job| std::cmp::Reverse(job.state().completed_at()));
        Self {
            running,
            finished,
            elsewhere,
        }
    }
}

fn all(project: &Project, args: &StatusArgs, output: &mut Output) -> Outcome {
    let listing = project.store.list()?;
    let skipped = listing.skipped.clone();
    let last_day = spending::of_workspace(project.store.dir(), &listing.jobs, project.store.now());
    let overview = Overview::new(listing, project.session.as_ref(), args.all);
    if args.json {
        let config = project.store.config();
        let recent = overview.finished.iter().skip(1);
        let recent: Vec<&Job> = if args.all {
            recent.collect()
        } else {
            recent.take(RECENT).collect()
        };
        output.json(&json!({
            "workspaceRoot": project.store.workspace().root().display().to_string(),
            "config": config,
            "running": overview.running,
            "latestFinished": overview.finished.first(),
            "recent": recent,
            "lastDay": last_day,
            "needsReview": config.stop_review_gate,
            "skipped": skipped.iter().map(|file| json!({"path": file.path.display().to_string(), "reason": file.reason})).collect::<Vec<_>>(),
        }));
    } else {
        output.text(human(project, &overview, args.all) + &of_a_day(&last_day));
        for file in &skipped {
            output.note(format_args!(
                "skipped `{}`: {}",
                file.path.display(),
                file.reason
            ));
        }
    }
    Ok(Exit::Done)
}

fn human(project: &Project, overview: &Overview, all: bool) -> String {
    let now = project.store.now();
    let mut text = String::new();
    if !overview.running.is_empty() {
        text.push_str("Running\n");
        text.push_str(&table(
            &overview
                .running
                .iter()
                .map(|job| running_row(project, job, now))
                .collect::<Vec<_>>(),
        ));
    }
    if !overview.finished.is_empty() {
        text.push_str(if text.is_empty() {
            "Finished\n"
        } else {
            "\nFinished\n"
        });
        let limit = if all { usize::MAX } else { RECENT };
        text.push_str(&table(
            &overview
                .finished
                .iter()
                .take(limit)
                .map(|job| finished_row(job, now))
                .collect::<Vec<_>>(),
        ));
        if overview.finished.len() > limit {
            text.push_str(&format!(
                "  and {} more (--all)\n",
                overview.finished.len() - limit
            ));
        }
    }
    if text.is_empty() {
        text.push_str(if all {
            "No jobs in this workspace.\n"
        } else {
            "No jobs of this session in this workspace.\n"
        });
    }
    let shown = overview.finished.iter().take(RECENT);
    for job in shown.filter(|job| work_tree(project, job).is_some()) {
        text.push_str(&format!(
            "\n{id} left its change in a work tree: cc-cli apply {id}, or cc-cli discard {id}\n",
            id = job.id
        ));
    }
    if let Some(job) = overview.finished.iter().find(|job| job.is_unread()) {
        text.push_str(&format!("\n* not read yet: cc-cli result {}\n", job.id));
    }
    if overview.elsewhere > 0 {
        text.push_str(&format!(
            "\n{} of other sessions: cc-cli status --all\n",
            count(overview.elsewhere, "job")
        ));
    }
    text
}

/// What the jobs of a day took, of all sessions.
fn of_a_day(spent: &Spent) -> String {
    match spent.jobs {
        0 => String::new(),
        jobs => format!(
            "\nLast 24 hours in this workspace: {}, {} tokens in, {} out, ${:.2}\n",
            count(jobs, "job"),
            human_count(spent.usage.total_input()),
            human_count(spent.usage.output_tokens),
            spent.cost_usd
        ),
    }
}

fn running_row(project: &Project, job: &Job, now: Time) -> Vec<String> {
    let doing = last_line(&project.store.dir().log(&job.id)).unwrap_or_default();
    vec![
        job.id.to_string(),
        stands(job).to_owned(),
        job.elapsed(now).map(human_duration).unwrap_or_default(),
        job.title.clone(),
        doing,
    ]
}

fn finished_row(job: &Job, now: Time) -> Vec<String> {
    let mark = if job.is_unread() { "*" } else { "" };
    let ago = job
        .state()
        .completed_at()
        .map(|at| format!("{} ago", rough(at.until(now))))
        .unwrap_or_default();
    vec![
        format!("{}{mark}", job.id),
        job.state().status().to_owned(),
        ago,
        job.title.clone(),
        came_of(job),
    ]
}

/// The work tree that a rescue had for itself, while it is there.
fn work_tree(project: &Project, job: &Job) -> Option<WorkTree> {
    isolated::of(project, job).ok().flatten()
}

/// What came of a job, one line.
fn came_of(job: &Job) -> String {
    match job.state().ending() {
        Some(Ending::Failed(failure)) => cc_core::text::one_line(&failure.detail, 100),
        _ => cc_core::text::one_line(&job.summary, 100),
    }
}

/// How a job stands, in one word.
fn stands(job: &Job) -> &'static str {
    let state = job.state();
    match state.is_active() {
        true => state.phase(),
        false => state.status(),
    }
}

/// A time span to about one digit: `5s`, `3m`, `2h`, `4d`.
fn rough(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

fn one(project: &Project, mut job: Job, args: &StatusArgs, output: &mut Output) -> Outcome {
    if args.wait {
        let patience = args.timeout_ms.map(Duration::from_millis);
        job = cc_workflows::wait::wait(&project.store, std::slice::from_ref(&job.id), patience)?
            .pop()
            .unwrap_or(job);
    }
    let timed_out = args.wait && job.state().is_active();
    if args.json {
        let mut document = json!({
            "workspaceRoot": project.store.workspace().root().display().to_string(),
            "job": job,
        });
        if let Some(tree) = work_tree(project, &job) {
            document["workTree"] = json!(tree);
        }
        if args.wait {
            document["waitTimedOut"] = timed_out.into();
            document["timeoutMs"] = args.timeout_ms.into();
        }
        output.json(&document);
    } else {
        output.text(details(project, &job));
    }
    Ok(if timed_out {
        Exit::TimedOut
    } else {
        Exit::Done
    })
}

fn details(project: &Project, job: &Job) -> String {
    let now = project.store.now();
    let mut rows = vec![
        ("Job", job.id.to_string()),
        ("What", job.title.clone()),
        ("Status", stands(job).to_owned()),
    ];
    rows.extend(
        job.elapsed(now)
            .map(|elapsed| ("Time", human_duration(elapsed))),
    );
    rows.push(("About", job.summary.clone()));
    rows.extend(
        job.model
            .actual
            .clone()
            .or(job.model.requested.clone())
            .map(|model| ("Model", model)),
    );
    if let Some(usage) = job.usage {
        let cost = job
            .cost_usd
            .map(|dollars| format!(", ${dollars:.2}"))
            .unwrap_or_default();
        let tokens = format!(
            "{} in, {} out{cost}",
            human_count(usage.total_input()),
            human_count(usage.output_tokens)
        );
        rows.push(("Tokens", tokens));
    }
    if let Some(tree) = work_tree(project, job) {
        rows.push(("Work tree", tree.root.display().to_string()));
    }
    if let cc_jobs::State::CancelFailed { why, .. } = job.state() {
        rows.push(("Failure", format!("could not be stopped: {why}")));
        rows.push(("Next", format!("cc-cli cancel {}", job.id)));
    }
    if let Some(Ending::Failed(failure)) = job.state().ending() {
        rows.push(("Failure", failure.detail.clone()));
        rows.extend(failure_hint(failure).map(|hint| ("Next", hint)));
    }
    let mut text = table(
        &rows
            .iter()
            .map(|(name, value)| vec![(*name).to_owned(), value.clone()])
            .collect::<Vec<_>>(),
    );
    if job.state().is_active() {
        let log =
            cc_jobs::log::tail(&project.store.dir().log(&job.id), 2 << 10).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        if !last.is_empty() {
            text.push_str("\nLatest\n");
            last.iter()
                .rev()
                .for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    } else {
        text.push_str(&format!("\nSee it with: cc-cli result {}\n", job.id));
    }
    text
}
