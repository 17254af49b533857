//! The commands that only our own programs and Claude Code call.
//!
//! They are apart from those of people, because making that command line takes time that each job would pay.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// What only our own programs and Claude Code call
#[derive(Debug, Parser)]
#[command(name = "cc-cli", disable_help_subcommand = true)]
pub(crate) struct InternalCli {
    #[command(subcommand)]
    pub(crate) command: InternalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InternalCommand {
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

/// The names of the internal commands.
const NAMES: [&str; 2] = ["git-server", "worker"];

/// Whether this word, the first of a call, names an internal command.
pub(crate) fn is_internal(word: &OsStr) -> bool {
    NAMES.iter().any(|name| word == *name)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn all_have_names() {
        let command = InternalCli::command();
        let names: Vec<_> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, NAMES);
    }
}
