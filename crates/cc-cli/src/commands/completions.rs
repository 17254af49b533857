//! `completions`: generates a completion script for a shell.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn completions(shell: Shell, printer: &mut Printer) -> CliResult {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut visible_commands(), "cc-cli", &mut script);
    printer.bytes(&script);
    Ok(ExitStatus::Success)
}

/// The command line without hidden commands, which some shells would complete.
fn visible_commands() -> Command {
    let all = Cli::command();
    let visible = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    Command::new("cc-cli")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(all.is_disable_help_subcommand_set())
        .args(all.get_arguments().cloned())
        .subcommands(visible.cloned())
}
