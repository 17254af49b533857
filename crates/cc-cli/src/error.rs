//! Errors of `cc-cli`: the one place that gives each error a message, a hint and an exit code. The hints
//! that the gate gives as well are in `cc_workflows::hint`.

use std::path::Path;

use cc_core::text::shell_word;
use cc_core::{FailureClass, LocateError};
use cc_git::Error as GitError;
use cc_jobs::select::SelectError;
use cc_jobs::{Ending, Job, SettingsError, StoreError};
use cc_workflows::cancel::CancelError;
use cc_workflows::door::DoorError;
use cc_workflows::hint;
use cc_workflows::preflight::{Obstacle, PreflightError};
use cc_workflows::rescue::isolated::ApplyError;
use cc_workflows::rescue::{FromReviewError, ResumeError, SandboxMissing, StartRescueError};
use cc_workflows::review::{SinceError, StartReviewError};
use cc_workflows::worker::WorkError;
use cc_workflows::{FindError, LaunchError, ProjectError};

/// The result of a command.
pub(crate) type CliResult = Result<ExitStatus, CliError>;

/// The exit code of `cc-cli`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitStatus {
    Success = 0,
    /// The job or the command failed.
    Failure = 1,
    /// Wrong usage.
    Usage = 2,
    /// Something is missing: Claude Code, its login, the sandbox, a writable state directory.
    NotSetUp = 3,
    /// The job was cancelled.
    Cancelled = 4,
    /// A bug in cc.
    InternalError = 70,
    /// The job was still running when the timeout expired.
    TimedOut = 124,
}

impl ExitStatus {
    /// The exit code for the outcome of a job.
    pub(crate) fn of_job(job: &Job) -> Self {
        use FailureClass as C;
        match job.state().ending() {
            None => Self::TimedOut,
            Some(Ending::Completed) => Self::Success,
            Some(Ending::Cancelled) => Self::Cancelled,
            Some(Ending::Failed(failure)) => match failure.class {
                C::NotInstalled | C::LoggedOut | C::Sandbox => Self::NotSetUp,
                _ => Self::Failure,
            },
        }
    }
}

/// An error as the user sees it.
#[derive(Clone, Debug)]
pub(crate) struct CliError {
    /// What happened, and why; starts in lower case.
    pub(crate) message: String,
    /// What to do next, most often a command.
    pub(crate) hint: Option<String>,
    pub(crate) status: ExitStatus,
}

impl CliError {
    pub(crate) fn new(status: ExitStatus, message: impl ToString) -> Self {
        Self {
            message: message.to_string(),
            hint: None,
            status,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The error after a panic.
    pub(crate) fn internal() -> Self {
        Self::new(
            ExitStatus::InternalError,
            "internal error; your jobs are unaffected",
        )
        .hint("Please report the lines above. Check your jobs with: cc-cli status")
    }
}

impl From<ProjectError> for CliError {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::NoHome => Self::new(ExitStatus::NotSetUp, error)
                .hint("Set CC_DATA_DIR to a directory that you can write to."),
            ProjectError::Directory(_) => {
                Self::new(ExitStatus::Usage, error).hint("Pass an existing directory: --cwd DIR")
            }
        }
    }
}

impl From<FindError> for CliError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Select(error) => error.into(),
            FindError::Store(error) => error.into(),
        }
    }
}

impl From<DoorError> for CliError {
    fn from(error: DoorError) -> Self {
        const BY_HAND: &str =
            "ask the user for permission to run the same command without the word `codex`";
        let hint = match error {
            DoorError::Project(error) => return error.into(),
            DoorError::Obstacle(error) => return error.into(),
            DoorError::TaskFile { .. } => {
                return Self::new(ExitStatus::Usage, error)
                    .hint("Name a plain file in the workspace, or pass the task as one argument.");
            }
            DoorError::UnknownSession => format!(
                "Trust the hooks (cc-installer install --trust-hooks) and start a new session, or {BY_HAND}."
            ),
            DoorError::Outside { .. } => format!("Start Codex there, or {BY_HAND}."),
            DoorError::ReadOnly { .. } => {
                format!("Use --read-only, let Codex write in the workspace, or {BY_HAND}.")
            }
        };
        Self::new(ExitStatus::NotSetUp, error).hint(hint)
    }
}

