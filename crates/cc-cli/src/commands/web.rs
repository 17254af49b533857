//! `result --web`: opens the page of a report in the browser.

use std::process::{Command, Stdio};

use cc_core::fs::write_atomic;
use cc_core::program::SearchPath;
use cc_workflows::Project;

use super::result::{chosen, mark_viewed, page};
use crate::args::ResultArgs;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

/// What opens a file in the browser, on any system.
const OPENERS: [&str; 4] = ["xdg-open", "open", "wslview", "explorer.exe"];

pub(super) fn open(project: &Project, args: &ResultArgs, printer: &mut Printer) -> CliResult {
    let (project, job, _) = chosen(project, args)?;
    let (job, body) = project.store.read(&job.id)?;
    let html = page(&project, &job, &body)?;
    // Beside the record, and removed with it: a browser may read it later than we end.
    let path = project.store.dir().page(&job.id);
    let failed = |error: String| {
        let message = format!("cannot open `{}`: {error}", path.display());
        CliError::new(ExitStatus::Failure, message).hint("Open this file in your browser.")
    };
    write_atomic(&path, html.as_bytes())
        .map_err(|error| CliError::new(ExitStatus::Failure, error.to_string()))?;
    let workspace = project.store.workspace().root();
    let programs = SearchPath::outside(&project.env, workspace);
    let opener = OPENERS.iter().find_map(|name| programs.find(name).ok());
    let opener = opener.ok_or_else(|| failed(format!("there is no {}", OPENERS[0])))?;
    let mut command = Command::new(opener);
    command
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = command
        .status()
        .map_err(|error| failed(error.to_string()))?;
    if !status.success() && !cfg!(windows) {
        return Err(failed(format!("the browser ended with {status}")));
    }
    mark_viewed(&project, &job.id, printer);
    printer.note(format_args!("Opened {}: {}", job.id, path.display()));
    Ok(ExitStatus::Success)
}
