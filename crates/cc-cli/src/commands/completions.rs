//! `completions`: generates the script by which a shell asks us for completions.

use cc_core::Env;
use clap_complete::Shell;

use crate::complete;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn completions(env: &Env, shell: Shell, printer: &mut Printer) -> CliResult {
    let script = complete::script(env, shell).map_err(|error| {
        let message = format!("cannot generate completions for {shell}: {error}");
        CliError::new(ExitStatus::Failure, message)
    })?;
    printer.bytes(&script);
    Ok(ExitStatus::Success)
}
