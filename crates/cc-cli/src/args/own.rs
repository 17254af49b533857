//! What our own processes call, apart from the commands of people: they start each time a job runs, and are not to
//! pay for a command line that they do not use.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// What cc-cli starts itself
#[derive(Debug, Parser)]
#[command(name = "cc-cli", disable_help_subcommand = true)]
pub(crate) struct OwnCli {
    #[command(subcommand)]
    pub(crate) command: OwnCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OwnCommand {
    /// Serve reads of the repository here to Claude; started by Claude Code
    GitServer {
        /// Data directory
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Run a queued job to its end; started by the other commands
    Worker {
        /// Data directory
        #[arg(long)]
        data: PathBuf,
        /// Root of the workspace
        #[arg(long)]
        workspace: PathBuf,
        /// Job id
        job: String,
    },
}

/// Their names.
const NAMES: [&str; 2] = ["git-server", "worker"];

/// Whether a call that begins with this word is one of ours.
pub(crate) fn is_own(word: &OsStr) -> bool {
    NAMES.iter().any(|name| word == *name)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn all_have_names() {
        let command = OwnCli::command();
        let names: Vec<_> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, NAMES);
    }
}
