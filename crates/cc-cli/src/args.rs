//! The command line: commands, flags and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use cc_core::Dollars;
use cc_core::time::parse_duration;
use cc_git::{Scope, Selection};
use cc_jobs::settings::Settings;
use cc_workflows::RunOptions;
use cc_workflows::review::Severity;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use examples::{
    ADVERSARIAL_EXAMPLES, APPLY_EXAMPLES, COMPLETIONS_EXAMPLES, CONFIG_EXAMPLES, EXIT_CODES,
    JOB_IDS, LOGS_EXAMPLES, PRUNE_EXAMPLES, RESCUE_EXAMPLES, RESULT_EXAMPLES, REVIEW_EXAMPLES,
    SCOPE_EXAMPLES, SETUP_EXAMPLES, WAIT_EXAMPLES,
};

pub(crate) mod door;
mod examples;
pub(crate) mod internal;
mod upkeep;
mod values;

pub(crate) use upkeep::{ConfigCommand, SupportArgs, TrustArgs};
use values::{finding_number, number_of_days, whole_number};

/// Hand reviews and tasks to Claude Code, as jobs that outlive your shell
#[derive(Debug, Parser)]
#[command(name = "cc-cli", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Run as if started in DIR
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Commands,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// Review a change and report in prose
    #[command(after_help = REVIEW_EXAMPLES)]
    Review(ReviewByHand),
    /// Try to break a change and list findings by severity
    #[command(after_help = ADVERSARIAL_EXAMPLES)]
    AdversarialReview(ReviewByHand),
    /// Hand a task to Claude
    #[command(alias = "task", after_help = RESCUE_EXAMPLES)]
    Rescue(RescueByHand),
    /// Show the rescue that `rescue --resume` would continue
    ResumeCandidate(CandidateArgs),
    /// Apply the change of an isolated rescue to your working tree
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(ApplyByHand),
    /// Remove the worktree of an isolated rescue
    Discard(DiscardArgs),
    /// Show the jobs of this session, or one job
    #[command(visible_alias = "ls", after_help = JOB_IDS)]
    Status(StatusArgs),
    /// Show the result of a finished job and mark it as read
    #[command(visible_alias = "show", after_help = RESULT_EXAMPLES)]
    Result(ResultByHand),
    /// Wait for jobs to end and exit with their outcome
    #[command(after_help = WAIT_EXAMPLES)]
    Wait(WaitArgs),
    /// Cancel a job and stop everything it started
    Cancel(CancelArgs),
    /// Show the log of a job
    #[command(after_help = LOGS_EXAMPLES)]
    Logs(LogsByHand),
    /// Show what a review would cover, without starting one
    #[command(after_help = SCOPE_EXAMPLES)]
    Scope(ScopeArgs),
    /// Remove old finished jobs of this workspace whose results were read
    #[command(visible_alias = "rm", after_help = PRUNE_EXAMPLES)]
    Prune(PruneArgs),
    /// Show what the jobs of all workspaces have cost
    Usage(UsageArgs),
    /// Show or change your settings
    #[command(after_help = CONFIG_EXAMPLES)]
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Show what rescues would run of this repository's Claude settings, and allow it
    Trust(TrustArgs),
    /// Check the setup, and turn the review gate on or off
    #[command(after_help = SETUP_EXAMPLES)]
    Setup(SetupArgs),
    /// Write an archive for a bug report, without prompts, results and names of yours
    SupportBundle(SupportArgs),
    /// Generate completions for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Shell to generate completions for
        shell: Shell,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct SetupArgs {
    /// Review what each Codex turn changes in this workspace before the turn ends
    #[arg(long, conflicts_with_all = ["disable_review_gate", "check"])]
    pub(crate) enable_review_gate: bool,
    /// End turns in this workspace without a review
    #[arg(long, conflicts_with = "check")]
    pub(crate) disable_review_gate: bool,
    /// Only check; fix and ask nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// Print JSON and ask nothing
    #[arg(long)]
    pub(crate) json: bool,
}

