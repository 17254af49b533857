//! The hooks of `cc`: the host's JSON in, the host's JSON out, one file an event.
//!
//! A hook never blocks the user: an error is one line on standard error and exit code 1, which the
//! host shows and ignores. Exit code 2, which would block, is never used.
//! Not here: what the review gate does (`cc-workflows`).
//!
//! Start with [`run`].

mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod input;
mod patience;
mod prompt;
mod session;
mod stop;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use cc_core::session::{calling, inherited};
use cc_core::{Env, SessionId};
use cc_workflows::Project;

use error::{HookError, in_one_line};
use input::{HookInput, InputError};

pub use patience::stdin;

/// An event that the host calls us for.
#[derive(Debug)]
pub struct HookEvent {
    /// The first argument of the call.
    pub name: &'static str,
    /// What is done then.
    pub about: &'static str,
    handle: EventHandler,
}

/// All events.
pub const EVENTS: [HookEvent; 4] = [
    HookEvent {
        name: "session-start",
        about: "Remember the session, which owns the jobs started in it",
        handle: session::start,
    },
    HookEvent {
        name: "session-end",
        about: "Forget the session",
        handle: session::end,
    },
    HookEvent {
        name: "user-prompt-submit",
        about: "Tell the session which jobs have ended",
        handle: prompt::submit,
    },
    HookEvent {
        name: "stop",
        about: "Review what the turn edited, if the review gate is on",
        handle: stop::stop,
    },
];

/// The text of `--help`.
fn usage() -> String {
    let events = EVENTS.map(|event| event.name).join("|");
    format!(
        "Usage: cc-hooks {events}\n\n\
         Codex calls it, with the event as JSON on standard input. Set it up with: cc-installer install"
    )
}

/// Runs one call of `cc-hooks`: `argv` with the program's name first, the host's JSON on `stdin`.
pub fn run(
    env: &Env,
    argv: impl IntoIterator<Item = OsString>,
    stdin: impl Read,
    mut stdout: impl Write,
) -> ExitCode {
    let event = argv.into_iter().nth(1).unwrap_or_default();
    let told = match event.to_str() {
        Some("--version") => Some(concat!("cc-hooks ", env!("CARGO_PKG_VERSION")).to_owned()),
        Some("--help" | "-h") => Some(usage()),
        _ => None,
    };
    if let Some(told) = told {
        // A reader that has gone away is no error.
        let _ = writeln!(stdout, "{told}");
        return ExitCode::SUCCESS;
    }
    let hook = AssertUnwindSafe(|| answer(env, &event.to_string_lossy(), stdin));
    let answered = panic::catch_unwind(hook)
        .map_err(|_| None)
        .and_then(|answer| answer.map_err(Some));
    let written = answered.and_then(|answer| match answer {
        Some(answer) => {
            writeln!(stdout, "{answer}").map_err(|error| Some(HookError::Answer(error)))
        }
        None => Ok(()),
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        // A panic has printed its message already.
        Err(None) => ExitCode::FAILURE,
        Err(Some(error)) => {
            // If standard error is closed, nobody can be told.
            let _ = writeln!(io::stderr(), "{}", in_one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// The handler of one event.
type EventHandler =
    fn(&Project, &SessionId, &HookInput) -> Result<Option<serde_json::Value>, HookError>;

/// The answer to the host, if any.
fn answer(
    env: &Env,
    event: &str,
    stdin: impl Read,
) -> Result<Option<serde_json::Value>, HookError> {
    let known = EVENTS.iter().find(|known| known.name == event);
    let known = known.ok_or_else(|| HookError::Event(cc_core::text::one_line(event, 40)))?;
    let input = HookInput::read(env, stdin)?;
    if env.nested() {
        return Ok(None);
    }
    let session = input.session.clone().ok_or(InputError::NoSession)?;
    if is_within_another(env, &session) {
        return Ok(None);
    }
    // What it runs is not looked for where the session may write.
    let mut env = calling(env, &session);
    if let Some(cwd) = &input.cwd {
        env.cwd = env.absolute(cwd);
    }
    (known.handle)(&Project::open(&env)?, &session, &input)
}

/// Whether the session runs inside another one, which is the user's own.
fn is_within_another(env: &Env, session: &SessionId) -> bool {
    inherited(env).is_some_and(|outer| outer != *session)
}

#[cfg(test)]
mod tests;
