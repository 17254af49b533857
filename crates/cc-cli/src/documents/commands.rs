//! What the commands print that look at or tidy up what is there.

use cc_core::JobId;
use cc_git::{FileChange, RepoPath, Target, Totals};
use cc_jobs::{Job, SettingEntry};
use cc_workflows::rescue::ProtectedChange;
use cc_workflows::review::Estimate;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What a review would look at.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScopeReport<'a> {
    /// The workspace.
    pub(crate) workspace_root: String,
    /// The two states that would be compared: `mode`, `label`, `base`, `head` and `baseRef` where there are any.
    #[schemars(with = "Map<String, Value>")]
    pub(crate) target: &'a Target,
    /// The size of the change.
    pub(crate) totals: Totals,
    /// The changed files.
    pub(crate) files: &'a [FileChange],
    /// What the review would not be shown, a line each.
    pub(crate) not_seen: Vec<String>,
    /// What it would cost, about.
    pub(crate) estimate: Estimate,
    /// `wait` or `background`.
    pub(crate) recommendation: &'static str,
}

/// What `prune` removed, or would.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PruneReport<'a> {
    /// Whether nothing was removed.
    pub(crate) dry_run: bool,
    /// The jobs, those that ended last first.
    pub(crate) removed: &'a [JobId],
    /// Jobs that could not be removed.
    pub(crate) failed: Vec<NotRemoved<'a>>,
    /// How many of the removed have a result that nobody had read.
    pub(crate) unread: usize,
    /// How many others were kept because nobody has read their results.
    pub(crate) kept_unread: usize,
    /// Files of jobs without a record.
    pub(crate) leftovers: usize,
    /// Worktrees of jobs without a record.
    pub(crate) work_trees: usize,
}

/// A job that could not be removed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotRemoved<'a> {
    /// The job.
    pub(crate) job_id: &'a JobId,
    /// Why.
    pub(crate) error: String,
}

/// What came of `apply`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyReport<'a> {
    /// The job.
    pub(crate) job_id: &'a JobId,
    /// The files that were changed now.
    pub(crate) applied: &'a [RepoPath],
    /// Whether the change was there already.
    pub(crate) already_applied: bool,
    /// The files with conflict markers.
    pub(crate) conflicts: &'a [RepoPath],
    /// Files of the change that programs run without being asked, and links that lead elsewhere; if nothing was
    /// applied because of them, this is why.
    pub(crate) protected: &'a [ProtectedChange],
}

/// What came of `discard`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiscardReport<'a> {
    /// The job.
    pub(crate) job_id: &'a JobId,
    /// Whether its worktree is gone: always true.
    pub(crate) discarded: bool,
}

/// All settings.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsReport {
    /// The settings file.
    pub(crate) path: String,
    /// The settings.
    pub(crate) settings: Vec<SettingEntry>,
}

/// The rescue that `rescue --resume` would continue.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candidate<'a> {
    /// Whether there is one.
    pub(crate) available: bool,
    /// Its job.
    pub(crate) candidate: Option<&'a Job>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// The setup: each check with its `detail` and fields of its own.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are those of the schema")]
pub(super) struct Setup {
    /// Whether jobs can be started.
    ready: bool,
    /// The workspace.
    workspace_root: String,
    /// Claude Code; also `available`, `version`, `path`.
    claude: Check,
    /// The login of Claude Code; also `loggedIn`, `verified`.
    auth: Check,
    /// Git; also `works`.
    git: Check,
    /// The directory of the jobs.
    state: Check,
    /// What the sandbox for the commands of rescues needs; also `available`, and `runCommands` for those of reviews.
    sandbox: Check,
    /// What the repository can have executed in rescues; also `allowed`.
    project_settings: Check,
    /// Codex.
    codex: Check,
    /// The hooks; also `installed`, `trusted`.
    hooks: Check,
    /// Codex's permission to run `cc-cli` outside its sandbox; also `present`, `matches`.
    exec_rule: Check,
    /// Whether the review gate is on.
    review_gate_enabled: bool,
    /// What this call did, a sentence each.
    actions_taken: Vec<String>,
    /// What to do, each with its fix.
    next_steps: Vec<String>,
}

/// One check of the setup.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the fields are those of the schema")]
struct Check {
    /// What was found, for people.
    detail: String,
}
