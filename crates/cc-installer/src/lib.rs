//! Installing `cc` into Codex, updating and removing it, and telling how it stands.
//!
//! The package of this crate owns the three binaries, so that one `cargo install` brings all of them
//! in one version. What happens is read (`found`), decided (`plan`) and done (`apply`); each
//! step can be done again, so a second run repairs what a killed one left.
//! Not here: what the plugin says (`cc-plugin`), whether Claude Code works (`cc-cli setup`).
//!
//! Start with [`run`].

mod apply;
mod args;
mod bundle;
mod consent;
mod edit;
mod error;
mod files;
mod found;
mod hooks;
mod host;
mod install;
mod place;
mod plan;
mod record;
mod session;
mod stakes;
mod status;
mod uninstall;

use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use cc_core::Env;
use clap::Parser;

use args::{Args, Command, StatusArgs};
use error::Error;
use found::{Asked, Found};
use session::Session;
use status::Status;

/// How long Codex may take for one answer while it is set up: it reads and copies files.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same where it is only looked at.
const STATUS_PATIENCE: Duration = Duration::from_secs(8);

/// The exit code of an installation that is not as it should be.
const NOT_GOOD: u8 = 3;

/// Runs one call of `cc-installer`: `argv` with the program's name first, answers on `stdin`.
pub fn run(
    env: &Env,
    argv: impl IntoIterator<Item = OsString>,
    mut stdin: impl BufRead,
    mut stdout: impl Write,
) -> ExitCode {
    let command = match Args::try_parse_from(argv) {
        Ok(args) => args.command,
        Err(error) => {
            // Nobody hears it if the stream is gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match &command {
        Command::Install(args) => Session::new(env, &args.common, &mut stdin, &mut stdout)
            .and_then(|mut session| install::install(&mut session, args)),
        Command::Update(args) => Session::new(env, &args.common, &mut stdin, &mut stdout)
            .and_then(|mut session| install::update(&mut session, args)),
        Command::Uninstall(args) => Session::new(env, &args.common, &mut stdin, &mut stdout)
            .and_then(|mut session| uninstall::uninstall(&mut session, args)),
        Command::Status(args) => status(env, args, &mut stdout),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // Nobody hears it if standard error is gone.
            let _ = writeln!(io::stderr(), "cc-installer: {error}\n  {}", error.hint());
            ExitCode::from(error.exit())
        }
    }
}

fn status(env: &Env, args: &StatusArgs, stdout: &mut dyn Write) -> Result<ExitCode, Error> {
    let asked = Asked {
        codex: args.codex.as_deref(),
        patience: STATUS_PATIENCE,
        ..Asked::default()
    };
    let status = Status::of(&Found::look(env, &asked)?);
    let text = if args.json {
        format!("{:#}\n", serde_json::json!(status))
    } else {
        status.to_string()
    };
    // A reader that has gone away is no error.
    let _ = stdout.write_all(text.as_bytes());
    Ok(if status.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_GOOD)
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
