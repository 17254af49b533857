//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Installs cc, the plugin that hands work to Claude Code, into Codex.
#[derive(Debug, Parser)]
#[command(
    name = "cc-installer",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Install the binaries and the plugin, or repair what is there.
    Install(InstallArgs),
    /// Bring an installation to this version; what you allowed stays allowed where nothing changed.
    Update(InstallArgs),
    /// Remove everything but your jobs.
    Uninstall(UninstallArgs),
    /// Show what is installed, and what is wrong with it.
    Status(StatusArgs),
}

/// Arguments of `install` and `update`.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// Go through with the plan without asking; permissions are asked for all the same.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Let Codex run cc-cli outside of its sandbox without asking (an exec rule).
    #[arg(long)]
    pub(crate) allow_commands: bool,
    /// Let Codex run the hooks of cc.
    #[arg(long)]
    pub(crate) trust_hooks: bool,
    /// Put the binaries here, and remember it; the path must need no quotes in a shell.
    #[arg(long, value_name = "DIR")]
    pub(crate) bin_dir: Option<PathBuf>,
    /// Where to look.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Arguments of `uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct UninstallArgs {
    /// Go through with the plan without asking; jobs are kept.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Delete all jobs and settings too.
    #[arg(long)]
    pub(crate) delete_jobs: bool,
    /// Where to look.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Arguments of all that changes something.
#[derive(Debug, clap::Args)]
pub(crate) struct CommonArgs {
    /// Print the plan and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON; nothing is asked.
    #[arg(long)]
    pub(crate) json: bool,
    /// The Codex to set up; the first on the PATH if not named.
    #[arg(long, value_name = "PATH")]
    pub(crate) codex: Option<PathBuf>,
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The Codex to ask; the first on the PATH if not named.
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
