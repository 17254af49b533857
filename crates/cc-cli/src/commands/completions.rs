//! `completions`: what a shell needs to complete commands and flags.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::Outcome;
use crate::args::Args;
use crate::complaint::Exit;
use crate::output::Output;

pub(super) fn completions(shell: Shell, output: &mut Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut offered(), "cc-cli", &mut script);
    output.write(&script);
    Ok(Exit::Done)
}

/// All that people type: some shells would offer hidden commands too.
fn offered() -> Command {
    let all = Args::command();
    let shown = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let shown: Vec<Command> = shown.cloned().collect();
    Command::new("cc-cli")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(all.is_disable_help_subcommand_set())
        .args(all.get_arguments().cloned())
        .subcommands(shown)
}
