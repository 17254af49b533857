//! The last line of every report: who answered, and what it took.

use std::time::Duration;

use cc_core::text::human_count;
use cc_core::time::human_duration;
use cc_core::{JobId, Usage};
use cc_jobs::Job;

/// What a report says of its run.
pub(crate) struct Footer<'a> {
    pub(crate) job: &'a JobId,
    pub(crate) requested_model: Option<&'a str>,
    pub(crate) model: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) usage: Usage,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) elapsed: Option<Duration>,
}

impl<'a> Footer<'a> {
    /// The footer of a run.
    pub(crate) fn of(job: &'a Job, run: &'a cc_claude::Report, elapsed: Option<Duration>) -> Self {
        Self {
            job: &job.id,
            requested_model: job.model.requested.as_deref(),
            model: run.model.as_deref(),
            version: run.claude_version.as_deref(),
            usage: run.usage,
            cost_usd: run.cost_usd,
            elapsed,
        }
    }
}

impl Footer<'_> {
    /// The line.
    pub(crate) fn line(&self) -> String {
        let mut parts = vec![format!("Job `{}`", self.job)];
        parts.extend(match (self.requested_model, self.model) {
            (Some(requested), Some(actual)) if requested != actual => {
                Some(format!("{actual} (asked for: {requested})"))
            }
            (requested, actual) => actual.or(requested).map(str::to_owned),
        });
        parts.extend(self.version.map(|version| format!("Claude Code {version}")));
        let read = human_count(self.usage.total_input());
        let written = human_count(self.usage.output_tokens);
        parts.push(format!("{read} tokens in, {written} out"));
        parts.extend(self.cost_usd.map(|dollars| format!("${dollars:.2}")));
        parts.extend(self.elapsed.map(human_duration));
        parts.join(" · ")
    }
}
