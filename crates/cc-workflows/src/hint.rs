//! What to do about an error: the hints that both `cc-cli` and the gate give.

use cc_core::{Failure, FailureClass, LocateError};

use crate::Obstacle;

/// What to do when the budget of the day is spent or reserved.
pub const DAY_BUDGET: &str = "Raise the limit: cc-cli config set budget.per_day_usd DOLLARS. A running job reserves what it may spend: wait for one to end.";

/// What to do when a session has as many jobs as it may.
pub const TOO_MANY_JOBS: &str = "Wait for one to end (`wait`), or cancel one. The user can raise the limit in a terminal: cc-cli config set jobs.max_per_session NUMBER";

/// What to do where no job can be started.
pub fn for_obstacle(error: Obstacle) -> &'static str {
    match error {
        Obstacle::Nested => "Do the work in this session instead.",
        Obstacle::Sandboxed => {
            "Run cc-cli by its absolute path with nothing around it (no cd, pipe, redirection or variable) \
                 and no \\, ~, ^, * or [ outside single quotes, so that the exec rule applies; \
                 or ask for permission to run it outside the sandbox."
        }
    }
}

/// What to do where there is no Claude Code to run.
pub fn for_claude(error: &LocateError) -> &'static str {
    match error {
        LocateError::NoInterpreter { why, .. } if matches!(**why, LocateError::Unsafe { .. }) => {
            "Install it where only you can write, or name a Claude Code beside it that you trust: cc-cli config set claude.path PATH"
        }
        LocateError::NoInterpreter { interpreter, .. } if interpreter == "node" => {
            "Install Node.js, or put the directory of `node` on your PATH."
        }
        LocateError::NoInterpreter { .. } => "Install it, or reinstall Claude Code.",
        LocateError::NotAt { .. } => {
            "Fix the path, or use the one on your PATH: cc-cli config unset claude.path"
        }
        LocateError::NotFound { .. } => {
            "Install Claude Code: npm install -g @anthropic-ai/claude-code"
        }
        LocateError::InsideWorkspace { .. } => {
            "Install Claude Code outside this repository and put it on your PATH."
        }
        LocateError::Unsafe { .. } => {
            "Install Claude Code where only you can write, or name one that you trust: cc-cli config set claude.path PATH"
        }
        LocateError::NotExecutable { .. } => "Make it executable, or reinstall Claude Code.",
    }
}

/// What to do about a failed job.
pub fn for_failure(failure: &Failure) -> Option<String> {
    use FailureClass as C;
    let hint = match failure.class {
        C::NotInstalled => "Install Claude Code: npm install -g @anthropic-ai/claude-code",
        C::LoggedOut => {
            "Log in: claude auth login. If ANTHROPIC_API_KEY is set, Claude Code uses that instead: fix or unset it."
        }
        C::UsageLimit => {
            return Some(failure.retry_at.map_or_else(
                || "Your Claude account has reached its usage limit. Try again later.".to_owned(),
                |at| format!("The usage limit of your Claude account resets at {at}."),
            ));
        }
        C::Credit => {
            "Add credit to the account of the API key, or unset ANTHROPIC_API_KEY and log in with a subscription: claude auth login"
        }
        C::Overloaded => "The service is overloaded. Try again in a few minutes.",
        C::Network => "Check your network and proxy settings, then start the job again.",
        C::Model => "Choose another model with --model, or use Claude Code's default.",
        C::Declined => {
            "Word the task differently, leave out what was declined, or choose another model with --model."
        }
        C::PromptTooLong => "Review less at a time: -- PATH..., --commit REV or --scope staged",
        C::ContextLimit => {
            "Ask for less at a time. A long conversation cannot be continued: start over with --fresh."
        }
        C::OutputLimit => {
            "Ask for a shorter answer or for less at a time, or raise CLAUDE_CODE_MAX_OUTPUT_TOKENS."
        }
        C::Thread => "Start over: cc-cli rescue --fresh 'TASK'",
        C::Schema => "Start the job again, or use the plain review.",
        C::GitServer => {
            "Start the job again. If it fails again, check the Claude settings of your organisation: \
             they must allow the MCP server `git` (the command `cc-cli git-server`)."
        }
        C::Sandbox => "Run cc-cli outside the sandbox.",
        C::Protected => {
            "Look at these files before you use Git, Codex or an editor here: they decide what those run. If you or another program changed them, all is well; the answer is in `cc-cli result`."
        }
        C::TimeoutIdle => {
            "Start the job again. To let Claude be silent for longer, set `idle_timeout` (cc-cli config list)."
        }
        C::TimeoutTotal => "Allow more time with --timeout, or ask for less at a time.",
        C::Turns => "Ask for less at a time.",
        C::Budget => {
            "Allow more with --max-budget-usd, or ask for less at a time. Without it a job may spend half of what is left of `budget.per_day_usd`."
        }
        C::Killed | C::Lost => "Start the job again.",
        C::Protocol => {
            "Check that Claude Code works: claude -p hello. If it does, update cc and Claude Code."
        }
        C::Internal => "If it happens again, please report it.",
        C::Other => return None,
    };
    Some(hint.to_owned())
}

/// What to do about a failed check of the gate, which takes its options from the settings; `None` where
/// the next check may go well.
pub(crate) fn for_check(failure: &Failure) -> Option<String> {
    use FailureClass as C;
    let hint = match failure.class {
        C::TimeoutIdle | C::TimeoutTotal => "Allow more time: cc-cli config set gate.timeout 13m",
        C::Budget => "Allow more: cc-cli config set gate.max_budget_usd DOLLARS",
        C::Model | C::Declined => "Choose another model: cc-cli config set gate.model MODEL",
        C::PromptTooLong | C::ContextLimit | C::OutputLimit | C::Schema | C::Turns => return None,
        C::Killed | C::Lost | C::Sandbox | C::Protected | C::Thread => return None,
        _ => return for_failure(failure),
    };
    Some(hint.to_owned())
}
