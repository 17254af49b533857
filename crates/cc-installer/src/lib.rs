//! What is installed of `cc`, and where.
//!
//! The package of this crate owns the three binaries, so that one `cargo install` brings all of them
//! in one version.
//! Not here yet: installing the plugin into Codex, updating and removing it.
//!
//! Start with [`run`].

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "installing, which uses it, comes next")
)]
mod edit;
mod found;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use cc_core::Env;
use clap::{Parser, Subcommand};

use found::Found;

/// Tells what is installed of cc.
#[derive(Debug, Parser)]
#[command(
    name = "cc-installer",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show which binaries and which plugin are installed.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one call of `cc-installer`: `argv` with the program's name first.
pub fn run(
    env: &Env,
    argv: impl IntoIterator<Item = OsString>,
    mut stdout: impl Write,
) -> ExitCode {
    let Command::Status { json } = match Args::try_parse_from(argv) {
        Ok(args) => args.command,
        Err(error) => {
            // Nobody hears it if the stream is gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let found = Found::look(env);
    let text = if json { found.json() } else { found.text() };
    // A reader that has gone away is no error.
    let _ = stdout.write_all(text.as_bytes());
    if found.is_whole() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    }
}

#[cfg(test)]
mod tests;
