//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// What `--help` shows after the flags.
const EXAMPLES: &str = "\
Examples:
  cc-installer install                          show the plan, ask, install
  cc-installer install --dry-run                only show the plan
  cc-installer update --yes                     install this version, keep the permissions
  cc-installer uninstall                        remove everything except your jobs";

/// Install cc, the plugin that hands work to Claude Code, into Codex
#[derive(Debug, Parser)]
#[command(
    name = "cc-installer",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES
)]
pub(crate) struct Args {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Install the binaries and the plugin, or repair what is there
    Install(InstallArgs),
    /// Update an installation to this version; existing permissions are kept
    Update(InstallArgs),
    /// Remove everything except your jobs
    Uninstall(UninstallArgs),
    /// Show what is installed, and any problems
    Status(InstallStatusArgs),
    /// Write the manual pages and completions of the three programs below DIR, such as /usr/share
    #[command(hide = true)]
    Assets {
        /// Directory to write below
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
}

/// Arguments of `install` and `update`.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// Do not ask to confirm the plan; permissions are asked for separately
    #[arg(long)]
    pub(crate) yes: bool,
    /// Let Codex start reviews and follow jobs outside its sandbox without asking (adds an exec rule)
    #[arg(long)]
    pub(crate) allow_commands: bool,
    /// Let Codex have Claude change files of its workspace without asking (adds an exec rule)
    #[arg(long)]
    pub(crate) allow_rescue: bool,
    /// Let Codex run the cc hooks
    #[arg(long)]
    pub(crate) trust_hooks: bool,
    /// Install the binaries here, also in later updates; the path must need no quotes in a shell
    #[arg(long, value_name = "DIR")]
    pub(crate) bin_dir: Option<PathBuf>,
    /// The shared arguments.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Arguments of `uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct UninstallArgs {
    /// Do not ask to confirm the plan; jobs are kept
    #[arg(long)]
    pub(crate) yes: bool,
    /// Also delete all jobs and settings
    #[arg(long)]
    pub(crate) delete_jobs: bool,
    /// The shared arguments.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Arguments of every command that changes something.
#[derive(Debug, clap::Args)]
pub(crate) struct CommonArgs {
    /// Print the plan and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON, and ask nothing
    #[arg(long)]
    pub(crate) json: bool,
    /// The Codex to set up [default: the first on the PATH]
    #[arg(long, value_name = "PATH")]
    pub(crate) codex: Option<PathBuf>,
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallStatusArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The Codex to ask [default: the first on the PATH]
    #[arg(long, value_name = "PATH")]
    pub(crate) codex: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }
}
