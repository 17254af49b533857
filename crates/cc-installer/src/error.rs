//! What can go wrong, what to do about it, and the exit code.

use std::io;
use std::path::{Path, PathBuf};

use cc_core::text::count;
use cc_core::{IoError, LocateError, LockError};

use crate::edit::EditError;
use crate::host::error::HostError;
use crate::jobs_at_risk::JobAtRisk;
use crate::layout::{BinDirError, HomeError};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Codex has no usable home directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Codex was not found.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// Codex failed or refused.
    #[error(transparent)]
    Codex(#[from] HostError),
    /// The directory for the binaries was refused.
    #[error(transparent)]
    BinDir(#[from] BinDirError),
    /// A binary to install is not beside the running installer.
    #[error("`{}` is missing: the three binaries belong together", path.display())]
    SourceMissing { path: PathBuf },
    /// A file of the user cannot be parsed, and is never changed then.
    #[error("`{}`, {source}", path.display())]
    Edit { path: PathBuf, source: EditError },
    /// Codex could not record the plugin.
    #[error("`{}` cannot be written, but Codex records its plugins there", path.display())]
    ConfigLocked { path: PathBuf },
    /// `update` without an installation.
    #[error("cc is not installed in `{}`", codex_home.display())]
    NotInstalled { codex_home: PathBuf },
    /// Codex would install the plugin, and then not load it.
    #[error("plugins are disabled in codex")]
    PluginsDisabled,
    /// Codex reported no error, but does not have the plugin.
    #[error("codex does not have the plugin after installing it: {why}")]
    PluginRejected {
        /// What was found instead.
        why: &'static str,
    },
    /// Jobs to be deleted are still running.
    #[error("nothing was changed: {} still running: {}", count(jobs.len(), "job"), list(jobs))]
    JobsRunning {
        jobs: Vec<JobAtRisk>,
        /// The `cc-cli` that waits for them or cancels them.
        cli: String,
    },
    /// Changes of isolated jobs are only in worktrees to be deleted.
    #[error("nothing was changed: {} left a change in a worktree: {}", count(jobs.len(), "job"), list(jobs))]
    ChangesWaiting {
        jobs: Vec<JobAtRisk>,
        /// The `cc-cli` that applies or discards the changes.
        cli: String,
    },
    /// The plan needs a confirmation, and there is no terminal.
    #[error("nothing was changed: there is no terminal to ask for confirmation")]
    NobodyToAsk {
        /// The flags that confirm it.
        flags: &'static str,
    },
    /// The answer was no.
    #[error("nothing was changed")]
    Declined,
    /// Another installer is running.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
}

impl Error {
    /// Names the file of an edit that failed; made for `map_err`.
    pub(crate) fn edit(path: &Path) -> impl FnOnce(EditError) -> Self {
        let path = path.to_owned();
        move |source| Self::Edit { path, source }
    }

    /// The next step.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Home(HomeError::Missing) => "Set CODEX_HOME to Codex's directory.".into(),
            Self::Home(HomeError::NotText { .. }) => {
                "Set CODEX_HOME to a directory whose path is UTF-8.".into()
            }
            #[cfg(unix)]
            Self::Home(HomeError::Foreign { .. }) => {
                "Run this as that user, without sudo.".into()
            }
            Self::Locate(LocateError::NotFound { .. }) => {
                "Install Codex (npm install -g @openai/codex), or pass its path: cc-installer install --codex PATH".into()
            }
            Self::Locate(_) => "Pass the path of another one: cc-installer install --codex PATH".into(),
            Self::Codex(HostError::Timeout { .. } | HostError::Ended { .. } | HostError::Command(_)) => {
                "Check that Codex itself works (codex features list), then run this again.".into()
            }
            Self::Codex(HostError::Refused { .. }) => {
                "Fix what it names, or update Codex. Then run this again; it continues where it stopped.".into()
            }
            Self::Codex(_) | Self::PluginRejected { .. } => {
                "Update Codex, then run this again; it continues where it stopped.".into()
            }
            Self::BinDir(BinDirError::Writable { .. }) => {
                "Choose another directory: cc-installer install --bin-dir ~/.local/lib/cc. To override, pass this one with --bin-dir.".into()
            }
            Self::BinDir(BinDirError::NeedsQuoting { .. }) => {
                "Choose a directory without such characters: cc-installer install --bin-dir ~/.local/lib/cc".into()
            }
            Self::ConfigLocked { .. } => {
                "Make the file and its directory writable, then run this again. If another program generates the file, have it generate one that Codex can change.".into()
            }
            Self::PluginsDisabled => {
                "Enable them (codex features enable plugins), then run this again.".into()
            }
            Self::SourceMissing { .. } => "Reinstall all three: cargo install cc-installer --force".into(),
            Self::Edit { .. } => "The file was not changed. Fix it, then run this again.".into(),
            Self::NotInstalled { .. } => "Install it: cc-installer install".into(),
            Self::NobodyToAsk { flags } => {
                format!("See the plan with --dry-run, then confirm it with {flags}.")
            }
            Self::Declined => "Run this again at any time.".into(),
            Self::JobsRunning { jobs, cli } => {
                let them = if jobs.len() == 1 { "it is" } else { "they are" };
                lines(jobs, |job| format!("{cli} wait {job}, or {cli} cancel {job}"))
                    + &format!("Then run this again; without --delete-jobs {them} kept.")
            }
            Self::ChangesWaiting { jobs, cli } => {
                let them = if jobs.len() == 1 { "it is" } else { "they are" };
                lines(jobs, |job| format!("{cli} apply {job} if you want the change, then {cli} discard {job}"))
                    + &format!("Then run this again; without --delete-jobs {them} kept.")
            }
            Self::Lock(LockError::Timeout { .. }) => "Another cc-installer is running; run this again when it is done.".into(),
            Self::Lock(LockError::Io(_)) | Self::Io(_) => "Make it writable and free some disk space, then run this again; it continues where it stopped.".into(),
            Self::Output(_) => "Run this again.".into(),
        }
    }

    /// The exit code, with the meanings of those of `cc-cli`.
    pub(crate) fn exit(&self) -> u8 {
        match self {
            Self::NobodyToAsk { .. } => 2,
            Self::Home(_)
            | Self::Locate(_)
            | Self::BinDir(_)
            | Self::PluginsDisabled
            | Self::ConfigLocked { .. }
            | Self::NotInstalled { .. }
            | Self::Edit { .. } => 3,
            Self::Declined => 4,
            _ => 1,
        }
    }
}

fn list(jobs: &[JobAtRisk]) -> String {
    let names: Vec<String> = jobs.iter().map(JobAtRisk::to_string).collect();
    names.join(", ")
}

/// The commands for each job, to be copied, under its workspace.
fn lines(jobs: &[JobAtRisk], commands: impl Fn(&str) -> String) -> String {
    let line = |job: &JobAtRisk| format!("In {}:\n    {}\n  ", job.workspace, commands(&job.job));
    jobs.iter().map(line).collect()
}
