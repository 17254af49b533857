//! `status`: shows the jobs of a session, or one job.

use std::thread;
use std::time::{Duration, Instant};

use cc_core::text::{count, human_count, one_line};
use cc_core::time::{age, human_duration};
use cc_core::{SessionId, Time};
use cc_git::Worktree;
use cc_jobs::spending::Spending;
use cc_jobs::{EndedJob, Ending, Job, JobState, Latest, RunProgress, WorkspaceConfig, log, select};
use cc_workflows::rescue::{self, isolated};
use cc_workflows::review::ReviewedChange;
use cc_workflows::{Error, Project, RepositoryJobs, gate, hint};
use serde_json::json;

use super::attach::last_line;
use super::find::find;
use super::progress::{ProgressDisplay, WATCHING, Watched};
use super::wait::{self, millis};
use crate::args::StatusArgs;
use crate::documents::{Status, StatusOfJob};
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;
use crate::render::{cut, table_within, table_wrapped};

/// How many finished jobs are listed without `--all`.
const RECENT: usize = 8;

/// Among how many one is looked for that nobody has read.
const UNREAD: usize = 32;

/// How often `--watch` looks for jobs that began or ended.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

pub(super) fn status(project: &Project, args: &StatusArgs, printer: &mut Printer) -> CliResult {
    if args.job.is_none() && !args.wait {
        if args.watch {
            watch(project, args.all, printer)?;
        }
        return all(project, args, printer);
    }
    let session = project.session.as_ref();
    let (project, job) = find(project, args.job.as_deref(), &[], |all| {
        select::only_active(&all.jobs, session)
    })?;
    one(&project, job, args, printer)
}

/// The jobs of a session, as `status` shows them.
struct Overview {
    running: Vec<Job>,
    /// The one that ended last first.
    finished: Vec<Job>,
    /// How many more have finished: those that were not read.
    more: usize,
    /// How many jobs other sessions have.
    elsewhere: usize,
}

impl Overview {
    /// The jobs of `session`, or of all sessions.
    fn new(jobs: &RepositoryJobs, session: Option<&SessionId>) -> Self {
        let total = jobs.jobs.len() + jobs.others.len();
        let more = jobs
            .others
            .iter()
            .filter(|job| job.is_visible(session))
            .count();
        let jobs = select::visible(&jobs.jobs, session).cloned();
        let (running, mut finished): (Vec<Job>, Vec<Job>) =
            jobs.partition(|job| job.state().is_active());
        finished.sort_by_key(|job| std::cmp::Reverse(job.state().completed_at()));
        Self {
            elsewhere: total - running.len() - finished.len() - more,
            running,
            finished,
            more,
        }
    }
}

fn all(project: &Project, args: &StatusArgs, printer: &mut Printer) -> CliResult {
    let session = project.session.as_ref().filter(|_| !args.all);
    let is_listed = |job: &EndedJob| job.is_visible(session);
    let is_unread = |job: &EndedJob| is_listed(job) && job.may_be_unread;
    let listed = Latest {
        // The latest and the recent ones.
        count: if args.all { usize::MAX } else { RECENT + 1 },
        fits: &is_listed,
    };
    let unread = Latest {
        count: UNREAD,
        fits: &is_unread,
    };
    let jobs = project.jobs(&[listed, unread])?;
    let last_day = jobs.last_day();
    let overview = Overview::new(&jobs, session);
    if args.json {
        let gate = gate::is_on(project);
        let config = WorkspaceConfig {
            stop_review_gate: Some(gate),
            ..project.store.config().unwrap_or_default()
        };
        let limit = if args.all { usize::MAX } else { RECENT };
        let recent: Vec<&Job> = overview.finished.iter().skip(1).take(limit).collect();
        let skipped = jobs.skipped.iter();
        printer.json(&Status {
            workspace_root: project.store.workspace().root().display().to_string(),
            config,
            running: &overview.running,
            latest_finished: overview.finished.first(),
            recent,
            last_day: &last_day,
            needs_review: gate,
            skipped: skipped
                .map(|file| json!({"path": file.path.display().to_string(), "reason": file.reason}))
                .collect(),
        });
    } else {
        printer
            .text(overview_text(&jobs, project, &overview, args.all) + &last_day_text(&last_day));
        for file in &jobs.skipped {
            let path = file.path.display();
            printer.note(format_args!("skipped `{path}`: {}", file.reason));
        }
    }
    Ok(ExitStatus::Success)
}

