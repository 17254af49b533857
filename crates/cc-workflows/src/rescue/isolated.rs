//! Separate worktrees: nothing reaches the user's files until the user applies it.

use std::fs;
use std::path::PathBuf;

use cc_core::fs::is_older_than;
use cc_core::{FileLock, ThreadId};
use cc_git::{Applied, Extras, Git, Patch, RepoPath, Repository, Worktree};
use cc_jobs::{EndedJob, Job, Latest, StoreError, retention, select, without_record};

use super::report::ChangedFiles;
use super::{ProtectedChange, continuation, protected};
use crate::Project;
use crate::error::{Error, WorkPlace};
use crate::order::RescueSpec;

/// How many changed files a report lists.
const CHANGED: usize = 300;

/// A worktree that was made.
pub(super) struct Made {
    pub(super) tree: Worktree,
    /// Whether there are uncommitted changes, which are not in it.
    pub(super) without_uncommitted: bool,
    /// What else the user's working tree has.
    pub(super) extras: Extras,
}

/// Makes a worktree at the current commit.
pub(super) fn create(project: &Project, thread: &ThreadId) -> Result<Made, Error> {
    let repository = repository(project)?;
    let root = directory(project).join(thread.as_str());
    let without_uncommitted = repository.has_uncommitted()?;
    let tree = match repository.add_worktree(&root, &branch(thread.as_str())) {
        Err(cc_git::Error::NoCommits) => return Err(Error::NoCommitToIsolate),
        tree => tree?,
    };
    let extras = repository.bring_extras(&tree.root, &tree.base);
    Ok(Made {
        tree,
        without_uncommitted,
        extras,
    })
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
pub(super) fn is_left_of(project: &Project, job: &Job) -> Result<bool, Error> {
    Ok(match given(project, job)? {
        // The most common answer costs no call of git.
        Some(tree) if tree.is_intact() => true,
        Some(tree) => repository(project)?.is_left_of(&tree)?,
        None => false,
    })
}

/// The files that `apply` would change.
pub(super) fn changed(project: &Project, tree: &Worktree) -> Result<ChangedFiles, cc_git::Error> {
    let patch = repository(project)?.worktree_changes(tree)?;
    let protected = protected(project, &patch)?;
    let mut files = [patch.files, patch.disguised].concat();
    let total = files.len();
    files.truncate(CHANGED);
    Ok(ChangedFiles {
        files,
        total,
        protected,
    })
}

/// The files of a change that are applied only if the user says so.
fn protected(project: &Project, patch: &Patch) -> Result<Vec<ProtectedChange>, cc_git::Error> {
    let root = project.store.workspace().root();
    // Where the settings cannot be read, nothing is open.
    let settings = project.settings().unwrap_or_default();
    protected::in_patch(
        &project.env,
        root,
        patch,
        &settings.rescue.unprotected_paths,
    )
}

/// Which protected files of a change the user allows to be applied.
#[derive(Clone, Copy, Debug)]
pub enum AllowedChanges<'a> {
    /// These, with this content.
    Only(&'a [ProtectedChange]),
    /// All of them, whatever they are.
    All,
}

impl AllowedChanges<'_> {
    fn has(self, change: &ProtectedChange) -> bool {
        match self {
            Self::Only(changes) => changes.contains(change),
            Self::All => true,
        }
    }
}

/// What became of a change that was to be applied.
#[derive(Debug)]
pub struct Application {
    /// The job.
    pub job: Job,
    /// The files of the change.
    pub files: Vec<RepoPath>,
    /// Those of them that had to be allowed.
    pub protected: Vec<ProtectedChange>,
    /// What was done.
    pub applied: Applied,
}

/// Applies the change of a job to the user's working tree, all of it or nothing; with `merge` as
/// `git merge` would.
///
/// # Errors
/// When there is nothing to apply, or it conflicts with what the user has there now;
/// [`Error::ProtectedFiles`] if it has protected files that are not allowed.
pub fn apply(
    project: &Project,
    reference: &str,
    merge: bool,
    allowed: AllowedChanges<'_>,
) -> Result<Application, Error> {
    let idle = idle_isolated(project, reference)?;
    let patch = idle.patch()?;
    let (job, repository) = (idle.job, idle.repository);
    let protected = protected(project, &patch)?;
    let refused = protected.iter().filter(|change| !allowed.has(change));
    let refused: Vec<_> = refused.cloned().collect();
    if !refused.is_empty() && !repository.has_patch(&patch) {
        let (id, changes) = (job.id, refused);
        return Err(Error::ProtectedFiles { id, changes });
    }
    match repository.apply_patch(&patch, merge) {
        Err(source @ cc_git::Error::DoesNotApply { .. }) => {
            Err(Error::DoesNotApply { id: job.id, source })
        }
        applied => Ok(Application {
            job,
            files: patch.files,
            protected,
            applied: applied?,
        }),
    }
}

/// The change of a job, as [`apply`] would apply it.
///
/// # Errors
/// When there is nothing to apply.
pub fn change(project: &Project, reference: &str) -> Result<Patch, Error> {
    idle_isolated(project, reference)?.patch()
}

/// How many files of a job's change [`discard`] would lose: the user's working tree does not have them.
///
/// # Errors
/// When nothing is there, the job still runs, or Git fails.
pub fn unapplied(project: &Project, reference: &str) -> Result<usize, Error> {
    let idle = idle_isolated(project, reference)?;
    match idle.patch() {
        Ok(patch) if !patch.disguised.is_empty() || !idle.repository.has_patch(&patch) => {
            Ok(patch.files.len() + patch.disguised.len())
        }
        Ok(_) | Err(Error::NothingToApply(_) | Error::WorktreeGone { .. }) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Removes the worktree and the branch of a job, as far as they are still there; its record stays.
///
/// # Errors
/// When nothing is there, the job still runs, or Git fails.
pub fn discard(project: &Project, reference: &str) -> Result<Job, Error> {
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
    fn patch(&self) -> Result<Patch, Error> {
        let id = self.job.id.clone();
        match self.repository.worktree_patch(&self.tree) {
            Err(cc_git::Error::WorktreeGone { root }) => Err(Error::WorktreeGone { id, root }),
            Ok(patch) if patch.is_empty() => Err(Error::NothingToApply(id)),
            patch => Ok(patch?),
        }
    }
}

fn idle_isolated(project: &Project, reference: &str) -> Result<IdleIsolatedJob, Error> {
    let lock = continuation::lock_resume(project)?;
    let begins = |job: &EndedJob| job.id.as_str().starts_with(reference);
    let jobs = project.store.list_with(&[Latest::all(&begins)])?.jobs;
    let job = select::by_reference(&jobs, reference)?.clone();
    let Some(tree) = given(project, &job)? else {
        return Err(Error::NotIsolated(job.id));
    };
    // A continued thread works in the same worktree under another job.
    let works_there = |other: &&Job| {
        other.state().is_active()
            && given(project, other).is_ok_and(|found| found.as_ref() == Some(&tree))
    };
    if let Some(active) = jobs.iter().find(works_there) {
        return Err(WorkPlace::Worktree.used_by(active));
    }
    let repository = repository(project)?;
    if !repository.is_left_of(&tree)? {
        return Err(Error::NotIsolated(job.id));
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
