//! The first step: inspects what is there, plans, and refuses what cannot work.

pub(crate) mod codex_info;
pub(crate) mod plan;
pub(crate) mod snapshot;

use cc_core::{DataDir, Env};

use crate::console::Console;
use crate::error::Error;
use crate::files::locked;
use crate::jobs_at_risk::{running, waiting};
use crate::layout::{BinDirError, Layout};
use codex_info::InstallMethod;
use plan::PlanStep;
use snapshot::{Inspector, Snapshot};

/// Inspects, and refuses what cannot be installed before anything is changed.
///
/// # Errors
/// What has to be fixed first; [`Error::NotInstalled`] for an update of nothing.
pub(crate) fn installable(
    inspector: &Inspector<'_>,
    is_update: bool,
    console: &mut Console<'_>,
) -> Result<Snapshot, Error> {
    let snapshot = inspector.inspect()?;
    if is_update && snapshot.record.is_none() {
        return Err(Error::NotInstalled {
            codex_home: snapshot.layout.codex_home,
        });
    }
    // Codex starts with settings that it cannot parse, and fails only when it has to change them.
    let snapshot = snapshot.with_readable_config()?;
    match snapshot.layout.check_bin(inspector.env) {
        // The user chose it, now or at an earlier installation.
        Err(error @ BinDirError::Writable { .. })
            if inspector.bin_dir.is_some() || snapshot.record.is_some() =>
        {
            console.say(format!("Warning: {error}.\n"))?;
        }
        checked => checked?,
    }
    let snapshot = snapshot.with_codex()?;
    let method = snapshot.codex().map(|codex| codex.method);
    if method != Some(InstallMethod::UserSkills) {
        if snapshot.codex().is_some_and(|codex| codex.disabled.plugins) {
            return Err(Error::PluginsDisabled);
        }
        if let Some(path) = locked(&snapshot.layout.config()) {
            return Err(Error::ConfigLocked { path });
        }
    }
    let mut binaries = snapshot.binaries.iter();
    if let Some(binary) = binaries.find(|binary| !binary.has_source) {
        return Err(Error::SourceMissing {
            path: binary.source.clone(),
        });
    }
    if plan::install(&snapshot, plan::hooks_from(&snapshot)).contains(&PlanStep::AddUserHooks) {
        return snapshot.with_readable_user_hooks();
    }
    Ok(snapshot)
}

/// Refuses to delete jobs that are running, or whose change is only in their worktree.
///
/// # Errors
/// [`Error::JobsRunning`] and [`Error::ChangesWaiting`].
pub(crate) fn check_jobs(env: &Env, layout: &Layout, steps: &[PlanStep]) -> Result<(), Error> {
    if !steps.contains(&PlanStep::DeleteJobs) {
        return Ok(());
    }
    let data = DataDir::at(layout.data.clone());
    let installed = layout.binary("cc-cli");
    let beside = env
        .exe
        .with_file_name(installed.file_name().unwrap_or_default());
    let cli = [installed, beside].into_iter().find(|cli| cli.exists());
    let cli = cli.map_or_else(|| "cc-cli".into(), |cli| cli.display().to_string());
    let jobs = running(&data);
    if !jobs.is_empty() {
        return Err(Error::JobsRunning { jobs, cli });
    }
    let jobs = waiting(&data);
    if !jobs.is_empty() {
        return Err(Error::ChangesWaiting { jobs, cli });
    }
    Ok(())
}
