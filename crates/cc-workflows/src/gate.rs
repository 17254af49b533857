//! The review gate: at the end of a turn that edited something, Claude looks at it once more.
//!
//! Only a valid verdict blocks. Whatever else happens, the turn ends, with a word about it where the
//! user should know; the setting `gate.fail_closed` turns that round. How often a turn, a session and
//! a day are checked is bounded, and the same state of the files is never checked twice.

mod bounds;
mod history;
mod prompt;
mod run;
mod turn;
mod verdict;

use std::time::{Duration, Instant};

use cc_core::{Dollars, IoError, LocateError, SessionId};
use cc_git::{Git, Repository};
use cc_jobs::{Body, Draft, Ending, Job, Kind, SettingsError, StoreError, settings};
use serde::Deserialize;

use crate::preflight::{self, Obstacle};
use crate::worker::{self, WorkError};
use crate::{BudgetSpent, Project, RunOptions, budget};

pub use bounds::Refusal;
pub use history::{Entry, Outcome};
pub(crate) use run::run;
pub use run::{GateReport, GateSpec};
pub use turn::{begin_turn, forget_turn, switch};
pub use verdict::{Answer, Verdict};

use turn::Turn;

/// The most that the gate may take: Codex ends our hook after 15 minutes, stopping Claude takes a
/// moment, and saving its end on a full disk a minute.
const LONGEST: Duration = Duration::from_secs(13 * 60);

/// The end of a turn, as Codex tells it.
#[derive(Clone, Debug, Default)]
pub struct TurnEnd {
    /// The turn.
    pub turn: Option<String>,
    /// Whether a stop hook, ours or another, blocked this turn before.
    pub is_continued: bool,
    /// What Codex said last.
    pub last_message: String,
}

/// What becomes of the turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It ends.
    Pass,
    /// It ends, and the user is told this.
    Warn(String),
    /// It goes on, and the model is told this.
    Block(String),
}

