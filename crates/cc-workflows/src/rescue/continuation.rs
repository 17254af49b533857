//! Which earlier conversation is continued, if any.
//!
//! Claude Code resumes any thread from any directory (2.1.330). It is on us that a thread is continued
//! only in its own repository, and never by accident from another session.

use std::time::Duration;

use cc_core::fs::create_private_dir;
use cc_core::{FileLock, JobId, ThreadId};
use cc_git::Worktree;
use cc_jobs::select::{self, Among, SelectError};
use cc_jobs::{EndedJob, Job, JobKind, Latest, StoreError};

use crate::error::{Error, WorkPlace};
use crate::order::RescueSpec;
use crate::{Caller, Project};

/// Which conversation to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// None: start over.
    Fresh,
    /// That of the latest finished rescue of this session; without a session, of the workspace.
    Latest,
    /// That of this rescue: an id, a prefix of one, or its place in the list of `status`.
    Job(String),
}

/// A conversation that can be continued.
pub(super) struct EarlierThread {
    pub(super) job: JobId,
    pub(super) thread: ThreadId,
    pub(super) isolated: Option<Worktree>,
    /// Held until the job that continues it is stored, so that two jobs cannot continue the same one.
    pub(super) lock: FileLock,
}

/// How long to wait for another call that holds the lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// The rescue that `--resume` without a job would continue, if any.
///
/// # Errors
/// Why there is none.
pub fn candidate(project: &Project) -> Result<Job, Error> {
    let session = project.session.as_ref();
    let fits = |job: &EndedJob| {
        job.kind == JobKind::Task && job.has_thread && select::is_visible_result(job, session)
    };
    let jobs = project.store.list_with(&[Latest::one(&fits)])?.jobs;
    let latest = select::visible(&jobs, session)
        .filter(|job| job.kind == JobKind::Task && job.thread.is_some() && !job.state().is_active())
        .max_by_key(|job| (job.state().completed_at(), job.id.clone()));
    let Some(job) = latest else {
        let mut own = select::visible(&jobs, session);
        let active = own.find(|job| job.kind == JobKind::Task && job.state().is_active());
        let none = Error::NothingToContinue(Among::new(session));
        return Err(active.map_or(none, in_use));
    };
    check(project, job, &jobs)?;
    Ok(job.clone())
}

/// The conversation that `wanted` names; `None` to start over.
pub(super) fn resolve(
    project: &Project,
    wanted: &Continuation,
) -> Result<Option<EarlierThread>, Error> {
    let (lock, job) = match wanted {
        Continuation::Fresh => return Ok(None),
        Continuation::Latest => (lock_resume(project)?, candidate(project)?),
        Continuation::Job(reference) => (lock_resume(project)?, named(project, reference)?),
    };
    let spec = RescueSpec::of(&project.store, &job)?;
    let thread = job
        .thread
        .clone()
        .ok_or_else(|| Error::NoThread(job.id.clone()))?;
    Ok(Some(EarlierThread {
        job: job.id,
        thread,
        isolated: spec.and_then(|spec| spec.isolated),
        lock,
    }))
}

/// Takes the lock under which a conversation is continued and its worktree applied or discarded.
pub(super) fn lock_resume(project: &Project) -> Result<FileLock, StoreError> {
    let state = project.store.dir();
    create_private_dir(state.root())?;
    Ok(FileLock::exclusive(&state.resume_lock(), PATIENCE)?)
}

fn named(project: &Project, reference: &str) -> Result<Job, Error> {
    let at_place = select::place(reference).map(|_| project.find(reference));
    let at_place = at_place.transpose()?.map(|(_, job)| job.id.to_string());
    let reference = at_place.as_deref().unwrap_or(reference);
    let begins = |job: &EndedJob| job.id.as_str().starts_with(reference);
    let jobs = project.store.list_with(&[Latest::all(&begins)])?.jobs;
    let job = match select::by_reference(&jobs, reference) {
        Err(SelectError::Unknown { .. }) if let Some(error) = elsewhere(project, reference) => {
            return Err(error);
        }
        found => found?,
    };
    check(project, job, &jobs)?;
    Ok(job.clone())
}

/// The error for a job of that id in another workspace, if there is one.
fn elsewhere(project: &Project, reference: &str) -> Option<Error> {
    if project.caller != Caller::Person {
        return None;
    }
    let id = JobId::parse(reference).ok()?;
    let (_, job) = cc_jobs::find_anywhere(&project.data, &id).ok()??;
    Some(Error::OtherRepository {
        id,
        root: job.workspace_root,
    })
}

fn check(project: &Project, job: &Job, jobs: &[Job]) -> Result<(), Error> {
    let id = || job.id.clone();
    if job.kind != JobKind::Task {
        return Err(Error::NotARescue(id()));
    }
    if job.workspace_root != project.store.workspace().root().display().to_string() {
        return Err(Error::OtherRepository {
            id: id(),
            root: job.workspace_root.clone(),
        });
    }
    // Its record names the thread only once Claude has started.
    if job.state().is_active() {
        return Err(in_use(job));
    }
    let Some(thread) = &job.thread else {
        return Err(Error::NoThread(id()));
    };
    let mut active = jobs.iter().filter(|other| other.state().is_active());
    if let Some(active) = active.find(|other| works_in(project, other, thread)) {
        return Err(in_use(active));
    }
    match RescueSpec::of(&project.store, job)?.and_then(|spec| spec.isolated) {
        Some(isolated) if !isolated.is_intact() => Err(Error::Discarded(id())),
        _ => Ok(()),
    }
}

/// The error for a conversation in which this job is working.
fn in_use(active: &Job) -> Error {
    WorkPlace::Conversation.used_by(active)
}

/// Whether a job works in a thread, or is about to; its record names the thread only once Claude has
/// started.
fn works_in(project: &Project, job: &Job, thread: &ThreadId) -> bool {
    let spec = RescueSpec::of(&project.store, job).ok().flatten();
    spec.is_some_and(|spec| spec.thread == *thread)
}
