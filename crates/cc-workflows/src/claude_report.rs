//! What every report says of its run of Claude: the `claude` part of its JSON, and its last line.

use std::time::Duration;

use cc_core::text::{count, human_bytes, human_count};
use cc_core::time::human_duration;
use cc_core::{JobId, Usage};
use cc_jobs::Job;
use serde::{Deserialize, Serialize};

/// How a run of Claude went.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaudeReport {
    /// 0 if Claude gave an answer, else 1.
    pub status: u8,
    /// What people should know although it went well.
    pub warning: Option<String>,
    /// The end of its standard error.
    pub stderr: String,
    /// Its answer.
    pub stdout: String,
    /// The model that was requested; `None` means Claude's own default.
    #[serde(default)]
    pub requested_model: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The version of Claude Code.
    pub version: Option<String>,
    /// Tokens used.
    pub usage: Usage,
    /// The price in US dollars, as Claude reports it.
    pub cost_usd: Option<f64>,
}

impl ClaudeReport {
    /// The report of a run that gave an answer, or did not.
    pub(crate) fn new(job: &Job, report: &cc_claude::RunReport, answered: bool) -> Self {
        Self {
            status: u8::from(!answered),
            warning: warning(report),
            stderr: report.stderr.clone(),
            stdout: report.answer(),
            requested_model: job.model.requested.clone(),
            model: report.model.clone(),
            version: report.claude_version.clone(),
            usage: report.usage,
            cost_usd: report.cost_usd,
        }
    }

    /// The last line of the report.
    pub(crate) fn footer(&self, job: &JobId, elapsed: Option<Duration>) -> String {
        Footer {
            job,
            requested_model: self.requested_model.as_deref(),
            model: self.model.as_deref(),
            version: self.version.as_deref(),
            usage: self.usage,
            cost_usd: self.cost_usd,
            elapsed,
        }
        .line()
    }
}

/// Names the tool calls that were blocked, and what the answer lacks.
fn warning(report: &cc_claude::RunReport) -> Option<String> {
    let blocked = report.denials.len();
    let verb = if blocked == 1 { "was" } else { "were" };
    let blocked = (blocked > 0).then(|| {
        let calls = count(blocked, "tool call");
        format!("{calls} {verb} blocked (read-only); parts of the change may be unreviewed")
    });
    let warnings: Vec<String> = blocked
        .into_iter()
        .chain(lacks(report, "not saved"))
        .collect();
    (!warnings.is_empty()).then(|| warnings.join("; "))
}

/// What the answer of a run lacks; `rest` says where the part is that was cut off.
pub(crate) fn lacks(report: &cc_claude::RunReport, rest: &str) -> Option<String> {
    let cut = report.omitted.text_bytes;
    let cut = (cut > 0).then(|| {
        let cut = human_bytes(cut);
        format!("the answer was cut: {cut} are missing ({rest})")
    });
    let incomplete = report.incomplete;
    let incomplete = incomplete.map(|why| format!("the answer may be incomplete: {}", why.words()));
    let lacks: Vec<String> = incomplete.into_iter().chain(cut).collect();
    (!lacks.is_empty()).then(|| lacks.join("; "))
}

/// The last line of a report: who answered, and what it took.
pub(crate) struct Footer<'a> {
    pub(crate) job: &'a JobId,
    pub(crate) requested_model: Option<&'a str>,
    pub(crate) model: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) usage: Usage,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) elapsed: Option<Duration>,
}

impl Footer<'_> {
    /// The line.
    pub(crate) fn line(&self) -> String {
        let mut parts = vec![format!("Job `{}`", self.job)];
        parts.extend(match (self.requested_model, self.model) {
            (Some(requested), Some(actual)) if requested != actual => {
                Some(format!("{actual} (requested: {requested})"))
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
