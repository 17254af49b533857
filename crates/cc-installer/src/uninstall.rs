//! `uninstall`: everything goes but the jobs, which are the user's.

use std::process::ExitCode;

use cc_core::DataDir;
use serde_json::json;

use crate::apply::Apply;
use crate::args::UninstallArgs;
use crate::error::Error;
use crate::files::backup_of;
use crate::place::Places;
use crate::plan::{self, Step};
use crate::session::Session;
use crate::stakes;

/// Removes what was installed.
///
/// # Errors
/// Whatever stopped it; running it again goes on from there.
pub(crate) fn uninstall(
    session: &mut Session<'_>,
    args: &UninstallArgs,
) -> Result<ExitCode, Error> {
    let mut found = session.look(None)?;
    found.config = Ok(found.config?);
    let places = found.places.clone();
    let has_jobs = places.data.exists();
    let mut steps = plan::uninstall(&found, args.delete_jobs);
    let is_installed = plan::is_anything_there(&found);
    if !is_installed {
        steps.retain(|step| *step == Step::NoJobs);
    }
    if steps.is_empty() {
        session.say(format!(
            "cc is not installed in {}: there is nothing to remove.",
            places.codex_home.display()
        ))?;
        tell_of_jobs(session, &places)?;
        session.document(&steps, &places, json!({"jobsKept": has_jobs}))?;
        return Ok(ExitCode::SUCCESS);
    }
    refuse_losses(session, &places, &steps)?;
    session.show("cc-installer will", &steps, &places)?;
    if session.is_dry() {
        session.only_looked(match args.delete_jobs {
            true => "uninstall --delete-jobs",
            false => "uninstall",
        })?;
        session.document(&steps, &places, json!({}))?;
        return Ok(ExitCode::SUCCESS);
    }
    session.confirm(args.yes, "--yes")?;
    if has_jobs && !args.delete_jobs && !args.yes {
        let question = format!(
            "Delete your jobs and settings in {} too?",
            places.data.display()
        );
        let delete = session.asker().ask(&question)?;
        steps = plan::uninstall(&found, delete);
    }
    refuse_losses(session, &places, &steps)?;
    let mut apply = Apply::begin(&found, &steps)?;
    steps.iter().try_for_each(|step| apply.step(step))?;
    if !is_installed {
        // To begin leaves a record.
        apply.step(&Step::NoFiles)?;
    }

    session.say(match is_installed {
        true => "\ncc is gone from Codex.",
        false => "\nYour jobs and settings are gone; cc was not installed.",
    })?;
    tell_of_jobs(session, &places)?;
    if session.env.exe.exists()
        && let Some(dir) = session.env.exe.parent()
    {
        session.say(format!(
            "The programs that it was installed from stay in {}; if cargo put them there: cargo uninstall cc-installer",
            dir.display()
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

fn tell_of_jobs(session: &mut Session<'_>, places: &Places) -> Result<(), Error> {
    if !places.data.exists() {
        return Ok(());
    }
    session.say(format!(
        "Your jobs are kept in {}; uninstall with --delete-jobs removes them.",
        places.data.display()
    ))
}

/// Keeps jobs from being deleted while they are at work, or while a change waits in their work tree.
fn refuse_losses(session: &Session<'_>, places: &Places, steps: &[Step]) -> Result<(), Error> {
    if !steps.contains(&Step::NoJobs) {
        return Ok(());
    }
    let data = DataDir::at(places.data.clone());
    let installed = places.binary("cc-cli");
    let beside = session
        .env
        .exe
        .with_file_name(installed.file_name().unwrap_or_default());
    let there = [installed, beside].into_iter().find(|cli| cli.exists());
    let cli = there.map_or_else(|| "cc-cli".into(), |cli| cli.display().to_string());
    let jobs = stakes::running(&data);
    if !jobs.is_empty() {
        return Err(Error::JobsRun { jobs, cli });
    }
    let jobs = stakes::waiting(&data);
    if !jobs.is_empty() {
        return Err(Error::ChangesWait { jobs, cli });
    }
    Ok(())
}
