//! What the worker of a job is asked to do: `request` of the job's record, written and read here.

use std::path::{Path, PathBuf};

use cc_core::{JobId, SessionId, ThreadId};
use cc_git::{Extras, ShownDiffs, Target, Totals, Worktree};
use cc_jobs::{Body, Draft, Job, JobKind, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::RunOptions;
use crate::rescue::leftovers::Leftovers;
use crate::rescue::scratch;
use crate::review::instructions::InstructionSources;
use crate::trust::RepositoryTrust;

/// The order of a job, by its kind.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum WorkOrder {
    /// A plain or an adversarial review.
    Review(ReviewSpec),
    /// A rescue.
    Rescue(RescueSpec),
    /// A check by the review gate.
    Gate(GateSpec),
}

/// What a review is to look at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewSpec {
    /// The two states that are compared.
    pub(crate) target: Target,
    /// The size of the change.
    pub(crate) totals: Totals,
    /// What the prompt leaves out, a line each.
    pub(crate) not_seen: Vec<String>,
    /// The diffs that were shown, in this review or the earlier ones that it follows.
    #[serde(default, skip_serializing_if = "ShownDiffs::is_empty")]
    pub(crate) shown: ShownDiffs,
    /// The review that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<JobId>,
    /// The branch that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<String>,
    /// Patterns of files that the user's settings keep out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exclude: Vec<String>,
    /// Whether a plain review has structured findings; an adversarial one always has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) structured: bool,
    /// What to look at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) focus: Option<String>,
    /// Whose instructions it was given.
    #[serde(default, skip_serializing_if = "InstructionSources::is_empty")]
    pub(crate) instructions: InstructionSources,
    /// What it needs to run commands; `None` if it runs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commands: Option<CommandSpec>,
    /// How Claude is run.
    #[serde(flatten)]
    pub(crate) options: RunOptions,
}

/// What a review needs to run commands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommandSpec {
    /// The directory that commands may write; removed at the end.
    #[serde(with = "cc_core::os_text")]
    pub(crate) scratch: PathBuf,
    /// The directory of the `bwrap` that starts them; removed at the end.
    #[serde(with = "cc_core::os_text")]
    pub(crate) starter: PathBuf,
    /// What they may read besides the system, the workspace and the user's tools.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) readable: Vec<PathBuf>,
    /// What Claude Code's sandbox might leave behind.
    #[serde(default)]
    pub(crate) leftovers: Vec<Leftovers>,
}

impl CommandSpec {
    /// Removes what the run leaves.
    pub(crate) fn clean_up(&self) {
        for dir in [&self.scratch, &self.starter] {
            scratch::remove(Some(dir));
        }
    }
}

/// How a rescue is to work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RescueSpec {
    /// What Claude may do.
    pub(crate) access: Access,
    /// Claude's thread.
    pub(crate) thread: ThreadId,
    /// Whether the thread exists already and is continued.
    pub(crate) resumed: bool,
    /// What is loaded of the repository's own configuration.
    pub(crate) trust: RepositoryTrust,
    /// Whether the user's own Claude settings are loaded.
    pub(crate) user_settings: bool,
    /// The hosts that sandboxed commands may reach.
    pub(crate) allowed_domains: Vec<String>,
    /// Directories that sandboxed commands may write besides the workspace.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) writable_paths: Vec<PathBuf>,
    /// Protected paths that they may write all the same; relative to the workspace.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) unprotected: Vec<PathBuf>,
    /// Variables that commands get although their names look like those of secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pass_env: Vec<String>,
    /// The separate worktree, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) isolated: Option<Worktree>,
    /// The directory that the user asked in, relative to the workspace; `None` for its root.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) asked_in: Option<PathBuf>,
    /// Whether that worktree lacks the user's uncommitted changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) without_uncommitted: bool,
    /// What else of the user's working tree is in that worktree, or absent.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub(crate) extras: Extras,
    /// The directory for the files of its commands, in the sandbox; removed at the end.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) scratch: Option<PathBuf>,
    /// The directory of the `bwrap` that starts its commands; removed at the end.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) starter: Option<PathBuf>,
    /// What stands in for the repository's Git directory while commands run in the separate worktree; removed
    /// at the end.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) shadow: Option<PathBuf>,
    /// What the sandbox might leave behind, in the workspace and in the separate worktree.
    #[serde(default)]
    pub(crate) leftovers: Vec<Leftovers>,
    /// How Claude is run.
    #[serde(flatten)]
    pub(crate) options: RunOptions,
}