impl SetupArgs {
    /// Whether to turn the review gate on or off; `None` leaves it as it is.
    pub(crate) fn gate(&self) -> Option<bool> {
        match (self.enable_review_gate, self.disable_review_gate) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            (false, false) => None,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct SelectionArgs {
    /// What to review; `auto`: uncommitted changes if there are any, else the branch
    #[arg(long, value_enum, default_value_t = ScopeArg::Auto)]
    pub(crate) scope: ScopeArg,
    /// Review what HEAD adds since its merge base with REF
    #[arg(long, value_name = "REF")]
    pub(crate) base: Option<String>,
    /// Review one commit
    #[arg(long, value_name = "REV")]
    pub(crate) commit: Option<String>,
    /// Review a range of commits
    #[arg(long, value_name = "A..B")]
    pub(crate) range: Option<String>,
    /// Review what changed since review JOB, and check its findings again
    #[arg(long, value_name = "JOB", conflicts_with_all = ["scope", "base", "commit", "range", "paths"])]
    pub(crate) since: Option<String>,
    /// Limit the review to these files, directories or Git pathspecs, such as '*.rs' or ':!dist'
    #[arg(last = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ScopeArg {
    Auto,
    WorkingTree,
    Staged,
    Branch,
}

impl SelectionArgs {
    pub(crate) fn selection(&self) -> Selection {
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

#[derive(Debug, clap::Args)]
pub(crate) struct ReviewArgs {
    /// What to focus on (adversarial-review only)
    #[arg(value_name = "FOCUS")]
    pub(crate) focus: Vec<OsString>,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) attach: AttachArgs,
    /// Output format; a plain review lists structured findings for json and sarif
    #[arg(long, value_enum, default_value_t = Format::Markdown, conflicts_with = "json")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) verdict: VerdictArgs,
}

impl ReviewArgs {
    /// Whether the findings are for a program: `--json` alone prints what a plain review always says.
    pub(crate) fn structured(&self) -> bool {
        self.verdict.fail_on.is_some() || matches!(self.format, Format::Json | Format::Sarif)
    }
}

/// Which findings are a failure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct VerdictArgs {
    /// Exit with 10 if a finding is this severe or worse, with 11 if there is no verdict
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    pub(crate) fail_on: Option<Severity>,
}

/// Takes the names of severities.
fn severity() -> impl TypedValueParser<Value = Severity> {
    let names = Severity::ALL.map(Severity::word);
    PossibleValuesParser::new(names).try_map(|name| {
        let mut all = Severity::ALL.into_iter();
        all.find(|severity| severity.word() == name)
            .ok_or("no such severity")
    })
}

// A review with what only a person may ask for.
#[derive(Debug, clap::Args)]
pub(crate) struct ReviewByHand {
    #[command(flatten)]
    pub(crate) review: ReviewArgs,
    /// File with your own instructions for this review
    #[arg(long, value_name = "FILE")]
    pub(crate) instructions: Option<PathBuf>,
    /// Let Claude run commands, such as the tests, in a sandbox where your files are read-only (Linux)
    #[arg(long)]
    pub(crate) run_commands: bool,
}

/// How to run Claude; flags take precedence over settings.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Model, passed through to Claude Code unchanged
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Effort level, passed through to Claude Code unchanged
    #[arg(long)]
    pub(crate) effort: Option<String>,
    /// Stop the job after this time, such as 90s, 20m or 2h (a plain number is seconds)
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,
    /// Stop after spending this much
    #[arg(long, value_name = "DOLLARS", allow_negative_numbers = true)]
    pub(crate) max_budget_usd: Option<Dollars>,
}

impl RunArgs {
    /// The options of a run: these flags, else `defaults`, the settings of the command.
    pub(crate) fn options(&self, settings: &Settings, defaults: RunOptions) -> RunOptions {
        RunOptions {
            claude: settings.claude.path.clone(),
            claude_pass_env: settings.claude.pass_env.clone(),
            model: self.model.clone().or(defaults.model),
            effort: self.effort.clone().or(defaults.effort),
            timeout: self.timeout.unwrap_or(defaults.timeout),
            idle_timeout: defaults.idle_timeout,
            max_budget_usd: self
                .max_budget_usd
                .map(Dollars::amount)
                .or(defaults.max_budget_usd),
        }
    }
}

/// What to do once the job is started.
#[derive(Debug, clap::Args)]
pub(crate) struct AttachArgs {
    /// Return the job id at once
    #[arg(long, conflicts_with = "wait")]
    pub(crate) background: bool,
    /// Wait for the result (default)
    #[arg(long)]
    pub(crate) wait: bool,
    /// When to mark the job as read; `defer`: only once `result` shows it
    #[arg(long, value_enum, default_value_t = ViewState::OnSuccess)]
    pub(crate) view_state: ViewState,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RescueArgs {
    /// Task for Claude; `-` reads it from standard input
    #[arg(value_name = "TASK")]
    pub(crate) task: Vec<OsString>,
    /// Read the task from FILE
    #[arg(long, value_name = "FILE", conflicts_with = "task")]
    pub(crate) prompt_file: Option<PathBuf>,
    /// Let Claude change files of this workspace (default)
    #[arg(long, conflicts_with = "read_only")]
    pub(crate) write: bool,
    /// Read-only: let Claude change nothing
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Continue JOB, or the latest finished rescue of this session
    #[arg(long, value_name = "JOB", num_args = 0..=1)]
    pub(crate) resume: Option<Option<OsString>>,
    /// Same as --resume without JOB
    #[arg(long, conflicts_with = "resume")]
    pub(crate) resume_last: bool,
    /// Start over (default)
    #[arg(long, conflicts_with_all = ["resume", "resume_last"])]
    pub(crate) fresh: bool,
    /// Fix the findings of review JOB
    #[arg(long, value_name = "JOB")]
    pub(crate) from: Option<String>,
    /// Fix only these findings of an adversarial review, such as 1,3
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "from", allow_negative_numbers = true, value_parser = finding_number)]
    pub(crate) findings: Vec<usize>,
    /// Use a separate Git worktree at HEAD; then `apply` or `discard` the change
    #[arg(long, conflicts_with_all = ["resume", "resume_last", "read_only"])]
    pub(crate) isolated: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) attach: AttachArgs,
}