impl From<StartReviewError> for CliError {
    fn from(error: StartReviewError) -> Self {
        match error {
            StartReviewError::Preflight(error) => error.into(),
            StartReviewError::Git(error) => error.into(),
            StartReviewError::Since(error) => error.into(),
            StartReviewError::Instructions(error) => Self::new(ExitStatus::Usage, error).hint(
                "Pass a text file of at most 64 KiB: --instructions FILE, or set review.instructions.",
            ),
            StartReviewError::Store(error) => error.into(),
            StartReviewError::Launch(error) => error.into(),
        }
    }
}

impl From<SinceError> for CliError {
    fn from(error: SinceError) -> Self {
        match error {
            SinceError::Find(error) => error.into(),
            SinceError::Git(error) => error.into(),
            SinceError::Store(error) => error.into(),
            SinceError::NotReviewed { .. } => Self::new(ExitStatus::Usage, error).hint(
                "Pass a completed review (listed by: cc-cli status --all), or leave out --since.",
            ),
        }
    }
}

impl From<StartRescueError> for CliError {
    fn from(error: StartRescueError) -> Self {
        match error {
            StartRescueError::Preflight(error) => error.into(),
            StartRescueError::NoTask => {
                Self::new(ExitStatus::Usage, error).hint("Pass a task: cc-cli rescue 'TASK'")
            }
            StartRescueError::TooLong { .. } => Self::new(ExitStatus::Usage, error).hint(
                "Put the details into a file in the workspace, and name that file in the task.",
            ),
            StartRescueError::Home { .. } => Self::new(ExitStatus::Usage, error).hint(
                "Make this directory a repository of its own (git init), use --read-only, \
                 or start it in the home directory: cc-cli -C ~ rescue …",
            ),
            StartRescueError::Resume(error) => error.into(),
            StartRescueError::FromReview(error) => error.into(),
            StartRescueError::Sandbox(error) => error.into(),
            StartRescueError::Git(error @ GitError::NoCommits) => {
                Self::new(ExitStatus::Usage, error)
                    .hint("A worktree needs a commit: make one, or leave out --isolated.")
            }
            StartRescueError::Git(error) => error.into(),
            StartRescueError::Store(error) => error.into(),
            StartRescueError::Launch(error) => error.into(),
        }
    }
}

impl From<PreflightError> for CliError {
    fn from(error: PreflightError) -> Self {
        match error {
            PreflightError::Obstacle(error) => error.into(),
            PreflightError::Claude(error) => error.into(),
            PreflightError::Budget(error) => {
                Self::new(ExitStatus::Failure, error).hint(hint::DAY_BUDGET)
            }
        }
    }
}

impl From<SettingsError> for CliError {
    fn from(error: SettingsError) -> Self {
        match &error {
            SettingsError::Io(_) => Self::new(ExitStatus::NotSetUp, error)
                .hint("cc keeps its settings there. Make the file readable and writable."),
            SettingsError::Lock(_) => Self::new(ExitStatus::Failure, error).hint("Try again."),
            SettingsError::Invalid { .. } => {
                Self::new(ExitStatus::Usage, error).hint("Fix or remove that line.")
            }
            SettingsError::UnknownKey { nearest, .. } => {
                let meant = nearest
                    .as_ref()
                    .map(|key| format!("Did you mean `{key}`? "));
                let hint = meant.unwrap_or_default() + "List all settings: cc-cli config list";
                Self::new(ExitStatus::Usage, error).hint(hint)
            }
            SettingsError::WrongValue { .. } => {
                Self::new(ExitStatus::Usage, error).hint("List all settings: cc-cli config list")
            }
        }
    }
}

impl From<ResumeError> for CliError {
    fn from(error: ResumeError) -> Self {
        let hint = match &error {
            ResumeError::Select(_) | ResumeError::NotARescue { .. } => {
                "List all jobs: cc-cli status --all".to_owned()
            }
            ResumeError::None(_) => {
                "Start over without --resume, or pass a job: --resume JOB".to_owned()
            }
            ResumeError::OtherRepository { root, .. } => {
                format!("Run it there: --cwd {}", shell_word(root))
            }
            ResumeError::NoThread { .. } | ResumeError::Discarded { .. } => {
                "Start over without --resume.".to_owned()
            }
            ResumeError::StillRuns { id } => format!("Wait for it: cc-cli wait {id}"),
            ResumeError::NotStopped { id } => format!("Stop it: cc-cli cancel {id}"),
            ResumeError::Store(_) => String::new(),
        };
        match error {
            ResumeError::Select(error) => error.into(),
            ResumeError::Store(error) => error.into(),
            error => Self::new(ExitStatus::Usage, error).hint(hint),
        }
    }
}

