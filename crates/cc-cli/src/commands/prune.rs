//! `prune`: removes old finished jobs.

use cc_core::text::count;
use cc_jobs::retention::Kept;
use cc_workflows::{Project, rescue};
use serde_json::json;

use crate::args::PruneArgs;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn prune(project: &Project, args: &PruneArgs, printer: &mut Printer) -> CliResult {
    let kept = Kept::of_each_session(args.keep);
    let pruned = project
        .store
        .prune(kept, args.dry_run, |job| rescue::is_needed(project, job))?;
    let worktrees = match args.dry_run {
        true => 0,
        false => rescue::isolated::sweep(project),
    };
    if args.json {
        let failed = pruned.failed.iter();
        printer.json(&json!({
            "dryRun": args.dry_run,
            "removed": pruned.jobs,
            "unread": pruned.unread,
            "failed": failed
                .map(|(id, error)| json!({"jobId": id, "error": error.to_string()}))
                .collect::<Vec<_>>(),
            "leftovers": pruned.leftovers,
            "workTrees": worktrees,
        }));
    } else {
        let verb = match args.dry_run {
            true => "Would remove",
            false => "Removed",
        };
        let jobs = count(pruned.jobs.len(), "finished job");
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
