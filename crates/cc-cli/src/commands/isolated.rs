//! `apply` and `discard`: what to do with the change of an isolated rescue.

use std::path::Path;

use cc_core::JobId;
use cc_core::text::count;
use cc_git::{Applied, RepoPath};
use cc_workflows::rescue::ProtectedChange;
use cc_workflows::rescue::isolated::{self, AllowedChanges, Application};
use cc_workflows::{Error, Project};

use super::setup::{ask, is_interactive};
use crate::args::{ApplyArgs, DiscardArgs};
use crate::documents::{ApplyReport, DiscardReport};
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

/// What to do about files of a change that programs run without being asked, and links that lead elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protected {
    /// Apply them, too.
    Allow,
    /// Ask at a terminal, refuse elsewhere.
    Ask,
    /// Refuse, whoever asks.
    Refuse,
}

pub(super) fn apply(
    project: &Project,
    args: &ApplyArgs,
    protected: Protected,
    printer: &mut Printer,
) -> CliResult {
    let here = project.store.workspace();
    let (project, job) = project.find(&args.job)?;
    project.may_write()?;
    let is_elsewhere = project.store.workspace() != here;
    if args.diff {
        let change = isolated::change(&project, job.id.as_str())?;
        printer.text(String::from_utf8_lossy(&change.content).trim_end());
        return Ok(ExitStatus::Success);
    }
    let mut applied = isolated::apply(
        &project,
        job.id.as_str(),
        args.merge,
        match protected {
            Protected::Allow => AllowedChanges::All,
            Protected::Ask | Protected::Refuse => AllowedChanges::Only(&[]),
        },
    );
    if let Err(Error::ProtectedFiles { id, changes }) = &applied {
        let is_asked = protected == Protected::Ask && !args.json && is_interactive(&project.env);
        if !is_asked {
            return Err(refused(id, changes, protected, args.json, printer));
        }
        if !allows(changes, printer) {
            printer.note("Nothing was applied.");
            return Ok(ExitStatus::Success);
        }
        applied = isolated::apply(
            &project,
            id.as_str(),
            args.merge,
            AllowedChanges::Only(changes),
        );
    }
    let applied = applied?;
    let is_elsewhere = is_elsewhere.then(|| project.store.workspace().root());
    show(&applied, args.json, is_elsewhere, printer);
    let conflicts = conflicts(&applied);
    if conflicts.is_empty() {
        return Ok(ExitStatus::Success);
    }
    let conflicts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    let message = format!("merge conflicts in {}", conflicts.join(", "));
    Err(CliError::new(ExitStatus::Failure, message).hint("Resolve them, then run: git add FILE"))
}

fn conflicts(application: &Application) -> &[RepoPath] {
    match &application.applied {
        Applied::WithConflicts(files) => files,
        Applied::Now | Applied::Before => &[],
    }
}

/// Shows what was applied; `elsewhere` is the root of another workspace than this one.
fn show(application: &Application, json: bool, elsewhere: Option<&Path>, printer: &mut Printer) {
    let Application {
        job,
        files,
        protected,
        applied,
    } = application;
    let already_applied = *applied == Applied::Before;
    if json {
        printer.json(&ApplyReport {
            job_id: &job.id,
            applied: if already_applied {
                &[]
            } else {
                files.as_slice()
            },
            already_applied,
            conflicts: conflicts(application),
            protected,
        });
        return;
    }
    let done = match applied {
        Applied::Before => "Already applied; nothing changed",
        Applied::Now => "Applied to your working tree, not committed",
        Applied::WithConflicts(_) => "Merged into your working tree, with conflicts",
    };
    let done = match elsewhere {
        Some(root) => format!("{done} ({})", root.display()),
        None => done.to_owned(),
    };
    printer.text(format!("{done}: {}", count(files.len(), "file")));
    for file in files {
        printer.text(format!("  {file}"));
    }
    printer.text(format!(
        "\nThe worktree still exists; remove it with: cc-cli discard {}",
        job.id
    ));
}

/// Names each protected file, and asks.
fn allows(changes: &[ProtectedChange], printer: &mut Printer) -> bool {
    printer.note("Programs run these files without being asked, or they lead elsewhere:");
    for change in changes {
        printer.note(format!("  {change}"));
    }
    ask("Apply them, too?", printer)
}

/// The error where nobody can be asked; with `json` the files as a document, too.
fn refused(
    id: &JobId,
    changes: &[ProtectedChange],
    protected: Protected,
    json: bool,
    printer: &mut Printer,
) -> CliError {
    if json {
        printer.json(&ApplyReport {
            job_id: id,
            applied: &[],
            already_applied: false,
            conflicts: &[],
            protected: changes,
        });
    }
    let hint = format!(
        "See the change: cc-cli apply {id} --diff. Apply all of it: cc-cli apply {id} --allow-protected"
    );
    let hint = match protected {
        Protected::Refuse => format!("Only the user can allow that, in a terminal. {hint}"),
        Protected::Ask | Protected::Allow => hint,
    };
    let error = Error::ProtectedFiles {
        id: id.clone(),
        changes: changes.to_vec(),
    };
    CliError::from(error).hint(hint)
}

pub(super) fn discard(project: &Project, args: &DiscardArgs, printer: &mut Printer) -> CliResult {
    let (project, job) = project.find(&args.job)?;
    project.may_write()?;
    if !args.yes && !may_discard(&project, &job.id, printer)? {
        printer.note("Nothing was discarded.");
        return Ok(ExitStatus::Success);
    }
    let job = isolated::discard(&project, job.id.as_str())?;
    if args.json {
        printer.json(&DiscardReport {
            job_id: &job.id,
            discarded: true,
        });
    } else {
        printer.text(format!("Removed the worktree and branch of {}.", job.id));
    }
    Ok(ExitStatus::Success)
}

/// Asks the person at the terminal; elsewhere `--yes` is needed.
fn may_discard(project: &Project, id: &JobId, printer: &mut Printer) -> Result<bool, CliError> {
    let lost = isolated::unapplied(project, id.as_str())?;
    let never_applied = format!(
        "change of `{id}` was never applied ({})",
        count(lost, "file")
    );
    if is_interactive(&project.env) {
        let question = match lost {
            0 => format!("No change of `{id}` would be lost. Remove its worktree and its branch?"),
            _ => format!("The {never_applied}. Discard it?"),
        };
        return Ok(ask(&question, printer));
    }
    let discard = format!("Discard it: cc-cli discard {id} --yes");
    Err(match lost {
        0 => {
            let what = "this removes a worktree and its branch, and nobody can be asked";
            CliError::new(ExitStatus::Usage, what).hint(discard)
        }
        _ => CliError::new(ExitStatus::Usage, format!("the {never_applied}"))
            .hint(format!("See it: cc-cli apply {id} --diff. {discard}")),
    })
}
