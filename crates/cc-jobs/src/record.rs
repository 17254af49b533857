//! The record on disk: flat JSON, read leniently, written exactly.
//!
//! The head comes first, every field of it, always in the same order: a list reads only the start of
//! each record. A record with another order, of another version, is read whole.

mod start;

use std::fmt;
use std::io::{self, Read};

use cc_core::{Failure, FailureClass, JobId, ModelNames, Proc, SessionId, ThreadId, Time, Usage};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::job::{Body, Job, SCHEMA_VERSION};
use crate::kind::JobKind;
use crate::state::{Ending, JobState};

/// The largest record that is read, in bytes.
pub(crate) const RECORD_LIMIT: u64 = 32 << 20;

/// A head fits into this, in bytes, unless its error is long.
const START: u64 = 2 << 10;

/// Why a file is not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not JSON, or a required field is missing or of another type.
    #[error("not a job record: {0}")]
    Json(#[from] serde_json::Error),
    /// The file cannot be read to its end, or is larger than a record can be.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is the record of another job.
    #[error("holds the record of `{0}`")]
    Other(JobId),
    /// The status is unknown.
    #[error("unknown status `{0}`")]
    Status(String),
    /// A newer version wrote it, in a form that this one does not know.
    #[error("written by a newer version of cc")]
    Newer,
}

/// The fields of the head, as in the file.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RecordHead {
    #[serde(default)]
    schema_version: Option<u32>,
    id: JobId,
    kind: JobKind,
    #[serde(default)]
    kind_label: String,
    #[serde(default)]
    job_class: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    workspace_root: String,
    #[serde(default)]
    write: bool,
    #[serde(default, deserialize_with = "lenient")]
    session_id: Option<SessionId>,
    #[serde(default, deserialize_with = "lenient")]
    thread_id: Option<ThreadId>,
    status: String,
    #[serde(default)]
    phase: String,
    created_at: Time,
    #[serde(default, deserialize_with = "lenient")]
    started_at: Option<Time>,
    #[serde(default, deserialize_with = "lenient")]
    completed_at: Option<Time>,
    #[serde(default, deserialize_with = "lenient")]
    updated_at: Option<Time>,
    #[serde(default, deserialize_with = "lenient")]
    pid: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    pid_identity: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    claude_pid: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    claude_pid_identity: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    error_message: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    failure: Option<Failure>,
    #[serde(default, deserialize_with = "lenient")]
    survivors: Option<Vec<Proc>>,
    #[serde(default, deserialize_with = "lenient")]
    usage: Option<Usage>,
    #[serde(default, deserialize_with = "lenient")]
    cost_usd: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    model: Option<ModelNames>,
    #[serde(default, deserialize_with = "lenient")]
    result_viewed_at: Option<Time>,
    #[serde(default, deserialize_with = "lenient")]
    notified_at: Option<Time>,
}

/// A field of an unexpected type, from another version, counts as absent: a detail must not make the
/// record unreadable.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let text = <&RawValue>::deserialize(from)?;
    Ok(serde_json::from_str(text.get()).unwrap_or_default())
}

impl TryFrom<RecordHead> for Job {
    type Error = RecordError;

    fn try_from(head: RecordHead) -> Result<Self, RecordError> {
        let state = state_of(&head).map_err(|error| match head.schema_version {
            Some(version) if version > SCHEMA_VERSION => RecordError::Newer,
            _ => error,
        })?;
        Ok(Self {
            id: head.id,
            kind: head.kind,
            title: head.title,
            summary: head.summary,
            workspace_root: head.workspace_root,
            write: head.write,
            session: head.session_id,
            thread: head.thread_id,
            created_at: head.created_at,
            updated_at: head.updated_at.unwrap_or(head.created_at),
            usage: head.usage,
            cost_usd: head.cost_usd,
            model: head.model.unwrap_or_default(),
            viewed_at: head.result_viewed_at,
            notified_at: head.notified_at,
            schema_version: head.schema_version,
            state,
        })
    }
}

