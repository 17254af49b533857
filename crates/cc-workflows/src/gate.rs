//! The review gate: at the end of a turn that edited files, Claude reviews the edits.
//!
//! Only a valid verdict blocks. Whatever else happens, the turn ends, with a message where the user
//! should know; the setting `gate.fail_closed` reverses that. The number of checks per turn, session
//! and day is limited, and the same state of the files is never checked twice.

mod activity;
mod authors;
mod bounds;
mod edits;
mod history;
mod outcome;
mod prompt;
pub(crate) mod run;
mod switch;
mod turn;
pub(crate) mod verdict;

use std::time::{Duration, Instant};

use cc_core::session::SessionRecord;
use cc_core::{Dollars, SessionId};
use cc_git::{Git, Repository};
use cc_jobs::settings::Settings;
use cc_jobs::{Body, Ending, Job, JobKind};

use crate::day_budget::DayRest;
use crate::job_result::JobResult;
use crate::order::{GateSpec, WorkOrder};
use crate::{Project, RunOptions, door, preflight, worker};

pub use outcome::{Decision, TurnEnd};
pub use switch::{is_on, switch};
pub use turn::{begin_turn, forget_turn};

use authors::Authors;
use history::HistoryEntry;
use outcome::{CheckOutcome, GateError, Skip, Unclear};
use prompt::TurnChange;
use turn::EndingTurn;
use verdict::GateVerdict;

/// The longest that the gate may take: Codex ends our hook after 15 minutes, stopping Claude takes a
/// moment, and saving its end on a full disk a minute.
const LONGEST: Duration = Duration::from_secs(13 * 60);

/// One call of the gate, and what it read at its start.
struct Stop<'a> {
    project: &'a Project,
    session: &'a SessionId,
    end: &'a TurnEnd,
    begun: Instant,
    settings: Settings,
    turn: EndingTurn,
    /// What is not checked, since another session may have done it.
    unclear: Unclear,
}

/// Decides whether a turn may end; runs Claude for that where needed.
pub fn stop(project: &Project, session: &SessionId, end: &TurnEnd) -> Decision {
    let settings = project.settings();
    if !switch::is_on_by(project, settings.as_ref()) {
        return Decision::Pass;
    }
    let begun = Instant::now();
    let _lock = match turn::lock(project, session, end) {
        Ok(Some(lock)) => Some(lock),
        Ok(None) => return Decision::Pass,
        // Whatever is wrong with the directory, the check finds out and says.
        Err(_) => None,
    };
    // The defaults do not check: the error decides.
    let (settings, broken) = match settings {
        Ok(settings) => (settings, None),
        Err(error) => {
            let mut settings = Settings::default();
            settings.gate.fail_closed = switch::may_fail_closed(project);
            (settings, Some(error))
        }
    };
    let mut stop = Stop {
        project,
        session,
        end,
        begun,
        turn: EndingTurn::read(project, session, end, settings.gate.max_rounds),
        settings,
        unclear: Unclear::default(),
    };
    let outcome = match broken {
        Some(error) => Err(error.into()),
        None => match switch::damage(project) {
            Some(error) => Err(error.into()),
            None => stop.look(),
        },
    };
    let decision = stop.decide(&outcome);
    stop.close(&outcome, decision)
}

