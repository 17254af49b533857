//! Why a use case was not carried out. Where a job was to be started, none is left behind.

use std::fmt;
use std::io;
use std::path::PathBuf;

use cc_core::text::count;
use cc_core::{Dollars, IoError, JobId, LocateError};
use cc_jobs::select::{Among, SelectError};
use cc_jobs::settings::RepositoryFileError;
use cc_jobs::{Job, JobState, StoreError};

use crate::rescue::ProtectedChange;
use crate::rescue::sandbox::{CommandsUnavailable, SandboxMissing};

/// Why a use case was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Jobs cannot be read or changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A reference names no single job.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The change cannot be determined or read, or the separate worktree not made.
    #[error(transparent)]
    Git(#[from] cc_git::Error),

    /// The repository says what it may not, or says it wrong.
    #[error(transparent)]
    RepositoryFile(#[from] RepositoryFileError),

    /// There is no directory for our files.
    #[error("no home directory: neither CC_DATA_DIR, CODEX_HOME nor HOME is set")]
    NoHome,
    /// The directory for our files is not the user's own.
    #[error(transparent)]
    Data(IoError),
    /// The current directory is not there or cannot be entered.
    #[error(transparent)]
    Directory(IoError),

    /// The environment of this call forbids to start a job.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// There is no Claude Code to run.
    #[error(transparent)]
    Claude(#[from] LocateError),
    /// The jobs of the last 24 hours have spent the day's budget, or those that run may spend the rest.
    #[error("the jobs of the last 24 hours cost ${spent:.2}{}, and the limit is {limit}", reserved_text(*reserved))]
    DayBudget {
        /// What they cost, in US dollars.
        spent: f64,
        /// What running jobs may still spend.
        reserved: f64,
        /// What they may cost.
        limit: Dollars,
    },
    /// The session has as many jobs as its model may start.
    #[error("{} of this session still {}, and the limit is {limit} (jobs.max_per_session)", count(*running, "job"), if *running == 1 { "runs" } else { "run" })]
    TooManyJobs {
        /// How many run.
        running: usize,
        /// How many may.
        limit: u32,
    },
    /// The process of a worker, or one that cancels, cannot be started.
    #[error("cannot start `{exe}`: {source}")]
    Spawn {
        /// The binary.
        exe: String,
        /// What the operating system said.
        source: io::Error,
    },

    /// The file with the user's instructions for reviews cannot be read, or is too large.
    #[error("cannot use the review instructions: {0}")]
    Instructions(IoError),
    /// It lies in the workspace, but is a link that leads out of it.
    #[error("`{}` leads out of the workspace", .0.display())]
    InstructionsOutside(PathBuf),
    /// It is not text.
    #[error("`{}` is not valid UTF-8", .0.display())]
    InstructionsNotText(PathBuf),
    /// A job that is to be followed is not a review, or did not complete.
    #[error("job `{0}` is not a finished review")]
    NotReviewed(JobId),

    /// Neither a text nor findings were given.
    #[error("there is no task: no text, no prompt file and nothing on standard input")]
    NoTask,
    /// The task is too long.
    #[error("the task has {bytes} bytes; Claude Code accepts at most {limit}")]
    TaskTooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is possible.
        limit: usize,
    },
    /// Claude could change all of the user's home directory, and nobody asked for that.
    #[error("the repository here is your whole home directory, `{}`, and the rescue could change all of it", .0.display())]
    WholeHome(PathBuf),
    /// Commands were asked for in a review.
    #[error(transparent)]
    CommandsUnavailable(#[from] CommandsUnavailable),
    /// There is no commit that a separate worktree could start at.
    #[error("the repository has no commits yet")]
    NoCommitToIsolate,
    /// What isolated commands commit cannot be brought back.
    #[error(
        "this repository keeps its branches as a reftable, from which the commits of an isolated rescue cannot be brought back"
    )]
    ReftableToIsolate,
    /// The sandbox for Claude's commands cannot start.
    #[error(transparent)]
    Sandbox(#[from] SandboxMissing),

    /// The session, or for a call without one the workspace, has no rescue to continue.
    #[error("no rescue of {0} can be continued")]
    NothingToContinue(Among),
    /// The job to continue belongs to another repository.
    #[error("job `{id}` belongs to another repository: {root}")]
    OtherRepository {
        /// The job.
        id: JobId,
        /// Where it belongs.
        root: String,
    },
    /// It is not a rescue.
    #[error("job `{0}` is not a rescue; only a rescue can be continued")]
    NotARescue(JobId),
    /// Claude never started, so there is nothing to continue.
    #[error("job `{0}` left no conversation of Claude to continue")]
    NoThread(JobId),
    /// The worktree of the conversation is gone.
    #[error("the separate worktree of job `{0}` is gone")]
    Discarded(JobId),
    /// A job works in the conversation to continue, or in the worktree to apply or discard.
    #[error("job `{id}` is working in {place}")]
    StillRuns {
        /// The job.
        id: JobId,
        /// Where.
        place: WorkPlace,
    },
    /// That job was cancelled, and some of its processes still run.
    #[error("job `{id}` could not be stopped and may still work in {place}")]
    NotStopped {
        /// The job.
        id: JobId,
        /// Where.
        place: WorkPlace,
    },

    /// The job whose findings are to be fixed has no report.
    #[error("job `{0}` has no review to work from")]
    NoReview(JobId),
    /// Numbers of findings were given, and the review is prose.
    #[error("job `{0}` has no numbered findings")]
    NotNumbered(JobId),
    /// There is no finding of that number.
    #[error("job `{id}` has {count} findings, and no number {number}")]
    NoSuchFinding {
        /// The job.
        id: JobId,
        /// The number.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// The review found nothing.
    #[error("job `{0}` has no findings to fix")]
    NoFindings(JobId),

    /// The job to apply or discard has no separate worktree, or it is gone.
    #[error("job `{0}` has no separate worktree")]
    NotIsolated(JobId),
    /// The directory of the worktree is gone or was replaced; the change cannot be determined any more.
    #[error("the worktree of job `{id}` is gone, or was emptied or replaced by hand: {}", root.display())]
    WorktreeGone {
        /// The job.
        id: JobId,
        /// Where it was.
        root: PathBuf,
    },
    /// Claude changed nothing.
    #[error("job `{0}` changed nothing in its worktree")]
    NothingToApply(JobId),
    /// Some of its files get where programs run them, or lead out of the working tree; nothing was changed.
    #[error("the change of job `{id}` has {}: {}", protected_files(changes.len()), some_of(changes))]
    ProtectedFiles {
        /// The job.
        id: JobId,
        /// These files.
        changes: Vec<ProtectedChange>,
    },
    /// Most often because both sides changed the same lines; nothing was changed.
    #[error("{source}")]
    DoesNotApply {
        /// The job.
        id: JobId,
        /// What conflicts.
        source: cc_git::Error,
    },

    /// The job to cancel has already ended.
    #[error("job `{}` has already ended: {}", .0.id, .0.state().status())]
    AlreadyEnded(Box<Job>),
    /// Its worker has more rights than this process, such as those of an administrator; the job keeps running.
    #[error(
        "not allowed to stop job `{id}`: its worker, process {pid}, has more rights than this call"
    )]
    MayNotStop {
        /// The job.
        id: JobId,
        /// The process id of the worker.
        pid: u32,
    },
    /// Something that it started still runs. It can be cancelled again.
    #[error("job `{}` could not be stopped: {why}", job.id)]
    Survived {
        /// The job.
        job: Box<Job>,
        /// What still runs.
        why: String,
    },

    /// The job to cancel was stopped, and its record cannot be changed.
    #[error("job `{id}` was stopped, but this cannot be recorded yet: {source}")]
    NotRecorded {
        /// The job.
        id: JobId,
        /// Why not.
        source: StoreError,
    },

    /// No hook told of the session that calls through the [door](crate::door).
    #[error("the session of Codex that calls is not known: the hooks of cc have not run in it")]
    UnknownSession,
    /// The directory of our own files lies where commands of Codex or of a rescue may write.
    #[error("the data directory `{}` is not safe: commands in a sandbox may write `{}`", path.display(), root.display())]
    OpenData {
        /// The data directory.
        path: PathBuf,
        /// The directory below which they may write.
        root: PathBuf,
    },
    /// Its call is about something beyond the session's directory.
    #[error("`{}` is outside of the directory of this session of Codex, `{}`", path.display(), directory.display())]
    Outside {
        /// What it is about.
        path: PathBuf,
        /// The directory of the session.
        directory: PathBuf,
    },
    /// The repository is read from somewhere that the session's own commands may not read.
    #[error("this session of Codex may not read all of `{}`, which is read for this repository", path.display())]
    ClosedToSession {
        /// Where.
        path: PathBuf,
    },
    /// Commands of a session that may not read everything can have it read from elsewhere.
    #[error("commands of this session of Codex, which may not read everything, can change `{}`", path.display())]
    ChangeableBySession {
        /// Its Git directory.
        path: PathBuf,
    },
    /// Codex's own commands cannot write, or it is not known that they can.
    #[error("the sandbox of this session of Codex is `{mode}`, in which nothing is changed")]
    ReadOnlySession {
        /// What Codex calls it.
        mode: String,
    },
    /// The file with the task is refused.
    #[error("cannot read the task from `{}`: {source}", path.display())]
    TaskFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn protected_files(count: usize) -> String {
    match count {
        1 => "a file that programs run without being asked, or that leads elsewhere".to_owned(),
        _ => format!("{count} files that programs run without being asked, or that lead elsewhere"),
    }
}

/// The first ten, and how many more.
fn some_of(changes: &[ProtectedChange]) -> String {
    let mut names: Vec<_> = changes.iter().take(10).map(ToString::to_string).collect();
    if changes.len() > names.len() {
        names.push(format!("{} more", changes.len() - names.len()));
    }
    names.join(", ")
}

/// What running jobs may still spend, for people.
fn reserved_text(usd: f64) -> String {
    match usd > 0.0 {
        true => format!(", those that run may spend ${usd:.2} more"),
        false => String::new(),
    }
}

/// Why no job can be started from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// This call comes from a Claude that we started.
    #[error("this is a Claude Code run started by cc; it does not start another one")]
    Nested,
    /// The operating system's sandbox around this call forbids network sockets.
    #[error("this call runs inside a sandbox without network, where Claude Code cannot work")]
    Sandboxed,
}

/// What only one job may work in at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkPlace {
    /// A conversation of Claude.
    Conversation,
    /// A separate worktree.
    Worktree,
}

impl WorkPlace {
    /// The error for this place, in which an active job works.
    pub(crate) fn used_by(self, active: &Job) -> Error {
        let (id, place) = (active.id.clone(), self);
        match active.state() {
            JobState::CancelFailed { .. } => Error::NotStopped { id, place },
            _ => Error::StillRuns { id, place },
        }
    }
}

impl fmt::Display for WorkPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conversation => "this conversation",
            Self::Worktree => "its worktree",
        })
    }
}
