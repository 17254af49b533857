//! Separate worktrees: nothing reaches the user's files until the user applies it.

use std::fs;
use std::path::PathBuf;

use cc_core::fs::is_older_than;
use cc_core::{FileLock, JobId, ThreadId};
use cc_git::{Applied, Git, Patch, RepoPath, Repository, Worktree};
use cc_jobs::select::{self, SelectError};
use cc_jobs::{Job, JobState, StoreError, retention, without_record};

use super::continuation;
use super::report::ChangedFiles;
use crate::Project;
use crate::order::RescueSpec;

/// How many changed files a report lists.
const CHANGED: usize = 300;

/// Why a change was not applied, or a worktree not removed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The reference names no single job here.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The job has no separate worktree, or it is gone.
    #[error("job `{id}` has no separate worktree")]
    NotIsolated {
        /// The job.
        id: JobId,
    },
    /// Its directory is gone or was replaced; the change cannot be determined any more.
    #[error("the worktree of job `{id}` is gone, or was emptied or replaced by hand: {}", root.display())]
    Gone {
        /// The job.
        id: JobId,
        /// Where it was.
        root: PathBuf,
    },
    /// The job still works there.
    #[error("job `{id}` still works in its worktree")]
    StillRuns {
        /// The job.
        id: JobId,
    },
    /// The job was cancelled, and some of its processes still run.
    #[error("job `{id}` could not be stopped and may still work in its worktree")]
    NotStopped {
        /// The job.
        id: JobId,
    },
    /// Claude changed nothing.
    #[error("job `{id}` changed nothing in its worktree")]
    NothingToApply {
        /// The job.
        id: JobId,
    },
    /// Most often because both sides changed the same lines; nothing was changed.
    #[error("{source}")]
    DoesNotApply {
        /// The job.
        id: JobId,
        /// What conflicts.
        source: cc_git::Error,
    },
    /// Git failed.
    #[error(transparent)]
    Git(#[from] cc_git::Error),
    /// Jobs cannot be read or changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a worktree at the current commit. Also returns whether there are uncommitted changes, which
/// are not in it.
pub(super) fn create(
    project: &Project,
    thread: &ThreadId,
) -> Result<(Worktree, bool), cc_git::Error> {
    let repository = repository(project)?;
    let root = directory(project).join(thread.as_str());
    let uncommitted = repository.has_uncommitted()?;
    let tree = repository.add_worktree(&root, &branch(thread.as_str()))?;
    Ok((tree, uncommitted))
}

/// Removes a worktree, its branch and what Git knows of both. What is gone already is no error.
pub(super) fn remove(project: &Project, tree: &Worktree) -> Result<(), cc_git::Error> {
    repository(project)?.remove_worktree(tree)
}

fn directory(project: &Project) -> PathBuf {
    project.data.root().join("worktrees")
}

fn branch(thread: &str) -> String {
    format!("cc/{thread}")
}

/// The separate worktree of a job, if it has one and it is still there.
pub fn of(project: &Project, job: &Job) -> Result<Option<Worktree>, StoreError> {
    Ok(given(project, job)?.filter(Worktree::is_intact))
}

/// The separate worktree that a job was given, whatever became of it.
fn given(project: &Project, job: &Job) -> Result<Option<Worktree>, StoreError> {
    Ok(RescueSpec::of(&project.store, job)?.and_then(|spec| spec.isolated))
}

/// Whether anything is left of the worktree that a job was given.
pub(super) fn is_left_of(project: &Project, job: &Job) -> Result<bool, ApplyError> {
    Ok(match given(project, job)? {
        // The most common answer costs no call of git.
        Some(tree) if tree.is_intact() => true,
        Some(tree) => repository(project)?.is_left_of(&tree)?,
        None => false,
    })
}

/// The files that `apply` would change.
pub(super) fn changed(project: &Project, tree: &Worktree) -> Result<ChangedFiles, cc_git::Error> {
    let mut files = repository(project)?.worktree_files(tree)?;
    let total = files.len();
    files.truncate(CHANGED);
    Ok(ChangedFiles { files, total })
}

/// Applies the change of a job to the user's working tree, all of it or nothing; with `merge` as
/// `git merge` would. Returns the job, the files of the change, and what became of it.
///
/// # Errors
/// When there is nothing to apply, or it conflicts with what the user has there now.
pub fn apply(
    project: &Project,
    reference: &str,
    merge: bool,
) -> Result<(Job, Vec<RepoPath>, Applied), ApplyError> {
    let idle = idle_isolated(project, reference)?;
    let patch = idle.patch()?;
    let (job, repository) = (idle.job, idle.repository);
    match repository.apply_patch(&patch, merge) {
        Err(source @ cc_git::Error::DoesNotApply { .. }) => {
            Err(ApplyError::DoesNotApply { id: job.id, source })
        }
        applied => Ok((job, patch.files, applied?)),
    }
}

/// The change of a job, as [`apply`] would apply it.
///
/// # Errors
/// When there is nothing to apply.
pub fn change(project: &Project, reference: &str) -> Result<Patch, ApplyError> {
    idle_isolated(project, reference)?.patch()
}

/// How many files of a job's change [`discard`] would lose: the user's working tree does not have them.
///
/// # Errors
/// When nothing is there, the job still runs, or Git fails.
pub fn unapplied(project: &Project, reference: &str) -> Result<usize, ApplyError> {
    let idle = idle_isolated(project, reference)?;
    match idle.patch() {
        Ok(patch) if !idle.repository.has_patch(&patch) => Ok(patch.files.len()),
        Ok(_) | Err(ApplyError::NothingToApply { .. } | ApplyError::Gone { .. }) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Removes the worktree and the branch of a job, as far as they are still there; its record stays.
///
/// # Errors
/// When nothing is there, the job still runs, or Git fails.
pub fn discard(project: &Project, reference: &str) -> Result<Job, ApplyError> {
    let idle = idle_isolated(project, reference)?;
    idle.repository.remove_worktree(&idle.tree)?;
    Ok(idle.job)
}

/// Removes the worktrees of this repository that no job of any workspace names: the process that made
/// them was killed. Returns how many were removed.
///
/// One that somebody worked in stays, and so does one that cannot be inspected or removed.
pub fn sweep(project: &Project) -> usize {
    let dir = directory(project);
    let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
    let old = entries.filter(|entry| is_older_than(&entry.path(), retention::MAKING));
    // A name that is no id is not ours.
    let names = old.filter_map(|entry| entry.file_name().into_string().ok());
    let threads = names.filter(|name| ThreadId::parse(name).is_ok()).collect();
    let nameless = without_record(&project.data, threads).unwrap_or_default();
    if nameless.is_empty() {
        return 0;
    }
    let Ok(repository) = repository(project) else {
        return 0;
    };
    let went = |thread: &&String| {
        let root = dir.join(thread);
        let went = repository.remove_unused_worktree(&root, &branch(thread));
        went.unwrap_or(false)
    };
    nameless.iter().filter(went).count()
}

/// A job whose worktree waits to be applied or discarded; nothing works in it.
struct IdleIsolatedJob {
    job: Job,
    tree: Worktree,
    repository: Repository,
    /// Held so that no job continues the conversation meanwhile, and only one change is applied at a time.
    _lock: FileLock,
}

impl IdleIsolatedJob {
    fn patch(&self) -> Result<Patch, ApplyError> {
        let id = self.job.id.clone();
        match self.repository.worktree_patch(&self.tree) {
            Err(cc_git::Error::WorktreeGone { root }) => Err(ApplyError::Gone { id, root }),
            Ok(patch) if patch.files.is_empty() => Err(ApplyError::NothingToApply { id }),
            patch => Ok(patch?),
        }
    }
}

fn idle_isolated(project: &Project, reference: &str) -> Result<IdleIsolatedJob, ApplyError> {
    let lock = continuation::lock_resume(project)?;
    let jobs = project.store.list()?.jobs;
    let job = select::by_reference(&jobs, reference)?.clone();
    let Some(tree) = given(project, &job)? else {
        return Err(ApplyError::NotIsolated { id: job.id });
    };
    // A continued thread works in the same worktree under another job.
    let works_there = |other: &&Job| {
        other.state().is_active()
            && given(project, other).is_ok_and(|found| found.as_ref() == Some(&tree))
    };
    if let Some(active) = jobs.iter().find(works_there) {
        let id = active.id.clone();
        return Err(match active.state() {
            JobState::CancelFailed { .. } => ApplyError::NotStopped { id },
            _ => ApplyError::StillRuns { id },
        });
    }
    let repository = repository(project)?;
    if !repository.is_left_of(&tree)? {
        return Err(ApplyError::NotIsolated { id: job.id });
    }
    Ok(IdleIsolatedJob {
        job,
        tree,
        repository,
        _lock: lock,
    })
}

pub(super) fn repository(project: &Project) -> Result<Repository, cc_git::Error> {
    Repository::discover(Git::locate(&project.env)?, project.store.workspace().root())
}
