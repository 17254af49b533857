//! What can go wrong, what to do about it, and how the call ends.

use std::io;
use std::path::PathBuf;

use cc_core::text::count;
use cc_core::{IoError, LocateError, LockError};

use crate::edit::EditError;
use crate::host::HostError;
use crate::place::{BinDirError, HomeError};
use crate::stakes::Stake;

/// Why a call did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no directory of Codex.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// There is no Codex to set up.
    #[error(transparent)]
    Codex(#[from] LocateError),
    /// Codex did not do its part.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The binaries cannot go where they should.
    #[error(transparent)]
    BinDir(#[from] BinDirError),
    /// A binary to install is not beside the running one.
    #[error("`{}` is missing: the three binaries belong together", path.display())]
    SourceMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file of the user cannot be changed safely and was left alone.
    #[error("`{}` was left alone, {source}", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: EditError,
    },
    /// Codex could not record the plugin.
    #[error("`{}` cannot be written, and Codex keeps in it which plugins it has", path.display())]
    ConfigLocked {
        /// The file, its links followed.
        path: PathBuf,
    },
    /// `update` without an installation.
    #[error("cc is not installed in `{}`", codex_home.display())]
    NotInstalled {
        /// Codex's directory.
        codex_home: PathBuf,
    },
    /// Codex would take the plugin, and then not load it.
    #[error("plugins are switched off in codex")]
    PluginsOff,
    /// Codex said that it installed the plugin, and then did not have it.
    #[error("codex does not have the plugin after installing it: {why}")]
    NotTaken {
        /// What was found instead.
        why: &'static str,
    },
    /// Jobs run whose files were to be deleted.
    #[error("nothing was changed: {} still at work: {}", count(jobs.len(), "job"), list(jobs))]
    JobsRun {
        /// Which.
        jobs: Vec<Stake>,
        /// The program that waits for them or ends them.
        cli: String,
    },
    /// Changes of isolated jobs are nowhere but in what was to be deleted.
    #[error("nothing was changed: {} left a change in a work tree: {}", count(jobs.len(), "job"), list(jobs))]
    ChangesWait {
        /// Which.
        jobs: Vec<Stake>,
        /// The program that brings the changes over or drops them.
        cli: String,
    },
    /// Nobody is there to confirm the plan.
    #[error("nothing was changed: there is no terminal to ask on")]
    NobodyToAsk {
        /// The flags that say yes beforehand.
        flags: &'static str,
    },
    /// The answer was no.
    #[error("nothing was changed")]
    Declined,
    /// Another installer is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Nothing can be said to the user.
    #[error("cannot write the answer: {0}")]
    Output(#[source] io::Error),
}

impl Error {
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
            Self::Codex(LocateError::NotFound { .. }) => {
                "Install Codex (npm install -g @openai/codex), or name it: cc-installer install --codex PATH".into()
            }
            Self::Codex(_) => "Name the right one: cc-installer install --codex PATH".into(),
            Self::Host(HostError::Timeout { .. } | HostError::Ended { .. } | HostError::Command(_)) => {
                "See whether Codex itself works: codex features list; then run this again.".into()
            }
            Self::Host(HostError::Refused { .. }) => {
                "Mend what it names, or update Codex; then run this again, it goes on where it stopped.".into()
            }
            Self::Host(_) | Self::NotTaken { .. } => {
                "Update Codex, then run this again; it goes on where it stopped.".into()
            }
            Self::BinDir(BinDirError::Writable { .. }) => {
                "Choose another directory: cc-installer install --bin-dir ~/.local/lib/cc. Naming this one as DIR takes the risk.".into()
            }
            Self::BinDir(BinDirError::NeedsQuoting { .. }) => {
                "Choose a directory without such characters: cc-installer install --bin-dir ~/.local/lib/cc".into()
            }
            Self::ConfigLocked { .. } => {
                "Make the file and its directory writable, then run this again. If another program makes the file, have it make one that Codex can change.".into()
            }
            Self::PluginsOff => {
                "Switch them on: codex features enable plugins; then run this again.".into()
            }
            Self::SourceMissing { .. } => "Get all three anew: cargo install cc-installer --force".into(),
            Self::Edit { .. } => "Mend the file, then run this again.".into(),
            Self::NotInstalled { .. } => "Install it: cc-installer install".into(),
            Self::NobodyToAsk { flags } => {
                format!("Look at the plan with --dry-run, then confirm it with {flags}.")
            }
            Self::Declined => "Run this again whenever you like.".into(),
            Self::JobsRun { jobs, cli } => {
                let it = if jobs.len() == 1 { "it goes" } else { "they go" };
                lines(jobs, |job| format!("{cli} wait {job}, or {cli} cancel {job}"))
                    + &format!("Then run this again; without --delete-jobs {it} on.")
            }
            Self::ChangesWait { jobs, cli } => {
                let it = if jobs.len() == 1 { "it stays" } else { "they stay" };
                lines(jobs, |job| format!("{cli} apply {job} if you want the change, then {cli} discard {job}"))
                    + &format!("Then run this again; without --delete-jobs {it}.")
            }
            Self::Lock(LockError::Timeout { .. }) => "Another cc-installer is at work; run this again when it is done.".into(),
            Self::Lock(LockError::Io(_)) | Self::Io(_) => "Make the place writable and leave some space, then run this again; it goes on where it stopped.".into(),
            Self::Output(_) => "Run this again.".into(),
        }
    }

    /// The exit code, as `cc-cli` uses them.
    pub(crate) fn exit(&self) -> u8 {
        match self {
            Self::NobodyToAsk { .. } => 2,
            Self::Home(_)
            | Self::Codex(_)
            | Self::BinDir(_)
            | Self::PluginsOff
            | Self::ConfigLocked { .. }
            | Self::NotInstalled { .. }
            | Self::Edit { .. } => 3,
            Self::Declined => 4,
            _ => 1,
        }
    }
}

fn list(jobs: &[Stake]) -> String {
    let names: Vec<String> = jobs.iter().map(Stake::to_string).collect();
    names.join(", ")
}

/// What to do about each job, in its workspace.
fn lines(jobs: &[Stake], commands: impl Fn(&str) -> String) -> String {
    let line = |stake: &Stake| format!("In {}: {}\n  ", stake.workspace, commands(&stake.job));
    jobs.iter().map(line).collect()
}
