//! `completions`: what a shell needs to complete commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Outcome;
use crate::args::Args;
use crate::complaint::Exit;
use crate::output::Output;

pub(super) fn completions(shell: Shell, output: &mut Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "cc-cli", &mut script);
    output.write(&script);
    Ok(Exit::Done)
}
