//! What can be typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use cc_core::Dollars;
use cc_core::time::parse_duration;
use cc_git::{Scope, Selection};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Reviews and tasks by Claude Code, as jobs that outlive the shell they were started in.
#[derive(Debug, Parser)]
#[command(name = "cc-cli", version, arg_required_else_help = true)]
pub struct Args {
    /// Work as if started in DIR.
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Review a change: prose, for the person who made it.
    Review(ReviewArgs),
    /// Try to break a change: findings by severity, with file and lines.
    AdversarialReview(ReviewArgs),
    /// Hand Claude a task in this workspace.
    #[command(alias = "task")]
    Rescue(RescueArgs),
    /// Show the rescue that `rescue --resume` would continue.
    ResumeCandidate(CandidateArgs),
    /// Bring the change of an isolated rescue over into your files.
    Apply(ApplyArgs),
    /// Remove the work tree of an isolated rescue.
    Discard(IsolatedArgs),
    /// Show the jobs of this session, or one job.
    Status(StatusArgs),
    /// Show what a finished job found, and mark it as read.
    Result(ResultArgs),
    /// Wait for jobs to end; the exit code is their outcome.
    Wait(WaitArgs),
    /// End a job and everything it started.
    Cancel(CancelArgs),
    /// Show what a job did so far.
    Logs(LogsArgs),
    /// Show what a review would look at, without starting one.
    Scope(ScopeArgs),
    /// Remove old finished jobs of this workspace.
    Prune(PruneArgs),
    /// Show or change your settings.
    Config {
        /// What to do.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Check that everything works, and switch the review gate on or off.
    Setup(SetupArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Run one job to its end. Started by the other commands.
    #[command(hide = true)]
    Worker {
        /// The data directory.
        #[arg(long)]
        data: PathBuf,
        /// The workspace.
        #[arg(long)]
        workspace: PathBuf,
        /// The job.
        job: String,
    },
}

/// What to set up.
#[derive(Debug, clap::Args)]
pub struct SetupArgs {
    /// Let Claude review what a turn of Codex changed in this workspace before the turn ends.
    #[arg(long, conflicts_with_all = ["disable_review_gate", "check"])]
    pub enable_review_gate: bool,
    /// End turns in this workspace without a review.
    #[arg(long, conflicts_with = "check")]
    pub disable_review_gate: bool,
    /// Only look; ask and mend nothing.
    #[arg(long)]
    pub check: bool,
    /// Print JSON; nothing is asked.
    #[arg(long)]
    pub json: bool,
}

impl SetupArgs {
    /// To what the gate is to be switched.
    pub fn gate(&self) -> Option<bool> {
        match (self.enable_review_gate, self.disable_review_gate) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            (false, false) => None,
        }
    }
}

/// What to review.
#[derive(Debug, clap::Args)]
pub struct SelectionArgs {
    /// Which change: auto takes the working tree if it has changes, else the branch.
    #[arg(long, value_enum, default_value_t = ScopeArg::Auto)]
    pub scope: ScopeArg,
    /// Review what HEAD has beyond its merge base with REF.
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// Review one commit.
    #[arg(long, value_name = "REV")]
    pub commit: Option<String>,
    /// Review a range of commits.
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,
    /// Look again after a review: at what changed since, and what became of its findings.
    #[arg(long, value_name = "JOB", conflicts_with_all = ["scope", "base", "commit", "range", "paths"])]
    pub since: Option<String>,
    /// Only these files or directories.
    #[arg(last = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// The scopes, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ScopeArg {
    /// The working tree if it has changes, else the branch.
    Auto,
    /// All uncommitted changes, untracked files too.
    WorkingTree,
    /// What is staged.
    Staged,
    /// The commits of this branch beyond the default branch.
    Branch,
}

impl SelectionArgs {
    /// What this means to Git.
    pub fn selection(&self) -> Selection {
        Selection {
            scope: match self.scope {
                ScopeArg::Auto => Scope::Auto,
                ScopeArg::WorkingTree => Scope::WorkingTree,
                ScopeArg::Staged => Scope::Staged,
                ScopeArg::Branch => Scope::Branch,
            },
            base: self.base.clone(),
            commit: self.commit.clone(),
            range: self.range.clone(),
            paths: self.paths.clone(),
        }
    }
}

/// Arguments of both reviews.
#[derive(Debug, clap::Args)]
pub struct ReviewArgs {
    /// What to look at above all (adversarial-review only).
    #[arg(value_name = "FOCUS")]
    pub focus: Vec<OsString>,
    /// What to review.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// How Claude is run.
    #[command(flatten)]
    pub run: RunArgs,
    /// What to do once it was started.
    #[command(flatten)]
    pub hand_out: HandOutArgs,
}

/// How Claude is run; what is not said here is a setting of `config`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The model, passed on to Claude Code as it is.
    #[arg(long)]
    pub model: Option<String>,
    /// The effort, passed on to Claude Code as it is.
    #[arg(long)]
    pub effort: Option<String>,
    /// End the job after this time, such as 90s, 20m or 2h; a plain number is seconds.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// End the job once it has cost that much.
    #[arg(long, value_name = "DOLLARS")]
    pub max_budget_usd: Option<Dollars>,
}