impl From<FromReviewError> for CliError {
    fn from(error: FromReviewError) -> Self {
        match error {
            FromReviewError::Find(error) => error.into(),
            FromReviewError::Store(error) => error.into(),
            FromReviewError::NoReview { ref id }
            | FromReviewError::NotNumbered { ref id }
            | FromReviewError::NoSuchFinding { ref id, .. }
            | FromReviewError::NoFindings { ref id } => {
                let hint = format!("Show the result: cc-cli result {id}");
                Self::new(ExitStatus::Usage, error).hint(hint)
            }
        }
    }
}

impl From<SandboxMissing> for CliError {
    fn from(error: SandboxMissing) -> Self {
        let way_out =
            "or run without it (--no-sandbox): Claude's commands then have all your permissions";
        let hint = match &error {
            SandboxMissing::Programs {
                install: Some(command),
                ..
            } => format!("Install it: {command}; {way_out}."),
            SandboxMissing::Programs {
                install: None,
                missing,
            } => {
                format!(
                    "Install {} with your package manager; {way_out}.",
                    missing.join(" and ")
                )
            }
            SandboxMissing::Refused {
                allow: Some(command),
                ..
            } => format!("Allow it: {command}; {way_out}."),
            SandboxMissing::Refused { allow: None, .. } => format!(
                "In a container, start it with more privileges. Otherwise use --read-only, {way_out}."
            ),
            SandboxMissing::Unsupported => format!("Use --read-only, {way_out}."),
        };
        Self::new(ExitStatus::NotSetUp, error).hint(hint)
    }
}

impl From<ApplyError> for CliError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Select(error) => error.into(),
            ApplyError::Git(error) => error.into(),
            ApplyError::Store(error) => error.into(),
            ApplyError::StillRuns { ref id } => {
                let hint = format!("Wait for it: cc-cli wait {id}");
                Self::new(ExitStatus::Usage, error).hint(hint)
            }
            ApplyError::NotStopped { ref id } => {
                let hint = format!("Stop it: cc-cli cancel {id}");
                Self::new(ExitStatus::Usage, error).hint(hint)
            }
            ApplyError::NotIsolated { .. } => Self::new(ExitStatus::Usage, error)
                .hint("Only a rescue started with --isolated has one, until `cc-cli discard`."),
            ApplyError::Gone { ref id, .. } => {
                let hint = format!("Clean up: cc-cli discard {id}");
                Self::new(ExitStatus::Failure, error).hint(hint)
            }
            ApplyError::DoesNotApply { ref id, .. } => {
                let hint = format!(
                    "Commit or stash your changes to these files, then merge: cc-cli apply --merge {id}"
                );
                Self::new(ExitStatus::Failure, error).hint(hint)
            }
            ApplyError::NothingToApply { ref id } => {
                let hint = format!("Remove its worktree: cc-cli discard {id}");
                Self::new(ExitStatus::Failure, error).hint(hint)
            }
        }
    }
}

impl From<Obstacle> for CliError {
    fn from(error: Obstacle) -> Self {
        Self::new(ExitStatus::NotSetUp, error).hint(hint::for_obstacle(error))
    }
}

