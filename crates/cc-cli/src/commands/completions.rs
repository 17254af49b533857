//! `completions`: generates the script by which a shell asks us for completions.

use cc_core::Env;
use clap_complete::Shell;

use crate::complete;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn completions(env: &Env, shell: Shell, printer: &mut Printer) -> CliResult {
    let program = env.exe.to_string_lossy();
    let script = complete::script(&program, shell).map_err(|error| {
        let message = format!("cannot generate completions for {shell}: {error}");
        CliError::new(ExitStatus::Failure, message)
    })?;
    printer.bytes(&script);
    Ok(ExitStatus::Success)
}
