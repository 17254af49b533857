//! `uninstall`: everything goes but the jobs, which are the user's.

use std::process::ExitCode;

use serde_json::json;

use crate::apply::Apply;
use crate::args::UninstallArgs;
use crate::error::Error;
use crate::files::backup_of;
use crate::plan;
use crate::session::Session;

/// Removes what was installed.
///
/// # Errors
/// Whatever stopped it; running it again goes on from there.
pub(crate) fn uninstall(
    session: &mut Session<'_>,
    args: &UninstallArgs,
) -> Result<ExitCode, Error> {
    let found = session.look(None)?;
    let places = found.places.clone();
    let has_jobs = places.data.exists();
    let mut steps = plan::uninstall(&found, args.delete_jobs);
    session.show("cc-installer will", &steps, &places)?;
    if session.is_dry() {
        session.document(&steps, &places, json!({}))?;
        return Ok(ExitCode::SUCCESS);
    }
    session.confirm(args.yes)?;
    if has_jobs && !args.delete_jobs && !args.yes {
        let question = format!(
            "Delete your jobs and settings in {} too?",
            places.data.display()
        );
        let delete = session.asker().ask(&question)?;
        steps = plan::uninstall(&found, delete);
    }
    let mut apply = Apply::begin(&found, &steps)?;
    steps.iter().try_for_each(|step| apply.step(step))?;
    session.leave_nothing(&places)?;

    session.say("\ncc is gone from Codex.")?;
    if places.data.exists() {
        let data = places.data.display();
        session.say(format!(
            "Your jobs are kept in {data}; uninstall with --delete-jobs removes them."
        ))?;
    }
    for file in [places.config(), places.hooks_json()] {
        let backup = backup_of(&file);
        if backup.exists() {
            session.say(format!(
                "{} is your file as it was before the installation; you changed it since.",
                backup.display()
            ))?;
        }
    }
    session.document(&steps, &places, json!({"jobsKept": places.data.exists()}))?;
    Ok(ExitCode::SUCCESS)
}
