//! The kinds of jobs.

use serde::{Deserialize, Serialize};

/// The kind of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// A plain review: prose.
    Review,
    /// An adversarial review: structured findings.
    AdversarialReview,
    /// A rescue: a task handed over.
    Task,
    /// A check by the review gate at the end of a turn.
    Gate,
}

impl JobKind {
    /// The name that people read; `kindLabel` of the record.
    pub fn label(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::AdversarialReview => "adversarial-review",
            Self::Task => "rescue",
            Self::Gate => "gate",
        }
    }

    /// Whether somebody requested the job; nobody waits for the result of others.
    pub fn is_asked_for(self) -> bool {
        self != Self::Gate
    }

    /// The class of the job, `jobClass` of the record, also the prefix of its id.
    pub fn class(self) -> &'static str {
        match self {
            Self::Review | Self::AdversarialReview | Self::Gate => "review",
            Self::Task => "task",
        }
    }
}
