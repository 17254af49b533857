//! The outcome of a run, from its events and its exit.

use cc_core::text::{printable, tail};
use cc_core::time::human_duration;
use cc_core::{Failure, FailureClass};

use super::answer::TurnAnswer;
use super::text::{TurnText, is_substantial};
use super::{OutcomeBuilder, failure, name};
use crate::outcome::{End, Exit, Interrupted, Omitted, Outcome, RunReport};

/// The most bytes of standard error in a report.
const STDERR: usize = 16 << 10;

impl OutcomeBuilder {
    /// The text to show, now that the run has ended: the answer; where there is none, what was said
    /// last. Either comes with the substantial parts before.
    fn shown(&mut self) -> TurnText {
        let mut open = self.texts.take_open();
        let (answered, mut shown) = match &mut self.answer {
            None => (false, TurnText::default()),
            Some(answer) => {
                let shown = TurnText {
                    text: std::mem::take(&mut answer.text),
                    earlier: std::mem::take(&mut answer.earlier),
                    cut: answer.cut,
                    notification: false,
                };
                (answer.failure.is_none(), shown)
            }
        };
        let is_newer = !open.text.trim().is_empty();
        let replaces = is_newer && (!answered || shown.text.trim().is_empty());
        if replaces {
            std::mem::swap(&mut open.text, &mut shown.text);
        }
        // Of the other one, what is substantial; in the order of time.
        let mut other = open.earlier;
        let other_text = Some(open.text).filter(|text| is_substantial(text));
        if replaces {
            shown.earlier.extend(other_text);
            shown.earlier.append(&mut other);
        } else {
            shown.earlier.append(&mut other);
            shown.earlier.extend(other_text);
        }
        shown.cut += open.cut;
        if shown.text.trim().is_empty() {
            let last = shown.earlier.pop();
            shown.text = last.unwrap_or_else(|| self.texts.narration().to_owned());
        }
        // What the last part repeats is no part of its own.
        let text = &shown.text;
        shown.earlier.retain(|part| !text.contains(part.trim()));
        shown
    }

    /// Decides how the run ended.
    pub(crate) fn conclude(mut self, exit: &Exit) -> Outcome {
        let is_blank = self.answer.as_ref().is_none_or(TurnAnswer::is_blank);
        let shown = self.shown();
        let (denials, denials_omitted) = self.calls.take_denials();
        let (touched, touched_omitted) = self.calls.take_touched();
        let structured = self
            .answer
            .as_mut()
            .and_then(|answer| answer.structured.take());
        let answered = self
            .answer
            .as_ref()
            .filter(|answer| answer.failure.is_none());
        let incomplete = answered.and_then(|answer| answer.incomplete);
        let report = RunReport {
            text: shown.text,
            earlier: shown.earlier,
            incomplete: incomplete.filter(|_| structured.is_none()),
            refused: self.tried.take().filter(|_| structured.is_none()),
            structured,
            thread: self.thread.take(),
            model: self.model.take().or(self.tally.busiest().map(name)),
            claude_version: self.version.take(),
            usage: self.tally.tokens(),
            cost_usd: self.tally.cost_usd(),
            turns: self.tally.turns(),
            limit: self.limit.take(),
            denials,
            touched,
            ran_commands: self.calls.ran_commands(),
            commands: self.calls.take_commands(),
            omitted: Omitted {
                text_bytes: shown.cut,
                denials: denials_omitted,
                touched: touched_omitted,
            },
            stderr: printable(tail(&exit.stderr, STDERR)).into_owned(),
        };
        let end = self.end(exit, &report, is_blank);
        Outcome { end, report }
    }

    fn end(&self, exit: &Exit, report: &RunReport, is_blank: bool) -> End {
        if exit.interrupted == Some(Interrupted::Cancelled) {
            return End::Cancelled;
        }
        if let (Some(status), Some(server)) = (&self.server_missing, self.server) {
            let detail =
                format!("Claude Code has no connection to the MCP server `{server}`: {status}");
            return End::Failed(Failure::new(FailureClass::GitServer, detail));
        }
        let timeout = timeout(exit);
        let failure = match &self.answer {
            None => timeout.unwrap_or_else(|| {
                let printed = self.unreadable.as_deref();
                failure::without_result(exit, &self.hints, printed, self.oversized)
            }),
            Some(answer) => match (&answer.failure, self.lacks(report, is_blank)) {
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
    fn lacks(&self, report: &RunReport, is_blank: bool) -> Option<Failure> {
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
        } else if is_blank {
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
