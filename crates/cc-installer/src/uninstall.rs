//! `uninstall`: removes everything except the jobs, which are the user's.

use std::process::ExitCode;

use cc_core::Env;

use crate::args::UninstallArgs;
use crate::console::Console;
use crate::error::Error;
use crate::prepare::plan;
use crate::prepare::snapshot::Inspector;
use crate::{apply, consent, lock, prepare, report};

/// Removes what was installed.
///
/// # Errors
/// What stopped it; running it again continues from there.
pub(crate) fn uninstall(
    env: &Env,
    args: &UninstallArgs,
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    let _lock = lock::acquire(env, args.common.dry_run)?;

    // Prepare.
    let snapshot = Inspector::new(env, &args.common, None)
        .inspect()?
        .with_readable_config()?;
    let layout = &snapshot.layout;
    let mut steps = plan::uninstall(&snapshot, args.delete_jobs);
    if steps.is_empty() {
        return report::nothing_to_uninstall(layout, args.common.dry_run, console);
    }
    prepare::check_jobs(env, layout, &steps)?;
    consent::show_plan(&steps, layout, console)?;
    if args.common.dry_run {
        return report::uninstall_preview(layout, &steps, args.delete_jobs, console);
    }

    // Ask for consent.
    console.confirm(args.yes, "--yes")?;
    if layout.data.exists() && !args.delete_jobs && !args.yes {
        let question = format!(
            "Also delete your jobs and settings in {}?",
            layout.data.display()
        );
        steps = plan::uninstall(&snapshot, console.ask(&question)?);
    }
    // A job may have started while a question waited for its answer.
    prepare::check_jobs(env, layout, &steps)?;

    // Apply.
    apply::uninstall(&snapshot, &steps)?;

    // Report.
    report::uninstalled(env, layout, &steps, console)
}
