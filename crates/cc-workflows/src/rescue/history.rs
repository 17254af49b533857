//! What a rescue did to the history of its branch, the other refs and executables, which the list of changed files
//! does not show.

use cc_git::{Head, HeadState, ObjectId, RefChange, RepoPath, Repository};
use serde::{Deserialize, Serialize};

use crate::order::{Access, RescueSpec};

/// The most commits that are listed.
const COMMITS: usize = 20;

/// The most refs and executables that are kept.
const NAMED: usize = 1_000;

/// The difference between two states of a repository, for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryChange {
    /// The branch before, if another one is checked out now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched_from: Option<String>,
    /// The branch now, or a commit.
    pub branch: String,
    /// The new commits, the newest first: short id and subject. At most twenty.
    pub commits: Vec<String>,
    /// The commit before, if it is no longer part of the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<ObjectId>,
    /// Repositories that are recorded as links now, without their files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_links: Vec<RepoPath>,
    /// Other branches, tags and the like that were made, moved or removed meanwhile; at most a thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_refs: Vec<RefChange>,
    /// New executable files, in directories that had none; at most a thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executables: Vec<RepoPath>,
}

/// The state of the branch that Claude works on; `None` where it cannot change or be read.
pub(super) fn state(repository: &Repository, spec: &RescueSpec) -> Option<HeadState> {
    if spec.access == Access::ReadOnly {
        return None;
    }
    match &spec.isolated {
        Some(tree) => repository.worktree_state(tree).ok()?,
        None => repository.head_state().ok(),
    }
}

/// What changed since `before` until `repository` was discovered; `None` for nothing.
pub(super) fn change(
    repository: &Repository,
    spec: &RescueSpec,
    before: &HeadState,
) -> Option<HistoryChange> {
    let after = state(repository, spec)?;
    if after == *before {
        return None;
    }
    let is_switched = is_other(&before.head, &after.head);
    let mut change = HistoryChange {
        switched_from: is_switched.then(|| before.head.name()),
        branch: after.head.name(),
        commits: Vec::new(),
        lost: None,
        changed_refs: after.changed_refs(before),
        executables: after.unusual_executables(before),
        new_links: after.links,
    };
    change.changed_refs.truncate(NAMED);
    change.executables.truncate(NAMED);
    change.new_links.retain(|link| !before.links.contains(link));
    if let Some(id) = after.head.id() {
        let old = before.head.id();
        let commits = repository.commits_since(old, id, COMMITS);
        change.commits = commits.unwrap_or_default();
        change.lost = old.filter(|old| !repository.contains(id, old)).cloned();
    }
    let is_nothing = change.switched_from.is_none()
        && change.commits.is_empty()
        && change.lost.is_none()
        && change.new_links.is_empty()
        && change.changed_refs.is_empty()
        && change.executables.is_empty();
    (!is_nothing).then_some(change)
}

/// Whether another branch is checked out. The name of a detached HEAD is a commit, and moves with it.
fn is_other(before: &Head, after: &Head) -> bool {
    match (before, after) {
        (Head::Detached { .. }, Head::Detached { .. }) => false,
        // The first commit makes the branch.
        (Head::Unborn, _) => false,
        _ => before.name() != after.name(),
    }
}
