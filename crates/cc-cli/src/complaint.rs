//! The one place that turns errors into a text, a hint and an exit code.

use cc_core::{Failure, FailureClass, LocateError};
use cc_git::Error as GitError;
use cc_jobs::{SelectError, SettingsError, StoreError};
use cc_workflows::cancel::CancelError;
use cc_workflows::preflight::{Obstacle, PreflightError};
use cc_workflows::rescue::{
    ApplyError, FromReviewError, ResumeError, SandboxMissing, StartError as RescueError,
};
use cc_workflows::review::{SinceError, StartError};
use cc_workflows::worker::WorkError;
use cc_workflows::{LaunchError, ProjectError};

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The job failed.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Something is not set up: Claude missing or logged out, a sandbox, a state directory.
    NotSetUp = 3,
    /// The job was cancelled.
    Cancelled = 4,
    /// A defect of ours.
    Bug = 70,
    /// The time to wait is over.
    TimedOut = 124,
}

/// What went wrong, what to do about it, and how the call ends.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// What happened, and why.
    pub text: String,
    /// The next step, most often a command.
    pub hint: Option<String>,
    /// How the call ends.
    pub exit: Exit,
}

impl Complaint {
    pub(crate) fn new(exit: Exit, text: impl ToString) -> Self {
        Self {
            text: text.to_string(),
            hint: None,
            exit,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(crate) fn bug() -> Self {
        Self::new(Exit::Bug, "this is a bug in cc; no job was harmed by it")
            .hint("Please report the lines above. `cc-cli status` shows where your jobs stand.")
    }
}

impl From<ProjectError> for Complaint {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::NoHome => {
                Self::new(Exit::NotSetUp, error).hint("Set CC_DATA_DIR to a directory of yours.")
            }
            ProjectError::Directory(_) => {
                Self::new(Exit::Usage, error).hint("Name an existing directory with --cwd.")
            }
        }
    }
}

impl From<StartError> for Complaint {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Preflight(error) => error.into(),
            StartError::Git(error) => error.into(),
            StartError::Since(error) => error.into(),
            StartError::Store(error) => error.into(),
            StartError::Launch(error) => error.into(),
        }
    }
}

impl From<SinceError> for Complaint {
    fn from(error: SinceError) -> Self {
        match error {
            SinceError::Select(error) => error.into(),
            SinceError::Git(error) => error.into(),
            SinceError::Store(error) => error.into(),
            SinceError::NotReviewed { .. } => Self::new(Exit::Usage, error).hint(
                "Name a completed review (`cc-cli status --all` lists them), or leave --since out.",
            ),
        }
    }
}

impl From<RescueError> for Complaint {
    fn from(error: RescueError) -> Self {
        match error {
            RescueError::Preflight(error) => error.into(),
            RescueError::NoTask => {
                Self::new(Exit::Usage, error).hint("Say what is to be done: cc-cli rescue 'TASK'")
            }
            RescueError::TooLong { .. } => Self::new(Exit::Usage, error)
                .hint("Put the bulk into a file of the workspace and name it in the task."),
            RescueError::Resume(error) => error.into(),
            RescueError::FromReview(error) => error.into(),
            RescueError::Sandbox(error) => error.into(),
            RescueError::Git(error @ GitError::NoCommits) => Self::new(Exit::Usage, error)
                .hint("A work tree begins at a commit: make a first one, or leave --isolated out."),
            RescueError::Git(error) => error.into(),
            RescueError::Store(error) => error.into(),
            RescueError::Launch(error) => error.into(),
        }
    }
}

impl From<PreflightError> for Complaint {
    fn from(error: PreflightError) -> Self {
        match error {
            PreflightError::Obstacle(error) => error.into(),
            PreflightError::Claude(error) => error.into(),
            PreflightError::Budget(error) => Self::new(Exit::Failed, error)
                .hint("Allow more: cc-cli config set budget.per_day_usd DOLLARS"),
        }
    }
}

