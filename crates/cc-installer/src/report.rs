//! The last step: shows what was done, what is installed now, and what is missing.

mod problems;
mod status;
mod text;

use std::process::ExitCode;

use cc_core::Env;
use cc_core::installation::Installation;
use serde_json::{Value, json};

use crate::args::InstallStatusArgs;
use crate::consent;
use crate::console::Console;
use crate::error::Error;
use crate::files::backup_of;
use crate::layout::Layout;
use crate::prepare::plan::{self, Permission, PlanStep};
use crate::prepare::snapshot::{Inspector, STATUS_PATIENCE, Snapshot};

/// The exit code of an installation with problems.
const PROBLEMS: u8 = 3;

/// Runs `status`.
pub(crate) fn status(
    env: &Env,
    args: &InstallStatusArgs,
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    let inspector = Inspector {
        env,
        codex: args.codex.as_deref(),
        bin_dir: None,
        patience: STATUS_PATIENCE,
    };
    let status = status_of(&inspector.inspect()?);
    // A reader that has closed the stream is no error.
    let _ = console.say(text::of(&status));
    let _ = console.document(&json!(status));
    Ok(exit(status.problems.is_empty()))
}

/// Shows what an installation did, and which permissions are missing.
pub(crate) fn installed(
    snapshot: &Snapshot,
    done: &[PlanStep],
    declined: &[Permission],
    is_complete: bool,
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    let status = status_of(snapshot);
    let is_good = status.problems.is_empty();
    console.say(format!("\n{}", text::of(&status)))?;
    for permission in declined {
        console.say(format!(
            "\n{}",
            consent::declined(*permission, &snapshot.layout)
        ))?;
    }
    let advice = snapshot.assets.advice(&snapshot.layout.program("cc-cli"));
    if let Some(advice) = advice.filter(|_| !done.is_empty()) {
        console.say(format!("\n{advice}"))?;
    }
    if is_good {
        let setup = status.skill("setup");
        console.say(format!("\nStart a new session in Codex and type {setup}."))?;
    }
    console.document(&document(
        false,
        done,
        &snapshot.layout,
        json!({"status": status}),
    ))?;
    // A permission that the user did not grant is no failure; any other problem is.
    Ok(exit(is_good || !is_complete))
}

/// Shows what an installation would do.
pub(crate) fn install_preview(
    snapshot: &Snapshot,
    steps: &[PlanStep],
    permissions: &[Permission],
    command: &str,
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    let layout = &snapshot.layout;
    for permission in permissions {
        console.say(format!("\n{}", consent::text(*permission, layout)))?;
    }
    if !steps.is_empty() || !permissions.is_empty() {
        nothing_changed(command, console)?;
    }
    let allowed: Vec<String> = permissions
        .iter()
        .filter_map(|permission| plan::allowed_by(*permission, snapshot).into_iter().next())
        .map(|step| step.describe(layout))
        .collect();
    console.document(&document(
        true,
        steps,
        layout,
        json!({"permissions": allowed}),
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Shows what an uninstall did, and what it kept.
pub(crate) fn uninstalled(
    env: &Env,
    layout: &Layout,
    steps: &[PlanStep],
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    console.say(if steps.contains(&PlanStep::RemoveFiles) {
        "\nUninstalled cc from Codex."
    } else {
        "\nDeleted your jobs and settings; cc was not installed."
    })?;
    say_jobs_kept(layout, console)?;
    if env.exe.exists()
        && let Some(dir) = env.exe.parent()
    {
        console.say(format!(
            "The programs you installed from are still in {}. If cargo installed them:\n    cargo uninstall cc-installer",
            dir.display()
        ))?;
    }
    for file in [layout.config(), layout.hooks_json()] {
        let backup = backup_of(&file);
        if backup.exists() {
            console.say(format!(
                "You changed {} since the installation; its earlier content is in {}.",
                file.display(),
                backup.display()
            ))?;
        }
    }
    let kept = json!({"jobsKept": layout.data.exists()});
    console.document(&document(false, steps, layout, kept))?;
    Ok(ExitCode::SUCCESS)
}

/// Shows what an uninstall would do.
pub(crate) fn uninstall_preview(
    layout: &Layout,
    steps: &[PlanStep],
    delete_jobs: bool,
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    let command = if delete_jobs {
        "uninstall --delete-jobs"
    } else {
        "uninstall"
    };
    nothing_changed(command, console)?;
    console.document(&document(true, steps, layout, json!({})))?;
    Ok(ExitCode::SUCCESS)
}

/// Says that there is nothing to uninstall.
pub(crate) fn nothing_to_uninstall(
    layout: &Layout,
    dry_run: bool,
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    let home = layout.codex_home.display();
    console.say(format!(
        "cc is not installed in {home}: there is nothing to remove."
    ))?;
    say_jobs_kept(layout, console)?;
    let kept = json!({"jobsKept": layout.data.exists()});
    console.document(&document(dry_run, &[], layout, kept))?;
    Ok(ExitCode::SUCCESS)
}

fn nothing_changed(command: &str, console: &mut Console<'_>) -> Result<(), Error> {
    console.say(format!(
        "\nNothing was changed. To do it:\n    cc-installer {command}"
    ))
}

fn say_jobs_kept(layout: &Layout, console: &mut Console<'_>) -> Result<(), Error> {
    if !layout.data.exists() {
        return Ok(());
    }
    console.say(format!(
        "Your jobs are kept in {}. To delete them:\n    cc-installer uninstall --delete-jobs",
        layout.data.display()
    ))
}

fn document(dry_run: bool, steps: &[PlanStep], layout: &Layout, more: Value) -> Value {
    let steps: Vec<String> = steps.iter().map(|step| step.describe(layout)).collect();
    let mut document = json!({"dryRun": dry_run, "steps": steps});
    if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
        document.extend(more);
    }
    document
}

fn status_of(snapshot: &Snapshot) -> Installation {
    let mut status = status::of(snapshot);
    status.problems = problems::of(snapshot, &status);
    status
}

fn exit(is_good: bool) -> ExitCode {
    ExitCode::from(if is_good { 0 } else { PROBLEMS })
}
