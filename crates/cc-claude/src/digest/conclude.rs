//! The outcome of a run, from its events and its exit.

use cc_core::text::{printable, tail};
use cc_core::time::human_duration;
use cc_core::{Failure, FailureClass};

use super::answer::TurnAnswer;
use super::{OutcomeBuilder, failure, name};
use crate::outcome::{End, Exit, Interrupted, Omitted, Outcome, RunReport};

/// The most bytes of standard error in a report.
const STDERR: usize = 16 << 10;

impl OutcomeBuilder {
    /// The text to show if the run ended now, and how many bytes of it were cut: the answer; where
    /// there is none, what was said last.
    pub(super) fn shown(&self) -> (&str, u64) {
        let done = self
            .answer
            .as_ref()
            .filter(|answer| !answer.text.trim().is_empty());
        let ended = done.map(|answer| (answer.text.as_str(), answer.cut));
        if done.is_some_and(|answer| answer.failure.is_none()) {
            return ended.unwrap_or_default();
        }
        let open = self
            .texts
            .partial()
            .map(|turn| (turn.text.as_str(), turn.cut));
        open.or(ended).unwrap_or((self.texts.narration(), 0))
    }

    /// Decides how the run ended.
    pub(crate) fn conclude(mut self, exit: &Exit) -> Outcome {
        let (text, text_bytes) = self.shown();
        let text = text.to_owned();
        let (denials, denials_omitted) = self.calls.take_denials();
        let (touched, touched_omitted) = self.calls.take_touched();
        let report = RunReport {
            text,
            structured: self
                .answer
                .as_mut()
                .and_then(|answer| answer.structured.take()),
            thread: self.thread.take(),
            model: self.model.take().or(self.tally.busiest().map(name)),
            claude_version: self.version.take(),
            usage: self.tally.tokens(),
            cost_usd: self.tally.cost_usd(),
            turns: self.tally.turns(),
            denials,
            touched,
            ran_commands: self.calls.ran_commands(),
            omitted: Omitted {
                text_bytes,
                denials: denials_omitted,
                touched: touched_omitted,
            },
            stderr: printable(tail(&exit.stderr, STDERR)).into_owned(),
        };
        let end = self.end(exit, &report);
        Outcome { end, report }
    }

    fn end(&self, exit: &Exit, report: &RunReport) -> End {
        if exit.interrupted == Some(Interrupted::Cancelled) {
            return End::Cancelled;
        }
        let timeout = timeout(exit);
        let failure = match &self.answer {
            None => timeout.unwrap_or_else(|| {
                let printed = self.unreadable.as_deref();
                failure::without_result(exit, &self.hints, printed, self.oversized)
            }),
            Some(answer) => match (&answer.failure, self.lacks(answer, report)) {
                // An answer that came before the time was up stands.
                (None, None) => return End::Completed,
                (None, Some(lack)) => timeout.unwrap_or(lack),
                (Some(failure), _) => match timeout {
                    // What our own interrupt made Claude say is not why the run failed.
                    Some(timeout) if is_vague(failure) => timeout,
                    _ => failure.clone(),
                },
            },
        };
        if self.schema_refused && is_vague(&failure) {
            let detail = "claude did not accept the schema and offers no structured output";
            return End::Failed(Failure::new(FailureClass::Schema, detail));
        }
        End::Failed(failure)
    }

    /// What a turn that did not fail lacks to be an answer.
    fn lacks(&self, answer: &TurnAnswer, report: &RunReport) -> Option<Failure> {
        let (class, detail) = if self.structured {
            if report.structured.is_some() || report.json_in_text().is_some() {
                return None;
            }
            let detail = if self.schema_refused {
                "claude did not accept the schema and answered without structured output"
            } else {
                "claude returned no structured output, even after a retry"
            };
            (FailureClass::Schema, detail)
        } else if answer.is_blank() {
            (FailureClass::Protocol, "claude finished without an answer")
        } else {
            return None;
        };
        Some(Failure::new(class, detail))
    }
}

/// The failure of a run that we ended because of the time.
fn timeout(exit: &Exit) -> Option<Failure> {
    let (class, detail) = match exit.interrupted? {
        Interrupted::Cancelled => return None,
        Interrupted::Idle(time) => (
            FailureClass::TimeoutIdle,
            format!("no output from claude for {}", human_duration(time)),
        ),
        Interrupted::Total(time) => (
            FailureClass::TimeoutTotal,
            format!("the run took longer than {}", human_duration(time)),
        ),
    };
    Some(Failure::new(class, detail))
}

/// Whether a failure may only be the consequence of ending the process.
fn is_vague(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::Killed | FailureClass::Protocol)
}
