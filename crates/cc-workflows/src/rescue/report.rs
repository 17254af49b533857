//! The report of a rescue: its JSON, and the Markdown that people read.

use std::fmt::{Display, Write};
use std::path::Path;
use std::time::Duration;

use cc_claude::{End, Outcome};
use cc_core::text::{one_line, printable};
use cc_core::{JobId, ThreadId, Usage};
use cc_git::{RepoPath, Worktree};
use cc_jobs::{Denial, Job};
use serde::{Deserialize, Serialize};

use crate::claude_report::Footer;
use crate::order::{Access, RescueSpec};

/// The result of a rescue, as `rescue --json` prints and the record keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RescueReport {
    /// The job.
    pub job_id: JobId,
    /// `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Claude's thread, once there is one.
    pub session_id: Option<ThreadId>,
    /// What Claude said, as it came.
    pub raw_output: String,
    /// Files that Claude's own tools changed, relative to the workspace where they lie in it.
    pub touched_files: Vec<String>,
    /// All that changed in the work tree of its own; `None` where it had none, or it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<ChangedFiles>,
    /// Whether Claude ran commands, which may have changed other files.
    #[serde(default)]
    pub ran_commands: bool,
    /// Tools that Claude was refused.
    pub permission_denials: Vec<Denial>,
    /// Tokens used.
    pub usage: Usage,
    /// Dollars by Claude's own account.
    pub cost_usd: Option<f64>,
    /// The model that was asked for; absent means Claude's own default.
    #[serde(default)]
    pub requested_model: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The version of Claude Code.
    pub version: Option<String>,
    /// What Claude was allowed.
    pub access: Access,
    /// What of the repository's own Claude configuration was loaded.
    pub loaded: Vec<String>,
    /// What of it was there and not loaded.
    pub not_loaded: Vec<String>,
    /// The work tree of its own, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolated: Option<Worktree>,
    /// Whether that began without changes of the user that were not committed.
    #[serde(default)]
    pub without_uncommitted: bool,
    /// The command that goes on with the conversation in a terminal, where that works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_command: Option<String>,
    /// The end of Claude's standard error.
    pub stderr: String,
}

/// Changed files, as git knows them: those that it ignores are none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFiles {
    /// The first of them.
    pub files: Vec<RepoPath>,
    /// How many there are.
    pub total: usize,
}

impl RescueReport {
    pub(super) fn new(job: &Job, spec: &RescueSpec, root: &Path, outcome: &Outcome) -> Self {
        let Outcome { end, report } = outcome;
        let found = || spec.trust.found.clone();
        let (loaded, not_loaded) = if spec.trust.trusted {
            (found(), Vec::new())
        } else {
            (Vec::new(), found())
        };
        Self {
            job_id: job.id.clone(),
            status: match end {
                End::Completed => "completed",
                End::Failed(_) => "failed",
                End::Cancelled => "cancelled",
            }
            .to_owned(),
            raw_output: report.text.clone(),
            touched_files: report
                .touched
                .iter()
                .map(|path| relative(path, root))
                .collect(),
            changed: None,
            ran_commands: report.ran_commands,
            permission_denials: report
                .denials
                .iter()
                .map(|denial| Denial {
                    tool: denial.tool.clone(),
                    detail: denial.detail.clone(),
                })
                .collect(),
            usage: report.usage,
            cost_usd: report.cost_usd,
            requested_model: job.model.requested.clone(),
            model: report.model.clone(),
            version: report.claude_version.clone(),
            access: spec.access,
            loaded,
            not_loaded,
            isolated: spec.isolated.clone(),
            without_uncommitted: spec.without_uncommitted,
            resume_command: report
                .thread
                .as_ref()
                .map(|thread| format!("claude --resume {thread}")),
            session_id: report.thread.clone(),
            stderr: report.stderr.clone(),
        }
    }

    /// The report as Markdown.
    pub fn markdown(&self, in_repository: bool, elapsed: Option<Duration>) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}\n", self.raw_output.trim());
        self.list_changes(&mut out, in_repository);
        list(
            &mut out,
            "Refused",
            self.permission_denials
                .iter()
                .map(|denial| one_line(&format!("{} {}", denial.tool, denial.detail), 300)),
        );
        if let Some(isolated) = &self.isolated {
            let (root, id) = (isolated.root.display(), &self.job_id);
            let began = match self.without_uncommitted {
                true => ", which began at HEAD without your uncommitted changes",
                false => "",
            };
            let _ = match &self.changed {
                Some(ChangedFiles { total: 0, .. }) => writeln!(
                    out,
                    "Nothing changed in its own work tree, `{root}`{began}. Drop it with `cc-cli discard {id}`.\n"
                ),
                _ => writeln!(
                    out,
                    "The change is in a work tree of its own, `{root}`{began}. Take it with `cc-cli apply {id}`, drop it with `cc-cli discard {id}`.\n"
                ),
            };
        }
        if !self.loaded.is_empty() {
            let _ = writeln!(
                out,
                "Loaded from this repository, which is trusted: {}.\n",
                self.loaded.join(", ")
            );
        }
        if !self.not_loaded.is_empty() {
            let _ = writeln!(
                out,
                "Not loaded, since {}: {}.\n",
                match self.access {
                    Access::ReadOnly => "it could write",
                    _ => "this project is not trusted",
                },
                self.not_loaded.join(", ")
            );
        }
        if self.access == Access::WriteUnsandboxed {
            let _ = writeln!(
                out,
                "Claude's commands ran outside the sandbox, with all your rights.\n"
            );
        }
        let _ = writeln!(out, "---\n{}", self.footer(elapsed));
        if let Some(command) = &self.resume_command {
            let _ = writeln!(
                out,
                "Go on here: `cc-cli rescue --resume {} 'WHAT NEXT'`, or in a terminal: `{command}`",
                self.job_id
            );
        }
        printable(&out).into_owned()
    }

    fn list_changes(&self, out: &mut String, in_repository: bool) {
        fn shown(file: &impl Display) -> String {
            format!("`{}`", one_line(&file.to_string(), 300))
        }
        if let Some(ChangedFiles { files, total }) = &self.changed {
            let more = total - files.len();
            let more = (more > 0).then(|| format!("and {more} more"));
            return list(out, "Changed files", files.iter().map(shown).chain(more));
        }
        let touched = self.touched_files.iter().map(shown);
        list(out, "Changed by Claude's file tools", touched);
        if self.ran_commands && self.access != Access::ReadOnly {
            let _ = writeln!(
                out,
                "Claude's commands may have changed {}{}.\n",
                match self.touched_files.is_empty() {
                    true => "files",
                    false => "more",
                },
                match in_repository {
                    true => ": see `git status`",
                    false => "",
                }
            );
        }
    }

    fn footer(&self, elapsed: Option<Duration>) -> String {
        Footer {
            job: &self.job_id,
            requested_model: self.requested_model.as_deref(),
            model: self.model.as_deref(),
            version: self.version.as_deref(),
            usage: self.usage,
            cost_usd: self.cost_usd,
            elapsed,
        }
        .line()
    }
}

fn list(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.map(|item| format!("- {item}\n")).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "**{title}**\n\n{}", items.concat());
    }
}

fn relative(path: &str, root: &Path) -> String {
    let path = Path::new(path);
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}
