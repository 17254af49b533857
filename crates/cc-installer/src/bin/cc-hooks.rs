//! `cc-hooks`: what Codex calls, a thin wrapper around the library of that name.

use std::io::{self, Write};
use std::process::ExitCode;

// It says how a binary of this package is linked.
use cc_installer as _;

fn main() -> ExitCode {
    cc_core::child::keep_standard_streams();
    match cc_core::Env::from_process() {
        Ok(env) => cc_hooks::run(
            &env,
            std::env::args_os(),
            cc_hooks::stdin(),
            io::stdout().lock(),
        ),
        Err(error) => {
            // Nobody hears it if standard error is gone.
            let _ = writeln!(io::stderr(), "cc-hooks: cannot read the process: {error}");
            ExitCode::FAILURE
        }
    }
}