impl Stop<'_> {
    /// Finds what the turn edited, and has Claude check it.
    fn look(&mut self) -> Result<CheckOutcome, GateError> {
        let project = self.project;
        if self.turn.state.suppressed || project.env.var("CC_SKIP_GATE").is_some() {
            return Ok(CheckOutcome::Skipped(Skip::Suppressed));
        }
        if let Some(record) = SessionRecord::of(&project.data, self.session) {
            door::may_read(&record, project.store.workspace().root())?;
        }
        let repository = match Git::locate(&project.env)
            .and_then(|git| Repository::discover(git, project.store.workspace().root()))
        {
            Err(cc_git::Error::NotARepository { .. }) => {
                return Ok(CheckOutcome::Skipped(Skip::NoRepository));
            }
            repository => repository?,
        };
        let now = project.store.now();
        let seen = repository.fingerprint(self.turn.state.latest(), now)?;
        let authors = Authors::find(project, self.session, self.end, self.turn.began());
        let edits = match edits::of_turn(&repository, &self.turn.state, &seen, &authors)? {
            Ok(edits) => edits,
            Err(skip) => return Ok(CheckOutcome::Skipped(skip)),
        };
        let gate = &self.settings.gate;
        let past = history::read(project)?;
        let bounds = bounds::rounds(gate, self.turn.state.blocked)
            .and_then(|()| bounds::frequency(gate, &past, self.session, project.store.now()));
        if let Err(refusal) = bounds {
            return Ok(CheckOutcome::Skipped(refusal.into()));
        }
        let Some(change) = prompt::change(&repository, &edits, &self.settings.diff)? else {
            return Ok(CheckOutcome::Skipped(Skip::NoEdits));
        };
        self.unclear = edits.unclear;
        let (job, body) = self.check(&change)?;
        self.turn.state.checked = Some(seen);
        // If this is not saved, the same edits are checked again; a block reports the error.
        let _ = self.turn.write(project, self.session);
        outcome_of(job, &body)
    }

    /// Runs the check as a job in this process: when the host ends the hook, Claude ends with it.
    fn check(&self, change: &TurnChange) -> Result<(Job, Body), GateError> {
        let gate = &self.settings.gate;
        let limit = gate.timeout.duration().min(LONGEST);
        let left = limit.saturating_sub(self.begun.elapsed());
        let options = RunOptions {
            claude: self.settings.claude.path.clone(),
            claude_pass_env: self.settings.claude.pass_env.clone(),
            model: gate.model.clone(),
            effort: gate.effort.clone(),
            timeout: left,
            idle_timeout: left,
            max_budget_usd: gate.max_budget_usd.map(Dollars::amount),
        };
        let day_budget = self.settings.budget.per_day_usd;
        let order = WorkOrder::Gate(GateSpec {
            options: preflight::clear(self.project, &options, day_budget)?,
        });
        let (session, title) = (Some(self.session.clone()), "Check at the end of a turn");
        let draft = order.draft(JobKind::Gate, session, title.into(), change.summary.clone())?;
        let rest = DayRest::find(self.project, day_budget)?;
        // Counted before it costs anything: the user or Codex may end this process in the middle.
        let entry = HistoryEntry::unfinished(self.project.store.now(), self.session, self.end);
        history::record(self.project, &entry, true)?;
        let prompt = change.prompt(&self.end.last_message);
        Ok(worker::work_here(self.project, draft, &prompt, rest)?)
    }

    /// Only a valid verdict blocks, or an error where the user wants that.
    fn decide(&mut self, outcome: &Result<CheckOutcome, GateError>) -> Decision {
        let project = self.project;
        match outcome {
            Ok(CheckOutcome::Skipped(Skip::Refused(refusal))) => {
                Decision::Warn(format!("Review gate: {refusal}; this turn ends unchecked."))
            }
            Ok(CheckOutcome::Skipped(Skip::Unclear(unclear))) => {
                Decision::Warn(prompt::unclear(unclear))
            }
            Ok(CheckOutcome::Skipped(_)) => Decision::Pass,
            Ok(CheckOutcome::Checked { job, answer }) => match answer.verdict {
                GateVerdict::Allow if self.unclear.is_nothing() => Decision::Pass,
                GateVerdict::Allow => Decision::Warn(prompt::unclear(&self.unclear)),
                GateVerdict::Block => self.block(prompt::blocked(project, &job.id, &answer.reason)),
            },
            Err(error) if self.settings.gate.fail_closed => {
                self.block(prompt::failed_closed(project, error))
            }
            Err(error) => Decision::Warn(prompt::failed_open(error)),
        }
    }

    /// Blocks the turn if it may be blocked again and the block can be saved: one that is not
    /// remembered could be repeated for ever.
    fn block(&mut self, reason: String) -> Decision {
        if let Err(refusal) = bounds::rounds(&self.settings.gate, self.turn.state.blocked) {
            return Decision::Warn(format!("Review gate: {refusal}"));
        }
        self.turn.state.blocked += 1;
        match self.turn.write(self.project, self.session) {
            Ok(()) => Decision::Block(reason),
            Err(error) => Decision::Warn(format!(
                "Review gate: the turn is not blocked, since {error}."
            )),
        }
    }

    /// Writes down what becomes of the turn.
    fn close(self, outcome: &Result<CheckOutcome, GateError>, decision: Decision) -> Decision {
        let (project, session) = (self.project, self.session);
        let entry = HistoryEntry::unfinished(project.store.now(), session, self.end);
        let entry = entry.finished(outcome, &decision, self.begun.elapsed());
        if !matches!(decision, Decision::Block(_)) {
            self.turn.end(project, session);
        }
        match history::record(project, &entry, is_check(outcome)) {
            Ok(()) => decision,
            // The decision is kept: the turn file says that it was blocked.
            Err(error) => match decision {
                Decision::Pass => Decision::Warn(format!("Review gate: {error}")),
                decision => decision,
            },
        }
    }
}

/// Whether Claude was asked, which is what the bounds count.
fn is_check(outcome: &Result<CheckOutcome, GateError>) -> bool {
    matches!(
        outcome,
        Ok(CheckOutcome::Checked { .. }) | Err(GateError::NoVerdict { .. } | GateError::Work(_))
    )
}

fn outcome_of(job: Job, body: &Body) -> Result<CheckOutcome, GateError> {
    let why = match (job.state().ending(), JobResult::read(job.kind, body)) {
        (Some(Ending::Completed), Some(JobResult::Gate(report))) => {
            match (report.answer, report.parse_error) {
                (Some(answer), _) => {
                    return Ok(CheckOutcome::Checked {
                        job: Box::new(job),
                        answer,
                    });
                }
                (None, Some(error)) => error,
                (None, None) => "the check left no report".to_owned(),
            }
        }
        (Some(Ending::Completed), _) => "the check left no report".to_owned(),
        (Some(Ending::Failed(failure)), _) => failure.detail.clone(),
        (Some(Ending::Cancelled), _) => "the check was cancelled".to_owned(),
        (None, _) => "the check did not end".to_owned(),
    };
    Err(GateError::NoVerdict {
        job: Box::new(job),
        why,
    })
}
