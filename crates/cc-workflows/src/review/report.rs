//! The report of a review: its JSON, and what it says.

use std::time::Duration;

use cc_core::text::{first_line, one_line};
use cc_core::{JobId, RanCommand, SessionId};
use cc_jobs::JobKind;
use serde::{Deserialize, Serialize};

use super::findings::{LocatedFinding, ReviewVerdict};
use super::instructions::InstructionSources;
use super::reviewed::ReviewedChange;
use crate::claude_report::ClaudeReport;
use crate::report::{self, Line, Report, Verdict};

/// The result of a review, as `review --json` prints and the record keeps it.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewReport {
    /// The job.
    pub job_id: JobId,
    /// `review` or `adversarial-review`.
    pub review: String,
    /// What was reviewed.
    pub target: ReviewedChange,
    /// The session of Codex that asked.
    pub session_id: Option<SessionId>,
    /// How the run went; `stdout` is the answer.
    pub claude: ClaudeReport,
    /// What the diff in the prompt left out, a line each.
    pub not_seen: Vec<String>,
    /// Whose instructions it was given.
    #[serde(default, skip_serializing_if = "InstructionSources::is_empty")]
    pub instructions: InstructionSources,
    /// The structured review, if one was requested and came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ReviewConclusion>,
    /// The problems, the most severe first; `None` if a structured review was not requested or did not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<LocatedFinding>>,
    /// Why there is none although one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parse_error: Option<String>,
    /// The commands that Claude ran, in a sandbox that cannot write the workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<RanCommand>,
    /// Claude's answer, unchanged, if a structured review was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_output: Option<String>,
}

/// What a structured review says besides its findings.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReviewConclusion {
    /// Whether the change can be merged.
    pub verdict: ReviewVerdict,
    /// Two or three sentences.
    pub summary: String,
    /// What to do next.
    pub next_steps: Vec<String>,
}

impl ReviewReport {
    /// One line: the verdict and the number of findings, or the start of the answer.
    pub fn summary(&self) -> String {
        let Some(result) = &self.result else {
            let answer = self.raw_output.as_ref().unwrap_or(&self.claude.stdout);
            return first_line(answer, 200);
        };
        let counts = report::counts(self.findings.iter().flatten()).into_iter();
        let counts = counts.map(|(severity, count)| format!("{count} {}", severity.word()));
        let counts: Vec<String> = counts.collect();
        let counts = match counts.is_empty() {
            true => "no findings".to_owned(),
            false => counts.join(", "),
        };
        let scope = match self.target.paths.is_empty() {
            true => String::new(),
            false => format!(" (only {})", self.target.path_names(2).plain()),
        };
        let verdict = Verdict::from(result.verdict).words();
        one_line(&format!("{verdict}: {counts}{scope}"), 200)
    }

    /// The findings as text for a model; `None` if they are not structured.
    pub(super) fn numbered(&self) -> Option<String> {
        let findings = self.findings.as_ref()?.iter().zip(1..);
        let numbered = findings.map(|(located, number)| located.numbered(number));
        Some(numbered.collect())
    }

    /// The report.
    pub(crate) fn report(&self, kind: JobKind, elapsed: Option<Duration>) -> Report {
        let footer = self.claude.run.line(&self.job_id, elapsed);
        let mut report = Report::new(self.job_id.clone(), self.title(kind), footer);
        report.answer = match &self.result {
            Some(result) => {
                report.verdict = Some(result.verdict.into());
                report.next_steps = result
                    .next_steps
                    .iter()
                    .map(|it| Line::foreign(it))
                    .collect();
                result.summary.clone()
            }
            None => {
                let why = self.parse_error.iter();
                report.notes.extend(why.map(|why| {
                    Line::text(format!(
                        "The findings are not structured ({why}). Claude's answer:"
                    ))
                }));
                self.raw_output
                    .as_ref()
                    .unwrap_or(&self.claude.stdout)
                    .clone()
            }
        };
        report.findings = self.findings.clone();
        report.warnings = self.claude.warning.iter().map(Line::text).collect();
        let not_seen = self.not_seen.iter();
        report.not_reviewed = not_seen.map(|it| Line::described(it)).collect();
        let instructions = self.instructions.lines().into_iter();
        report.remarks = instructions.map(|line| Line::described(&line)).collect();
        report.reviewed = Some(Line::text("Reviewed: ").join(self.target.sentence()));
        let commands = self.commands.iter().map(|ran| {
            let line = Line::code(&ran.command);
            match ran.failed {
                true => line.and(" (failed)"),
                false => line,
            }
        });
        report.list(
            Line::text("Commands that Claude ran, in a sandbox"),
            commands,
        );
        self.target.facts(&mut report);
        self.claude.run.facts(&mut report, elapsed);
        report
    }

    fn title(&self, kind: JobKind) -> Line {
        Line::text(match kind {
            JobKind::AdversarialReview => "Adversarial review of ",
            _ => "Review of ",
        })
        .join(self.target.name())
    }
}

impl From<ReviewVerdict> for Verdict {
    fn from(verdict: ReviewVerdict) -> Self {
        match verdict {
            ReviewVerdict::Approve => Self::Approve,
            ReviewVerdict::NeedsAttention => Self::NeedsAttention,
        }
    }
}
