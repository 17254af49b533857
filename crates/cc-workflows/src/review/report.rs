//! The report of a review: its JSON, and its Markdown.

use std::fmt::Write;
use std::time::Duration;

use cc_core::text::{first_line, one_line, printable};
use cc_core::{JobId, SessionId};
use cc_jobs::JobKind;
use serde::{Deserialize, Serialize};

use super::findings::{Finding, LocatedFinding, ReviewVerdict, Severity};
use super::instructions::InstructionSources;
use crate::claude_report::ClaudeReport;

/// The result of a review, as `review --json` prints and the record keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewReport {
    /// The job.
    pub job_id: JobId,
    /// `review` or `adversarial-review`.
    pub review: String,
    /// What was reviewed.
    pub target: ReportTarget,
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
    pub result: Option<ReviewResult>,
    /// Why there is none although one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parse_error: Option<String>,
    /// Claude's answer, unchanged, if a structured review was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_output: Option<String>,
}

/// What was reviewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportTarget {
    /// The mode, such as `working-tree`.
    pub mode: cc_git::Mode,
    /// A description for people.
    pub label: String,
    /// What it was compared with: the branch or commit as the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_ref: Option<String>,
    /// What it was limited to, as pathspecs of Git at the root; empty for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The earlier review, if only what changed since was reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<JobId>,
}

/// A structured review whose locations were checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReviewResult {
    /// Whether the change can be merged.
    pub verdict: ReviewVerdict,
    /// Two or three sentences.
    pub summary: String,
    /// The problems, the most severe first.
    pub findings: Vec<LocatedFinding>,
    /// What to do next.
    pub next_steps: Vec<String>,
}

impl ReviewResult {
    /// All findings as text for a model.
    pub(super) fn numbered(&self) -> String {
        let numbered = self.findings.iter().zip(1..);
        numbered
            .map(|(located, number)| located.numbered(number))
            .collect()
    }
}

impl ReviewReport {
    /// One line: the verdict and the number of findings, or the start of the answer.
    pub fn summary(&self) -> String {
        let Some(result) = &self.result else {
            let answer = self.raw_output.as_ref().unwrap_or(&self.claude.stdout);
            return first_line(answer, 200);
        };
        let count = |severity: Severity| {
            let findings = result.findings.iter();
            let count = findings
                .filter(|it| it.finding.severity == severity)
                .count();
            (count > 0).then(|| format!("{count} {}", severity.label().to_lowercase()))
        };
        use Severity::{Critical, High, Low, Medium};
        let counts: Vec<String> = [Critical, High, Medium, Low]
            .into_iter()
            .filter_map(count)
            .collect();
        let counts = match counts.is_empty() {
            true => "no findings".to_owned(),
            false => counts.join(", "),
        };
        format!("{}: {counts}", verdict_words(result.verdict))
    }

    /// The report as Markdown.
    pub fn markdown(&self, kind: JobKind, elapsed: Option<Duration>) -> String {
        let mut out = String::new();
        let noun = match kind {
            JobKind::AdversarialReview => "Adversarial review",
            _ => "Review",
        };
        let label = one_line(&self.target.label, 200);
        heading(&mut out, &format!("# {noun} of {label}"));
        match &self.result {
            Some(result) => result.markdown(&mut out),
            None => {
                if let Some(error) = &self.parse_error {
                    let note =
                        format!("> The findings are not structured ({error}). Claude's answer:");
                    heading(&mut out, &note);
                }
                let answer = self.raw_output.as_ref().unwrap_or(&self.claude.stdout);
                heading(&mut out, answer.trim());
            }
        }
        if let Some(warning) = &self.claude.warning {
            heading(&mut out, &format!("> {warning}"));
        }
        if !self.not_seen.is_empty() {
            out.push_str("## Not reviewed\n\n");
            for line in &self.not_seen {
                let _ = writeln!(out, "- {}", one_line(line, 300));
            }
            out.push('\n');
        }
        for line in self.instructions.lines() {
            heading(&mut out, &line);
        }
        let _ = writeln!(out, "---\n{}", self.claude.footer(&self.job_id, elapsed));
        printable(&out).into_owned()
    }
}

impl ReviewResult {
    fn markdown(&self, out: &mut String) {
        heading(
            out,
            &format!("**Verdict: {}**", verdict_words(self.verdict)),
        );
        heading(out, self.summary.trim());
        if self.findings.is_empty() {
            heading(out, "No findings.");
        }
        for (number, LocatedFinding { finding, location }) in self.findings.iter().enumerate() {
            let title = one_line(&finding.title, 200);
            heading(
                out,
                &format!("## {}. {}: {title}", number + 1, finding.severity.label()),
            );
            let mut place = format!("`{}`", place(finding));
            if let Some(warning) = location.warning() {
                let _ = write!(place, " (**{warning}**)");
            }
            heading(
                out,
                &format!(
                    "{place} · confidence {:.0} %",
                    finding.confidence.clamp(0.0, 1.0) * 100.0
                ),
            );
            heading(out, finding.body.trim());
            if !finding.recommendation.trim().is_empty() {
                heading(out, &format!("**Fix:** {}", finding.recommendation.trim()));
            }
        }
        if !self.next_steps.is_empty() {
            out.push_str("## Next steps\n\n");
            for (number, step) in self.next_steps.iter().enumerate() {
                let _ = writeln!(out, "{}. {}", number + 1, one_line(step, 1_000));
            }
            out.push('\n');
        }
    }
}

fn heading(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\n\n");
}

fn verdict_words(verdict: ReviewVerdict) -> &'static str {
    match verdict {
        ReviewVerdict::Approve => "approve",
        ReviewVerdict::NeedsAttention => "needs attention",
    }
}

/// `path:line` or `path:first-last`, backquotes taken out so that it can stand in Markdown code.
fn place(finding: &Finding) -> String {
    let file = one_line(&finding.file, 300).replace('`', "'");
    if finding.line_end > finding.line_start {
        format!("{file}:{}-{}", finding.line_start, finding.line_end)
    } else {
        format!("{file}:{}", finding.line_start)
    }
}
