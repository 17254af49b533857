//! A job in memory: its head, which lists show, and its body, which only a look at one job needs.

use cc_core::text::head;
use cc_core::{JobId, ModelNames, SessionId, ThreadId, Time, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kind::Kind;
use crate::state::{Ending, Event, Rejected, State};

/// The version of the records that this crate writes.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The head of a job: everything but its bulky parts.
///
/// Serialized, it has the field names of the record.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it is for.
    pub kind: Kind,
    /// One line: what was asked, such as `Review of working tree`.
    pub title: String,
    /// One line: what came of it, or what it is about.
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
    /// What it cost by Claude's own account, in US dollars.
    pub cost_usd: Option<f64>,
    /// The models asked for and used.
    pub model: ModelNames,
    /// When its result was first shown.
    pub viewed_at: Option<Time>,
    /// When its end was announced.
    pub notified_at: Option<Time>,
    /// The version of its record; `None` in records of the plugin before this one.
    pub schema_version: Option<u32>,
    pub(crate) state: State,
}

impl Job {
    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How long it ran, so far or in all; `None` before it began.
    pub fn elapsed(&self, now: Time) -> Option<std::time::Duration> {
        let end = self.state.completed_at().unwrap_or(now);
        Some(self.state.started_at()?.until(end))
    }

    /// Whether it ended and its result was not shown yet; cancelled jobs have nothing to show.
    pub fn is_unread(&self) -> bool {
        let shows = matches!(
            self.state.ending(),
            Some(Ending::Completed | Ending::Failed(_))
        );
        shows && self.viewed_at.is_none() && self.kind.is_asked_for()
    }

    pub(crate) fn apply(&mut self, event: Event) -> Result<(), Rejected> {
        self.state = self.state.clone().on(event)?;
        Ok(())
    }
}

/// The bulky parts of a job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Body {
    /// What the worker was asked to do, in its own terms.
    pub request: Value,
    /// What came of it, in the terms of the command's `--json`.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub result: Value,
    /// The result as people read it, Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// What Claude had said when the job was cut off, or has said so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_output: Option<String>,
    /// Files that Claude changed.
    pub touched_files: Vec<String>,
    /// Tools that Claude was refused.
    pub permission_denials: Vec<Denial>,
    /// Fields of other versions, kept as they are.
    #[serde(skip)]
    pub other: Map<String, Value>,
}

/// A use of a tool that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// The tool.
    #[serde(alias = "tool_name")]
    pub tool: String,
    /// What it was to do, one line.
    #[serde(default)]
    pub detail: String,
}

/// What is known of a job before it exists.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is for.
    pub kind: Kind,
    /// One line: what was asked.
    pub title: String,
    /// One line: what it is about.
    pub summary: String,
    /// Whether it may change files.
    pub write: bool,
    /// The session that will own it.
    pub session: Option<SessionId>,
    /// The model asked for.
    pub model: Option<String>,
    /// What the worker is to do.
    pub request: Value,
}

/// What a run left behind, to be stored with its end.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One line: what came of it; absent keeps the old one.
    pub summary: Option<String>,
    /// Claude's thread, if it can be resumed.
    pub thread: Option<ThreadId>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens used.
    pub usage: Option<Usage>,
    /// Dollars by Claude's own account.
    pub cost_usd: Option<f64>,
    /// The result in the terms of the command's `--json`.
    pub result: Value,
    /// The result as people read it.
    pub rendered: Option<String>,
    /// What Claude had said, where the job failed.
    pub partial_output: Option<String>,
    /// Files that Claude changed.
    pub touched_files: Vec<String>,
    /// Tools that Claude was refused.
    pub permission_denials: Vec<Denial>,
}

/// The most text that is kept of an unfinished answer, in bytes.
pub(crate) const PARTIAL_OUTPUT_LIMIT: usize = 1 << 20;

impl Report {
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
        body.partial_output = self
            .partial_output
            .map(|text| head(&text, PARTIAL_OUTPUT_LIMIT).to_owned());
        body.touched_files = self.touched_files;
        body.permission_denials = self.permission_denials;
    }
}
