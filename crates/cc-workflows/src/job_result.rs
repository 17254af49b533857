//! What came of a job: `result` of its record, written and read here.

use std::borrow::Cow;
use std::time::Duration;

use cc_core::Time;
use cc_jobs::{Body, Ending, Job, JobKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::gate::verdict::GateReport;
use crate::report::{Line, Report};
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
        let result = &current(&body.result);
        let result: &Value = result;
        Some(match kind {
            JobKind::Review | JobKind::AdversarialReview => {
                Self::Review(ReviewReport::deserialize(result).ok()?)
            }
            JobKind::Task => Self::Rescue(RescueReport::deserialize(result).ok()?),
            JobKind::Gate => Self::Gate(GateReport::deserialize(result).ok()?),
        })
    }

    /// What there is to say of the job that came to this.
    #[must_use]
    pub fn report(&self, kind: JobKind, elapsed: Option<Duration>) -> Report {
        match self {
            Self::Review(review) => review.report(kind, elapsed),
            Self::Rescue(rescue) => rescue.report(elapsed),
            Self::Gate(check) => check.report(elapsed),
        }
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

/// What there is to say of a job at `now`; of earlier records only their text. `None` if it did not come to a report.
#[must_use]
pub fn report_of(job: &Job, body: &Body, now: Time) -> Option<Report> {
    let is_complete = job.state().ending() == Some(&Ending::Completed);
    if is_complete && let Some(result) = JobResult::read(job.kind, body) {
        return Some(result.report(job.kind, job.elapsed(now)));
    }
    let text = match is_complete {
        true => body.report(),
        false => body.rendered.as_deref(),
    };
    let footer = Line::text("Job ").and_code(job.id.as_str());
    let mut report = Report::new(job.id.clone(), Line::default(), footer);
    report.answer = text?.to_owned();
    Some(report)
}

/// A result in the form of today: earlier records have the findings of a review one level deeper.
#[must_use]
pub fn current(result: &Value) -> Cow<'_, Value> {
    if result.pointer("/result/findings").is_none() || result.get("findings").is_some() {
        return Cow::Borrowed(result);
    }
    let mut result = result.clone();
    let deeper = result.pointer_mut("/result").and_then(Value::as_object_mut);
    if let Some(findings) = deeper.and_then(|fields| fields.remove("findings")) {
        result["findings"] = findings;
    }
    Cow::Owned(result)
}
