//! What Codex has of us, as the installer beside our own binary tells it.

use std::path::PathBuf;
use std::time::Duration;

use cc_core::Env;
use cc_core::child::{CommandError, ShortCommand};
use cc_core::text::one_line;
use serde::Deserialize;

use crate::Project;

/// How long the installer may take; it gives Codex less.
const PATIENCE: Duration = Duration::from_secs(30);

/// How an installation stands: the parts of `cc-installer status --json` that matter here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    /// The installer's version.
    pub version: String,
    /// The Codex that was asked, if one was found.
    pub codex: Option<Codex>,
    /// The installed binaries.
    pub binaries: Binaries,
    /// The plugin, as Codex knows it.
    pub plugin: Plugin,
    /// The hooks, as Codex knows them.
    pub hooks: Hooks,
    /// Codex's permission to run `cc-cli` outside of its sandbox.
    pub exec_rule: ExecRule,
    /// What is wrong, each with its remedy.
    pub problems: Vec<Problem>,
}

/// The host.
#[derive(Clone, Debug, Deserialize)]
pub struct Codex {
    /// Its binary.
    pub path: PathBuf,
    /// Its version, if it told one.
    pub version: Option<String>,
}

/// The binaries that Codex calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binaries {
    /// Their directory.
    pub dir: PathBuf,
    /// Whether they are those of one installation.
    pub versions_agree: bool,
}

/// The plugin.
#[derive(Clone, Debug, Deserialize)]
pub struct Plugin {
    /// Whether Codex has it.
    pub installed: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether Codex's copy is another than was installed.
    pub drifted: bool,
}

/// The hooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hooks {
    /// Whether Codex has them.
    pub installed: bool,
    /// Whether the user has not declined them.
    pub allowed: bool,
    /// Whether it runs them.
    pub trusted: Trust,
    /// Whether the user has switched them off in Codex.
    pub switched_off: bool,
    /// Whether they are declared twice.
    pub double: bool,
}

/// How many of the hooks Codex runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// All of them.
    All,
    /// Not all of them.
    Some,
    /// None of them.
    None,
    /// All: this Codex asks for no trust.
    NotNeeded,
    /// Codex could not be asked.
    #[serde(other)]
    Unknown,
}

/// The exec rule.
#[derive(Clone, Debug, Deserialize)]
pub struct ExecRule {
    /// Whether there is one about a `cc-cli`.
    pub present: bool,
    /// Whether it is about the installed one.
    pub matches: bool,
    /// Its file.
    pub path: PathBuf,
}

/// Something that is wrong.
#[derive(Clone, Debug, Deserialize)]
pub struct Problem {
    /// What.
    pub what: String,
    /// The way out, most often a command.
    pub fix: String,
}

/// Why nothing is known of an installation.
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
        /// The beginning of its complaint, as one line.
        said: String,
    },
}

impl Installation {
    /// Whether running the installer's `install` can mend something.
    pub fn wants_installing(&self) -> bool {
        let is_missing = !self.plugin.installed || !self.plugin.enabled || !self.hooks.installed;
        let is_broken = is_missing || self.is_out_of_order() || !self.binaries.versions_agree;
        self.codex.is_some() && (is_broken || self.lacks_permission())
    }

    /// Whether Codex has the plugin, but not in the state that the installer left: no permission is
    /// needed to put that back, and no binary.
    pub fn can_be_restored(&self) -> bool {
        let has_plugin = self.plugin.installed && self.plugin.enabled;
        self.codex.is_some() && has_plugin && (self.lacks_hooks() || self.is_out_of_order())
    }

    fn lacks_hooks(&self) -> bool {
        !self.hooks.installed && self.hooks.allowed
    }

    fn is_out_of_order(&self) -> bool {
        self.plugin.drifted || self.hooks.double
    }

    fn lacks_permission(&self) -> bool {
        !self.exec_rule.matches || matches!(self.hooks.trusted, Trust::Some | Trust::None)
    }
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
