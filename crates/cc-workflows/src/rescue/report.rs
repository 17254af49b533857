//! The report of a rescue: its JSON, and its Markdown.

use std::fmt::{Display, Write};
use std::path::Path;
use std::time::Duration;

use cc_claude::{End, Outcome};
use cc_core::text::{one_line, printable};
use cc_core::{BlockedCall, JobId, SessionId, ThreadId, Usage};
use cc_git::{RepoPath, Worktree};
use cc_jobs::Job;
use serde::{Deserialize, Serialize};

use super::history::HistoryChange;
use super::resuming;
use crate::claude_report::{Footer, lacks};
use crate::order::{Access, RescueSpec};

/// The result of a rescue, as `rescue --json` prints and the record keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RescueReport {
    /// The job.
    pub job_id: JobId,
    /// `completed`, `failed` or `cancelled`.
    pub status: String,
    /// The session of Codex that asked.
    pub session_id: Option<SessionId>,
    /// Claude's thread, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<ThreadId>,
    /// Claude's answer: the last part, then the earlier ones, marked.
    pub raw_output: String,
    /// What the answer lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Files that Claude's own tools changed, relative to the workspace where they lie in it.
    pub touched_files: Vec<String>,
    /// The changes in its separate worktree; `None` if it had none, or they cannot be determined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<ChangedFiles>,
    /// What Claude did to the branch: commits, a switch; `None` for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryChange>,
    /// Whether Claude ran commands, which may have changed more files.
    #[serde(default)]
    pub ran_commands: bool,
    /// Tool calls that were blocked.
    pub permission_denials: Vec<BlockedCall>,
    /// Tokens used.
    pub usage: Usage,
    /// The price in US dollars, as Claude reports it.
    pub cost_usd: Option<f64>,
    /// The model that was requested; `None` means Claude's own default.
    #[serde(default)]
    pub requested_model: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The version of Claude Code.
    pub version: Option<String>,
    /// What Claude was allowed to do.
    pub access: Access,
    /// The repository's own Claude configuration that was loaded.
    pub loaded: Vec<String>,
    /// The rest of it, which was not loaded.
    pub not_loaded: Vec<String>,
    /// The separate worktree, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolated: Option<Worktree>,
    /// Whether that worktree lacks the user's uncommitted changes.
    #[serde(default)]
    pub without_uncommitted: bool,
    /// The command that continues the conversation in a terminal, if it can be continued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_command: Option<String>,
    /// The end of Claude's standard error.
    pub stderr: String,
}

/// Changed files, as Git sees them: ignored files do not count.
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
            raw_output: report.answer(),
            warning: lacks(report, "all of it is in Claude's conversation"),
            touched_files: report
                .touched
                .iter()
                .map(|path| relative(path, root))
                .collect(),
            changed: None,
            history: None,
            ran_commands: report.ran_commands,
            permission_denials: report.denials.clone(),
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
                .map(|thread| resuming::command(Some(root), thread)),
            session_id: job.session.clone(),
            thread_id: report.thread.clone(),
            stderr: report.stderr.clone(),
        }
    }

    /// The report as Markdown.
    pub fn markdown(&self, in_repository: bool, elapsed: Option<Duration>) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}\n", self.raw_output.trim());
        if let Some(warning) = &self.warning {
            let _ = writeln!(out, "> {warning}\n");
        }
        self.list_changes(&mut out, in_repository);
        self.tell_history(&mut out);
        list(
            &mut out,
            "Blocked tool calls",
            self.permission_denials
                .iter()
                .map(|denial| one_line(&format!("{} {}", denial.tool, denial.detail), 300)),
        );
        self.tell_worktree(&mut out);
        self.tell_rights(&mut out);
        let _ = writeln!(out, "---\n{}", self.footer(elapsed));
        if let Some(command) = &self.resume_command {
            let model = self.requested_model.as_deref();
            let line = resuming::line(&self.job_id, self.access, model, command);
            let _ = writeln!(out, "{line}");
        }
        printable(&out).into_owned()
    }

    /// What became of the branch.
    fn tell_history(&self, out: &mut String) {
        let Some(history) = &self.history else {
            return;
        };
        let quoted = |text: &str| format!("`{}`", one_line(text, 200));
        let branch = quoted(&history.branch);
        if let Some(from) = &history.switched_from {
            let _ = writeln!(out, "Claude switched from {} to {branch}.\n", quoted(from));
        }
        let commits = history.commits.iter().map(|commit| quoted(commit));
        list(out, &format!("New commits on {branch}"), commits);
        if let Some(lost) = &history.lost {
            let lost = lost.short();
            let _ = writeln!(
                out,
                "The earlier commit `{lost}` is not part of {branch}.\n"
            );
        }
        let links = history
            .new_links
            .iter()
            .map(|link| quoted(&link.to_string()));
        list(
            out,
            "Added as a link to another repository, without its files",
            links,
        );
    }

    /// Where the change is, and how to apply or discard it.
    fn tell_worktree(&self, out: &mut String) {
        if let Some(isolated) = &self.isolated {
            let (root, id) = (isolated.root.display(), &self.job_id);
            let began = match self.without_uncommitted {
                true => ", created from HEAD without your uncommitted changes",
                false => "",
            };
            let _ = match &self.changed {
                Some(ChangedFiles { total: 0, .. }) => writeln!(
                    out,
                    "Nothing changed in its separate worktree, `{root}`{began}. Remove it: `cc-cli discard {id}`\n"
                ),
                _ => writeln!(
                    out,
                    "The change is in a separate worktree, `{root}`{began}. Apply it: `cc-cli apply {id}`. Discard it: `cc-cli discard {id}`\n"
                ),
            };
        }
    }

    /// What Claude had beyond the defaults: configuration, permissions.
    fn tell_rights(&self, out: &mut String) {
        if !self.loaded.is_empty() {
            let _ = writeln!(
                out,
                "Loaded from this trusted repository: {}.\n",
                self.loaded.join(", ")
            );
        }
        if !self.not_loaded.is_empty() {
            let _ = writeln!(
                out,
                "Not loaded because {}: {}.\n",
                match self.access {
                    Access::ReadOnly => "it could write files",
                    _ => "this project is not trusted",
                },
                self.not_loaded.join(", ")
            );
        }
        if self.access == Access::WriteUnsandboxed {
            let _ = writeln!(
                out,
                "Claude's commands ran outside the sandbox, with all your permissions.\n"
            );
        }
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
