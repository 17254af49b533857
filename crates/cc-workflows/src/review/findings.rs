//! The answer of an adversarial review: a verdict and findings, as types that make their own schema.

use cc_core::text::one_line;
use cc_git::{Excerpt, Lines, Repository, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema;

/// A structured review, as the model gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewFindings {
    /// Whether the change can be merged as it is.
    pub(crate) verdict: ReviewVerdict,
    /// Two or three sentences: what was examined and what came of it.
    #[schemars(length(min = 1))]
    pub(crate) summary: String,
    /// The problems, the most severe first; empty if there are none.
    pub(crate) findings: Vec<Finding>,
    /// What to do next, in order; empty if nothing.
    pub(crate) next_steps: Vec<String>,
}

/// Whether a change can be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewVerdict {
    /// Nothing stands against it.
    Approve,
    /// Something must be looked at first.
    NeedsAttention,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How bad it is if it happens.
    pub severity: Severity,
    /// One line: what goes wrong.
    #[schemars(length(min = 1))]
    pub title: String,
    /// When it goes wrong, how, and how you know.
    #[schemars(length(min = 1))]
    pub body: String,
    /// Path of the file, relative to the root of the repository.
    #[schemars(length(min = 1))]
    pub file: String,
    /// First line concerned, counted from 1, in the reviewed version of the file.
    #[schemars(range(min = 1))]
    pub line_start: u64,
    /// Last line concerned.
    #[schemars(range(min = 1))]
    pub line_end: u64,
    /// How sure you are, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: f64,
    /// The smallest change that fixes it.
    pub recommendation: String,
    /// Whether somebody could exploit it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub security: bool,
}

impl Finding {
    /// `path:line` or `path:first-last`, on one line.
    #[must_use]
    pub fn place(&self) -> String {
        let file = one_line(&self.file, 300);
        match self.line_end > self.line_start {
            true => format!("{file}:{}-{}", self.line_start, self.line_end),
            false => format!("{file}:{}", self.line_start),
        }
    }

    /// How sure Claude is, from 0 to 100.
    #[must_use]
    pub fn percent(&self) -> u8 {
        // Rounded and within bounds, so nothing is lost.
        (self.confidence.clamp(0.0, 1.0) * 100.0).round() as u8
    }
}

/// How bad a problem is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Data loss, a security hole, an outage.
    Critical,
    /// Wrong results or a crash in ordinary use.
    High,
    /// Wrong in rarer cases, or a risk for later changes.
    Medium,
    /// A small defect.
    Low,
}

impl Severity {
    /// All of them, the most severe first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The name within a sentence, and in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The name that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
        }
    }
}

/// The JSON Schema of [`ReviewFindings`].
pub(crate) fn schema() -> Value {
    schema::of::<ReviewFindings>()
}

impl ReviewFindings {
    /// Takes the structured output of a run.
    ///
    /// # Errors
    /// When it is not of this shape.
    pub(crate) fn from_output(output: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(output).map(Self::in_order)
    }

    fn in_order(mut self) -> Self {
        self.findings.sort_by_key(|finding| finding.severity);
        self
    }
}

/// Whether the location of a finding exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "check")]
pub enum Location {
    /// File and lines exist.
    Found,
    /// The reviewed version has no such file.
    NoSuchFile,
    /// The file ends before the lines named.
    NoSuchLine {
        /// How many lines it has.
        lines: u64,
    },
    /// It could not be checked.
    Unknown,
}

impl Location {
    /// Checks the location of `finding` in the reviewed version.
    pub fn of(finding: &Finding, repository: Option<&Repository>, target: &Target) -> Self {
        match repository.map(|repository| repository.line_count(target, &finding.file)) {
            Some(Ok(None)) => Self::NoSuchFile,
            Some(Ok(Some(Lines::Counted(lines))))
                if finding.line_start > lines || finding.line_end > lines =>
            {
                Self::NoSuchLine { lines }
            }
            Some(Ok(Some(_))) => Self::Found,
            Some(Err(_)) | None => Self::Unknown,
        }
    }

    /// What is wrong with it, if anything.
    pub fn warning(self) -> Option<String> {
        match self {
            Self::Found => None,
            Self::NoSuchFile => Some("no such file in the reviewed version".into()),
            Self::NoSuchLine { lines } => Some(format!("no such line: the file has {lines}")),
            Self::Unknown => Some("the location could not be checked".into()),
        }
    }
}

/// A finding and whether its location exists.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LocatedFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Whether its file and lines exist.
    pub location: Location,
    /// The lines that it is about with five around them, as they were reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
}

impl LocatedFinding {
    /// The finding as text for a model.
    pub(crate) fn numbered(&self, number: usize) -> String {
        let finding = &self.finding;
        format!(
            "{number}. [{}] {}:{}-{} {}\n{}\nSuggested: {}\n\n",
            finding.severity.label(),
            one_line(&finding.file, 300),
            finding.line_start,
            finding.line_end,
            finding.title.trim(),
            finding.body.trim(),
            finding.recommendation.trim(),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        let finding = |severity: &str| {
            json!({
                "severity": severity, "title": "t", "body": "b", "file": "a.rs", "line_start": 1, "line_end": 2,
                "confidence": 0.5, "recommendation": "r",
            })
        };
        json!({"verdict": "needs-attention", "summary": "s", "next_steps": [], "findings": [finding("low"), finding("critical")]})
    }

    #[test]
    fn the_schema_as_claude_gets_it() {
        insta::assert_json_snapshot!(schema());
    }

    #[test]
    fn findings_come_in_order_of_severity() {
        let findings = ReviewFindings::from_output(&sample()).unwrap();
        assert_eq!(findings.findings[0].severity, Severity::Critical);
    }
}
