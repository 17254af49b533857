//! A job in memory: the head, which lists show, and the body, which only one job at a time needs.

use cc_core::text::{head, human_bytes};
use cc_core::{BlockedCall, JobId, ModelNames, SessionId, ThreadId, Time, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kind::JobKind;
use crate::state::{Ending, JobEvent, JobState, Rejected};

/// The version of the records that this crate writes.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The head of a job: everything but its bulky parts.
///
/// Serialized, it has the field names of the record.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// Its kind.
    pub kind: JobKind,
    /// One line: what was requested, such as `Review of uncommitted changes`.
    pub title: String,
    /// One line: the outcome, or before that what it is about.
    pub summary: String,
    /// The workspace it belongs to, for display.
    pub workspace_root: String,
    /// Whether it may change files.
    pub write: bool,
    /// The session of Codex that owns it.
    pub session: Option<SessionId>,
    /// Claude's thread.
    pub thread: Option<ThreadId>,
    /// When it was made.
    pub created_at: Time,
    /// When its record was last changed.
    pub updated_at: Time,
    /// Tokens used.
    pub usage: Option<Usage>,
    /// The price in US dollars, as Claude reports it.
    pub cost_usd: Option<f64>,
    /// The models requested and used.
    pub model: ModelNames,
    /// When its result was first shown.
    pub viewed_at: Option<Time>,
    /// When its end was announced.
    pub notified_at: Option<Time>,
    /// The version of its record; `None` in records of the plugin before this one.
    pub schema_version: Option<u32>,
    pub(crate) state: JobState,
}

impl Job {
    /// Its state.
    pub fn state(&self) -> &JobState {
        &self.state
    }

    /// How long it has run, or ran; `None` before it started.
    pub fn elapsed(&self, now: Time) -> Option<std::time::Duration> {
        let end = self.state.completed_at().unwrap_or(now);
        Some(self.state.started_at()?.until(end))
    }

    /// Whether it ended and its result was not shown yet; a cancelled job has no result.
    pub fn is_unread(&self) -> bool {
        let shows = matches!(
            self.state.ending(),
            Some(Ending::Completed | Ending::Failed(_))
        );
        shows && self.viewed_at.is_none() && self.kind.is_asked_for()
    }

    pub(crate) fn apply(&mut self, event: JobEvent) -> Result<(), Rejected> {
        self.state = self.state.clone().on(event)?;
        Ok(())
    }
}

/// The large parts of a job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Body {
    /// What the worker is asked to do, as `cc-workflows` defines it.
    pub request: Value,
    /// The result, as the command's `--json` prints it.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub result: Value,
    /// The result as Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// Claude's text so far, or at the moment the job was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_output: Option<String>,
    /// Files that Claude changed.
    pub touched_files: Vec<String>,
    /// Tool calls that were blocked.
    pub permission_denials: Vec<BlockedCall>,
    /// Fields of other versions, kept as they are.
    #[serde(skip)]
    pub other: Map<String, Value>,
}

impl Body {
    /// The text for people: the report, or without one, as in records of the plugin before this one,
    /// Claude's answer.
    pub fn report(&self) -> Option<&str> {
        let result = &self.result;
        let answers = [
            &result["rawOutput"],
            &result["claude"]["stdout"],
            &result["codex"]["stdout"],
            result,
        ];
        let answers = answers.into_iter().filter_map(Value::as_str);
        let mut texts = self.rendered.as_deref().into_iter().chain(answers);
        texts.find(|text| !text.trim().is_empty())
    }

    /// A copy with no text longer than `limit` bytes and no list longer than `limit` items.
    pub(crate) fn cut(&self, limit: usize) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(|text| cut_text(text, limit));
        let cut = |value: &Value| cut_value(value, limit);
        let other = self.other.iter().take(limit);
        Self {
            request: cut(&self.request),
            result: cut(&self.result),
            rendered: text(&self.rendered),
            partial_output: text(&self.partial_output),
            touched_files: self.touched_files.iter().take(limit).cloned().collect(),
            permission_denials: self
                .permission_denials
                .iter()
                .take(limit)
                .cloned()
                .collect(),
            other: other
                .map(|(name, value)| (name.clone(), cut(value)))
                .collect(),
        }
    }

    /// What Claude had written when a job was cut off.
    pub fn unfinished(&self) -> Option<&str> {
        let partial = self.partial_output.as_deref();
        let partial = partial.filter(|text| !text.trim().is_empty());
        partial.or_else(|| self.report())
    }
}

fn cut_text(text: &str, limit: usize) -> String {
    match text.len() > limit {
        true => format!(
            "{}\n\n[cut: the record of the job would be too large]",
            head(text, limit)
        ),
        false => text.to_owned(),
    }
}

fn cut_value(value: &Value, limit: usize) -> Value {
    match value {
        Value::String(text) => cut_text(text, limit).into(),
        Value::Array(items) => items
            .iter()
            .take(limit)
            .map(|item| cut_value(item, limit))
            .collect(),
        Value::Object(fields) => {
            let fields = fields.iter().take(limit);
            let fields = fields.map(|(name, value)| (name.clone(), cut_value(value, limit)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// A job before it is made.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its kind.
    pub kind: JobKind,
    /// One line: what was requested.
    pub title: String,
    /// One line: what it is about.
    pub summary: String,
    /// Whether it may change files.
    pub write: bool,
    /// The session that will own it.
    pub session: Option<SessionId>,
    /// The model requested.
    pub model: Option<String>,
    /// What the worker is asked to do.
    pub request: Value,
}

/// The report of a run, saved with the end of its job.
#[derive(Clone, Debug, Default)]
pub struct JobReport {
    /// One line: the outcome; `None` keeps the old summary.
    pub summary: Option<String>,
    /// Claude's thread, if it can be resumed.
    pub thread: Option<ThreadId>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens used.
    pub usage: Option<Usage>,
    /// The price in US dollars, as Claude reports it.
    pub cost_usd: Option<f64>,
    /// The result, as the command's `--json` prints it.
    pub result: Value,
    /// The result as Markdown.
    pub rendered: Option<String>,
    /// Claude's text until then, if the job failed.
    pub partial_output: Option<String>,
    /// Files that Claude changed.
    pub touched_files: Vec<String>,
    /// Tool calls that were blocked.
    pub permission_denials: Vec<BlockedCall>,
}

/// The most text that is kept of an unfinished answer, in bytes.
pub(crate) const PARTIAL_OUTPUT_LIMIT: usize = 1 << 20;

impl JobReport {
    pub(crate) fn store(self, job: &mut Job, body: &mut Body) {
        if let Some(summary) = self.summary {
            job.summary = summary;
        }
        job.thread = self.thread.or(job.thread.take());
        job.model.actual = self.model.or(job.model.actual.take());
        job.usage = self.usage.or(job.usage);
        job.cost_usd = self.cost_usd.or(job.cost_usd);
        body.result = self.result;
        body.rendered = self.rendered;
        body.partial_output = self.partial_output.map(|text| {
            let kept = head(&text, PARTIAL_OUTPUT_LIMIT);
            match text.len() - kept.len() {
                0 => text,
                cut => {
                    let (cut, id) = (human_bytes(cut as u64), &job.id);
                    format!("{kept}\n\n[cut: {cut} more; all of it: cc-cli result {id} --json]")
                }
            }
        });
        body.touched_files = self.touched_files;
        body.permission_denials = self.permission_denials;
    }
}
