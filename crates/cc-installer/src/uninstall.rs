//! `uninstall`: everything goes but the jobs, which are the user's.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use cc_core::DataDir;
use serde_json::json;

use crate::apply::Apply;
use crate::args::UninstallArgs;
use crate::error::Error;
use crate::files::backup_of;
use crate::plan::{self, Step};
use crate::session::Session;

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
    if steps.contains(&Step::NoJobs) {
        match running(&DataDir::at(places.data.clone())) {
            0 => {}
            count => return Err(Error::JobsRun { count }),
        }
    }
    let mut apply = Apply::begin(&found, &steps)?;
    steps.iter().try_for_each(|step| apply.step(step))?;

    session.say("\ncc is gone from Codex.")?;
    if places.data.exists() {
        let data = places.data.display();
        session.say(format!(
            "Your jobs are kept in {data}; uninstall with --delete-jobs removes them."
        ))?;
    }
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

/// How many jobs are alive, in all workspaces.
fn running(data: &DataDir) -> usize {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    let jobs = entries(&data.states()).flat_map(|state| entries(&state.path().join("jobs")));
    let mut files: Vec<_> = jobs.map(|file| file.path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "alive")
    });
    // One that cannot be told is taken for alive.
    let is_alive = |path: &&std::path::PathBuf| cc_core::lock::is_held(path).unwrap_or(true);
    files.iter().filter(is_alive).count()
}