fn state_of(head: &RecordHead) -> Result<JobState, RecordError> {
    let proc = |pid: Option<u32>, identity: &Option<String>| {
        Some(Proc {
            pid: pid?,
            identity: identity.clone().unwrap_or_default(),
        })
    };
    let since = head.started_at.unwrap_or(head.created_at);
    // Without a pid the worker cannot be signalled; no process has pid 0.
    let worker = proc(head.pid, &head.pid_identity).unwrap_or(Proc {
        pid: 0,
        identity: String::new(),
    });
    let claude = proc(head.claude_pid, &head.claude_pid_identity);
    let survivors = head.survivors.clone().unwrap_or_default();
    let done = |ending| JobState::Done {
        since: head.started_at,
        at: head
            .completed_at
            .or(head.updated_at)
            .unwrap_or(head.created_at),
        ending,
    };
    Ok(match head.status.as_str() {
        "queued" if head.pid.is_none() || head.schema_version.is_some() => JobState::Queued,
        // The plugin before this one noted the worker of a queued job.
        "queued" | "running" => JobState::Running {
            since,
            worker,
            claude,
        },
        "cancelling" => JobState::Cancelling {
            since,
            worker,
            claude,
            survivors,
        },
        "cancel_failed" => {
            let why = head.error_message.clone().unwrap_or_default();
            JobState::CancelFailed {
                since,
                worker,
                claude,
                survivors,
                why,
            }
        }
        "completed" => done(Ending::Completed),
        "cancelled" => done(Ending::Cancelled),
        "failed" => {
            let detail = head
                .error_message
                .as_deref()
                .unwrap_or("the record gives no reason");
            let failure = head
                .failure
                .clone()
                .unwrap_or_else(|| Failure::new(FailureClass::Other, detail));
            done(Ending::Failed(failure))
        }
        other => return Err(RecordError::Status(cc_core::text::one_line(other, 40))),
    })
}

impl From<Job> for RecordHead {
    fn from(job: Job) -> Self {
        let (worker, claude) = job.state.processes();
        let error_message = match &job.state {
            JobState::CancelFailed { why, .. } => Some(why.clone()),
            JobState::Done {
                ending: Ending::Failed(failure),
                ..
            } => Some(failure.detail.clone()),
            _ => None,
        };
        let failure = match job.state.ending() {
            Some(Ending::Failed(failure)) => Some(failure.clone()),
            _ => None,
        };
        let survivors = Some(job.state.survivors().to_vec());
        Self {
            schema_version: job.schema_version,
            kind_label: job.kind.label().to_owned(),
            job_class: job.kind.class().to_owned(),
            status: job.state.status().to_owned(),
            phase: job.state.phase().to_owned(),
            started_at: job.state.started_at(),
            completed_at: job.state.completed_at(),
            updated_at: Some(job.updated_at),
            pid: worker.map(|proc| proc.pid),
            pid_identity: worker.map(|proc| proc.identity.clone()),
            claude_pid: claude.map(|proc| proc.pid),
            claude_pid_identity: claude.map(|proc| proc.identity.clone()),
            error_message,
            failure,
            survivors: survivors.filter(|survivors| !survivors.is_empty()),
            id: job.id,
            kind: job.kind,
            title: job.title,
            summary: job.summary,
            workspace_root: job.workspace_root,
            write: job.write,
            session_id: job.session,
            thread_id: job.thread,
            created_at: job.created_at,
            usage: job.usage,
            cost_usd: job.cost_usd,
            model: Some(job.model),
            result_viewed_at: job.viewed_at,
            notified_at: job.notified_at,
        }
    }
}

impl schemars::JsonSchema for Job {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Job".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        RecordHead::json_schema(generator)
    }
}

impl Serialize for Job {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RecordHead::from(self.clone()).serialize(serializer)
    }
}

