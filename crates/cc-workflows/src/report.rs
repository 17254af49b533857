//! What a job has to say, before it takes a form: Markdown here, terminal and HTML in `cc-cli`.
//!
//! Text of Claude, of the user or of the repository stands in fields of its own, never between ours:
//! each form quotes it for itself.

pub(crate) mod foreign;
mod line;
mod markdown;

use cc_core::JobId;

use crate::review::findings::{LocatedFinding, Severity};

pub use foreign::{Dialect, block as contained, dialect};
pub use line::{Line, Span};

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// The job.
    pub job: JobId,
    /// What was asked: `Review of uncommitted changes in src`.
    pub title: Line,
    /// What was decided, if something was.
    pub verdict: Option<Verdict>,
    /// What to know before reading on.
    pub notes: Vec<Line>,
    /// Claude's answer or its summary, Markdown from outside.
    pub answer: String,
    /// The findings, the most severe first; `None` where there was nothing to find.
    pub findings: Option<Vec<LocatedFinding>>,
    /// What Claude could not do.
    pub warnings: Vec<Line>,
    /// What was not reviewed.
    pub not_reviewed: Vec<Line>,
    /// Further lists of ours.
    pub sections: Vec<Section>,
    /// What Claude proposes to do next.
    pub next_steps: Vec<Line>,
    /// Further statements of ours, a paragraph each.
    pub remarks: Vec<Line>,
    /// What was looked at, and who did it: `Branch`, `Model` and so on.
    pub facts: Vec<Fact>,
    /// What was looked at, in one line.
    pub reviewed: Option<Line>,
    /// Who answered, and what it took, in one line.
    pub footer: Line,
    /// How to continue.
    pub continuation: Vec<Line>,
}

/// A list of ours.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its heading.
    pub title: Line,
    /// Its items.
    pub items: Vec<Line>,
}

/// One thing that is known of a job.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is.
    pub label: &'static str,
    /// Its value.
    pub value: Line,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The change can be merged.
    Approve,
    /// It should not be merged as it is.
    NeedsAttention,
    /// The turn may end.
    Allowed,
    /// It may not.
    Blocked,
}

impl Verdict {
    /// The words for it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::NeedsAttention => "needs attention",
            Self::Allowed => "allowed",
            Self::Blocked => "blocked",
        }
    }

    /// Whether nothing stands in the way.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Approve | Self::Allowed)
    }
}

impl Report {
    /// An empty report of a job.
    pub(crate) fn new(job: JobId, title: Line, footer: Line) -> Self {
        Self {
            job,
            title,
            verdict: None,
            notes: Vec::new(),
            answer: String::new(),
            findings: None,
            warnings: Vec::new(),
            not_reviewed: Vec::new(),
            sections: Vec::new(),
            next_steps: Vec::new(),
            remarks: Vec::new(),
            facts: Vec::new(),
            reviewed: None,
            footer,
            continuation: Vec::new(),
        }
    }

    /// How many findings there are of each severity that occurs, the most severe first.
    #[must_use]
    pub fn counts(&self) -> Vec<(Severity, usize)> {
        counts(self.findings.iter().flatten())
    }

    /// Adds a list, unless it is empty.
    pub(crate) fn list(&mut self, title: Line, items: impl IntoIterator<Item = Line>) {
        let items: Vec<Line> = items.into_iter().collect();
        if !items.is_empty() {
            self.sections.push(Section { title, items });
        }
    }

    /// Adds a fact.
    pub(crate) fn fact(&mut self, label: &'static str, value: Line) {
        self.facts.push(Fact { label, value });
    }
}

/// How many findings there are of each severity that occurs, the most severe first.
pub(crate) fn counts<'a>(
    findings: impl Iterator<Item = &'a LocatedFinding> + Clone,
) -> Vec<(Severity, usize)> {
    let count = |severity: Severity| {
        let count = findings
            .clone()
            .filter(|it| it.finding.severity == severity)
            .count();
        (count > 0).then_some((severity, count))
    };
    Severity::ALL.into_iter().filter_map(count).collect()
}

#[cfg(test)]
mod tests;
