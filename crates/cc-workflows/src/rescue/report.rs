//! The report of a rescue: its JSON, and what it says.

use std::path::Path;
use std::time::Duration;

use cc_claude::{End, Outcome};
use cc_core::text::one_line;
use cc_core::{BlockedCall, JobId, SessionId, ThreadId};
use cc_git::{Extras, RefChange, RepoPath, Worktree};
use cc_jobs::Job;
use serde::{Deserialize, Serialize};

use super::history::HistoryChange;
use super::{ProtectedChange, resuming};
use crate::claude_report::{RunFacts, lacks};
use crate::order::{Access, RescueSpec};
use crate::report::{Line, Report};
use crate::trust::SettingsStanding;

/// The most lines of a list about what is unusual.
const LISTED: usize = 20;

/// The heading of the files that `apply` asks about.
const PROTECTED: &str =
    "Applied only if you allow it: programs run them without being asked, or they lead elsewhere";

/// The result of a rescue, as `rescue --json` prints and the record keeps it.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Protected files that changed during the run, as `cc` compared them; by whom is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected_changes: Vec<String>,
    /// Whether Claude ran commands, which may have changed more files.
    #[serde(default)]
    pub ran_commands: bool,
    /// Whether it worked in a Git repository.
    #[serde(default = "yes")]
    pub in_repository: bool,
    /// Tool calls that were blocked.
    pub permission_denials: Vec<BlockedCall>,
    /// Who answered, and what it took.
    #[serde(flatten)]
    pub run: RunFacts,
    /// What Claude was allowed to do.
    pub access: Access,
    /// The repository's own Claude configuration that was loaded.
    pub loaded: Vec<String>,
    /// The rest of it, which was not loaded.
    pub not_loaded: Vec<String>,
    /// What of that can be executed and waits for the user's word: `cc-cli trust`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_allowed: Vec<String>,
    /// Files of it that changed since the user allowed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_since_allowed: Vec<String>,
    /// Why the user cannot allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_allowable: Option<String>,
    /// The separate worktree, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolated: Option<Worktree>,
    /// Whether that worktree lacks the user's uncommitted changes.
    #[serde(default)]
    pub without_uncommitted: bool,
    /// What else of the user's working tree is in that worktree, or absent.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
    /// The command that continues the conversation in a terminal, if it can be continued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_command: Option<String>,
    /// The end of Claude's standard error.
    pub stderr: String,
}

/// Changed files, as Git sees them: ignored files do not count.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFiles {
    /// The first of them.
    pub files: Vec<RepoPath>,
    /// How many there are.
    pub total: usize,
    /// Those that `apply` takes only if the user says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<ProtectedChange>,
}

impl RescueReport {
    pub(super) fn new(job: &Job, spec: &RescueSpec, root: &Path, outcome: &Outcome) -> Self {
        let Outcome { end, report } = outcome;
        let trust = &spec.trust;
        let (loaded, not_loaded) = trust.loaded();
        let (changed_since_allowed, not_allowable) = match &trust.standing {
            SettingsStanding::Changed(files) => (files.clone(), None),
            SettingsStanding::Unkept(why) => (Vec::new(), Some(why.clone())),
            _ => (Vec::new(), None),
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
            protected_changes: Vec::new(),
            ran_commands: report.ran_commands,
            in_repository: root.join(".git").exists(),
            permission_denials: report.denials.clone(),
            run: RunFacts::new(job, report),
            access: spec.access,
            loaded,
            not_loaded,
            not_allowed: trust.not_allowed().to_vec(),
            changed_since_allowed,
            not_allowable,
            isolated: spec.isolated.clone(),
            without_uncommitted: spec.without_uncommitted,
            extras: spec.extras.clone(),
            resume_command: report
                .thread
                .as_ref()
                .map(|thread| resuming::command(Some(root), thread)),
            session_id: job.session.clone(),
            thread_id: report.thread.clone(),
            stderr: report.stderr.clone(),
        }
    }

