//! Rescues: a task handed to Claude, in the repository or in a separate worktree.

pub(crate) mod cage;
mod continuation;
mod from_review;
pub(crate) mod history;
mod instructions;
pub mod isolated;
pub(crate) mod leftovers;
mod protected;
pub(crate) mod report;
mod resuming;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod scratch;

use std::path::{Path, PathBuf};

use cc_core::fs::canonical;
use cc_core::text::one_line;
use cc_core::{Dollars, FileLock, JobId, ThreadId};
use cc_git::{Extras, Git, Repository, Worktree};
use cc_jobs::settings::TrustPolicy;
use cc_jobs::{Job, JobKind};

use crate::order::{RescueSpec, WorkOrder};
use crate::trust::RepositoryTrust;
use crate::{Error, Project, RunOptions, launch, preflight};

pub use crate::order::Access;
pub use continuation::{Continuation, candidate};
pub use from_review::FromReview;
pub use protected::{ProtectedChange, ProtectedReason};
pub use report::RescueReport;
pub use resuming::{HowToContinue, how_to_continue};
pub use sandbox::SandboxMissing;

use from_review::Task;
use leftovers::Leftovers;

/// The longest task, in bytes: Claude Code takes 10 MiB on its standard input.
pub const TASK_LIMIT: usize = 10 << 20;

/// The task of a conversation that is continued without a word.
const GO_ON: &str = "Continue where you left off, and finish the task.";

/// A request for a rescue.
#[derive(Clone, Debug)]
pub struct RescueRequest {
    /// The task in the user's own words, passed through unchanged.
    pub task: Option<String>,
    /// A review whose findings are the task, or part of it.
    pub from: Option<FromReview>,
    /// What Claude may do.
    pub access: Access,
    /// Whether an earlier conversation is continued.
    pub continuation: Continuation,
    /// Whether Claude works in a separate worktree.
    pub isolated: bool,
    /// Who decides whether the repository's own configuration is loaded.
    pub trust: TrustPolicy,
    /// Whether the user's own Claude settings are loaded.
    pub user_settings: bool,
    /// The hosts that sandboxed commands may reach.
    pub allowed_domains: Vec<String>,
    /// Directories that sandboxed commands may write besides the workspace; absolute, or `~/NAME`.
    pub writable_paths: Vec<String>,
    /// Protected paths that commands may write all the same; relative to the workspace.
    pub unprotected_paths: Vec<PathBuf>,
    /// Variables that commands get although their names look like those of secrets; `*` is any text.
    pub pass_env: Vec<String>,
    /// How Claude is run.
    pub options: RunOptions,
    /// What all jobs of 24 hours may cost, if that is limited.
    pub day_budget: Option<Dollars>,
}

/// A rescue that was started.
#[derive(Debug)]
pub struct StartedRescue {
    /// The queued job.
    pub job: Job,
    /// Whether its separate worktree lacks the user's uncommitted changes.
    pub without_uncommitted: bool,
    /// What else of the user's working tree is in its separate worktree, or absent.
    pub extras: Extras,
}

/// Starts a rescue as a job with its own worker.
///
/// # Errors
/// When it cannot run or cannot be stored; no job is left behind then.
pub fn start(project: &Project, request: &RescueRequest) -> Result<StartedRescue, Error> {
    let options = preflight::clear(project, &request.options, request.day_budget)?;
    let task = task(project, request)?;
    if request.access != Access::ReadOnly && !request.isolated {
        not_all_of_home(project)?;
    }
    if request.access == Access::Write {
        sandbox::check(&project.env, project.store.workspace().root())?;
    }
    let place = Workplace::of(project, request)?;
    let spec = spec(project, request, options, &place);
    let budget = request.day_budget;
    let continued = place.continued.as_ref();
    let started = spec.and_then(|spec| launch_job(project, spec, &task, continued, budget));
    if let (Err(_), Some(tree), None) = (&started, &place.isolated, &place.continued) {
        // The first error is the one to report; `discard` finds what stays.
        let _ = isolated::remove(project, tree);
    }
    Ok(StartedRescue {
        job: started?,
        without_uncommitted: place.without_uncommitted,
        extras: place.extras,
    })
}

/// Checks that a workspace with the whole home directory was asked for: the call comes from its top.
fn not_all_of_home(project: &Project) -> Result<(), Error> {
    let root = project.store.workspace().root();
    let is_asked_for = canonical(&project.env.cwd).is_ok_and(|cwd| cwd == root);
    if holds_home(project) && !is_asked_for {
        return Err(Error::WholeHome(root.to_owned()));
    }
    Ok(())
}

/// Whether the workspace has the user's whole home directory in it.
pub fn holds_home(project: &Project) -> bool {
    let home = project.env.home().and_then(|home| canonical(home).ok());
    home.is_some_and(|home| home.starts_with(project.store.workspace().root()))
}

/// Where a rescue works: its thread, and its separate worktree if it has one.
struct Workplace {
    thread: ThreadId,
    /// The job whose thread is continued.
    continued: Option<JobId>,
    isolated: Option<Worktree>,
    without_uncommitted: bool,
    extras: Extras,
    /// Held until the job is stored, so that two jobs cannot continue the same thread.
    _lock: Option<FileLock>,
}

