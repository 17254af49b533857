//! Checks whether everything works that a job needs: Claude Code and its login, Git, the directory of
//! jobs, the sandbox, and the Codex integration.
//!
//! The check asks Claude and Codex about themselves; it asks no model, and costs nothing.

mod installation;

use std::path::PathBuf;

use cc_claude::{AuthStatus, Claude, ProbeError, UserSettings};
use cc_core::fs::{create_private_dir, remove_if_there, write_atomic};
use cc_core::{IoError, LocateError, parallel};
use cc_git::{Git, Repository};
use cc_jobs::SettingsError;
use cc_jobs::settings::ClaudeSettings;

use crate::rescue::sandbox::{self, CommandsUnavailable, SandboxMissing};
use crate::review::commands;
use crate::trust::{self, Standing};
use crate::{Obstacle, Project, preflight};

pub use cc_core::installation::Installation;
pub use installation::{InstallationError, installer};

/// The oldest Claude Code that the tests run with.
pub const OLDEST_TESTED: [u32; 3] = [2, 1, 197];

/// The result of the check.
#[derive(Debug)]
pub struct SetupCheck {
    /// Why no job can be started from here; then Claude and Codex were not checked.
    pub obstacle: Option<Obstacle>,
    /// Claude Code.
    pub claude: Result<ClaudeFound, LocateError>,
    /// Whether the sandbox for Claude's commands can start.
    pub sandbox: Result<(), SandboxMissing>,
    /// Whether a review may run commands (`--run-commands`); `None` if it was not checked.
    pub run_commands: Option<Result<(), CommandsUnavailable>>,
    /// How what the repository can have executed relates to what the user allowed; `None` if that cannot be read.
    pub trust: Option<Standing>,
    /// Whether jobs can be saved.
    pub state: Result<(), IoError>,
    /// Whether the user's settings are valid.
    pub settings: Result<(), SettingsError>,
    /// Whether Git works here, in a repository or not.
    pub git: Result<(), cc_git::Error>,
    /// The Codex integration; `None` if it was not checked.
    pub installation: Option<Result<Installation, InstallationError>>,
    /// Whether the review gate of the workspace is on.
    pub gate: bool,
}

/// A Claude Code that was found.
#[derive(Debug)]
pub struct ClaudeFound {
    /// Its binary.
    pub path: PathBuf,
    /// Its version; `None` if it was not checked.
    pub version: Option<Result<String, ProbeError>>,
    /// Its login, as runs have it; `None` if it was not checked.
    pub auth: Option<Result<AuthStatus, ProbeError>>,
    /// What is not valid in the user's settings of Claude Code.
    pub settings_problems: Vec<String>,
}

impl SetupCheck {
    /// Whether reviews can run. Other problems only mean that less works.
    pub fn is_ready(&self) -> bool {
        self.obstacle.is_none()
            && self.state.is_ok()
            && self.settings.is_ok()
            && self.git.is_ok()
            && self.claude.as_ref().is_ok_and(ClaudeFound::works)
    }
}

impl ClaudeFound {
    fn works(&self) -> bool {
        matches!(self.version, Some(Ok(_)))
            && matches!(&self.auth, Some(Ok(auth)) if auth.logged_in)
    }

    /// Whether its version is older than any that is tested.
    pub fn is_older_than_tested(&self) -> bool {
        let version = self
            .version
            .as_ref()
            .and_then(|version| version.as_ref().ok());
        version.is_some_and(|version| is_older(version))
    }
}

fn is_older(version: &str) -> bool {
    let numbers: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
    numbers.is_ok_and(|numbers| numbers < OLDEST_TESTED.to_vec())
}

/// Looks at everything. Takes about a second: Claude and Codex are started.
pub fn look(project: &Project) -> SetupCheck {
    let settings = project.settings_file();
    let known = settings.as_ref().map(|file| file.settings().claude.clone());
    let ClaudeSettings { path, pass_env } = known.unwrap_or_default();
    let workspace = project.store.workspace().root();
    let obstacle = preflight::check(&project.env).err();
    let claude = project.claude(path.as_deref());
    let claude = claude.map(|claude| claude.passing(pass_env));
    let (claude, installation, run_commands) = if obstacle.is_some() {
        (claude.map(not_asked), None, None)
    } else {
        let ((installation, run_commands), claude) = parallel::join(
            || {
                let installation = || installation::look(project);
                parallel::join(installation, || commands::check(project))
            },
            || ask(project, claude?),
        );
        (claude, Some(installation), Some(run_commands))
    };
    let inspection = trust::inspect(&project.data, workspace);
    SetupCheck {
        obstacle,
        claude,
        sandbox: sandbox::check(&project.env, workspace),
        run_commands,
        trust: inspection.ok().map(|inspection| inspection.standing),
        state: try_writing(project),
        settings: settings.map(drop),
        git: try_git(project),
        installation,
        gate: crate::gate::is_on(project),
    }
}

fn not_asked(claude: Claude) -> ClaudeFound {
    ClaudeFound {
        path: claude.path().to_owned(),
        version: None,
        auth: None,
        settings_problems: Vec::new(),
    }
}

fn ask(project: &Project, claude: Claude) -> Result<ClaudeFound, LocateError> {
    let (auth, version) = parallel::join(
        || claude.auth_status(&project.env),
        || claude.version(&project.env),
    );
    let user = UserSettings::read(&project.env, claude.workspace());
    Ok(ClaudeFound {
        version: Some(version),
        auth: Some(auth),
        settings_problems: user.problems().to_vec(),
        ..not_asked(claude)
    })
}

fn try_git(project: &Project) -> Result<(), cc_git::Error> {
    let git = Git::locate(&project.env)?;
    match Repository::discover(git, project.store.workspace().root()) {
        Ok(_) | Err(cc_git::Error::NotARepository { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn try_writing(project: &Project) -> Result<(), IoError> {
    let state = project.store.dir();
    create_private_dir(state.root())?;
    let probe = state.root().join(".setup");
    write_atomic(&probe, b"can be written\n")?;
    remove_if_there(&probe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(is_older("2.1.99") && is_older("1.9.999") && is_older("2.1.196"));
        assert!(!is_older("2.1.197") && !is_older("2.2.0") && !is_older("10.0.0"));
        assert!(!is_older("2.x"), "unknown is not old");
    }
}
