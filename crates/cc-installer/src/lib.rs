//! Installs `cc` into Codex, updates it, removes it, and reports its status.
//!
//! The package of this crate owns the three binaries, so that one `cargo install` brings all of them
//! in one version. Each command that changes something has four steps: `prepare` inspects what is
//! there and plans, `consent` asks, `apply` executes, `report` inspects again and shows the outcome.
//! Every step can be repeated, so a second run repairs what a killed one left.
//! Not here: what the plugin says (`cc-plugin`), whether Claude Code works (`cc-cli setup`).
//!
//! Start with [`run`], then read `install` and `uninstall`.

mod args;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod install;
mod uninstall;

mod prepare;

mod consent;

mod apply;

mod report;

mod assets;
mod bundle;
mod console;
mod edit;
mod error;
mod files;
mod hooks;
mod host;
mod jobs_at_risk;
mod layout;
mod lock;
mod record;
mod user_assets;

use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use cc_core::Env;
use clap::Parser;

use args::{Args, Command};
use console::Console;
use install::Goal;

/// Runs one call of `cc-installer`: `argv` starts with the program's name, `stdin` has the answers.
pub fn run(
    env: &Env,
    argv: impl IntoIterator<Item = OsString>,
    mut stdin: impl BufRead,
    mut stdout: impl Write,
) -> ExitCode {
    let command = match Args::try_parse_from(argv) {
        Ok(args) => args.command,
        Err(error) => {
            // The stream may be closed.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let json = match &command {
        Command::Install(args) | Command::Update(args) => args.common.json,
        Command::Uninstall(args) => args.common.json,
        Command::Status(args) => args.json,
        Command::Assets { .. } => false,
    };
    let mut console = Console::new(env, json, &mut stdin, &mut stdout);
    let result = match &command {
        Command::Install(args) => install::install(env, args, Goal::Install, &mut console),
        Command::Update(args) => install::install(env, args, Goal::Update, &mut console),
        Command::Uninstall(args) => uninstall::uninstall(env, args, &mut console),
        Command::Status(args) => report::status(env, args, &mut console),
        Command::Assets { dir } => assets::write(&env.absolute(dir)).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        let text = format!("cc-installer: {error}\n  {}", error.hint());
        let width = env.columns.filter(|_| env.stderr_is_terminal);
        // Standard error may be closed.
        let _ = writeln!(io::stderr(), "{}", console::wrap(&text, width));
        ExitCode::from(error.exit())
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
