//! `cc-installer`: what people call once, a thin wrapper around the library of that name.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    cc_core::child::keep_standard_streams();
    match cc_core::Env::from_process() {
        Ok(env) => cc_installer::run(
            &env,
            std::env::args_os(),
            io::stdin().lock(),
            io::stdout().lock(),
        ),
        Err(error) => {
            // Nobody hears it if standard error is gone.
            let _ = writeln!(
                io::stderr(),
                "cc-installer: cannot read the process: {error}"
            );
            ExitCode::FAILURE
        }
    }
}
