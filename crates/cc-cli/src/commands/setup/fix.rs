//! What `setup` fixes itself. At a terminal it asks before it installs anything; an installation that was
//! changed is restored without asking.

use std::io::{self, BufRead};
use std::path::Path;
use std::process::{Command, Stdio};

use cc_core::program::SearchPath;
use cc_core::{Env, LocateError};
use cc_workflows::Project;
use cc_workflows::push::find_codex;
use cc_workflows::setup::{Installation, SetupCheck, installer};

use crate::printer::Printer;

/// Fixes what it can, and returns one sentence for each fix.
pub(super) fn fix(
    project: &Project,
    findings: &SetupCheck,
    quiet: bool,
    printer: &mut Printer,
) -> Vec<String> {
    if findings.obstacle.is_some() {
        return Vec::new();
    }
    let installation = findings.installation.as_ref();
    let installation = installation.and_then(|result| result.as_ref().ok());
    if quiet || !is_interactive(&project.env) {
        return restore(project, installation).into_iter().collect();
    }
    [
        install_claude(project, findings, printer),
        log_in(project, findings, printer),
        install_plugin(project, installation, printer),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a person is at the terminal; for a model with a terminal, Codex sets `CODEX_THREAD_ID`.
pub(crate) fn is_interactive(env: &Env) -> bool {
    env.stdin_is_terminal && env.stderr_is_terminal && env.var("CODEX_THREAD_ID").is_none()
}

fn install_claude(
    project: &Project,
    findings: &SetupCheck,
    printer: &mut Printer,
) -> Option<String> {
    if !matches!(findings.claude, Err(LocateError::NotFound { .. })) {
        return None;
    }
    let workspace = project.store.workspace().root();
    let search = SearchPath::outside(&project.env, workspace);
    let npm = search.find("npm").ok()?;
    let question =
        "Claude Code is missing. Install it with npm install -g @anthropic-ai/claude-code?";
    let installed = ask(question, printer)
        && run(
            project,
            &npm,
            &["install", "-g", "@anthropic-ai/claude-code"],
        );
    installed.then(|| "Installed Claude Code.".to_owned())
}

fn log_in(project: &Project, findings: &SetupCheck, printer: &mut Printer) -> Option<String> {
    let claude = findings.claude.as_ref().ok()?;
    let auth = claude.auth.as_ref()?.as_ref().ok()?;
    let logged_in = !auth.logged_in
        && ask("Claude Code is not logged in. Log in now?", printer)
        && run(project, &claude.path, &["auth", "login"]);
    logged_in.then(|| "Logged in to Claude Code.".to_owned())
}

/// The installer itself asks for each permission.
fn install_plugin(
    project: &Project,
    installation: Option<&Installation>,
    printer: &mut Printer,
) -> Option<String> {
    let needed = installation.is_some_and(Installation::wants_installing);
    let installed = needed
        && ask(
            "The Codex integration needs fixing. Run cc-installer install?",
            printer,
        )
        && succeeds(of_installer(project, &["install"]));
    installed.then(|| "Ran cc-installer install.".to_owned())
}

/// Restores a changed installation; only from the installed binaries, as others may have another version.
fn restore(project: &Project, installation: Option<&Installation>) -> Option<String> {
    let installation = installation.filter(|installation| installation.can_be_restored())?;
    let ours = installer(&project.env);
    let is_installed = ours.parent() == Some(Path::new(&installation.binaries.dir));
    let restored = is_installed && {
        let mut command = of_installer(project, &["update", "--yes", "--json"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        succeeds(command)
    };
    restored.then(|| "Restored the Codex integration.".to_owned())
}

/// Whether the person at the terminal says yes; an unclear answer is asked again.
pub(crate) fn ask(question: &str, printer: &mut Printer) -> bool {
    loop {
        printer.note(format_args!("{question} [y/N]"));
        let mut answer = String::new();
        // No answer means no.
        let _ = io::stdin().lock().read_line(&mut answer);
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return true,
            "n" | "no" | "" => return false,
            _ => printer.note("Please answer yes or no."),
        }
    }
}

fn run(project: &Project, program: &Path, args: &[&str]) -> bool {
    succeeds(command(project, program, args))
}

/// A call of the installer, with the Codex that is found from here: where it runs, it does not know what the workspace
/// is, and takes another repository for one, if the data directory is in it.
fn of_installer(project: &Project, args: &[&str]) -> Command {
    let mut command = command(project, &installer(&project.env), args);
    if let Some(codex) = find_codex(project) {
        command.arg("--codex").arg(codex);
    }
    command
}

/// Runs outside the workspace, whose files could configure npm, and finds no program of it.
fn command(project: &Project, program: &Path, args: &[&str]) -> Command {
    let mut search = SearchPath::outside(&project.env, project.store.workspace().root());
    if let Some(dir) = program.parent() {
        search = search.starting_with(dir);
    }
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .envs(project.env.vars())
        .env("PATH", search.to_var().unwrap_or_default())
        .current_dir(project.data.root());
    command
}

fn succeeds(mut command: Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
