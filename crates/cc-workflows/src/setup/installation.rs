//! The Codex integration, as the installer beside our own binary reports it.

use std::path::PathBuf;
use std::time::Duration;

use cc_core::Env;
use cc_core::child::{CommandError, ShortCommand};
use cc_core::installation::Installation;
use cc_core::text::one_line;

use crate::Project;

/// How long the installer may take; it gives Codex less for each of its few answers.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why the status of the installation is unknown.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The installer cannot be started, most often because it is not there, or did not end in time.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The installer said something else.
    #[error("`{} status` gave no answer: {said}", path.display())]
    NotUnderstood {
        /// The installer.
        path: PathBuf,
        /// The start of its error message, one line.
        said: String,
    },
}

/// The installer that belongs to the running binary.
pub fn installer(env: &Env) -> PathBuf {
    let name = format!("cc-installer{}", std::env::consts::EXE_SUFFIX);
    env.exe.with_file_name(name)
}

pub(super) fn look(project: &Project) -> Result<Installation, InstallationError> {
    let path = installer(&project.env);
    let answer = ShortCommand::new(&path, PATIENCE)
        .args(["status", "--json"])
        .envs(project.env.vars())
        .current_dir(&project.env.cwd)
        .stdout_limit(1 << 20)
        .run()?;
    // The exit code only repeats that there are problems.
    serde_json::from_str(&answer.stdout).map_err(|_| InstallationError::NotUnderstood {
        said: one_line(&answer.stderr, 300),
        path,
    })
}