impl From<SettingsError> for Complaint {
    fn from(error: SettingsError) -> Self {
        match &error {
            SettingsError::Io(_) => Self::new(Exit::NotSetUp, error)
                .hint("cc keeps its settings there; make it readable and writable for you."),
            SettingsError::Lock(_) => Self::new(Exit::Failed, error).hint("Try again."),
            SettingsError::Invalid { .. } => {
                Self::new(Exit::Usage, error).hint("Mend or remove that line in the file.")
            }
            SettingsError::UnknownKey { nearest, .. } => {
                let hint = format!("Did you mean `{nearest}`? `cc-cli config list` shows all.");
                Self::new(Exit::Usage, error).hint(hint)
            }
            SettingsError::WrongValue { .. } => {
                Self::new(Exit::Usage, error).hint("`cc-cli config list` shows all settings.")
            }
        }
    }
}

impl From<ResumeError> for Complaint {
    fn from(error: ResumeError) -> Self {
        let hint = match &error {
            ResumeError::Select(_) | ResumeError::NotARescue { .. } => {
                "`cc-cli status --all` lists all jobs.".to_owned()
            }
            ResumeError::None => {
                "Begin anew without --resume, or name a job: --resume JOB".to_owned()
            }
            ResumeError::OtherRepository { .. } => "Go there first: --cwd DIR".to_owned(),
            ResumeError::NoThread { .. } | ResumeError::Discarded { .. } => {
                "Begin anew without --resume.".to_owned()
            }
            ResumeError::StillRuns { id } => format!("Wait for it: cc-cli wait {id}"),
            ResumeError::NotStopped { id } => format!("Stop it: cc-cli cancel {id}"),
            ResumeError::Store(_) => String::new(),
        };
        match error {
            ResumeError::Select(error) => error.into(),
            ResumeError::Store(error) => error.into(),
            error => Self::new(Exit::Usage, error).hint(hint),
        }
    }
}

impl From<FromReviewError> for Complaint {
    fn from(error: FromReviewError) -> Self {
        match error {
            FromReviewError::Select(error) => error.into(),
            FromReviewError::Store(error) => error.into(),
            FromReviewError::NoReview { ref id }
            | FromReviewError::NotNumbered { ref id }
            | FromReviewError::NoSuchFinding { ref id, .. }
            | FromReviewError::NoFindings { ref id } => {
                let hint = format!("See what it found: cc-cli result {id}");
                Self::new(Exit::Usage, error).hint(hint)
            }
        }
    }
}

impl From<SandboxMissing> for Complaint {
    fn from(error: SandboxMissing) -> Self {
        let way_out =
            "or give it up with --no-sandbox: Claude's commands then have all your rights";
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
                "In a container, start that with more rights. Else use --read-only, {way_out}."
            ),
            SandboxMissing::Unsupported => format!("Use --read-only, {way_out}."),
        };
        Self::new(Exit::NotSetUp, error).hint(hint)
    }
}

impl From<ApplyError> for Complaint {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Select(error) => error.into(),
            ApplyError::Git(error) => error.into(),
            ApplyError::Store(error) => error.into(),
            ApplyError::StillRuns { ref id } => {
                let hint = format!("Wait for it: cc-cli wait {id}");
                Self::new(Exit::Usage, error).hint(hint)
            }
            ApplyError::NotStopped { ref id } => {
                let hint = format!("Stop it: cc-cli cancel {id}");
                Self::new(Exit::Usage, error).hint(hint)
            }
            ApplyError::NotIsolated { .. } => Self::new(Exit::Usage, error)
                .hint("Only rescues started with --isolated have one, until they are discarded."),
            ApplyError::Gone { ref id, .. } => {
                let hint = format!("Remove what is left of it: cc-cli discard {id}");
                Self::new(Exit::Failed, error).hint(hint)
            }
            ApplyError::DoesNotApply { ref id, .. } => {
                let hint = format!(
                    "Commit or stash your own changes to these files, then merge: cc-cli apply --merge {id}"
                );
                Self::new(Exit::Failed, error).hint(hint)
            }
            ApplyError::NothingToApply { ref id } => {
                let hint = format!("Remove its work tree: cc-cli discard {id}");
                Self::new(Exit::Failed, error).hint(hint)
            }
        }
    }
}

