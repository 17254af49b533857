//! What `--json` prints, as types: they write the documents, and their published schemas are made from them.

mod commands;

use cc_core::{Failure, JobId, SessionId, ThreadId, Usage};
use cc_git::Worktree;
use cc_jobs::spending::Spending;
use cc_jobs::{Job, RunProgress, SettingEntry, WorkspaceConfig};
use cc_workflows::account::Account;
use cc_workflows::rescue::RescueReport;
use cc_workflows::review::{ReviewReport, ReviewedChange};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use commands::{
    ApplyReport, Candidate, DiscardReport, NotRemoved, PruneReport, ScopeReport, SettingsReport,
};

/// The receipt of a job in the background.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt<'a> {
    /// The job.
    pub(crate) job_id: &'a JobId,
    /// Its status, `queued`.
    pub(crate) status: &'a str,
    /// What was requested, one line.
    pub(crate) title: &'a str,
    /// What it is about, one line.
    pub(crate) summary: &'a str,
    /// The session of Codex that asked.
    pub(crate) session_id: Option<&'a SessionId>,
}

/// What came of a cancel.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cancelled<'a> {
    /// The job.
    pub(crate) job_id: &'a JobId,
    /// Its status now.
    pub(crate) status: &'a str,
    /// What was requested, one line.
    pub(crate) title: &'a str,
    /// What happened, for people.
    pub(crate) note: &'a str,
    /// The session of Codex that asked.
    pub(crate) session_id: Option<&'a SessionId>,
    /// Claude's thread, if it has one.
    pub(crate) thread_id: Option<&'a ThreadId>,
}

/// The jobs that were waited for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Waited<'a> {
    /// The jobs, in the order they were named.
    pub(crate) jobs: &'a [Job],
    /// Whether one of them still runs.
    pub(crate) wait_timed_out: bool,
    /// How long to wait at most, in milliseconds.
    pub(crate) timeout_ms: Option<u64>,
}

/// The jobs of a session.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status<'a> {
    /// The workspace.
    pub(crate) workspace_root: String,
    /// Its switches: `version`, `stopReviewGate`.
    #[schemars(with = "Map<String, Value>")]
    pub(crate) config: WorkspaceConfig,
    /// The jobs that have not ended, queued ones too.
    pub(crate) running: &'a [Job],
    /// The job that ended last.
    pub(crate) latest_finished: Option<&'a Job>,
    /// The jobs that ended before it, the latest first.
    pub(crate) recent: Vec<&'a Job>,
    /// What all jobs of the last 24 hours used: `jobs`, `usage`, `costUsd`.
    #[schemars(with = "Map<String, Value>")]
    pub(crate) last_day: &'a Spending,
    /// Whether the review gate is on.
    pub(crate) needs_review: bool,
    /// Files that are no records, each with `path` and `reason`.
    pub(crate) skipped: Vec<Value>,
}

/// What the jobs of all workspaces have cost.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageReport {
    /// What Claude Code said last of the limits of the account, with a subscription; `null` if nothing, or before
    /// the last reset.
    pub(crate) account: Option<Account>,
    /// The first day that counts, in the time zone of the system: `2026-03-01`.
    pub(crate) first_day: String,
    /// All jobs since; `null` if there are none.
    pub(crate) total: Option<UsageGroup>,
    /// The days that have jobs, in order.
    pub(crate) by_day: Vec<UsageGroup>,
    /// The commands, such as `review`, the most expensive first.
    pub(crate) by_command: Vec<UsageGroup>,
    /// The models that answered.
    pub(crate) by_model: Vec<UsageGroup>,
    /// The repositories, or directories outside Git, by their path.
    pub(crate) by_repository: Vec<UsageGroup>,
}

/// What several jobs have cost.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageGroup {
    /// What they have in common.
    pub(crate) name: String,
    /// How many jobs.
    pub(crate) jobs: u64,
    /// Their tokens.
    pub(crate) usage: Usage,
    /// Their price in US dollars, as Claude reports it.
    pub(crate) cost_usd: f64,
}