    /// The report.
    pub(crate) fn report(&self, elapsed: Option<Duration>) -> Report {
        let footer = self.run.line(&self.job_id, elapsed);
        let mut report = Report::new(self.job_id.clone(), Line::default(), footer);
        report.answer.clone_from(&self.raw_output);
        report.warnings = self.warning.iter().map(Line::text).collect();
        self.list_changes(&mut report);
        self.tell_history(&mut report);
        let blocked = self.permission_denials.iter();
        let blocked =
            blocked.map(|it| Line::text(one_line(&format!("{} {}", it.tool, it.detail), 300)));
        report.list(Line::text("Blocked tool calls"), blocked);
        report.remarks.extend(self.worktree());
        self.tell_extras(&mut report);
        self.tell_rights(&mut report);
        self.run.facts(&mut report, elapsed);
        let continuation = self.resume_command.iter().map(|command| {
            let model = self.run.requested_model.as_deref();
            Line::described(&resuming::line(&self.job_id, self.access, model, command))
        });
        report.continuation.extend(continuation);
        report
    }

    /// What became of the branch.
    fn tell_history(&self, report: &mut Report) {
        let Some(history) = &self.history else {
            return;
        };
        let branch = || Line::code(&history.branch);
        if let Some(from) = &history.switched_from {
            let line = Line::text("Claude switched from ").and_code(from);
            report
                .remarks
                .push(line.and(" to ").join(branch()).and("."));
        }
        let commits = history.commits.iter().map(Line::code);
        report.list(Line::text("New commits on ").join(branch()), commits);
        if let Some(lost) = &history.lost {
            let line = Line::text("The earlier commit ").and_code(lost.short());
            report
                .remarks
                .push(line.and(" is not part of ").join(branch()).and("."));
        }
        let links = history.new_links.iter();
        let title = match self.isolated.is_some() {
            true => "Repositories inside the worktree, whose files are not part of the change",
            false => "Added as a link to another repository, without its files",
        };
        report.list(
            Line::text(title),
            links.map(|link| Line::code(link.to_string())),
        );
        let refs = history.changed_refs.iter().map(ref_line);
        report.list(
            Line::text("Other branches and tags that changed meanwhile"),
            first(LISTED, refs, history.changed_refs.len()),
        );
        let executables = history.executables.iter();
        let executables = executables.map(|file| Line::code(file.to_string()));
        report.list(
            Line::text("New executables, where there were none"),
            first(LISTED, executables, history.executables.len()),
        );
    }

    /// Where the change is, and how to apply or discard it.
    fn worktree(&self) -> Option<Line> {
        let isolated = self.isolated.as_ref()?;
        let root = isolated.root.display().to_string();
        let [apply, discard] =
            ["apply", "discard"].map(|verb| format!("cc-cli {verb} {}", self.job_id));
        let began = match self.without_uncommitted {
            true => ", created from HEAD without your uncommitted changes",
            false => "",
        };
        Some(match &self.changed {
            Some(ChangedFiles { total: 0, .. }) => {
                let line = Line::text("Nothing changed in its separate worktree, ").and_code(root);
                line.and(format!("{began}. Remove it: ")).and_code(discard)
            }
            _ => {
                let line = Line::text("The change is in a separate worktree, ").and_code(root);
                let line = line.and(format!("{began}. Apply it: ")).and_code(apply);
                line.and(". Discard it: ").and_code(discard)
            }
        })
    }

    /// What of the user's working tree the separate worktree has besides the commit, and what it lacks.
    fn tell_extras(&self, report: &mut Report) {
        let list = |lines: Vec<String>| lines.into_iter().map(|line| Line::described(&line));
        let brought = Line::text("Brought along into the worktree");
        report.list(brought, list(self.extras.brought()));
        report.list(
            Line::text("Not in the worktree"),
            list(self.extras.missing()),
        );
    }