impl From<Obstacle> for Complaint {
    fn from(error: Obstacle) -> Self {
        let complaint = Self::new(Exit::NotSetUp, error);
        match error {
            Obstacle::Nested => complaint.hint("Do the work in this session instead."),
            Obstacle::Sandboxed => complaint.hint(
                "Run cc-cli by its absolute path with nothing around it (no cd, pipe, redirection or variable) \
                 and no \\, ~, ^, * or [ outside of single quotes, so that the exec rule applies; \
                 or ask for permission to run it outside the sandbox.",
            ),
        }
    }
}

impl From<LocateError> for Complaint {
    fn from(error: LocateError) -> Self {
        let complaint = Self::new(Exit::NotSetUp, &error);
        match error {
            LocateError::NotFound { looked_in_dirs, .. } if looked_in_dirs.len() == 1 => complaint.hint(
                "Correct the path, or take the one on your PATH: cc-cli config unset claude.path",
            ),
            LocateError::NotFound { .. } => {
                complaint.hint("Install Claude Code: npm install -g @anthropic-ai/claude-code")
            }
            LocateError::InsideWorkspace { .. } => complaint
                .hint("Install Claude Code outside of this repository and put it on your PATH."),
            LocateError::NotExecutable { .. } => {
                complaint.hint("Make it executable, or install Claude Code anew.")
            }
        }
    }
}

impl From<GitError> for Complaint {
    fn from(error: GitError) -> Self {
        let exit = match &error {
            GitError::GitMissing | GitError::GitTooOld | GitError::DubiousOwnership { .. } => {
                Exit::NotSetUp
            }
            GitError::Timeout { .. }
            | GitError::TooMuchOutput { .. }
            | GitError::Failed { .. }
            | GitError::DoesNotApply { .. }
            | GitError::WorkTreeGone { .. }
            | GitError::BranchInUse { .. }
            | GitError::Io(_) => Exit::Failed,
            _ => Exit::Usage,
        };
        let hint = match &error {
            GitError::NotARepository { .. } => {
                Some("Go into a Git repository, or name one with --cwd DIR.")
            }
            GitError::UnknownRevision { .. } => {
                Some("`git branch --all` lists branches, `git log --oneline` commits.")
            }
            GitError::LooksLikeOption { .. } => Some("Name a branch, tag or commit."),
            GitError::NoDefaultBranch => Some("For example: cc-cli review --base main"),
            GitError::NothingToReview { .. } => Some(
                "Name another change: --commit HEAD, --base REF or --range A..B. `cc-cli scope` shows what each covers.",
            ),
            GitError::BranchInUse { .. } => {
                Some("Switch to another branch there, then discard again.")
            }
            GitError::NoCommits => Some("Review what you have so far with --scope working-tree."),
            GitError::GitMissing | GitError::GitTooOld => {
                Some("Install a recent Git and put it on your PATH.")
            }
            _ => None,
        };
        Self {
            hint: hint.map(str::to_owned),
            ..Self::new(exit, error)
        }
    }
}

impl From<LaunchError> for Complaint {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::Store(error) => error.into(),
            LaunchError::Log(error) => StoreError::from(error).into(),
            LaunchError::Spawn { .. } => {
                Self::new(Exit::NotSetUp, error).hint("Install cc anew: cargo install cc-installer")
            }
        }
    }
}

impl From<StoreError> for Complaint {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Io(_) => Self::new(Exit::NotSetUp, error).hint(
                "cc keeps its jobs there. Make it writable and leave some space, or set CC_DATA_DIR to another directory.",
            ),
            StoreError::NotFound { .. } => Self::new(Exit::Usage, error).hint("`cc-cli status --all` lists all jobs."),
            StoreError::Lock(_) => Self::new(Exit::Failed, error).hint("Try again; if it stays, look for a stopped cc-cli."),
            StoreError::Newer { .. } => Self::new(Exit::Failed, error).hint("Update cc: cargo install cc-installer"),
            StoreError::Damaged { .. } => {
                Self::new(Exit::Failed, error).hint("The other jobs are fine. Move that file away to be rid of this message.")
            }
            StoreError::Rejected(_) => Self::new(Exit::Failed, error),
            StoreError::Json(_) => Self::new(Exit::Bug, error),
        }
    }
}

