//! How a report is shown at a terminal, and by which pager.

use std::io::{Seek, Write};
use std::process::{Command, Stdio};

use cc_core::Env;
use cc_core::program::SearchPath;
use cc_workflows::{Caller, Project};

use crate::printer::Printer;
use crate::render::terminal::Look;

/// The widest text that is comfortable to read, in columns.
const WIDEST: usize = 120;

/// How reports look here; `None` where Markdown is wanted: in a pipe, in a file, for Codex.
pub(super) fn look(project: &Project) -> Option<Look> {
    let env = &project.env;
    let is_forced = env.text("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    // Codex gives its commands a terminal, and its model reads Markdown.
    let is_codex = env.var("CODEX_THREAD_ID").is_some() || project.caller != Caller::Person;
    if is_codex || !(env.stdout_is_terminal || is_forced) {
        return None;
    }
    let colour = has_colour(env, is_forced);
    let columns = || env.text("COLUMNS")?.parse().ok();
    let width: usize = env.columns.or_else(columns).unwrap_or(80);
    let root = project.store.workspace().root();
    Some(Look {
        width: width.clamp(40, WIDEST),
        colour,
        links: (colour && env.stdout_is_terminal && env.text("TERM") != Some("linux"))
            .then(|| root.to_owned()),
    })
}

/// As <https://no-color.org> and <https://bixense.com/clicolors> have it.
pub(super) fn has_colour(env: &Env, is_forced: bool) -> bool {
    if env.var("NO_COLOR").is_some() {
        return false;
    }
    is_forced || env.text("CLICOLOR") != Some("0") && env.text("TERM") != Some("dumb")
}

/// The pager for `text`, if it is longer than the screen of a person.
pub(super) fn pager(project: &Project, text: &str) -> Option<Command> {
    let env = &project.env;
    let rows = env
        .rows
        .filter(|_| env.stdout_is_terminal && env.stdin_is_terminal)?;
    if text.lines().count() < rows || env.text("TERM") == Some("dumb") {
        return None;
    }
    let mut command = match env.text("PAGER").map(str::trim) {
        Some("cat" | "") => return None,
        // A command with arguments, as other programs take it.
        Some(pager) => {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", pager]);
            shell
        }
        None => {
            let workspace = project.store.workspace().root();
            Command::new(SearchPath::outside(env, workspace).find("less").ok()?)
        }
    };
    // Colours and links pass through, a page that fits ends at once.
    if env.var("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    if env.var("LV").is_none() {
        command.env("LV", "-c");
    }
    Some(command)
}

/// Shows `text` by a pager, which takes the place of this process where the system can do that: then Ctrl-C is its
/// alone. Without it, the text is printed.
pub(super) fn page(mut pager: Command, text: &str, printer: &mut Printer) {
    let file = tempfile::tempfile().and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.rewind()?;
        Ok(file)
    });
    let Ok(file) = file else {
        return printer.bytes(text.as_bytes());
    };
    pager.stdin(Stdio::from(file));
    if !run(&mut pager) {
        printer.bytes(text.as_bytes());
    }
}

/// Whether the pager ran; on Unix, only a failure returns.
#[cfg(unix)]
fn run(pager: &mut Command) -> bool {
    use std::os::unix::process::CommandExt;
    let _: std::io::Error = pager.exec();
    false
}

#[cfg(not(unix))]
fn run(pager: &mut Command) -> bool {
    pager.status().is_ok()
}