impl RescueArgs {
    /// The flags that say how to run, as they were given, each after a space.
    pub(crate) fn given(&self, no_sandbox: bool) -> String {
        let flags = [
            (self.write, "--write"),
            (self.read_only, "--read-only"),
            (no_sandbox, "--no-sandbox"),
            (self.fresh, "--fresh"),
            (self.isolated, "--isolated"),
            (self.attach.background, "--background"),
            (self.attach.json, "--json"),
        ];
        let given = flags.into_iter().filter(|(given, _)| *given);
        let mut given: String = given.map(|(_, flag)| format!(" {flag}")).collect();
        for (flag, value) in [("--model", &self.run.model), ("--effort", &self.run.effort)] {
            let value = value
                .as_deref()
                .map(|value| cc_core::text::one_line(value, 80));
            given.extend(value.map(|value| format!(" {flag} {value}")));
        }
        given
    }
}

// A rescue with what only a person may ask for.
#[derive(Debug, clap::Args)]
pub(crate) struct RescueByHand {
    #[command(flatten)]
    pub(crate) rescue: RescueArgs,
    /// Run Claude's commands outside the OS sandbox, with all your permissions
    #[arg(long, conflicts_with = "read_only")]
    pub(crate) no_sandbox: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CandidateArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// Job: id, unique prefix of one, or its place in `status`, such as `@2` or `last`
    pub(crate) job: String,
    /// Merge a change that does not apply cleanly, leaving conflict markers like `git merge`
    #[arg(long)]
    pub(crate) merge: bool,
    /// Show the change and apply nothing
    #[arg(long, conflicts_with_all = ["merge", "json"])]
    pub(crate) diff: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

// An apply with what only a person may allow.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyByHand {
    #[command(flatten)]
    pub(crate) apply: ApplyArgs,
    /// Apply links that lead elsewhere and files that programs run without being asked, too
    #[arg(long, conflicts_with = "diff")]
    pub(crate) allow_protected: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiscardArgs {
    /// Job: id, unique prefix of one, or its place in `status`, such as `@2` or `last`
    pub(crate) job: String,
    /// Discard without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// When a job that was waited for is marked as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewState {
    OnSuccess,
    Defer,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Job: id, unique prefix of one, or its place in `status`, such as `@2` or `last`
    pub(crate) job: Option<String>,
    /// Show the jobs of all sessions
    #[arg(long, conflicts_with = "job")]
    pub(crate) all: bool,
    /// Wait until the job ends; without JOB, the only running job of this session
    #[arg(long, conflicts_with = "all")]
    pub(crate) wait: bool,
    /// Show the progress of the running jobs, or of JOB, until they end
    #[arg(long, conflicts_with_all = ["wait", "json"])]
    pub(crate) watch: bool,
    /// Stop waiting after this time, such as 90s or 20m
    #[arg(long, value_name = "TIME", requires = "wait", allow_negative_numbers = true, value_parser = parse_duration, conflicts_with = "timeout_ms")]
    pub(crate) timeout: Option<Duration>,
    /// Stop waiting after N milliseconds
    #[arg(long, value_name = "N", requires = "wait", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub(crate) timeout_ms: Option<u64>,
    /// Ignored; accepted for compatibility
    #[arg(long, value_name = "N", requires = "wait", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub(crate) poll_interval_ms: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl StatusArgs {
    /// How long to wait at most.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.timeout.or(self.timeout_ms.map(Duration::from_millis))
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ResultArgs {
    /// Job: id, prefix of one, `@2` or `last`; default: the latest finished job of this session
    pub(crate) job: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub(crate) format: Format,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) verdict: VerdictArgs,
}

// A result with what only a person may ask for.
#[derive(Debug, clap::Args)]
pub(crate) struct ResultByHand {
    #[command(flatten)]
    pub(crate) result: ResultArgs,
    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Open the report in your browser
    #[arg(long, conflicts_with_all = ["format", "json", "output"])]
    pub(crate) web: bool,
    /// Print long reports without a pager
    #[arg(long)]
    pub(crate) no_pager: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Markdown,
    Json,
    Sarif,
    Html,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WaitArgs {
    /// Jobs: ids, prefixes, `@2` or `last`; default: the only running job of this session
    #[arg(value_name = "JOB")]
    pub(crate) jobs: Vec<String>,
    /// Stop waiting after this time, such as 90s or 20m
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, value_parser = parse_duration, conflicts_with = "timeout_ms")]
    pub(crate) timeout: Option<Duration>,
    /// Stop waiting after N milliseconds
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub(crate) timeout_ms: Option<u64>,
    #[command(flatten)]
    pub(crate) verdict: VerdictArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl WaitArgs {
    /// How long to wait at most.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.timeout.or(self.timeout_ms.map(Duration::from_millis))
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct CancelArgs {
    /// Job: id, prefix of one, `@2` or `last`; default: the only running job of this session
    pub(crate) job: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogsArgs {
    /// Job: id, prefix of one, `@2` or `last`; default: the newest running job, else the latest
    pub(crate) job: Option<String>,
    /// Keep printing until the job ends
    #[arg(short, long)]
    pub(crate) follow: bool,
}

// A log with what only a person may ask for.
#[derive(Debug, clap::Args)]
pub(crate) struct LogsByHand {
    #[command(flatten)]
    pub(crate) logs: LogsArgs,
    /// Print the path of the log file
    #[arg(long, conflicts_with = "follow")]
    pub(crate) path: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScopeArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UsageArgs {
    /// Number of days, today included
    #[arg(long, value_name = "N", default_value_t = 30, allow_negative_numbers = true, value_parser = number_of_days)]
    pub(crate) days: u32,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PruneArgs {
    /// Remove these jobs, whether their results were read or not
    #[arg(value_name = "JOB", conflicts_with = "keep")]
    pub(crate) jobs: Vec<String>,
    /// Number of finished jobs to keep for each session
    #[arg(long, value_name = "N", default_value_t = cc_jobs::retention::KEPT_A_SESSION, allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    pub(crate) keep: usize,
    /// Only show what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) yes: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests;
