//! The `cc-cli` command line: parses arguments, runs one command, prints its result.
//!
//! Here: the arguments (`args.rs`), one file for each command (`commands/`), the formats of results
//! (`render/`), and the one place that gives each error a message, a hint and an exit code (`error.rs`).
//! Not here: what a review or a job is (`cc-workflows`, `cc-jobs`).
//!
//! Start with [`run`].

mod args;
mod commands;
mod complete;
mod documents;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod printer;
mod render;

use std::ffi::OsString;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use cc_core::Env;
use clap::{CommandFactory, Parser};
use clap_complete::Shell;

use args::Cli;
use args::door::DoorCli;
use args::internal::{InternalCli, is_internal};
use error::{CliError, ExitStatus};
use printer::Printer;

pub use args::door::{CHANGING, LOOKING, WORD};

/// The JSON Schema of each document that `--json` prints, by its name, as `docs/schema` publishes them.
#[must_use]
pub fn schemas() -> Vec<(&'static str, serde_json::Value)> {
    documents::schemas()
}

/// The definition of the command line, for manual pages.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// The script that lets `shell` ask `program`, a path or a name on the `PATH`, for completions of `cc-cli`.
///
/// # Errors
/// For a shell that has none.
pub fn completions(program: &str, shell: Shell) -> io::Result<Vec<u8>> {
    complete::script(program, shell)
}

/// A call, by whom it may come from.
enum Invocation {
    Person(Cli),
    Codex(DoorCli),
    Internal(InternalCli),
}

/// Runs `cc-cli` once; `argv` starts with the program's name.
pub fn run(env: Env, argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut printer = Printer::new(env.error_columns());
    let mut argv = argv.into_iter().peekable();
    let program = argv.next();
    if let Some(shell) = env.text(complete::VARIABLE)
        && argv.peek().is_some_and(|word| word == "--")
    {
        complete::answer(&env, shell, argv.skip(1).collect(), &mut printer);
        return ExitCode::SUCCESS;
    }
    let first = argv.peek().cloned().unwrap_or_default();
    let whole = program.into_iter().chain(argv);
    let call = match first {
        word if word == args::door::WORD => {
            DoorCli::try_parse_from(whole.skip(1)).map(Invocation::Codex)
        }
        word if is_internal(&word) => InternalCli::try_parse_from(whole).map(Invocation::Internal),
        _ => Cli::try_parse_from(whole).map(Invocation::Person),
    };
    let call = match call {
        Ok(call) => call,
        Err(error) => return printer.usage(&error),
    };
    let result = panic::catch_unwind(AssertUnwindSafe(|| match call {
        Invocation::Person(cli) => commands::dispatch(&env, cli, &mut printer),
        Invocation::Codex(cli) => commands::dispatch_from_codex(&env, cli, &mut printer),
        Invocation::Internal(cli) => commands::dispatch_internal(&env, cli),
    }));
    let result = match (result, printer.failure()) {
        (Ok(Ok(ExitStatus::Success)), Some(error)) => Err(CliError::new(
            ExitStatus::Failure,
            format!("cannot write to standard output: {error}"),
        )),
        (Ok(result), _) => result,
        // The panic hook has printed the message and the place.
        (Err(_), _) => Err(CliError::internal()),
    };
    let status = result.unwrap_or_else(|error| {
        printer.error(&error);
        error.status
    });
    ExitCode::from(status as u8)
}

/// Reports that the current directory or the path of the program cannot be read, for example because
/// the directory was removed.
pub fn unusable(error: &io::Error) -> ExitCode {
    let message = format!("cannot read the current directory or the path of cc-cli: {error}");
    let error = CliError::new(ExitStatus::Usage, message).hint("Change to an existing directory.");
    Printer::new(None).error(&error);
    ExitCode::from(error.status as u8)
}