/// Why the gate came to no verdict.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Claude cannot be started from here.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// There is no Claude Code to run.
    #[error(transparent)]
    Claude(#[from] LocateError),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Nothing is left of what jobs may cost.
    #[error(transparent)]
    Budget(#[from] BudgetSpent),
    /// The change cannot be read.
    #[error(transparent)]
    Git(#[from] cc_git::Error),
    /// A file of the gate cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The job of the check cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The job of the check could not be run.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// Claude ran and gave no verdict.
    #[error("{why}")]
    NoVerdict {
        /// The job of the check.
        job: Box<Job>,
        /// What happened instead.
        why: String,
    },
}

/// What the gate found out.
#[derive(Debug)]
pub(crate) enum Finding {
    /// The turn is not to be checked.
    Skipped(Skip),
    /// Claude gave a verdict.
    Checked {
        /// The job of the check.
        job: Box<Job>,
        /// The verdict.
        answer: Answer,
    },
}

/// Why a turn is not checked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Skip {
    #[error("the turn edited nothing")]
    NoEdits,
    #[error("nothing was edited since the last check")]
    CheckedAlready,
    #[error("the turn was not to be checked")]
    Suppressed,
    #[error("this is no Git repository")]
    NoRepository,
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Decides on the end of a turn; runs Claude for that where it has to.
pub fn stop(project: &Project, session: &SessionId, end: &TurnEnd) -> Decision {
    if !project.store.config().stop_review_gate {
        return Decision::Pass;
    }
    let begun = Instant::now();
    let found = look(project, session, end, begun);
    let wanted = match &found {
        Ok(Finding::Skipped(Skip::Refused(refusal))) => {
            Decision::Warn(format!("Review gate: {refusal}; this turn ends unchecked."))
        }
        Ok(Finding::Skipped(_)) => Decision::Pass,
        Ok(Finding::Checked { job, answer }) => match answer.verdict {
            Verdict::Allow => Decision::Pass,
            Verdict::Block => Decision::Block(prompt::blocked(project, &job.id, &answer.reason)),
        },
        Err(error) if fails_closed(project) => {
            Decision::Block(prompt::failed_closed(project, error))
        }
        Err(error) => Decision::Warn(prompt::failed_open(error)),
    };
    let decision = match wanted {
        Decision::Block(reason) => block(project, session, end, reason),
        decision => decision,
    };
    if !matches!(decision, Decision::Block(_)) {
        turn::end_turn(project, session);
    }
    let entry = Entry::new(
        project.store.now(),
        session,
        end,
        &found,
        &decision,
        begun.elapsed(),
    );
    match history::record(project, &entry, is_check(&found)) {
        Ok(()) => decision,
        // The decision stands: that the turn was blocked is on record elsewhere.
        Err(error) => match decision {
            Decision::Pass => Decision::Warn(format!("Review gate: {error}")),
            decision => decision,
        },
    }
}

/// Whether Claude was asked, which is what the bounds count.
fn is_check(found: &Result<Finding, GateError>) -> bool {
    matches!(
        found,
        Ok(Finding::Checked { .. }) | Err(GateError::NoVerdict { .. } | GateError::Work(_))
    )
}

/// Blocks the turn if it may be blocked once more and that can be written down: a block that nobody
/// remembers could be repeated for ever.
fn block(project: &Project, session: &SessionId, end: &TurnEnd, reason: String) -> Decision {
    let rounds = project
        .settings()
        .map_or(1, |settings| settings.gate.max_rounds);
    let mut turn = Turn::ending(project, session, end, rounds);
    if turn.blocked >= rounds {
        return Decision::Warn(format!(
            "Review gate: {}",
            Refusal::Rounds {
                blocked: turn.blocked
            }
        ));
    }
    turn.blocked += 1;
    match turn.write(project, session) {
        Ok(()) => Decision::Block(reason),
        Err(error) => Decision::Warn(format!(
            "Review gate: the turn is not blocked, since {error}."
        )),
    }
}

fn fails_closed(project: &Project) -> bool {
    project
        .settings()
        .is_ok_and(|settings| settings.gate.fail_closed)
}

fn look(
    project: &Project,
    session: &SessionId,
    end: &TurnEnd,
    begun: Instant,
) -> Result<Finding, GateError> {
    let settings = project.settings()?;
    let mut turn = Turn::ending(project, session, end, settings.gate.max_rounds);
    if turn.suppressed || project.env.var("CC_SKIP_GATE").is_some() {
        return Ok(Finding::Skipped(Skip::Suppressed));
    }
    let repository = match Git::locate(&project.env)
        .and_then(|git| Repository::discover(git, &project.env.cwd))
    {
        Err(cc_git::Error::NotARepository { .. }) => {
            return Ok(Finding::Skipped(Skip::NoRepository));
        }
        repository => repository?,
    };
    let seen = repository.fingerprint(turn.latest(), project.store.now())?;
    let edits = match turn.edits(&seen) {
        Ok(edits) => edits,
        Err(skip) => return Ok(Finding::Skipped(skip)),
    };
    let past = history::read(project);
    let now = project.store.now();
    let bounds = bounds::rounds(&settings.gate, turn.blocked)
        .and_then(|()| bounds::frequency(&settings.gate, &past, session, now));
    if let Err(refusal) = bounds {
        return Ok(Finding::Skipped(refusal.into()));
    }
    let Some(change) = prompt::change(project, &edits)? else {
        return Ok(Finding::Skipped(Skip::NoEdits));
    };
    let (job, body) = run_check(project, session, end, &settings, change, begun)?;
    turn.checked = Some(seen);
    // What is not remembered is checked again; a block needs this file and will tell.
    let _ = turn.write(project, session);
    verdict_of(job, &body)
}

/// Runs the check as a job in this process: when the host ends the hook, Claude ends with it.
fn run_check(
    project: &Project,
    session: &SessionId,
    end: &TurnEnd,
    settings: &settings::Settings,
    change: prompt::Change,
    begun: Instant,
) -> Result<(Job, Body), GateError> {
    preflight::check(&project.env)?;
    let gate = &settings.gate;
    let left = gate
        .timeout
        .duration()
        .min(LONGEST)
        .saturating_sub(begun.elapsed());
    let options = RunOptions {
        claude: settings.claude.path.clone(),
        model: gate.model.clone(),
        effort: gate.effort.clone(),
        timeout: left,
        idle_timeout: left,
        max_budget_usd: gate.max_budget_usd.map(Dollars::amount),
        day_budget: settings.budget.per_day_usd,
    };
    project.claude(options.claude.as_deref())?;
    let options = budget::within_the_day(project, &options)?;
    let spec = GateSpec {
        git_config: change.git_config.clone(),
        options,
    };
    let draft = Draft {
        kind: Kind::Gate,
        title: "Check at the end of a turn".into(),
        summary: change.summary.clone(),
        write: false,
        session: Some(session.clone()),
        thread: None,
        model: spec.options.model.clone(),
        request: serde_json::to_value(&spec).map_err(StoreError::from)?,
    };
    // Counted before it costs anything: the user or Codex may end this process in the middle.
    let entry = Entry::unfinished(project.store.now(), session, end);
    history::record(project, &entry, true)?;
    Ok(worker::work_here(
        project,
        draft,
        &change.prompt(&end.last_message),
    )?)
}

fn verdict_of(job: Job, body: &Body) -> Result<Finding, GateError> {
    let report = GateReport::deserialize(&body.result).ok();
    let why = match job.state().ending() {
        Some(Ending::Completed) => match report.map(|report| (report.answer, report.parse_error)) {
            Some((Some(answer), _)) => {
                return Ok(Finding::Checked {
                    job: Box::new(job),
                    answer,
                });
            }
            Some((None, Some(error))) => error,
            _ => "the check left no report".to_owned(),
        },
        Some(Ending::Failed(failure)) => failure.detail.clone(),
        Some(Ending::Cancelled) => "the check was cancelled".to_owned(),
        None => "the check did not end".to_owned(),
    };
    Err(GateError::NoVerdict {
        job: Box::new(job),
        why,
    })
}