impl Workplace {
    /// Finds the thread to continue, or begins one; makes a separate worktree if that is requested.
    fn of(project: &Project, request: &RescueRequest) -> Result<Self, Error> {
        let mut place = match continuation::resolve(project, &request.continuation)? {
            Some(earlier) => Self {
                thread: earlier.thread,
                continued: Some(earlier.job),
                isolated: earlier.isolated,
                without_uncommitted: false,
                extras: Extras::default(),
                _lock: Some(earlier.lock),
            },
            None => Self {
                thread: ThreadId::fresh(),
                continued: None,
                isolated: None,
                without_uncommitted: false,
                extras: Extras::default(),
                _lock: None,
            },
        };
        if place.isolated.is_none() && request.isolated {
            let root = project.store.workspace().root();
            // Only sandboxed commands have refs of their own.
            let has_shadow = request.access == Access::Write && cfg!(target_os = "linux");
            if has_shadow && cc_git::has_reftable(root) {
                return Err(Error::ReftableToIsolate);
            }
            let made = isolated::create(project, &place.thread)?;
            place.isolated = Some(made.tree);
            place.without_uncommitted = made.without_uncommitted;
            place.extras = made.extras;
        }
        Ok(place)
    }
}

fn spec(
    project: &Project,
    request: &RescueRequest,
    options: RunOptions,
    place: &Workplace,
) -> Result<RescueSpec, Error> {
    let root = project.store.workspace().root();
    let work_root = place.isolated.as_ref().map_or(root, |tree| &tree.root);
    // Rules of a configuration, its hooks and its MCP servers can write.
    let reads_only = request.access == Access::ReadOnly;
    let policy = match reads_only {
        true => TrustPolicy::Never,
        false => request.trust,
    };
    if reads_only {
        is_usable(project, work_root)?;
    }
    Ok(RescueSpec {
        access: request.access,
        thread: place.thread.clone(),
        resumed: place.continued.is_some(),
        trust: trust(project, policy, work_root, &place.thread),
        user_settings: request.user_settings && !reads_only,
        allowed_domains: request.allowed_domains.clone(),
        writable_paths: scratch::writable(&project.env, &request.writable_paths),
        unprotected: request.unprotected_paths.clone(),
        pass_env: match reads_only {
            true => Vec::new(),
            false => request.pass_env.clone(),
        },
        scratch: match request.access {
            Access::Write => Some(project.data.scratch(&place.thread)),
            Access::WriteUnsandboxed | Access::ReadOnly => None,
        },
        starter: match request.access {
            Access::Write if cfg!(target_os = "linux") => {
                Some(project.data.sandbox_starter(&place.thread))
            }
            _ => None,
        },
        shadow: match (&place.isolated, request.access) {
            (Some(_), Access::Write) if cfg!(target_os = "linux") => {
                Some(project.data.shadow(&place.thread))
            }
            _ => None,
        },
        leftovers: match request.access {
            Access::Write => Leftovers::note([root, work_root]),
            Access::WriteUnsandboxed | Access::ReadOnly => Vec::new(),
        },
        options,
        isolated: place.isolated.clone(),
        asked_in: asked_in(project),
        without_uncommitted: place.without_uncommitted,
        extras: place.extras.clone(),
    })
}

fn trust(
    project: &Project,
    policy: TrustPolicy,
    work_root: &Path,
    thread: &ThreadId,
) -> RepositoryTrust {
    let (env, data) = (&project.env, &project.data);
    let root = project.store.workspace().root();
    let mut trust = RepositoryTrust::decide(env, data, policy, root, work_root);
    trust.plugin = trust
        .allowed
        .is_some()
        .then(|| data.project_settings(thread));
    trust
}

/// A repository that Git refuses fails before Claude is asked about it, not at each of its questions.
fn is_usable(project: &Project, work_root: &Path) -> Result<(), cc_git::Error> {
    match Git::locate(&project.env).and_then(|git| Repository::discover(git, work_root)) {
        Ok(_) | Err(cc_git::Error::NotARepository { .. } | cc_git::Error::GitMissing(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The user's directory, relative to the workspace; `None` where that is the workspace itself.
fn asked_in(project: &Project) -> Option<PathBuf> {
    let dir = canonical(&project.env.cwd).ok()?;
    let dir = dir.strip_prefix(project.store.workspace().root()).ok()?;
    (dir != Path::new("")).then(|| dir.to_owned())
}

fn launch_job(
    project: &Project,
    spec: RescueSpec,
    task: &Task,
    continued: Option<&JobId>,
    budget: Option<Dollars>,
) -> Result<Job, Error> {
    // Which job is continued, and with what task, comes first: `--resume` may have been misread.
    let verb = continued.map_or("Rescue".to_owned(), |id| format!("Rescue continuing {id}"));
    let title = one_line(&format!("{verb}: {}", task.name), 100);
    let summary = one_line(&task.name, 200);
    let order = WorkOrder::Rescue(spec);
    let draft = order.draft(JobKind::Task, project.session.clone(), title, summary)?;
    launch::launch(project, draft, &task.text, budget)
}

/// The user's own words, then the findings of a review.
fn task(project: &Project, request: &RescueRequest) -> Result<Task, Error> {
    let own = request
        .task
        .as_deref()
        .filter(|task| !task.trim().is_empty());
    let task = match (&request.from, own) {
        (Some(from), own) => from_review::task(project, from, own)?,
        (None, Some(own)) => Task {
            name: own.to_owned(),
            text: own.to_owned(),
        },
        (None, None) if request.continuation != Continuation::Fresh => Task {
            name: GO_ON.to_owned(),
            text: GO_ON.to_owned(),
        },
        (None, None) => return Err(Error::NoTask),
    };
    if task.text.len() > TASK_LIMIT {
        return Err(Error::TaskTooLong {
            bytes: task.text.len(),
            limit: TASK_LIMIT,
        });
    }
    Ok(task)
}

/// Whether a job must be kept although it is old: its change waits in a worktree to be applied or
/// discarded.
pub fn is_needed(project: &Project, job: &Job) -> bool {
    isolated::is_left_of(project, job).unwrap_or(false)
}
