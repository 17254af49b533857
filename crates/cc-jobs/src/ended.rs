//! Jobs that have ended, as far as nothing of them changes any more: a list of thousands of them then
//! costs the names of their records and one file, not thousands of files.
//!
//! The file is a copy, and never decides what is there: a job whose record is gone is not listed, and a
//! job that is not in the file, that may still change or that is to be shown is read. A file that is
//! damaged, or of another version, counts as absent. Whoever reads many records that are missing in it
//! rewrites it.

use std::borrow::Cow;
use std::collections::HashSet;

use cc_core::fs::{read_own, write_atomic};
use cc_core::{JobId, SessionId, StateDir, Time, Usage};
use serde::{Deserialize, Serialize};

use crate::kind::JobKind;
use crate::record::RECORD_LIMIT;
use crate::{Job, StoreError};

/// The first line; another version of the file has another one.
const HEADER: &str = "{\"endedJobs\":1}";

/// The file may be behind by so many jobs, whose records are then read each time.
const BEHIND: usize = 128;

/// What stays as it is once a job has ended, of what chooses among jobs or sums them up.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedJob {
    /// The id.
    pub id: JobId,
    /// The session that owns it.
    pub session: Option<SessionId>,
    /// The kind.
    pub kind: JobKind,
    /// When it ended.
    pub completed_at: Time,
    /// Whether it has a thread that can be continued.
    pub has_thread: bool,
    /// Whether its result may still be unread: it was, when it was last looked at. What was read once stays so.
    pub may_be_unread: bool,
    pub(crate) usage: Option<Usage>,
    pub(crate) cost_usd: Option<f64>,
}

impl EndedJob {
    /// The summary of a job; `None` while it has not ended.
    pub fn of(job: &Job) -> Option<Self> {
        Some(Self {
            id: job.id.clone(),
            session: job.session.clone(),
            kind: job.kind,
            completed_at: job.state().completed_at()?,
            has_thread: job.thread.is_some(),
            may_be_unread: job.is_unread(),
            usage: job.usage,
            cost_usd: job.cost_usd,
        })
    }

    /// Whether a call of `session` is about it: it owns the job, or there is none.
    pub fn is_visible(&self, session: Option<&SessionId>) -> bool {
        session.is_none() || self.session.as_ref() == session
    }
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Row<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    JobKind,
    i64,
    bool,
    bool,
    Option<[u64; 4]>,
    Option<f64>,
);

impl<'a> From<&'a EndedJob> for Row<'a> {
    fn from(job: &'a EndedJob) -> Self {
        let tokens = job.usage.map(|usage| {
            [
                usage.input_tokens,
                usage.output_tokens,
                usage.cache_read_input_tokens,
                usage.cache_creation_input_tokens,
            ]
        });
        Row(
            job.id.as_str().into(),
            job.session.as_ref().map(|session| session.as_str().into()),
            job.kind,
            job.completed_at.as_millis(),
            job.has_thread,
            job.may_be_unread,
            tokens,
            job.cost_usd,
        )
    }
}

impl Row<'_> {
    fn ended(self) -> Option<EndedJob> {
        let Row(id, session, kind, completed, has_thread, may_be_unread, tokens, cost_usd) = self;
        let usage = tokens.map(|[input, output, cache_read, cache_creation]| Usage {
            input_tokens: input,
            output_tokens: output,
            cache_read_input_tokens: cache_read,
            cache_creation_input_tokens: cache_creation,
        });
        Some(EndedJob {
            id: JobId::parse(&id).ok()?,
            session: match session {
                Some(session) => Some(SessionId::parse(&session).ok()?),
                None => None,
            },
            kind,
            completed_at: Time::from_millis(completed),
            has_thread,
            may_be_unread,
            usage,
            cost_usd,
        })
    }
}

/// Takes out of `names`, which are ids, those that the file of `dir` knows, and gives what it says.
pub(crate) fn known(dir: &StateDir, names: &mut HashSet<String>) -> Vec<EndedJob> {
    let read = || {
        let bytes = read_own(&dir.ended_jobs(), RECORD_LIMIT).ok()?;
        let mut lines = std::str::from_utf8(&bytes).ok()?.lines();
        lines.next().filter(|line| *line == HEADER)?;
        let rows = lines.map(|line| serde_json::from_str::<Row<'_>>(line).ok());
        // Of one damaged line follows that others may be, too.
        let rows = rows.collect::<Option<Vec<_>>>()?;
        let there = rows.into_iter().filter(|row| names.contains(&*row.0));
        there.map(Row::ended).collect::<Option<Vec<_>>>()
    };
    let mut known = read().unwrap_or_default();
    // A job that stands there twice counts once.
    known.retain(|job| names.remove(job.id.as_str()));
    known
}

/// Rewrites the file where it is behind by many jobs, with what `others` says, and `read` of those that
/// have ended. Best effort: without it, or without its latest lines, more records are read.
pub(crate) fn keep(dir: &StateDir, others: &[EndedJob], read: &[Job], behind: usize) {
    if behind <= BEHIND {
        return;
    }
    let read: Vec<EndedJob> = read.iter().filter_map(EndedJob::of).collect();
    let write = || {
        let mut bytes = HEADER.as_bytes().to_owned();
        for job in others.iter().chain(&read) {
            bytes.push(b'\n');
            serde_json::to_writer(&mut bytes, &Row::from(job))?;
        }
        Ok::<_, StoreError>(write_atomic(&dir.ended_jobs(), &bytes)?)
    };
    let _ = write();
}