/// What to do once a job was started.
#[derive(Debug, clap::Args)]
pub struct HandOutArgs {
    /// Return at once with the id of the job.
    #[arg(long, conflicts_with = "wait")]
    pub background: bool,
    /// Wait for the result (the default).
    #[arg(long)]
    pub wait: bool,
    /// Whether showing the result marks the job as read.
    #[arg(long, value_enum, default_value_t = ViewState::OnSuccess)]
    pub view_state: ViewState,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rescue`.
#[derive(Debug, clap::Args)]
pub struct RescueArgs {
    /// The task; several words are joined by spaces, `-` means standard input.
    #[arg(value_name = "TASK")]
    pub task: Vec<OsString>,
    /// Read the task from a file.
    #[arg(long, value_name = "FILE", conflicts_with = "task")]
    pub prompt_file: Option<PathBuf>,
    /// Let Claude change files of this workspace (the default).
    #[arg(long, conflicts_with = "read_only")]
    pub write: bool,
    /// Let Claude look only.
    #[arg(long)]
    pub read_only: bool,
    /// Run Claude's commands with all your rights, outside of the operating system's sandbox.
    #[arg(long, conflicts_with = "read_only")]
    pub no_sandbox: bool,
    /// Go on with the latest finished rescue of this session, or with JOB.
    #[arg(long, value_name = "JOB", num_args = 0..=1)]
    pub resume: Option<Option<OsString>>,
    /// The same as --resume without JOB.
    #[arg(long, conflicts_with = "resume")]
    pub resume_last: bool,
    /// Begin anew (the default).
    #[arg(long, conflicts_with_all = ["resume", "resume_last"])]
    pub fresh: bool,
    /// Mend what this review found.
    #[arg(long, value_name = "JOB")]
    pub from: Option<String>,
    /// Only these findings of an adversarial review: numbers with commas, as in 1,3.
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "from")]
    pub findings: Vec<usize>,
    /// Work in a work tree of its own, which begins at HEAD without your uncommitted changes; `apply`
    /// and `discard` decide what becomes of it.
    #[arg(long, conflicts_with_all = ["resume", "resume_last", "read_only"])]
    pub isolated: bool,
    /// How Claude is run.
    #[command(flatten)]
    pub run: RunArgs,
    /// What to do once it was started.
    #[command(flatten)]
    pub hand_out: HandOutArgs,
}

/// Arguments of `resume-candidate`.
#[derive(Debug, clap::Args)]
pub struct CandidateArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    /// Which change.
    #[command(flatten)]
    pub of: IsolatedArgs,
    /// Where it does not fit, merge it as `git merge` would, with conflicts marked in the files.
    #[arg(long)]
    pub merge: bool,
}

/// Arguments of `apply` and `discard`.
#[derive(Debug, clap::Args)]
pub struct IsolatedArgs {
    /// The job, or the beginning of its id.
    pub job: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// When a foreground job counts as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ViewState {
    /// Once its result was printed.
    OnSuccess,
    /// Only by `result`.
    Defer,
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// The job, or the beginning of its id.
    pub job: Option<String>,
    /// The jobs of all sessions.
    #[arg(long, conflicts_with = "job")]
    pub all: bool,
    /// Wait until the job has ended; without JOB, the only one of this session that runs.
    #[arg(long, conflicts_with = "all")]
    pub wait: bool,
    /// Wait at most that long.
    #[arg(long, value_name = "N", requires = "wait")]
    pub timeout_ms: Option<u64>,
    /// Accepted for older callers; waiting no longer polls.
    #[arg(long, value_name = "N", requires = "wait")]
    pub poll_interval_ms: Option<u64>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `result`.
#[derive(Debug, clap::Args)]
pub struct ResultArgs {
    /// The job, or the beginning of its id; without it, the one of this session that finished last.
    pub job: Option<String>,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Write it to FILE instead.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The forms a result can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As people read it.
    Markdown,
    /// The job and its whole record.
    Json,
    /// Findings for tools and code hosts, SARIF 2.1.0.
    Sarif,
    /// One page for a browser.
    Html,
}

/// Arguments of `wait`.
#[derive(Debug, clap::Args)]
pub struct WaitArgs {
    /// The jobs, or the beginnings of their ids.
    #[arg(required = true, value_name = "JOB")]
    pub jobs: Vec<String>,
    /// Wait at most that long.
    #[arg(long, value_name = "N")]
    pub timeout_ms: Option<u64>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct CancelArgs {
    /// The job, or the beginning of its id; without it, the only one of this session that runs.
    pub job: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `logs`.
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// The job, or the beginning of its id; without it, the one of this session that runs, else the last.
    pub job: Option<String>,
    /// Go on until the job has ended.
    #[arg(short, long)]
    pub follow: bool,
    /// Print the path of the log instead.
    #[arg(long, conflicts_with = "follow")]
    pub path: bool,
}

/// Arguments of `scope`.
#[derive(Debug, clap::Args)]
pub struct ScopeArgs {
    /// What to review.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What `config` can do.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting, its value and where that comes from.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one setting; fails where it has no value.
    Get {
        /// The setting, such as rescue.model.
        key: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change one setting.
    Set {
        /// The setting, such as rescue.timeout.
        key: String,
        /// Its value; a list has commas between.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Give one setting its default back.
    Unset {
        /// The setting.
        key: String,
    },
    /// Show where the settings are kept.
    Path,
}

/// Arguments of `prune`.
#[derive(Debug, clap::Args)]
pub struct PruneArgs {
    /// How many finished jobs of each session to keep.
    #[arg(long, value_name = "N", default_value_t = cc_jobs::retention::KEPT_A_SESSION)]
    pub keep: usize,
    /// Only tell what would be removed.
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }
}
