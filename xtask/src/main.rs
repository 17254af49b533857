//! The project's own tasks: `cargo xtask --help`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a terminal is where tasks report"
)]

mod ci;
mod peers;

use std::process::ExitCode;

use clap::Parser;

/// Tasks of the project.
#[derive(Debug, Parser)]
enum Task {
    /// Runs every check in order and stops at the first that fails.
    Ci,
    /// Installs the pinned `claude` and `codex` into target/peers and prints where they are.
    Peers(peers::Args),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Ci => ci::run(),
        Task::Peers(args) => peers::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
