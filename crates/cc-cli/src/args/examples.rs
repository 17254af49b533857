//! What `--help` shows after the flags.

/// The exit codes, below the help; [`crate::error::ExitStatus`] has them.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
    0  success
    1  the job or the command failed
    2  wrong usage
    3  not set up: Claude Code, its login, the sandbox or a writable directory
       is missing
    4  the job was cancelled
   10  a finding is at or above --fail-on
   11  no verdict: the findings of the review are not structured
   70  internal error
  124  timed out waiting";

pub(super) const REVIEW_EXAMPLES: &str = "\
Examples:
  cc-cli review                              uncommitted changes, or the branch
  cc-cli review --base main -- src           what HEAD adds to main, in src
  cc-cli review --scope staged --background  return at once
  cc-cli review --range A..B --format sarif --fail-on high > cc.sarif";

pub(super) const ADVERSARIAL_EXAMPLES: &str = "\
Examples:
  cc-cli adversarial-review 'what if two of these run at once?'
  cc-cli adversarial-review --base main --fail-on high";

pub(super) const RESCUE_EXAMPLES: &str = "\
Examples:
  cc-cli rescue 'the importer drops the last row'
  cc-cli rescue --from last --findings 1,3  fix findings of a review
  cc-cli rescue --isolated --background 'make the importer twice as fast'
  cc-cli rescue --resume 'and add a test'   continue the latest one";

pub(super) const APPLY_EXAMPLES: &str = "\
Examples:
  cc-cli apply last --diff   show the change
  cc-cli apply last          apply it; commit it yourself
  cc-cli discard last        then remove the worktree";

pub(super) const SCOPE_EXAMPLES: &str = "\
Examples:
  cc-cli scope --base main -- src ':!*.lock'
  cc-cli scope --since last  what changed since the latest review";

pub(super) const LOGS_EXAMPLES: &str = "\
Examples:
  cc-cli logs -f     follow the newest running job
  cc-cli logs @2     the log of the second job of `status`";

pub(super) const SETUP_EXAMPLES: &str = "\
Examples:
  cc-cli setup                       check everything, and offer to fix it
  cc-cli setup --check               only check
  cc-cli setup --enable-review-gate  in the repository here";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(cc-cli completions bash)         in ~/.bashrc
  source <(cc-cli completions zsh)          in ~/.zshrc, after compinit
  cc-cli completions fish | source          in ~/.config/fish/config.fish";

pub(super) const JOB_IDS: &str = "\
A job is named by its id, a unique prefix of it, or its place in this list:
@1 or `last` is the first one, @2 the second.";

pub(super) const RESULT_EXAMPLES: &str = "\
Examples:
  cc-cli result           the latest finished job
  cc-cli result @2 --web  the second job of `status`, in your browser
  cc-cli result last --format html -o review.html";

pub(super) const WAIT_EXAMPLES: &str = "\
Examples:
  cc-cli wait  for the running job
  cc-cli wait last --timeout 20m --fail-on high";

pub(super) const PRUNE_EXAMPLES: &str = "\
Examples:
  cc-cli prune --keep 20 --dry-run  show what would be removed
  cc-cli rm last                    one job, whether it was read or not";

pub(super) const CONFIG_EXAMPLES: &str = "\
Examples:
  cc-cli config set review.timeout 20m
  cc-cli config edit
  CC_REVIEW_MODEL=opus cc-cli review  for one call";
