//! What came of a job: `result` of its record, written and read here.

use cc_jobs::{Body, JobKind};
use serde::{Deserialize, Serialize};

use crate::gate::verdict::GateReport;
use crate::rescue::report::RescueReport;
use crate::review::report::ReviewReport;

/// The result of a job, by its kind, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum JobResult {
    /// Of a plain or an adversarial review.
    Review(ReviewReport),
    /// Of a rescue.
    Rescue(RescueReport),
    /// Of a check by the review gate.
    Gate(GateReport),
}

impl JobResult {
    /// Reads the result of a job of `kind`; `None` if there is none, or one of another version.
    /// Unknown fields are ignored, and stay in the record.
    #[must_use]
    pub fn read(kind: JobKind, body: &Body) -> Option<Self> {
        let result = &body.result;
        Some(match kind {
            JobKind::Review | JobKind::AdversarialReview => {
                Self::Review(ReviewReport::deserialize(result).ok()?)
            }
            JobKind::Task => Self::Rescue(RescueReport::deserialize(result).ok()?),
            JobKind::Gate => Self::Gate(GateReport::deserialize(result).ok()?),
        })
    }

    /// The report of a review, if it is one.
    #[must_use]
    pub fn into_review(self) -> Option<ReviewReport> {
        match self {
            Self::Review(report) => Some(report),
            Self::Rescue(_) | Self::Gate(_) => None,
        }
    }
}
