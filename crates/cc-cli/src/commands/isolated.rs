//! `apply` and `discard`: what to do with the change of an isolated rescue.

use cc_core::text::count;
use cc_git::Applied;
use cc_workflows::Project;
use cc_workflows::rescue::isolated;
use serde_json::json;

use super::setup::{ask, is_interactive};
use crate::args::{ApplyArgs, DiscardArgs};
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn apply(project: &Project, args: &ApplyArgs, printer: &mut Printer) -> CliResult {
    let here = project.store.workspace();
    let (project, job) = project.find(&args.job)?;
    project.may_write()?;
    let is_elsewhere = project.store.workspace() != here;
    if args.diff {
        let change = isolated::change(&project, job.id.as_str())?;
        printer.text(String::from_utf8_lossy(&change.content).trim_end());
        return Ok(ExitStatus::Success);
    }
    let (job, files, applied) = isolated::apply(&project, job.id.as_str(), args.merge)?;
    let conflicts = match &applied {
        Applied::WithConflicts(files) => files.as_slice(),
        Applied::Now | Applied::Before => &[],
    };
    let already_applied = applied == Applied::Before;
    if args.json {
        printer.json(&json!({
            "jobId": job.id,
            "applied": if already_applied { &[] } else { files.as_slice() },
            "alreadyApplied": already_applied,
            "conflicts": conflicts,
        }));
    } else {
        let done = match applied {
            Applied::Before => "Already applied; nothing changed",
            Applied::Now => "Applied to your working tree, not committed",
            Applied::WithConflicts(_) => "Merged into your working tree, with conflicts",
        };
        let root = project.store.workspace().root();
        let done = match is_elsewhere {
            true => format!("{done} ({})", root.display()),
            false => done.to_owned(),
        };
        printer.text(format!("{done}: {}", count(files.len(), "file")));
        for file in &files {
            printer.text(format!("  {file}"));
        }
        printer.text(format!(
            "\nThe worktree still exists; remove it with: cc-cli discard {}",
            job.id
        ));
    }
    if conflicts.is_empty() {
        return Ok(ExitStatus::Success);
    }
    let conflicts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    let message = format!("merge conflicts in {}", conflicts.join(", "));
    Err(CliError::new(ExitStatus::Failure, message).hint("Resolve them, then run: git add FILE"))
}

pub(super) fn discard(project: &Project, args: &DiscardArgs, printer: &mut Printer) -> CliResult {
    let (project, job) = project.find(&args.job)?;
    project.may_write()?;
    let lost = match args.yes {
        true => 0,
        false => isolated::unapplied(&project, job.id.as_str())?,
    };
    if lost > 0 {
        let id = &job.id;
        let lost = format!(
            "the change of `{id}` was never applied ({})",
            count(lost, "file")
        );
        if !is_interactive(&project.env) {
            let hint =
                format!("See it: cc-cli apply {id} --diff. Discard it: cc-cli discard {id} --yes");
            return Err(CliError::new(ExitStatus::Usage, lost).hint(hint));
        }
        if !ask(&format!("{lost}. Discard it?"), printer) {
            printer.note("Nothing was discarded.");
            return Ok(ExitStatus::Success);
        }
    }
    let job = isolated::discard(&project, job.id.as_str())?;
    if args.json {
        printer.json(&json!({"jobId": job.id, "discarded": true}));
    } else {
        printer.text(format!("Removed the worktree and branch of {}.", job.id));
    }
    Ok(ExitStatus::Success)
}