    /// What Claude had beyond the defaults: configuration, permissions.
    fn tell_rights(&self, report: &mut Report) {
        report.remarks.extend(self.not_allowed_line());
        let mut tell = |text: String| report.remarks.push(Line::text(text));
        if !self.loaded.is_empty() {
            let loaded = self.loaded.join(", ");
            tell(format!("Loaded from this repository: {loaded}."));
        }
        let others = |name: &&String| !self.not_allowed.contains(name);
        let others: Vec<&str> = self
            .not_loaded
            .iter()
            .filter(others)
            .map(String::as_str)
            .collect();
        if !others.is_empty() {
            let why = match self.access {
                Access::ReadOnly => "it could write files",
                _ => "this project is not trusted",
            };
            tell(format!("Not loaded because {why}: {}.", others.join(", ")));
        }
        if self.access == Access::WriteUnsandboxed {
            tell(
                "Claude's commands ran outside the sandbox, with all your permissions.".to_owned(),
            );
        }
    }

    /// What of the repository's settings the user would have to allow.
    fn not_allowed_line(&self) -> Option<Line> {
        if self.not_allowed.is_empty() {
            return None;
        }
        let names = self.not_allowed.join(", ");
        if let Some(why) = &self.not_allowable {
            let line = one_line(&format!("Not loaded: {names}: {why}."), 600);
            return Some(Line::text(line));
        }
        let why = match self.changed_since_allowed.len() {
            0 => "you have not allowed it yet".to_owned(),
            more => {
                let files = self.changed_since_allowed.iter().take(3);
                let files: Vec<_> = files.map(|file| one_line(file, 80)).collect();
                let rest = match more - files.len() {
                    0 => String::new(),
                    rest => format!(" and {rest} more"),
                };
                format!(
                    "it changed since you allowed it ({}{rest})",
                    files.join(", ")
                )
            }
        };
        let line = Line::text(format!(
            "Not loaded, because {why}: {names}. See what it runs, and allow it, in a terminal: "
        ));
        Some(line.and_code("cc-cli trust").and("."))
    }

    fn list_changes(&self, report: &mut Report) {
        if let Some(changed) = &self.changed {
            let files = changed
                .files
                .iter()
                .map(|file| Line::code(file.to_string()));
            let total = changed.total;
            report.list(Line::text("Changed files"), first(total, files, total));
            let protected = changed.protected.iter().map(ProtectedChange::line);
            let protected = first(LISTED, protected, changed.protected.len());
            report.list(Line::text(PROTECTED), protected);
            return;
        }
        let touched = self.touched_files.iter().map(Line::code);
        report.list(Line::text("Changed by Claude's file tools"), touched);
        if self.ran_commands && self.access != Access::ReadOnly {
            let what = match self.touched_files.is_empty() {
                true => "files",
                false => "more",
            };
            let line = Line::text(format!("Claude's commands may have changed {what}"));
            report.remarks.push(match self.in_repository {
                true => line.and(": see ").and_code("git status").and("."),
                false => line.and("."),
            });
        }
    }
}

fn ref_line(change: &RefChange) -> Line {
    let line = Line::code(&change.name);
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => line
            .and(" moved from ")
            .and_code(before.short())
            .and(" to ")
            .and_code(after.short()),
        (None, Some(after)) => line.and(" made at ").and_code(after.short()),
        (Some(before), _) => line.and(" deleted, was ").and_code(before.short()),
        (None, None) => line,
    }
}

/// The first `limit` of `lines`, and how many more of `total` there are.
fn first(limit: usize, lines: impl Iterator<Item = Line>, total: usize) -> Vec<Line> {
    let mut first: Vec<_> = lines.take(limit).collect();
    if total > first.len() {
        first.push(Line::text(format!("and {} more", total - first.len())));
    }
    first
}

/// Earlier records do not say it, and most are of repositories.
fn yes() -> bool {
    true
}

fn relative(path: &str, root: &Path) -> String {
    let path = Path::new(path);
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}
