//! The command line of the door: what Codex's model may call by our exec rules.
//!
//! It has its own types, so that what is dangerous is not refused but absent: no other directory, no
//! file to write, no setting, no way around the sandbox.

use clap::{Parser, Subcommand};

use super::{
    ApplyArgs, CancelArgs, CandidateArgs, DiscardArgs, LogsArgs, RescueArgs, ResultArgs,
    ReviewArgs, ScopeArgs, SetupArgs, StatusArgs, WaitArgs,
};

/// The first argument of a call through the door.
pub const WORD: &str = "codex";

/// The commands behind the door that change no file of the workspace.
pub const LOOKING: [&str; 10] = [
    "review",
    "adversarial-review",
    "status",
    "result",
    "wait",
    "cancel",
    "logs",
    "scope",
    "resume-candidate",
    "setup",
];

/// The commands behind the door that change files of the workspace.
pub const CHANGING: [&str; 3] = ["rescue", "apply", "discard"];

/// What Codex may run outside its sandbox: only about the directory of its session
#[derive(Debug, Parser)]
#[command(
    name = "cc-cli codex",
    bin_name = "cc-cli codex",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct DoorCli {
    #[command(subcommand)]
    pub(crate) command: DoorCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DoorCommand {
    /// Review a change and report in prose
    Review(ReviewArgs),
    /// Try to break a change and list findings by severity
    AdversarialReview(ReviewArgs),
    /// Hand a task to Claude
    Rescue(RescueArgs),
    /// Show the rescue that `rescue --resume` would continue
    ResumeCandidate(CandidateArgs),
    /// Apply the change of an isolated rescue to the working tree
    Apply(ApplyArgs),
    /// Remove the worktree of an isolated rescue
    Discard(DiscardArgs),
    /// Show the jobs of this session, or one job
    Status(StatusArgs),
    /// Show the result of a finished job and mark it as read
    Result(ResultArgs),
    /// Wait for jobs to end and exit with their outcome
    Wait(WaitArgs),
    /// Cancel a job and stop everything it started
    Cancel(CancelArgs),
    /// Show the log of a job
    Logs(LogsArgs),
    /// Show what a review would cover, without starting one
    Scope(ScopeArgs),
    /// Check the setup, and turn the review gate on
    Setup(DoorSetup),
}

// Only a person turns the gate off, installs or fixes.
#[derive(Debug, clap::Args)]
pub(crate) struct DoorSetup {
    /// Review what each Codex turn changes in this workspace before the turn ends
    #[arg(long)]
    enable_review_gate: bool,
    /// Only check (default)
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl From<DoorSetup> for SetupArgs {
    fn from(args: DoorSetup) -> Self {
        Self {
            enable_review_gate: args.enable_review_gate && !args.check,
            disable_review_gate: false,
            check: true,
            json: args.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<DoorCli, clap::Error> {
        DoorCli::try_parse_from([WORD].into_iter().chain(line.split_whitespace()))
    }

    #[test]
    fn each_command_is_either_looking_or_changing() {
        let command = DoorCli::command();
        command.clone().debug_assert();
        let mut there: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        let mut known: Vec<&str> = LOOKING.into_iter().chain(CHANGING).collect();
        there.sort_unstable();
        known.sort_unstable();
        assert_eq!(there, known);
        let mut aliases = command
            .get_subcommands()
            .map(|command| command.get_all_aliases().count());
        assert!(
            aliases.all(|count| count == 0),
            "a rule names a command by one word"
        );
    }

    #[test]
    fn what_a_skill_says_is_accepted() {
        for line in [
            "review --wait --scope branch --base main -- src",
            "adversarial-review --background focus --model m --effort e --timeout 20m",
            "review --since review-1 --max-budget-usd 1",
            "review --range A..B --format sarif --fail-on high",
            "rescue --wait --fresh task",
            "rescue --read-only --resume task-1 more",
            "rescue --from review-1 --findings 1,3 --isolated",
            "rescue --prompt-file task.md --background",
            "apply task-1 --merge",
            "discard task-1",
            "status --all",
            "status task-1 --wait --timeout-ms 5",
            "result review-1 --format html",
            "wait review-1 --timeout-ms 1",
            "wait",
            "cancel",
            "logs -f",
            "scope --json",
            "resume-candidate --json",
            "setup --enable-review-gate",
            "setup --check --json",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_gives_more_power_is_not_there() {
        let everywhere = [
            "-C /",
            "--cwd /",
            "--cwd=/",
            "-C/",
            "--data /tmp",
            "--workspace /",
            "--claude /tmp/x",
            "--no-sandbox",
            "--output f",
            "-o f",
            "--path",
            "--trust",
            "--disable-review-gate",
            "--allowed-domains x",
            "--setting-sources user",
            "--session s",
            "--config x",
            "--instructions x",
            "--run-commands",
            "--allow-protected",
        ];
        for command in LOOKING.into_iter().chain(CHANGING) {
            let job = if ["apply", "discard"].contains(&command) {
                " j"
            } else {
                ""
            };
            assert!(parse(&format!("{command}{job}")).is_ok(), "{command}");
            for flag in everywhere {
                for line in [
                    format!("{command}{job} {flag}"),
                    format!("{flag} {command}{job}"),
                ] {
                    assert!(parse(&line).is_err(), "{line}");
                }
            }
        }
        for line in [
            "config list",
            "config set claude.path /tmp/x",
            "config unset budget.per_day_usd",
            "worker --data /tmp --workspace / j",
            "prune",
            "usage",
            "completions bash",
            "codex review",
            "task x",
            "trust",
            "help",
            "",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
