//! `prune`: removes old finished jobs.

use cc_core::text::count;
use cc_workflows::{Project, rescue};
use serde_json::json;

use super::Outcome;
use crate::args::PruneArgs;
use crate::complaint::{Complaint, Exit};
use crate::output::Output;

pub(super) fn prune(project: &Project, args: &PruneArgs, output: &mut Output) -> Outcome {
    let pruned = project.store.prune(args.keep, args.dry_run, |job| {
        rescue::is_needed(project, job)
    })?;
    let work_trees = match args.dry_run {
        true => 0,
        false => rescue::isolated::sweep(project),
    };
    if args.json {
        output.json(&json!({
            "dryRun": args.dry_run,
            "removed": pruned.jobs,
            "failed": pruned.failed.iter().map(|(id, error)| json!({"jobId": id, "error": error.to_string()})).collect::<Vec<_>>(),
            "leftovers": pruned.leftovers,
            "workTrees": work_trees,
        }));
    } else {
        let verb = if args.dry_run {
            "would remove"
        } else {
            "removed"
        };
        output.text(format!(
            "{verb} {}",
            count(pruned.jobs.len(), "finished job")
        ));
        pruned
            .jobs
            .iter()
            .for_each(|id| output.text(format!("  {id}")));
        if pruned.leftovers > 0 {
            output.text(format!(
                "{verb} {} of jobs that are gone",
                count(pruned.leftovers, "file")
            ));
        }
        if work_trees > 0 {
            output.text(format!(
                "{verb} {} of jobs that were never made",
                count(work_trees, "work tree")
            ));
        }
    }
    match pruned.failed.first() {
        None => Ok(Exit::Done),
        Some((id, error)) => Err(Complaint::new(
            Exit::Failed,
            format!(
                "could not remove {}, first {id}: {error}",
                count(pruned.failed.len(), "job")
            ),
        )),
    }
}