/// One job.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusOfJob<'a> {
    /// The workspace.
    pub(crate) workspace_root: String,
    /// The job.
    pub(crate) job: &'a Job,
    /// The separate worktree of an isolated rescue, while it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) work_tree: Option<Worktree>,
    /// The command that continues Claude's conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resume_command: Option<String>,
    /// What a review looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reviewed: Option<ReviewedChange>,
    /// What its run does at the moment, while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) progress: Option<RunProgress>,
    /// Whether it still runs after it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wait_timed_out: Option<bool>,
    /// How long to wait at most, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_ms: Option<u64>,
}

/// A job with all that is stored of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredResult<'a> {
    /// The job.
    pub(crate) job: &'a Job,
    /// Its whole record: the fields of `job`, with `request`, `result` (as the job's own `--json` prints it) and
    /// `rendered`.
    #[schemars(with = "Job")]
    pub(crate) stored_job: Value,
    /// `active` or `terminal`.
    pub(crate) state: &'static str,
}

/// How a job ended, beside its result.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndOfJob<'a> {
    /// The status of the job.
    pub(crate) status: &'a str,
    /// The session of Codex that asked.
    pub(crate) session_id: Option<&'a SessionId>,
    /// Claude's thread, if it has one.
    pub(crate) thread_id: Option<&'a ThreadId>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<&'a Failure>,
}

/// A finished review.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the fields are those of the schema")]
struct Review<'a> {
    #[schemars(flatten)]
    report: ReviewReport,
    #[schemars(flatten)]
    end: EndOfJob<'a>,
}

/// A finished rescue.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the fields are those of the schema")]
struct Rescue<'a> {
    #[schemars(flatten)]
    report: RescueReport,
    #[schemars(flatten)]
    end: EndOfJob<'a>,
}

/// A job that came to no result: `jobId`, `rawOutput` and how it ended.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields are those of the schema")]
struct Unfinished<'a> {
    /// The job.
    job_id: JobId,
    /// What Claude had said.
    raw_output: Option<String>,
    #[schemars(flatten)]
    end: EndOfJob<'a>,
}

/// A review, finished or not.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the variants are those of the schema")]
enum ReviewResult<'a> {
    Finished(Box<Review<'a>>),
    Unfinished(Unfinished<'a>),
}

/// A rescue, finished or not.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the variants are those of the schema")]
enum RescueResult<'a> {
    Finished(Box<Rescue<'a>>),
    Unfinished(Unfinished<'a>),
}

/// The schema of each document, by its name: what `docs/schema` publishes.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("review", schema::<ReviewResult<'_>>()),
        ("rescue", schema::<RescueResult<'_>>()),
        ("receipt", schema::<Receipt<'_>>()),
        ("result", schema::<StoredResult<'_>>()),
        ("status", schema::<Status<'_>>()),
        ("status-of-job", schema::<StatusOfJob<'_>>()),
        ("wait", schema::<Waited<'_>>()),
        ("cancel", schema::<Cancelled<'_>>()),
        ("usage", schema::<UsageReport>()),
        ("scope", schema::<ScopeReport<'_>>()),
        ("prune", schema::<PruneReport<'_>>()),
        ("apply", schema::<ApplyReport<'_>>()),
        ("discard", schema::<DiscardReport<'_>>()),
        ("config-list", schema::<SettingsReport>()),
        ("config-get", schema::<SettingEntry>()),
        ("setup", schema::<commands::Setup>()),
        ("resume-candidate", schema::<Candidate<'_>>()),
    ]
}

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    name_once(&mut schema);
    schema
}

/// Names each required field once: a result and its end have some in common.
fn name_once(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(required)) = fields.get_mut("required") {
                let mut seen = Vec::new();
                required.retain(|name| {
                    let is_new = !seen.contains(name);
                    seen.push(name.clone());
                    is_new
                });
            }
            fields.values_mut().for_each(name_once);
        }
        Value::Array(items) => items.iter_mut().for_each(name_once),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schemas_are_current() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema");
        for (name, schema) in schemas() {
            let published =
                std::fs::read_to_string(format!("{dir}/{name}.json")).unwrap_or_default();
            assert!(
                published == format!("{schema:#}\n"),
                "{name}: run `cargo run -p cc-codex-cli --example schemas`"
            );
        }
        let published = std::fs::read_dir(dir).unwrap().count();
        assert_eq!(published, schemas().len());
    }
}
