//! A work tree for Claude alone: nothing reaches the user's files until the user applies it.

use cc_core::{JobId, ThreadId};
use cc_git::{Git, Repository, WorkTree};
use cc_jobs::{Job, Kind, SelectError, StoreError, select};

use super::RescueSpec;
use crate::Project;

/// Why a change was not brought over, or a work tree not removed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The reference names no single job here.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The job did not work in a work tree of its own, or that is gone.
    #[error("job `{id}` has no work tree of its own")]
    NotIsolated {
        /// The job.
        id: JobId,
    },
    /// The job is still at work there.
    #[error("job `{id}` still works in its work tree")]
    StillRuns {
        /// The job.
        id: JobId,
    },
    /// Claude changed nothing.
    #[error("job `{id}` changed nothing in its work tree")]
    NothingToApply {
        /// The job.
        id: JobId,
    },
    /// Git refuses, most often because both sides changed the same lines; nothing was changed.
    #[error(transparent)]
    Git(#[from] cc_git::Error),
    /// Jobs cannot be read or changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a work tree at the current commit. Uncommitted changes are not in it.
pub(super) fn create(project: &Project, thread: &ThreadId) -> Result<WorkTree, cc_git::Error> {
    let root = project.data.root().join("worktrees").join(thread.as_str());
    repository(project)?.add_work_tree(&root, &format!("cc/{thread}"))
}

/// Removes a work tree, its branch and Git's notes of both. What is gone already is no error.
pub(super) fn remove(project: &Project, tree: &WorkTree) -> Result<(), cc_git::Error> {
    repository(project)?.remove_work_tree(tree)
}

/// The work tree of a job, if it has one and it is still there.
pub fn of(project: &Project, job: &Job) -> Result<Option<WorkTree>, StoreError> {
    if job.kind != Kind::Task {
        return Ok(None);
    }
    let (_, body) = project.store.read(&job.id)?;
    let spec: Option<RescueSpec> = serde_json::from_value(body.request).ok();
    Ok(spec
        .and_then(|spec| spec.isolated)
        .filter(|tree| tree.root.is_dir()))
}

/// Brings the change of a job over into the user's work tree, all of it or nothing. Returns the job
/// and the files changed.
///
/// # Errors
/// When there is nothing to bring over, or it does not fit what the user has there now.
pub fn apply(project: &Project, reference: &str) -> Result<(Job, Vec<String>), ApplyError> {
    let (job, tree) = resting(project, reference)?;
    let repository = repository(project)?;
    let patch = repository.work_tree_patch(&tree)?;
    if patch.files.is_empty() {
        return Err(ApplyError::NothingToApply { id: job.id });
    }
    repository.apply_patch(&patch)?;
    Ok((job, patch.files))
}

/// Removes the work tree and the branch of a job; its record stays.
///
/// # Errors
/// When it has none, still runs, or Git refuses.
pub fn discard(project: &Project, reference: &str) -> Result<Job, ApplyError> {
    let (job, tree) = resting(project, reference)?;
    remove(project, &tree)?;
    Ok(job)
}

fn resting(project: &Project, reference: &str) -> Result<(Job, WorkTree), ApplyError> {
    let jobs = project.store.list()?.jobs;
    let job = select::by_reference(&jobs, reference)?.clone();
    let Some(tree) = of(project, &job)? else {
        return Err(ApplyError::NotIsolated { id: job.id });
    };
    // A thread that goes on works in the same tree under another job.
    let works_there = |other: &&Job| {
        other.state().is_active()
            && of(project, other).is_ok_and(|found| found.as_ref() == Some(&tree))
    };
    match jobs.iter().find(works_there) {
        Some(active) => Err(ApplyError::StillRuns {
            id: active.id.clone(),
        }),
        None => Ok((job, tree)),
    }
}

pub(super) fn repository(project: &Project) -> Result<Repository, cc_git::Error> {
    Repository::discover(Git::locate(&project.env)?, project.store.workspace().root())
}
