//! What every report says of its run of Claude: the `claude` part of its JSON, and its last line.

use std::time::Duration;

use cc_core::text::{count, human_bytes, human_count};
use cc_core::time::human_duration;
use cc_core::{JobId, Usage};
use cc_jobs::Job;
use serde::{Deserialize, Serialize};

use crate::report::{Line, Report};

/// How a run of Claude went.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Who answered, and what it took.
    #[serde(flatten)]
    pub run: RunFacts,
}

impl ClaudeReport {
    /// The report of a run that gave an answer, or did not.
    pub(crate) fn new(job: &Job, report: &cc_claude::RunReport, answered: bool) -> Self {
        Self {
            status: u8::from(!answered),
            warning: warning(report),
            stderr: report.stderr.clone(),
            stdout: report.answer(),
            run: RunFacts::new(job, report),
        }
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

/// Who answered, and what it took: the last line of a report.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunFacts {
    /// The model that was requested; `None` means Claude's own default.
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

impl RunFacts {
    pub(crate) fn new(job: &Job, report: &cc_claude::RunReport) -> Self {
        Self {
            requested_model: job.model.requested.clone(),
            model: report.model.clone(),
            version: report.claude_version.clone(),
            usage: report.usage,
            cost_usd: report.cost_usd,
        }
    }

    /// The line.
    pub(crate) fn line(&self, job: &JobId, elapsed: Option<Duration>) -> Line {
        let mut parts = Vec::new();
        parts.extend(self.model());
        parts.extend(self.version());
        parts.push(self.tokens());
        parts.extend(self.cost_usd.map(dollars));
        parts.extend(elapsed.map(human_duration));
        let job = Line::text("Job ").and_code(job.as_str());
        Line::joined([job].into_iter().chain(parts.iter().map(Line::text)), " · ")
    }

    /// The last lines of the report as facts, one each.
    pub(crate) fn facts(&self, report: &mut Report, elapsed: Option<Duration>) {
        let job = Line::code(report.job.as_str());
        let model = [self.model(), self.version()].into_iter().flatten();
        let model: Vec<String> = model.collect();
        if !model.is_empty() {
            report.fact("Model", Line::text(model.join(" · ")));
        }
        let took = elapsed.map(human_duration);
        let cost = self
            .cost_usd
            .map(dollars)
            .into_iter()
            .chain([self.tokens()]);
        let cost: Vec<String> = cost.chain(took).collect();
        report.fact("Cost", Line::text(cost.join(" · ")));
        report.fact("Job", job);
    }

    fn model(&self) -> Option<String> {
        match (&self.requested_model, &self.model) {
            (Some(requested), Some(actual)) if requested != actual => {
                Some(format!("{actual} (requested: {requested})"))
            }
            (requested, actual) => actual.as_ref().or(requested.as_ref()).cloned(),
        }
    }

    fn version(&self) -> Option<String> {
        let version = self.version.as_ref()?;
        Some(format!("Claude Code {version}"))
    }

    fn tokens(&self) -> String {
        let read = human_count(self.usage.total_input());
        let written = human_count(self.usage.output_tokens);
        format!("{read} tokens in, {written} out")
    }
}

fn dollars(amount: f64) -> String {
    format!("${amount:.2}")
}
