//! The Codex integration, as the installer beside our own binary reports it.

use std::path::PathBuf;
use std::time::Duration;

use cc_core::Env;
use cc_core::child::{CommandError, ShortCommand};
use cc_core::text::one_line;
use serde::Deserialize;

use crate::Project;

/// How long the installer may take; it gives Codex less.
const PATIENCE: Duration = Duration::from_secs(30);

/// The status of the installation: the parts of `cc-installer status --json` that matter here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    /// The installer's version.
    pub version: String,
    /// The Codex that was asked, if one was found.
    pub codex: Option<InstalledCodex>,
    /// The installed binaries.
    pub binaries: InstalledBinaries,
    /// The plugin, as Codex knows it.
    pub plugin: InstalledPlugin,
    /// The hooks, as Codex knows them.
    pub hooks: InstalledHooks,
    /// Codex's permission to run `cc-cli` outside of its sandbox.
    pub exec_rule: InstalledRule,
    /// The problems, each with its fix.
    pub problems: Vec<InstallationProblem>,
}

/// The host.
#[derive(Clone, Debug, Deserialize)]
pub struct InstalledCodex {
    /// Its binary.
    pub path: PathBuf,
    /// Its version, if known.
    pub version: Option<String>,
}

/// The binaries that Codex calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledBinaries {
    /// Their directory.
    pub dir: PathBuf,
    /// Whether they are those of one installation.
    pub versions_agree: bool,
}

/// The plugin.
#[derive(Clone, Debug, Deserialize)]
pub struct InstalledPlugin {
    /// Whether Codex has it.
    pub installed: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether Codex's copy differs from what was installed.
    pub drifted: bool,
}

/// The hooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledHooks {
    /// Whether Codex has them.
    pub installed: bool,
    /// Whether the user has not declined them.
    pub allowed: bool,
    /// Whether it runs them.
    pub trusted: HooksTrusted,
    /// Whether the user has disabled them in Codex.
    pub switched_off: bool,
    /// Whether they are declared twice.
    pub double: bool,
}

/// How many of the hooks Codex runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HooksTrusted {
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
pub struct InstalledRule {
    /// Whether there is one about a `cc-cli`.
    pub present: bool,
    /// Whether it lets the installed one look.
    pub matches: bool,
    /// Whether one lets it change files too.
    #[serde(default)]
    pub rescue: bool,
    /// Whether one lets it do everything, as earlier versions wrote it.
    #[serde(default)]
    pub old: bool,
    /// Whether this Codex can have one: where it would free the whole line, there is none.
    #[serde(default = "yes")]
    pub possible: bool,
    /// Its file.
    pub path: PathBuf,
}

fn yes() -> bool {
    true
}

/// A problem.
#[derive(Clone, Debug, Deserialize)]
pub struct InstallationProblem {
    /// What.
    pub what: String,
    /// The fix, usually a command.
    pub fix: String,
}

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

impl Installation {
    /// Whether running `cc-installer install` can fix something.
    pub fn wants_installing(&self) -> bool {
        let is_missing = !self.plugin.installed || !self.plugin.enabled || !self.hooks.installed;
        let is_broken = is_missing || self.is_out_of_order() || !self.binaries.versions_agree;
        self.codex.is_some() && (is_broken || self.lacks_permission())
    }

    /// Whether Codex has the plugin, but changed: restoring it needs no permission and no binary.
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
        (!self.exec_rule.matches && self.exec_rule.possible)
            || self.exec_rule.old
            || matches!(self.hooks.trusted, HooksTrusted::Some | HooksTrusted::None)
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
