//! `cc-cli`: the command line, a thin wrapper around the library of that name.

use std::process::ExitCode;

// It says how a binary of this package is linked.
use cc_installer as _;

fn main() -> ExitCode {
    cc_core::child::keep_standard_streams();
    match cc_core::Env::from_process() {
        Ok(env) => cc_cli::run(env, std::env::args_os()),
        Err(error) => cc_cli::unusable(&error),
    }
}