/// Reads the head of a record, and no more of the file than needed.
///
/// # Errors
/// When the file cannot be read, is too large, or is no record.
pub(crate) fn read_head(mut file: impl Read) -> Result<Job, RecordError> {
    let mut bytes = Vec::with_capacity(START as usize);
    file.by_ref().take(START).read_to_end(&mut bytes)?;
    match start::read_start::<RecordHead>(&bytes) {
        Ok(head) => head.try_into(),
        Err(_) => {
            file.take(RECORD_LIMIT + 1 - START)
                .read_to_end(&mut bytes)?;
            if bytes.len() as u64 > RECORD_LIMIT {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
            }
            whole_head(&bytes)
        }
    }
}

impl Job {
    /// Reads a record as it was written, whatever became of its worker since.
    ///
    /// # Errors
    /// When the bytes are no record.
    pub fn parse(record: &[u8]) -> Result<Self, RecordError> {
        whole_head(record)
    }
}

fn whole_head(bytes: &[u8]) -> Result<Job, RecordError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        schema_version: u32,
    }
    match serde_json::from_slice::<RecordHead>(bytes) {
        Ok(head) => head.try_into(),
        Err(error) => Err(match serde_json::from_slice(bytes) {
            Ok(Version { schema_version }) if schema_version > SCHEMA_VERSION => RecordError::Newer,
            _ => error.into(),
        }),
    }
}

/// Reads a whole record. A head that comes first is taken as it is, as by [`read_head`]: a field of it that comes
/// again later is ignored.
///
/// # Errors
/// When the bytes are no record.
pub(crate) fn read(bytes: &[u8]) -> Result<(Job, Body), RecordError> {
    let job = match start::read_start::<RecordHead>(bytes) {
        Ok(head) => head.try_into()?,
        Err(_) => whole_head(bytes)?,
    };
    let Rest(mut rest) = serde_json::from_slice(bytes)?;
    let mut take = |name: &str| rest.remove(name).unwrap_or_default();
    let body = Body {
        request: take("request"),
        result: take("result"),
        rendered: shaped(take("rendered")),
        partial_output: shaped(take("partialOutput")),
        touched_files: shaped(take("touchedFiles")),
        permission_denials: shaped(take("permissionDenials")),
        other: rest,
    };
    Ok((job, body))
}

/// A large part of another shape, from another version, counts as absent.
fn shaped<T: DeserializeOwned + Default>(value: Value) -> T {
    serde_json::from_value(value).unwrap_or_default()
}

/// What is in a record besides its head.
struct Rest(Map<String, Value>);

impl<'de> Deserialize<'de> for Rest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Besides(&'static [&'static str]);

        impl<'de> Visitor<'de> for Besides {
            type Value = Rest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Rest, A::Error> {
                let mut rest = Map::new();
                while let Some(name) = fields.next_key::<String>()? {
                    if self.0.contains(&name.as_str()) {
                        fields.next_value::<IgnoredAny>()?;
                    } else {
                        rest.insert(name, fields.next_value()?);
                    }
                }
                Ok(Rest(rest))
            }
        }

        from.deserialize_map(Besides(start::fields_of::<RecordHead>()))
    }
}

/// The bytes of a record; never more than are read.
///
/// # Errors
/// When a value cannot be written as JSON.
pub(crate) fn write(job: &Job, body: &Body) -> Result<Vec<u8>, serde_json::Error> {
    let whole = write_whole(job, body)?;
    if whole.len() as u64 <= RECORD_LIMIT {
        return Ok(whole);
    }
    let cuts = [4 << 20, 1 << 20, 128 << 10, 8 << 10, 512, 0];
    let mut cut = whole;
    for limit in cuts {
        cut = write_whole(job, &body.cut(limit))?;
        if cut.len() as u64 <= RECORD_LIMIT {
            break;
        }
    }
    Ok(cut)
}

fn write_whole(job: &Job, body: &Body) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Record<'a> {
        #[serde(flatten)]
        head: RecordHead,
        #[serde(flatten)]
        body: &'a Body,
        #[serde(flatten)]
        other: &'a Map<String, Value>,
    }
    let record = Record {
        // A record of the plugin before stays one: how its worker is found depends on that.
        head: job.clone().into(),
        body,
        other: &body.other,
    };
    let mut bytes = serde_json::to_vec_pretty(&record)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests;
