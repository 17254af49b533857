//! What setup can mend itself. A person at a terminal is asked before anything new is installed; what
//! the installer had put in place is put back without a question.

use std::io::{self, BufRead};
use std::path::Path;
use std::process::{Command, Stdio};

use cc_core::program::SearchPath;
use cc_core::{Env, LocateError};
use cc_workflows::Project;
use cc_workflows::setup::{Findings, Installation, installer};

use crate::output::Output;

/// Does what can be done; says what was done.
pub(super) fn mend(
    project: &Project,
    found: &Findings,
    quiet: bool,
    output: &mut Output,
) -> Vec<String> {
    if found.obstacle.is_some() {
        return Vec::new();
    }
    let installation = found
        .installation
        .as_ref()
        .and_then(|known| known.as_ref().ok());
    if quiet || !is_person(&project.env) {
        return restore(project, installation).into_iter().collect();
    }
    [
        install_claude(project, found, output),
        log_in(project, found, output),
        install_plugin(project, installation, output),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether somebody sits there: a model can have a terminal too, but Codex names its thread then.
fn is_person(env: &Env) -> bool {
    env.stdin_is_terminal && env.stderr_is_terminal && env.var("CODEX_THREAD_ID").is_none()
}

fn install_claude(project: &Project, found: &Findings, output: &mut Output) -> Option<String> {
    let missing = matches!(found.claude, Err(LocateError::NotFound { .. }));
    if !missing {
        return None;
    }
    let workspace = project.store.workspace().root();
    let search = SearchPath::outside(&project.env, workspace);
    let npm = search.find("npm").ok()?;
    let question =
        "Claude Code is missing. Install it with npm install -g @anthropic-ai/claude-code?";
    let installed = ask(question, output)
        && run(
            project,
            &npm,
            &["install", "-g", "@anthropic-ai/claude-code"],
        );
    installed.then(|| "Installed Claude Code.".to_owned())
}

fn log_in(project: &Project, found: &Findings, output: &mut Output) -> Option<String> {
    let claude = found.claude.as_ref().ok()?;
    let auth = claude.auth.as_ref()?.as_ref().ok()?;
    let logged_in = !auth.logged_in
        && ask("Claude Code is not logged in. Log in now?", output)
        && run(project, &claude.path, &["auth", "login"]);
    logged_in.then(|| "Logged in to Claude Code.".to_owned())
}

/// The installer asks for itself, once for each permission.
fn install_plugin(
    project: &Project,
    installation: Option<&Installation>,
    output: &mut Output,
) -> Option<String> {
    let wanted = installation.is_some_and(Installation::wants_installing);
    let installed = wanted
        && ask(
            "cc is not in order in Codex. Run cc-installer install?",
            output,
        )
        && run(project, &installer(&project.env), &["install"]);
    installed.then(|| "Ran cc-installer install.".to_owned())
}

/// Only the installed binaries put back what belongs to them: others may be of another version.
fn restore(project: &Project, installation: Option<&Installation>) -> Option<String> {
    let installation = installation.filter(|installation| installation.can_be_restored())?;
    let ours = installer(&project.env);
    let is_installed = ours.parent() == Some(&installation.binaries.dir);
    let restored = is_installed && run_silently(project, &ours, &["update", "--yes", "--json"]);
    restored.then(|| "Put back in order what Codex has of cc.".to_owned())
}

fn ask(question: &str, output: &mut Output) -> bool {
    output.note(format_args!("{question} [y/N]"));
    let mut answer = String::new();
    // An answer that cannot be read is none.
    let _ = io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn run(project: &Project, program: &Path, args: &[&str]) -> bool {
    succeeds(command(project, program, args))
}

fn run_silently(project: &Project, program: &Path, args: &[&str]) -> bool {
    let mut command = command(project, program, args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    succeeds(command)
}

/// Not in the workspace, whose files could tell npm where to fetch from.
fn command(project: &Project, program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .envs(project.env.vars())
        .current_dir(project.data.root());
    command
}

fn succeeds(mut command: Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
