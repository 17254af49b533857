//! Errors of `cc-cli`: the one place that gives each error a message, a hint and an exit code. The hints
//! that the gate gives as well are in `cc_workflows::hint`.

use std::env::consts::EXE_SUFFIX;

use cc_core::text::shell_word;
use cc_core::{FailureClass, LocateError};
use cc_git::Error as GitError;
use cc_jobs::select::SelectError;
use cc_jobs::{Ending, Job, SettingsError, StoreError};
use cc_workflows::rescue::SandboxMissing;
use cc_workflows::review::CommandsUnavailable;
use cc_workflows::trust::{TrustError, Unkept};
use cc_workflows::worker::WorkError;
use cc_workflows::{Error, Obstacle, hint};
use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::ScopeArg;

use ExitStatus::{Failure, NotSetUp, Usage};

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
    /// A review has findings at or above `--fail-on`.
    Findings = 10,
    /// A review ended without structured findings, which were asked for.
    NoVerdict = 11,
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
                C::NotInstalled | C::LoggedOut | C::GitServer | C::Sandbox => Self::NotSetUp,
                C::UsageLimit
                | C::Credit
                | C::Overloaded
                | C::Network
                | C::Model
                | C::Declined
                | C::PromptTooLong
                | C::ContextLimit
                | C::OutputLimit
                | C::Thread
                | C::Schema
                | C::Protected
                | C::TimeoutIdle
                | C::TimeoutTotal
                | C::Turns
                | C::Budget
                | C::Killed
                | C::Lost
                | C::Protocol
                | C::Internal
                | C::Other => Self::Failure,
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

    /// An error in the arguments, in the style of all others; `None` for what is help or the version.
    pub(crate) fn of_arguments(error: &clap::Error) -> Option<Self> {
        let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if !error.use_stderr() || is_help {
            return None;
        }
        let text = error.render().to_string();
        let mut paragraphs = text.split("\n\n");
        let first = paragraphs.next()?.trim_start_matches("error: ");
        let (values, message): (Vec<&str>, Vec<&str>) = first
            .lines()
            .map(str::trim)
            .partition(|line| line.starts_with("[possible values: "));
        let mut hints = Vec::new();
        for line in values {
            let values = line.trim_start_matches("[possible values: ");
            hints.push(format!(
                "Possible values: {}.",
                values.trim_end_matches(']')
            ));
        }
        hints.extend(scope_meant(error));
        for line in paragraphs.flat_map(str::lines).map(str::trim) {
            if let Some(tip) = line.strip_prefix("tip: ") {
                // A tip how to pass a flag as text is seldom what is meant.
                if hints.is_empty() && tip.contains("similar") {
                    hints.extend(
                        tip.split_once(": ")
                            .map(|(_, it)| format!("Did you mean {it}?")),
                    );
                }
            } else if let Some(usage) = line.strip_prefix("Usage: ") {
                let words = usage.split(' ');
                let words = words.take_while(|word| word.starts_with(char::is_alphanumeric));
                // The program is called as in all hints, not as its file.
                let words = words.map(|word| word.strip_suffix(EXE_SUFFIX).unwrap_or(word));
                let words: Vec<&str> = words.collect();
                hints.push(format!("See: {} --help", words.join(" ")));
            }
        }
        let backticks = |text: String| text.replace('\'', "`");
        Some(Self {
            hint: (!hints.is_empty()).then(|| backticks(hints.join(" "))),
            ..Self::new(Usage, backticks(message.join(" ")))
        })
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

/// The scope that a flag such as `--staged` means.
fn scope_meant(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let name = match flag.trim_start_matches('-') {
        "cached" => "staged",
        name => name,
    };
    let scopes = ScopeArg::value_variants().iter();
    let mut names = scopes.filter_map(ValueEnum::to_possible_value);
    let is_meant =
        error.kind() == ErrorKind::UnknownArgument && names.any(|scope| scope.get_name() == name);
    is_meant.then(|| format!("Did you mean '--scope {name}'?"))
}

/// What an error means for the user: the exit code, and what to do.
struct Advice(ExitStatus, Option<String>);

impl ExitStatus {
    fn hint(self, hint: impl Into<String>) -> Advice {
        Advice(self, Some(hint.into()))
    }

    fn no_hint(self) -> Advice {
        Advice(self, None)
    }
}

/// An error of the crates below.
trait Explained: ToString {
    fn advice(&self) -> Advice;
}

impl<E: Explained> From<E> for CliError {
    fn from(error: E) -> Self {
        let Advice(status, hint) = error.advice();
        Self {
            hint,
            ..Self::new(status, error)
        }
    }
}

impl<E: Explained + std::fmt::Display> Explained for &E {
    fn advice(&self) -> Advice {
        (*self).advice()
    }
}

impl Explained for Error {
    fn advice(&self) -> Advice {
        const BY_HAND: &str =
            "ask the user for permission to run the same command without the word `codex`";
        match self {
            Self::Store(error) => error.advice(),
            Self::Select(error) => error.advice(),
            Self::Git(error) => error.advice(),
            Self::RepositoryFile(_) => Usage.hint(
                "It may have `base`, `exclude` and `instructions`; everything else is yours: cc-cli config list",
            ),
            Self::Obstacle(error) => error.advice(),
            Self::Claude(error) => error.advice(),
            Self::Sandbox(error) => error.advice(),
            Self::NoHome => NotSetUp.hint("Set CC_DATA_DIR to a directory that you can write to."),
            Self::Directory(_) => Usage.hint("Pass an existing directory: --cwd DIR"),
            Self::Data(_) => NotSetUp.hint(
                "cc keeps its jobs there. Work as the user who owns it, or set CC_DATA_DIR to a directory of your own.",
            ),
            Self::DayBudget { .. } => Failure.hint(hint::DAY_BUDGET),
            Self::TooManyJobs { .. } => Failure.hint(hint::TOO_MANY_JOBS),
            Self::Spawn { .. } => NotSetUp.hint("Reinstall cc: cargo install cc-installer"),
            Self::Instructions(_) | Self::InstructionsOutside(_) | Self::InstructionsNotText(_) => {
                Usage.hint("Pass a text file of at most 64 KiB: --instructions FILE, or set review.instructions.")
            }
            Self::NotReviewed(_) => Usage.hint(
                "Pass a completed review (listed by: cc-cli status --all), or leave out --since.",
            ),
            Self::NoTask => Usage.hint("Pass a task: cc-cli rescue 'TASK'"),
            Self::TaskTooLong { .. } => Usage.hint(
                "Put the details into a file in the workspace, and name that file in the task.",
            ),
            Self::WholeHome(_) => Usage.hint(
                "Make this directory a repository of its own (git init), use --read-only, \
                 or start it in the home directory: cc-cli -C ~ rescue …",
            ),
            Self::CommandsUnavailable(error) => error.advice(),
            Self::ReftableToIsolate => Usage.hint("Leave out --isolated."),
            Self::NoCommitToIsolate => {
                Usage.hint("A worktree needs a commit: make one, or leave out --isolated.")
            }
            Self::NothingToContinue(_) => {
                Usage.hint("Start over without --resume, or pass a job: --resume JOB")
            }
            Self::OtherRepository { root, .. } => {
                Usage.hint(format!("Run it there: --cwd {}", shell_word(root)))
            }
            Self::NotARescue(_) => Usage.hint("List all jobs: cc-cli status --all"),
            Self::NoThread(_) | Self::Discarded(_) => Usage.hint("Start over without --resume."),
            Self::StillRuns { id, .. } => Usage.hint(format!("Wait for it: cc-cli wait {id}")),
            Self::NotStopped { id, .. } => Usage.hint(format!("Stop it: cc-cli cancel {id}")),
            Self::NoReview(id)
            | Self::NotNumbered(id)
            | Self::NoSuchFinding { id, .. }
            | Self::NoFindings(id) => Usage.hint(format!("Show the result: cc-cli result {id}")),
            Self::NotIsolated(_) => {
                Usage.hint("Only a rescue started with --isolated has one, until `cc-cli discard`.")
            }
            Self::WorktreeGone { id, .. } => {
                Failure.hint(format!("Clean up: cc-cli discard {id}"))
            }
            Self::NothingToApply(id) => {
                Failure.hint(format!("Remove its worktree: cc-cli discard {id}"))
            }
            Self::ProtectedFiles { .. } => Usage.no_hint(),
            Self::DoesNotApply { id, .. } => Failure.hint(format!(
                "Commit or stash your changes to these files, then merge: cc-cli apply --merge {id}"
            )),
            Self::AlreadyEnded(job) => {
                Usage.hint(format!("Show the result: cc-cli result {}", job.id))
            }
            Self::MayNotStop { id, .. } => Failure.hint(format!(
                "The job keeps running. Outside of any sandbox, and as administrator if it was started so, run: cc-cli cancel {id}"
            )),
            Self::Survived { job, .. } => {
                Failure.hint(format!("Try again: cc-cli cancel {}", job.id))
            }
            Self::NotRecorded { id, .. } => Failure.hint(format!(
                "Free some space, or end what holds the lock; then check: cc-cli status {id}"
            )),
            Self::UnknownSession => NotSetUp.hint(format!(
                "Trust the hooks (cc-installer install --trust-hooks) and start a new session, or {BY_HAND}."
            )),
            Self::OpenData { .. } => NotSetUp.hint(
                "Set CC_DATA_DIR to a directory outside of the workspace and of those for temporary files, or unset it.",
            ),
            Self::Outside { .. } => NotSetUp.hint(format!("Start Codex there, or {BY_HAND}.")),
            Self::ClosedToSession { .. } => NotSetUp.hint(format!(
                "Let Codex's profile of permissions read it, or {BY_HAND}."
            )),
            Self::ChangeableBySession { .. } => {
                NotSetUp.hint(format!("Start Codex in that repository, or {BY_HAND}."))
            }
            Self::ReadOnlySession { .. } => NotSetUp.hint(format!(
                "Use --read-only, let Codex write in the workspace, or {BY_HAND}."
            )),
            Self::TaskFile { .. } => {
                Usage.hint("Name a plain file in the workspace, or pass the task as one argument.")
            }
        }
    }
}

impl Explained for SettingsError {
    fn advice(&self) -> Advice {
        match self {
            Self::Io(_) => {
                NotSetUp.hint("cc keeps its settings there. Make the file readable and writable.")
            }
            Self::Lock(_) | Self::Changed { .. } => Failure.hint("Try again."),
            Self::Invalid { .. } => Usage.hint("Fix or remove that line."),
            Self::UnknownKey {
                nearest: Some(key), ..
            } => Usage.hint(format!(
                "Did you mean `{key}`? List all settings: cc-cli config list"
            )),
            Self::UnknownKey { nearest: None, .. } | Self::WrongValue { .. } => {
                Usage.hint("List all settings: cc-cli config list")
            }
        }
    }
}

impl Explained for CommandsUnavailable {
    fn advice(&self) -> Advice {
        const WITHOUT: &str = "Leave out --run-commands, and unset review.run_commands, for a review that only reads.";
        match self {
            Self::Sandbox(missing) => match sandbox_fix(missing) {
                Some(fix) => NotSetUp.hint(format!("{fix}. {WITHOUT}")),
                None => NotSetUp.hint(WITHOUT),
            },
            Self::NotLinux | Self::HoldsHome => Usage.hint(WITHOUT),
        }
    }
}

/// What makes the sandbox start, where it is known.
fn sandbox_fix(missing: &SandboxMissing) -> Option<String> {
    match missing {
        SandboxMissing::Programs {
            install: Some(command),
            ..
        } => Some(format!("Install it: {command}")),
        SandboxMissing::Programs { missing, .. } => Some(format!(
            "Install {} with your package manager",
            missing.join(" and ")
        )),
        SandboxMissing::Refused {
            allow: Some(command),
            ..
        } => Some(format!("Allow it: {command}")),
        SandboxMissing::Refused { allow: None, .. } | SandboxMissing::Unsupported => None,
    }
}

impl Explained for SandboxMissing {
    fn advice(&self) -> Advice {
        let first = match (sandbox_fix(self), self) {
            (Some(fix), _) => format!("{fix};"),
            (None, Self::Unsupported) => "Use --read-only,".to_owned(),
            (None, _) => {
                "In a container, start it with more privileges. Otherwise use --read-only,"
                    .to_owned()
            }
        };
        NotSetUp.hint(format!(
            "{first} or run without it (--no-sandbox): Claude's commands then have all your permissions."
        ))
    }
}

impl Explained for Obstacle {
    fn advice(&self) -> Advice {
        NotSetUp.hint(hint::for_obstacle(*self))
    }
}

impl Explained for LocateError {
    fn advice(&self) -> Advice {
        NotSetUp.hint(hint::for_claude(self))
    }
}

impl Explained for GitError {
    fn advice(&self) -> Advice {
        match self {
            Self::GitMissing(LocateError::Unsafe { .. }) => {
                NotSetUp.hint("Install Git where only you can write and put it on your PATH.")
            }
            Self::GitMissing(_) | Self::GitTooOld => {
                NotSetUp.hint("Install a recent Git and put it on your PATH.")
            }
            Self::DubiousOwnership { root } => {
                let root = root.display().to_string().replace('\'', r#"'"'"'"#);
                NotSetUp.hint(format!(
                    "If you trust it: git config --global --add safe.directory '{root}'"
                ))
            }
            Self::BranchInUse { .. } => {
                Failure.hint("Switch to another branch there, then discard again.")
            }
            Self::Unfinished { .. } => Failure
                .hint("Finish it or abort it, for example: git merge --abort. Then try again."),
            Self::NamesGitDirectory { .. } => Failure.hint(
                "Rename or remove it in the worktree (its path: cc-cli result), then apply again.",
            ),
            Self::NotWritten { .. } => Failure.hint("Fix the cause, then apply again."),
            Self::HalfApplied { dir, .. } | Self::InterruptedApply { dir } => {
                let files = shell_word(&dir.join("files").display().to_string());
                let dir = shell_word(&dir.display().to_string());
                Failure.hint(format!(
                    "To go back to the files as they were before, run in the top directory of the repository: \
                     cp -a {files}/. . Then remove that directory (rm -r {dir}) and apply again."
                ))
            }
            Self::Timeout { .. }
            | Self::TooMuchOutput { .. }
            | Self::Failed { .. }
            | Self::DoesNotApply { .. }
            | Self::WorktreeGone { .. }
            | Self::Io(_) => Failure.no_hint(),
            Self::NotARepository { .. } => {
                Usage.hint("Change to a Git repository, or pass one: --cwd DIR")
            }
            Self::UnknownRevision { .. } => Usage.hint(
                "List branches with `git branch --all`, commits with `git log --oneline`.",
            ),
            Self::LooksLikeOption { .. } => Usage.hint("Pass a branch, tag or commit."),
            Self::UnknownPathspecMagic { .. } => Usage.hint(
                "Known are :(top), :(exclude), :(icase), :(glob), :(literal), :(attr:NAME), and :/ and :! in short. \
                 A file of that name: -- ./:NAME",
            ),
            Self::OtherRepository { .. } => Usage.hint(
                "Unset it (env -u NAME cc-cli …), or change to the repository that it names.",
            ),
            Self::NoDefaultBranch => Usage.hint("For example: cc-cli review --base main"),
            Self::NothingToReview {
                has_commits: false, ..
            } => Usage.hint("Add files first; a review of uncommitted changes shows untracked ones too."),
            Self::NothingToReview { .. } => Usage.hint(
                "Choose another change: --commit HEAD, --base REF or --range A..B. Preview it with: cc-cli scope",
            ),
            Self::NoCommits => {
                Usage.hint("Review your uncommitted changes: --scope working-tree")
            }
            Self::MissingObjects { .. } => {
                Usage.hint("In a shallow clone, get more history: git fetch --deepen=100")
            }
            Self::WorkingTreeElsewhere { .. }
            | Self::NotARange { .. }
            | Self::UnrelatedHistory { .. }
            | Self::Conflict { .. }
            | Self::NoSuchPath { .. }
            | Self::PathOutside { .. }
            | Self::BadPathspec { .. }
            | Self::FileTooLarge { .. }
            | Self::TooManyPrograms { .. } => Usage.no_hint(),
        }
    }
}

impl Explained for TrustError {
    fn advice(&self) -> Advice {
        match self {
            Self::Content(Unkept::TooLarge(_)) => Failure.hint("Rescues load none of it."),
            Self::Content(Unkept::Io(_)) | Self::Gone => Failure.no_hint(),
            Self::Io(_) => NotSetUp.hint(
                "cc keeps it with its jobs. Make that directory writable and free some space, or set CC_DATA_DIR to another one.",
            ),
            Self::Lock(_) => {
                Failure.hint("Try again. If that fails, check for a suspended cc-cli process.")
            }
        }
    }
}

impl Explained for StoreError {
    fn advice(&self) -> Advice {
        match self {
            Self::Io(_) => NotSetUp.hint(
                "cc keeps its jobs there. Make it writable and free some space, or set CC_DATA_DIR to another directory.",
            ),
            Self::NotFound { .. } => Usage.hint("List all jobs: cc-cli status --all"),
            Self::Lock(_) => {
                Failure.hint("Try again. If that fails, check for a suspended cc-cli process.")
            }
            Self::Newer { .. } => Failure.hint("Update cc, or use the version that wrote it."),
            Self::Damaged { .. } => Failure
                .hint("Other jobs are unaffected. To stop this message, move the file away."),
            Self::DamagedFile { .. } => Failure.hint(
                "Move the file away, or the gate: switch it again (cc-cli setup --enable-review-gate, or --disable-review-gate).",
            ),
            Self::Rejected(_) => Failure.no_hint(),
            Self::Json(_) => ExitStatus::InternalError.no_hint(),
        }
    }
}

impl Explained for SelectError {
    fn advice(&self) -> Advice {
        Usage.hint(match self {
            Self::Unknown { .. } | Self::NoneActive { .. } | Self::NoPlace { .. } => {
                "List all jobs of this workspace: cc-cli status --all"
            }
            Self::Ambiguous { .. } => "Use a longer prefix.",
            Self::NoneFinished { elsewhere: 0, .. } => "Show running jobs: cc-cli status",
            Self::NoneFinished { elsewhere, .. } => {
                let others = cc_core::text::count(*elsewhere, "job");
                return Usage.hint(format!(
                    "Other sessions have {others} here. List all jobs: cc-cli status --all"
                ));
            }
            Self::SeveralActive { .. } => "Pass one of these job ids.",
        })
    }
}

impl Explained for WorkError {
    fn advice(&self) -> Advice {
        Failure.no_hint()
    }
}
