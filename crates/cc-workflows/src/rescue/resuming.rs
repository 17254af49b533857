//! How to continue a conversation of Claude: with cc, or in a terminal.

use std::path::Path;

use cc_core::fs::canonical;
use cc_core::text::shell_word;
use cc_core::{JobId, ThreadId};
use cc_jobs::{Job, JobKind};

use crate::Project;
use crate::order::{Access, RescueSpec};

/// How to continue the conversation of a job that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HowToContinue {
    /// The command for a terminal.
    pub command: String,
    /// One line, Markdown: that command, and the one of cc where the job is a rescue.
    pub line: String,
}

/// How to continue the conversation of `job`; `None` if it has none, or the job still works in it.
pub fn how_to_continue(project: &Project, job: &Job) -> Option<HowToContinue> {
    let thread = job.thread.as_ref()?;
    if job.state().is_active() {
        return None;
    }
    let spec = RescueSpec::of(&project.store, job).ok().flatten();
    let tree = spec.as_ref().and_then(|spec| spec.isolated.as_ref());
    let workspace = project.store.workspace().root();
    let root = tree.map_or(workspace, |tree| &tree.root);
    let is_here = canonical(&project.env.cwd).is_ok_and(|cwd| cwd == root);
    let command = command((!is_here).then_some(root), thread);
    let access = spec.map_or(Access::Write, |spec| spec.access);
    let line = match job.kind {
        JobKind::Task => line(&job.id, access, job.model.requested.as_deref(), &command),
        _ => format!("Continue in a terminal: `{command}`"),
    };
    Some(HowToContinue { command, line })
}

/// The command for a terminal that is somewhere else than in `directory`, if that is given.
///
/// Claude Code looks for a conversation in its own directory first, and works in the current one.
pub(super) fn command(directory: Option<&Path>, thread: &ThreadId) -> String {
    let resume = format!("claude --resume {thread}");
    match directory {
        Some(directory) => {
            let directory = shell_word(&directory.to_string_lossy());
            format!("cd {directory} && {resume}")
        }
        None => resume,
    }
}

/// What to do next, with the flags that give the next run what this one had.
pub(super) fn line(job: &JobId, access: Access, model: Option<&str>, command: &str) -> String {
    let access = match access {
        Access::ReadOnly => " --read-only",
        Access::Write => "",
        Access::WriteUnsandboxed => " --no-sandbox",
    };
    let is_word = |model: &&str| {
        model
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    let model = model.filter(is_word);
    let model = model.map_or(String::new(), |model| format!(" --model {model}"));
    format!(
        "Continue: `cc-cli rescue --resume {job}{access}{model} 'next instruction'`, or in a terminal: `{command}`"
    )
}
