//! `prune`: removes finished jobs, those that are named or old ones. A result that nobody has read is only
//! removed by its name.

use cc_core::JobId;
use cc_core::text::count;
use cc_jobs::Job;
use cc_jobs::retention::{Kept, Prunable, Pruned};
use cc_workflows::{Project, rescue};

use super::setup::{ask, is_interactive};
use crate::args::PruneArgs;
use crate::documents::{NotRemoved, PruneReport};
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;
use crate::render::table_within;

pub(super) fn prune(project: &Project, args: &PruneArgs, printer: &mut Printer) -> CliResult {
    let (chosen, unread) = match args.jobs.is_empty() {
        true => old(project, args.keep)?,
        false => (named(project, &args.jobs)?, 0),
    };
    let jobs: Vec<&Job> = chosen.iter().flat_map(|(_, it)| &it.jobs).collect();
    if !jobs.is_empty() && !args.yes && !args.dry_run && !may_remove(project, &jobs, printer)? {
        printer.note("Nothing was removed.");
        return Ok(ExitStatus::Success);
    }
    let mut pruned = Pruned::default();
    for (project, prunable) in chosen {
        let here = project.store.remove_finished(prunable, args.dry_run)?;
        pruned.unread += here.unread;
        pruned.jobs.extend(here.jobs);
        pruned.failed.extend(here.failed);
        pruned.leftovers += here.leftovers;
    }
    let worktrees = match args.dry_run {
        true => 0,
        false => rescue::isolated::sweep(project),
    };
    if args.json {
        let failed = pruned.failed.iter();
        printer.json(&PruneReport {
            dry_run: args.dry_run,
            removed: &pruned.jobs,
            failed: failed
                .map(|(job_id, error)| NotRemoved {
                    job_id,
                    error: error.to_string(),
                })
                .collect(),
            unread: pruned.unread,
            kept_unread: unread,
            leftovers: pruned.leftovers,
            work_trees: worktrees,
        });
    } else {
        print(&pruned, worktrees, args.dry_run, printer);
    }
    if unread > 0 {
        printer.note(format_args!(
            "Kept {}, not read yet. To remove one, name it: cc-cli prune JOB",
            count(unread, "result")
        ));
    }
    failure(&pruned)
}

/// How many jobs the question shows.
const NAMED: usize = 10;

/// Jobs to remove, with the project that they belong to.
type Chosen = Vec<(Project, Prunable)>;

/// The old jobs of this workspace, without those whose results were not read; and how many those are.
fn old(project: &Project, keep: usize) -> Result<(Chosen, usize), CliError> {
    let is_needed = |job: &Job| rescue::is_needed(project, job);
    let kept = Kept::of_each_session(keep);
    let mut prunable = project.store.prunable(kept, is_needed)?;
    let all = prunable.jobs.len();
    prunable.jobs.retain(|job| !job.is_unread());
    let unread = all - prunable.jobs.len();
    Ok((vec![(project.clone(), prunable)], unread))
}

/// The jobs of these references, each once.
fn named(project: &Project, references: &[String]) -> Result<Chosen, CliError> {
    let mut seen: Vec<JobId> = Vec::new();
    let mut chosen = Chosen::new();
    for reference in references {
        let (project, job) = project.find(reference)?;
        if job.state().is_active() {
            let message = format_args!("{} has not ended", job.id);
            let hint = format!("Stop it first: cc-cli cancel {}", job.id);
            return Err(CliError::new(ExitStatus::Usage, message).hint(hint));
        }
        if rescue::is_needed(&project, &job) {
            let id = &job.id;
            let message = format_args!("{id} has a change in its worktree");
            let hint = format!("Apply or drop it first: cc-cli apply {id}, or cc-cli discard {id}");
            return Err(CliError::new(ExitStatus::Usage, message).hint(hint));
        }
        if !seen.contains(&job.id) {
            seen.push(job.id.clone());
            let prunable = Prunable {
                jobs: vec![job],
                ..Prunable::default()
            };
            chosen.push((project, prunable));
        }
    }
    Ok(chosen)
}

/// Asks the person at the terminal; elsewhere `--yes` is needed.
fn may_remove(project: &Project, jobs: &[&Job], printer: &mut Printer) -> Result<bool, CliError> {
    let number = count(jobs.len(), "finished job");
    if is_interactive(&project.env) {
        let rows = jobs.iter().take(NAMED);
        let rows: Vec<_> = rows
            .map(|job| vec![job.id.to_string(), job.title.clone(), job.summary.clone()])
            .collect();
        let more = jobs.len().saturating_sub(NAMED);
        let table = table_within(&rows, project.env.error_columns());
        printer.note(match more {
            0 => table.trim_end().to_owned(),
            more => format!("{table}  and {more} more"),
        });
        return Ok(ask(&format!("Remove {number}?"), printer));
    }
    let message = format!("this removes {number}, and nobody can be asked");
    Err(CliError::new(ExitStatus::Usage, message)
        .hint("See which: cc-cli prune --dry-run. Remove them: cc-cli prune --yes"))
}

fn print(pruned: &Pruned, worktrees: usize, dry_run: bool, printer: &mut Printer) {
    let verb = if dry_run { "Would remove" } else { "Removed" };
    let jobs = count(pruned.jobs.len(), "finished job");
    if pruned.jobs.is_empty() && pruned.leftovers == 0 && worktrees == 0 {
        printer.text("Nothing to remove");
        return;
    }
    printer.text(match pruned.unread {
        0 => format!("{verb} {jobs}"),
        unread => format!("{verb} {jobs}, {unread} of them not read"),
    });
    for id in &pruned.jobs {
        printer.text(format!("  {id}"));
    }
    let more = [
        (pruned.leftovers, "leftover file"),
        (worktrees, "leftover worktree"),
    ];
    for (number, what) in more.into_iter().filter(|(number, _)| *number > 0) {
        printer.text(format!("{verb} {}", count(number, what)));
    }
}

fn failure(pruned: &Pruned) -> CliResult {
    match pruned.failed.first() {
        None => Ok(ExitStatus::Success),
        Some((id, error)) => Err(CliError::new(
            ExitStatus::Failure,
            format!(
                "could not remove {}, first {id}: {error}",
                count(pruned.failed.len(), "job")
            ),
        )),
    }
}
