//! `apply` and `discard`: what becomes of a change that was made in a work tree of its own.

use cc_core::text::count;
use cc_workflows::Project;
use cc_workflows::rescue::isolated::{self, Applied};
use serde_json::json;

use super::Outcome;
use crate::args::{ApplyArgs, IsolatedArgs};
use crate::complaint::{Complaint, Exit};
use crate::output::Output;

pub(super) fn apply(project: &Project, args: &ApplyArgs, output: &mut Output) -> Outcome {
    let (job, files, applied) = isolated::apply(project, &args.of.job, args.merge)?;
    let conflicts = match &applied {
        Applied::WithConflicts(files) => files.as_slice(),
        Applied::Now | Applied::Before => &[],
    };
    let was_there = applied == Applied::Before;
    if args.of.json {
        output.json(&json!({
            "jobId": job.id,
            "applied": if was_there { &[] } else { files.as_slice() },
            "alreadyApplied": was_there,
            "conflicts": conflicts,
        }));
    } else {
        let done = match was_there {
            true => "Already applied; nothing was changed",
            false => "Applied to your files, not committed",
        };
        output.text(format!("{done}: {}", count(files.len(), "file")));
        files
            .iter()
            .for_each(|file| output.text(format!("  {file}")));
        output.text(format!(
            "\nThe work tree is still there; remove it with: cc-cli discard {}",
            job.id
        ));
    }
    if conflicts.is_empty() {
        return Ok(Exit::Done);
    }
    let conflicts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    let told = format!("conflicts are marked in {}", conflicts.join(", "));
    Err(Complaint::new(Exit::Failed, told).hint("Resolve them, then: git add FILE"))
}

pub(super) fn discard(project: &Project, args: &IsolatedArgs, output: &mut Output) -> Outcome {
    let job = isolated::discard(project, &args.job)?;
    if args.json {
        output.json(&json!({"jobId": job.id, "discarded": true}));
    } else {
        output.text(format!(
            "Removed the work tree and the branch of {}.",
            job.id
        ));
    }
    Ok(Exit::Done)
}
