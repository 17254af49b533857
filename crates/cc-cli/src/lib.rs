//! The command line of `cc`: words in, words out.
//!
//! Here: what can be typed ([`args`]), one file a command, how results look, and the one place that
//! turns errors into a text, a hint and an exit code.
//! Not here: what a review or a job is (`cc-workflows`, `cc-jobs`).
//!
//! Start with [`run`].

pub mod args;
mod attach;
mod commands;
mod complaint;
mod output;
mod render;

use std::ffi::OsString;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use cc_core::Env;
use clap::Parser;

use args::Args;
pub use complaint::{Complaint, Exit};
use output::Output;

/// Runs one call of `cc-cli`: `argv` with the program's name first.
pub fn run(env: Env, argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut output = Output::new();
    let args = match Args::try_parse_from(argv) {
        Ok(args) => args,
        Err(error) => return output.usage(&error),
    };
    // The default hook has told what happened and where by the time this is caught.
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        commands::dispatch(&env, args, &mut output)
    }));
    let outcome = outcome.map(|outcome| match (outcome, output.failure()) {
        (Ok(Exit::Done), Some(error)) => {
            let text = format!("cannot write to standard output: {error}");
            Err(Complaint::new(Exit::Failed, text))
        }
        (outcome, _) => outcome,
    });
    let exit = match outcome {
        Ok(Ok(exit)) => exit,
        Ok(Err(complaint)) => {
            output.complain(&complaint);
            complaint.exit
        }
        Err(_) => {
            output.complain(&Complaint::bug());
            Exit::Bug
        }
    };
    ExitCode::from(exit as u8)
}

/// Tells that the process itself cannot be read, such as in a directory that was removed.
pub fn unusable(error: &io::Error) -> ExitCode {
    let text = format!("cannot tell the current directory or program: {error}");
    let complaint = Complaint::new(Exit::Usage, text).hint("Go into a directory that exists.");
    Output::new().complain(&complaint);
    ExitCode::from(Exit::Usage as u8)
}