/// Shows the progress of the running jobs until there are none, also of those that begin meanwhile.
fn watch(project: &Project, all: bool, printer: &mut Printer) -> Result<(), Error> {
    let mut display = ProgressDisplay::new(project, WATCHING);
    let mut watched: Vec<Watched> = Vec::new();
    let mut listed: Option<Instant> = None;
    loop {
        if listed.is_none_or(|at| at.elapsed() >= WATCH_INTERVAL) {
            listed = Some(Instant::now());
            let jobs = project.jobs(&[])?;
            let session = project.session.as_ref().filter(|_| !all);
            let overview = Overview::new(&jobs, session);
            watched = Watched::again(watched, &overview.running, |job| jobs.project_of(job));
            if watched.is_empty() {
                return Ok(());
            }
        }
        display.tick(&watched, printer);
        thread::sleep(display.pause().min(WATCH_INTERVAL));
    }
}

fn overview_text(
    jobs: &RepositoryJobs,
    project: &Project,
    overview: &Overview,
    all_sessions: bool,
) -> String {
    let Overview {
        running, finished, ..
    } = overview;
    let now = project.store.now();
    let limit = if all_sessions { usize::MAX } else { RECENT };
    let width = project.env.output_columns();
    let mut text = String::new();
    if !running.is_empty() {
        let rows: Vec<_> = running
            .iter()
            .map(|job| running_row(&jobs.project_of(job), job, now))
            .collect();
        text.push_str("Running\n");
        text.push_str(&table_within(&rows, width));
    }
    if !finished.is_empty() {
        let rows = finished.iter().take(limit);
        let rows: Vec<_> = rows.map(|job| finished_row(job, now)).collect();
        text.push_str(match text.is_empty() {
            true => "Finished\n",
            false => "\nFinished\n",
        });
        text.push_str(&table_within(&rows, width));
        let count = finished.len() + overview.more;
        if count > limit {
            text.push_str(&format!(
                "  and {} more (--all)
",
                count - limit
            ));
        }
    }
    if text.is_empty() {
        text.push_str(match all_sessions || project.session.is_none() {
            true => "No jobs in this workspace.\n",
            false => "No jobs of this session in this workspace.\n",
        });
    }
    let shown = finished.iter().take(limit);
    for job in shown.filter(|job| worktree(&jobs.project_of(job), job).is_some()) {
        text.push_str(&format!(
            "\n{id} has a change in its worktree: cc-cli apply {id}, or cc-cli discard {id}\n",
            id = job.id
        ));
    }
    if let Some(job) = finished.iter().find(|job| job.is_unread()) {
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

/// What the jobs of all sessions used in the last 24 hours.
fn last_day_text(spent: &Spending) -> String {
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
    vec![
        job.id.to_string(),
        status_word(job).to_owned(),
        job.elapsed(now).map(human_duration).unwrap_or_default(),
        job.title.clone(),
        last_line(&project.store.dir().log(&job.id)).unwrap_or_default(),
    ]
}

fn finished_row(job: &Job, now: Time) -> Vec<String> {
    let mark = if job.is_unread() { "*" } else { "" };
    let completed_at = job.state().completed_at();
    let ago = completed_at.map(|at| format!("{} ago", age(at.until(now))));
    let outcome = match job.state().ending() {
        Some(Ending::Failed(failure)) => &failure.detail,
        _ => &job.summary,
    };
    let cost = job.cost_usd.map(|dollars| format!("${dollars:.2}"));
    vec![
        format!("{}{mark}", job.id),
        job.state().status().to_owned(),
        ago.unwrap_or_default(),
        cost.unwrap_or_default(),
        job.title.clone(),
        one_line(outcome, 100),
    ]
}

/// The worktree of an isolated rescue, while it exists.
fn worktree(project: &Project, job: &Job) -> Option<Worktree> {
    isolated::of(project, job).ok().flatten()
}

/// The phase of an active job, the status of a finished one.
fn status_word(job: &Job) -> &'static str {
    let state = job.state();
    match state.is_active() {
        true => state.phase(),
        false => state.status(),
    }
}

fn one(project: &Project, mut job: Job, args: &StatusArgs, printer: &mut Printer) -> CliResult {
    if args.wait || args.watch {
        let timeout = args.patience();
        let found = [(project.clone(), job.clone())];
        let ended = wait::all_ended(project, &found, timeout, printer)?;
        job = ended.into_iter().next().unwrap_or(job);
    }
    let timed_out = args.wait && job.state().is_active();
    if args.json {
        printer.json(&StatusOfJob {
            workspace_root: project.store.workspace().root().display().to_string(),
            job: &job,
            work_tree: worktree(project, &job),
            resume_command: rescue::how_to_continue(project, &job).map(|next| next.command),
            reviewed: reviewed(project, &job),
            progress: RunProgress::read(&project.store.dir().progress(&job.id)),
            wait_timed_out: args.wait.then_some(timed_out),
            timeout_ms: args.patience().filter(|_| args.wait).map(millis),
        });
    } else {
        printer.text(details(project, &job));
    }
    Ok(match timed_out {
        true => ExitStatus::TimedOut,
        false => ExitStatus::Success,
    })
}

fn details(project: &Project, job: &Job) -> String {
    let rows = detail_rows(project, job).into_iter();
    let rows: Vec<_> = rows
        .map(|(label, value)| vec![label.to_owned(), value])
        .collect();
    let mut text = table_wrapped(&rows, project.env.output_columns());
    if !job.state().is_active() {
        return text + &format!("\nShow the result: cc-cli result {}\n", job.id);
    }
    let log = log::tail(&project.store.dir().log(&job.id), 2 << 10).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    if !lines.is_empty() {
        text.push_str("\nLatest\n");
    }
    for line in &lines[lines.len().saturating_sub(5)..] {
        let line = format!("  {}", in_local_time(line));
        text.push_str(&match project.env.output_columns() {
            Some(width) => cut(&line, width),
            None => line,
        });
        text.push('\n');
    }
    text
}

/// A line of a log with the time of day as the clock of the user shows it.
fn in_local_time(line: &str) -> String {
    match log::dated(line) {
        Some((time, text)) => format!("{} {text}", time.local_clock()),
        None => line.to_owned(),
    }
}

/// What a review looks at.
fn reviewed(project: &Project, job: &Job) -> Option<ReviewedChange> {
    let (_, body) = project.store.read(&job.id).ok()?;
    ReviewedChange::in_record(job.kind, &body)
}

/// Whether Claude has ended, and its worker has not saved the result yet: on a full disk it keeps it.
fn is_being_saved(job: &Job) -> bool {
    let (_, claude) = job.state().processes();
    let is_working = job.state().is_active() && job.running_worker().is_some();
    is_working && claude.is_some_and(|claude| !claude.is_running())
}

fn detail_rows(project: &Project, job: &Job) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("ID", job.id.to_string()),
        ("Job", job.title.clone()),
        ("Status", status_word(job).to_owned()),
    ];
    let now = project.store.now();
    let moment = |at: Time| format!("{} ({} ago)", at.local(), age(at.until(now)));
    let started = job.state().started_at();
    rows.extend(started.map(|at| ("Started", moment(at))));
    let ended = job.state().completed_at();
    rows.extend(ended.map(|at| ("Ended", moment(at))));
    let elapsed = job.elapsed(now);
    rows.extend(elapsed.map(|elapsed| ("Time", human_duration(elapsed))));
    let reviewed = reviewed(project, job);
    rows.extend(reviewed.map(|it| ("Reviewed", it.sentence().plain())));
    rows.push(("Summary", job.summary.clone()));
    let model = job.model.actual.as_ref().or(job.model.requested.as_ref());
    rows.extend(model.map(|model| ("Model", model.clone())));
    if let Some(usage) = job.usage {
        let cost = job.cost_usd.map(|dollars| format!(", ${dollars:.2}"));
        let tokens = format!(
            "{} in, {} out{}",
            human_count(usage.total_input()),
            human_count(usage.output_tokens),
            cost.unwrap_or_default()
        );
        rows.push(("Tokens", tokens));
    }
    let root = project.store.workspace().root();
    if !project.env.cwd.starts_with(root) {
        rows.push(("Workspace", root.display().to_string()));
    }
    if let Some(tree) = worktree(project, job) {
        rows.push(("Worktree", tree.root.display().to_string()));
    }
    if let Some(session) = &job.session {
        rows.push(("Codex session", session.to_string()));
    }
    if let Some(thread) = &job.thread {
        let next = rescue::how_to_continue(project, job);
        let next = next.map_or_else(|| thread.to_string(), |next| next.command);
        rows.push(("Claude thread", next));
    }
    if is_being_saved(job) {
        let dir = project.store.dir().jobs();
        let saving = format!(
            "Its result is being saved; if this lasts, free some space: {}",
            dir.display()
        );
        rows.push(("Claude", format!("has ended. {saving}")));
    }
    if let JobState::CancelFailed { why, .. } = job.state() {
        rows.push(("Failure", format!("could not be stopped: {why}")));
        rows.push(("Next", format!("cc-cli cancel {}", job.id)));
    }
    if let Some(Ending::Failed(failure)) = job.state().ending() {
        rows.push(("Failure", failure.detail.clone()));
        rows.extend(hint::for_failure(failure).map(|hint| ("Next", hint)));
    }
    rows
}
