//! `cc-cli`: the command line, a thin wrapper around the library of that name.

use std::process::ExitCode;

fn main() -> ExitCode {
    match cc_core::Env::from_process() {
        Ok(env) => cc_cli::run(env, std::env::args_os()),
        Err(error) => cc_cli::unusable(&error),
    }
}