/// How a check of the gate is to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GateSpec {
    /// How Claude is run.
    #[serde(flatten)]
    pub(crate) options: RunOptions,
}

/// What Claude may do in a rescue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Change files of the workspace; commands run in the operating system's sandbox.
    Write,
    /// Change files; commands run with all the user's permissions.
    WriteUnsandboxed,
    /// Read, and change nothing.
    ReadOnly,
}

impl WorkOrder {
    /// Reads the order of a job of `kind`. Unknown fields are ignored, and stay in the record.
    ///
    /// # Errors
    /// When it has another shape, as in records of the plugin before this one.
    pub(crate) fn read(kind: JobKind, body: &Body) -> Result<Self, serde_json::Error> {
        let request = &body.request;
        Ok(match kind {
            JobKind::Review | JobKind::AdversarialReview => {
                Self::Review(ReviewSpec::deserialize(request)?)
            }
            JobKind::Task => Self::Rescue(RescueSpec::deserialize(request)?),
            JobKind::Gate => Self::Gate(GateSpec::deserialize(request)?),
        })
    }

    /// The draft of a job with this order; `title` and `summary` are one line each.
    ///
    /// # Errors
    /// When the order has no JSON form.
    pub(crate) fn draft(
        &self,
        kind: JobKind,
        session: Option<SessionId>,
        title: String,
        summary: String,
    ) -> Result<Draft, StoreError> {
        Ok(Draft {
            kind,
            title,
            summary,
            write: self.may_write(),
            session,
            model: self.options().model.clone(),
            request: serde_json::to_value(self)?,
        })
    }

    /// What a review needs to run commands; `None` if it runs none, or this is no review.
    pub(crate) fn commands(&self) -> Option<&CommandSpec> {
        match self {
            Self::Review(spec) => spec.commands.as_ref(),
            Self::Rescue(_) | Self::Gate(_) => None,
        }
    }

    /// Whether Claude may change files and run commands.
    pub(crate) fn may_write(&self) -> bool {
        matches!(self, Self::Rescue(spec) if spec.access != Access::ReadOnly)
    }

    /// How Claude is run.
    pub(crate) fn options(&self) -> &RunOptions {
        match self {
            Self::Review(spec) => &spec.options,
            Self::Rescue(spec) => &spec.options,
            Self::Gate(spec) => &spec.options,
        }
    }

    /// The directory that Claude works in, in the workspace at `workspace`.
    pub(crate) fn root<'a>(&'a self, workspace: &'a Path) -> &'a Path {
        match self {
            Self::Rescue(RescueSpec {
                isolated: Some(tree),
                ..
            }) => &tree.root,
            _ => workspace,
        }
    }
}

impl ReviewSpec {
    /// Whether a review of `kind` with this order has structured findings.
    pub(crate) fn is_structured(&self, kind: JobKind) -> bool {
        self.structured || kind == JobKind::AdversarialReview
    }
}

/// What the job of this order may cost, in US dollars.
pub(crate) fn max_budget(request: &Value) -> Option<f64> {
    request.get(MAX_BUDGET)?.as_f64()
}

/// Sets what the job of this order may cost.
pub(crate) fn set_max_budget(request: &mut Value, usd: f64) {
    request[MAX_BUDGET] = usd.into();
}

/// The field of [`RunOptions::max_budget_usd`].
const MAX_BUDGET: &str = "maxBudgetUsd";

impl RescueSpec {
    /// The order of `job`; `None` if it is no rescue, or one of the plugin before this one.
    ///
    /// # Errors
    /// When its record cannot be read.
    pub(crate) fn of(store: &Store, job: &Job) -> Result<Option<Self>, StoreError> {
        if job.kind != JobKind::Task {
            return Ok(None);
        }
        let (_, body) = store.read(&job.id)?;
        Ok(Self::in_record(job.kind, &body))
    }

    /// The directories of ours that are made for its run and removed at the end.
    pub(crate) fn own_dirs(&self) -> impl Iterator<Item = &Path> {
        let dirs = [
            &self.scratch,
            &self.starter,
            &self.shadow,
            &self.trust.plugin,
        ];
        dirs.into_iter().filter_map(|dir| dir.as_deref())
    }

    /// The order in the body of a record; `None` if it is another one.
    pub(crate) fn in_record(kind: JobKind, body: &Body) -> Option<Self> {
        match WorkOrder::read(kind, body) {
            Ok(WorkOrder::Rescue(spec)) => Some(spec),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