impl From<LocateError> for CliError {
    fn from(error: LocateError) -> Self {
        let hint = hint::for_claude(&error);
        Self::new(ExitStatus::NotSetUp, error).hint(hint)
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        let exit = match &error {
            GitError::GitMissing | GitError::GitTooOld | GitError::DubiousOwnership { .. } => {
                ExitStatus::NotSetUp
            }
            GitError::Timeout { .. }
            | GitError::TooMuchOutput { .. }
            | GitError::Failed { .. }
            | GitError::DoesNotApply { .. }
            | GitError::WorktreeGone { .. }
            | GitError::BranchInUse { .. }
            | GitError::Io(_) => ExitStatus::Failure,
            _ => ExitStatus::Usage,
        };
        let hint = match &error {
            GitError::NotARepository { .. } => {
                Some("Change to a Git repository, or pass one: --cwd DIR")
            }
            GitError::UnknownRevision { .. } => {
                Some("List branches with `git branch --all`, commits with `git log --oneline`.")
            }
            GitError::LooksLikeOption { .. } => Some("Pass a branch, tag or commit."),
            GitError::UnknownPathspecMagic { .. } => Some(
                "Known are :(top), :(exclude), :(icase), :(glob), :(literal), :(attr:NAME), and :/ and :! in short. \
                 A file of that name: -- ./:NAME",
            ),
            GitError::OtherRepository { .. } => {
                Some("Unset it (env -u NAME cc-cli …), or change to the repository that it names.")
            }
            GitError::NoDefaultBranch => Some("For example: cc-cli review --base main"),
            GitError::NothingToReview { .. } => Some(
                "Choose another change: --commit HEAD, --base REF or --range A..B. Preview it with: cc-cli scope",
            ),
            GitError::BranchInUse { .. } => {
                Some("Switch to another branch there, then discard again.")
            }
            GitError::NoCommits => Some("Review your uncommitted changes: --scope working-tree"),
            GitError::MissingObjects { .. } => {
                Some("In a shallow clone, get more history: git fetch --deepen=100")
            }
            GitError::GitMissing | GitError::GitTooOld => {
                Some("Install a recent Git and put it on your PATH.")
            }
            _ => None,
        };
        let hint = match &error {
            GitError::DubiousOwnership { root } => Some(trust(root)),
            _ => hint.map(str::to_owned),
        };
        Self {
            hint,
            ..Self::new(exit, error)
        }
    }
}

/// How the user tells Git that they trust a repository of another user.
fn trust(root: &Path) -> String {
    let root = root.display().to_string().replace('\'', r#"'"'"'"#);
    format!("If you trust it: git config --global --add safe.directory '{root}'")
}

impl From<LaunchError> for CliError {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::Store(error) => error.into(),
            LaunchError::Log(error) => StoreError::from(error).into(),
            LaunchError::Spawn { .. } => Self::new(ExitStatus::NotSetUp, error)
                .hint("Reinstall cc: cargo install cc-installer"),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Io(_) => Self::new(ExitStatus::NotSetUp, error).hint(
                "cc keeps its jobs there. Make it writable and free some space, or set CC_DATA_DIR to another directory.",
            ),
            StoreError::NotFound { .. } => Self::new(ExitStatus::Usage, error).hint("List all jobs: cc-cli status --all"),
            StoreError::Lock(_) => Self::new(ExitStatus::Failure, error).hint("Try again. If that fails, check for a suspended cc-cli process."),
            StoreError::Newer { .. } => Self::new(ExitStatus::Failure, error).hint("Update cc: cargo install cc-installer"),
            StoreError::Damaged { .. } => {
                Self::new(ExitStatus::Failure, error).hint("Other jobs are unaffected. To stop this message, move the file away.")
            }
            StoreError::Rejected(_) => Self::new(ExitStatus::Failure, error),
            StoreError::Json(_) => Self::new(ExitStatus::InternalError, error),
        }
    }
}

impl From<SelectError> for CliError {
    fn from(error: SelectError) -> Self {
        let hint = match &error {
            SelectError::Unknown { .. } => {
                "List all jobs of this workspace: cc-cli status --all".to_owned()
            }
            SelectError::Ambiguous { .. } => "Use a longer prefix.".to_owned(),
            SelectError::NoneFinished { elsewhere: 0, .. } => {
                "Show running jobs: cc-cli status".to_owned()
            }
            SelectError::NoneFinished { elsewhere, .. } => format!(
                "Other sessions have {} here. List all jobs: cc-cli status --all",
                cc_core::text::count(*elsewhere, "job")
            ),
            SelectError::NoneActive { .. } => {
                "List all jobs of this workspace: cc-cli status --all".to_owned()
            }
            SelectError::SeveralActive { .. } => "Pass one of these job ids.".to_owned(),
        };
        Self::new(ExitStatus::Usage, error).hint(hint)
    }
}

impl From<CancelError> for CliError {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Store(error) => error.into(),
            CancelError::AlreadyEnded { ref job } => {
                let hint = format!("Show the result: cc-cli result {}", job.id);
                Self::new(ExitStatus::Usage, error).hint(hint)
            }
            CancelError::Survived { ref job, .. } => {
                let hint = format!("Try again: cc-cli cancel {}", job.id);
                Self::new(ExitStatus::Failure, error).hint(hint)
            }
        }
    }
}

impl From<WorkError> for CliError {
    fn from(error: WorkError) -> Self {
        Self::new(ExitStatus::Failure, error)
    }
}