impl From<SelectError> for Complaint {
    fn from(error: SelectError) -> Self {
        let hint = match &error {
            SelectError::Unknown { .. } => {
                "`cc-cli status --all` lists all jobs of this workspace.".to_owned()
            }
            SelectError::Ambiguous { .. } => "Write more of the id.".to_owned(),
            SelectError::NoneFinished { elsewhere: 0 } => {
                "`cc-cli status` shows what is running.".to_owned()
            }
            SelectError::NoneFinished { elsewhere } => format!(
                "Other sessions have {} here: `cc-cli status --all` lists them, `cc-cli result ID` shows one.",
                cc_core::text::count(*elsewhere, "job")
            ),
            SelectError::NoneActive => {
                "`cc-cli status --all` lists all jobs of this workspace.".to_owned()
            }
            SelectError::SeveralActive { .. } => "Name one of them.".to_owned(),
        };
        Self::new(Exit::Usage, error).hint(hint)
    }
}

impl From<CancelError> for Complaint {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Store(error) => error.into(),
            CancelError::AlreadyEnded { ref job } => {
                let hint = format!("See it with `cc-cli result {}`.", job.id);
                Self::new(Exit::Usage, error).hint(hint)
            }
            CancelError::Survived { ref job, .. } => {
                let hint = format!("Try again: cc-cli cancel {}", job.id);
                Self::new(Exit::Failed, error).hint(hint)
            }
        }
    }
}

impl From<WorkError> for Complaint {
    fn from(error: WorkError) -> Self {
        Self::new(Exit::Failed, error)
    }
}

/// What people can do about a failed run.
pub(crate) fn failure_hint(failure: &Failure) -> Option<String> {
    use FailureClass as C;
    let hint = match failure.class {
        C::NotInstalled => "Install Claude Code: npm install -g @anthropic-ai/claude-code",
        C::LoggedOut => {
            "Log in: claude auth login. Where ANTHROPIC_API_KEY is set, Claude Code takes that instead: correct or unset it."
        }
        C::UsageLimit => {
            return Some(failure.retry_at.map_or_else(
                || "The usage limit of your Claude account is reached; try again later.".to_owned(),
                |at| format!("The usage limit of your Claude account resets at {at}."),
            ));
        }
        C::Overloaded => "The service is overloaded; try again in a few minutes.",
        C::Network => "Check the network and the proxy settings, then start the job again.",
        C::Model => "Choose another model with --model, or leave it to Claude Code's default.",
        C::PromptTooLong => "Review less at once: -- PATH…, --commit REV or --scope staged.",
        C::Thread => "Begin anew: cc-cli rescue --fresh 'TASK'",
        C::Schema => "Start it again, or use the plain review.",
        C::Sandbox => "Run cc-cli outside of the sandbox.",
        C::TimeoutIdle => {
            "Start the job again. `cc-cli config list` shows how long Claude may be silent: `idle_timeout`."
        }
        C::TimeoutTotal => "Allow more time with --timeout, or review less at once.",
        C::Turns => "Ask for less at once.",
        C::Budget => "Allow more with --max-budget-usd, or ask for less at once.",
        C::Killed | C::Lost => "Start the job again.",
        C::Protocol => {
            "Check that Claude Code works: `claude -p hello`. If it does, update cc and Claude Code."
        }
        C::Internal => "If it happens again, please report it.",
        C::Other => return None,
    };
    Some(hint.to_owned())
}

/// How a call ends whose job failed.
pub(crate) fn failure_exit(failure: &Failure) -> Exit {
    match failure.class {
        FailureClass::NotInstalled | FailureClass::LoggedOut | FailureClass::Sandbox => {
            Exit::NotSetUp
        }
        _ => Exit::Failed,
    }
}
