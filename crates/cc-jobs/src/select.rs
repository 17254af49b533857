//! Which job a reference or a command means.

use std::cmp::Reverse;
use std::fmt;

use cc_core::{JobId, SessionId};

use crate::{EndedJob, Job};

/// Why a reference or a command does not mean one job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No id starts with the reference.
    #[error("no job of this workspace has an id that starts with `{reference}`")]
    Unknown {
        /// What the user wrote, made printable.
        reference: String,
    },
    /// Several ids start with the reference.
    #[error("`{reference}` could be {}", list(candidates))]
    Ambiguous {
        /// What the user wrote.
        reference: String,
        /// The ids that start with it.
        candidates: Vec<JobId>,
    },
    /// There are fewer jobs.
    #[error("there is no job `{reference}`: {among} has {count}")]
    NoPlace {
        /// What the user wrote, made printable.
        reference: String,
        /// Whose jobs were looked at.
        among: Among,
        /// How many there are.
        count: usize,
    },
    /// Nothing has finished.
    #[error("no job of {among} has finished")]
    NoneFinished {
        /// Whose jobs were looked at.
        among: Among,
        /// How many jobs other sessions have here.
        elsewhere: usize,
    },
    /// Nothing runs.
    #[error("no job of {among} is running")]
    NoneActive {
        /// Whose jobs were looked at.
        among: Among,
    },
    /// Several jobs run.
    #[error("several jobs of {among} are running: {}", list(candidates))]
    SeveralActive {
        /// Whose jobs were looked at.
        among: Among,
        /// Their ids.
        candidates: Vec<JobId>,
    },
}

/// The jobs that a command without an id is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those of the session that calls.
    Session,
    /// All of the workspace, for a call without a session.
    Workspace,
}

impl fmt::Display for Among {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "this session",
            Self::Workspace => "this workspace",
        })
    }
}

impl Among {
    /// Those of the session of a call, or of the workspace if it has none.
    pub fn new(session: Option<&SessionId>) -> Self {
        session.map_or(Self::Workspace, |_| Self::Session)
    }
}

fn list(ids: &[JobId]) -> String {
    let mut text = ids
        .iter()
        .take(5)
        .map(|id| format!("`{id}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if ids.len() > 5 {
        text.push_str(&format!(" and {} more", ids.len() - 5));
    }
    text
}

/// The job with that id, or the only one whose id starts with `reference`.
///
/// # Errors
/// When no id or several ids start with it.
pub fn by_reference<'a>(jobs: &'a [Job], reference: &str) -> Result<&'a Job, SelectError> {
    if let Some(job) = jobs.iter().find(|job| job.id.as_str() == reference) {
        return Ok(job);
    }
    let starts = |job: &&Job| !reference.is_empty() && job.id.as_str().starts_with(reference);
    let found: Vec<&Job> = jobs.iter().filter(starts).collect();
    let shown = || cc_core::text::one_line(reference, 80);
    match found[..] {
        [job] => Ok(job),
        [] => Err(SelectError::Unknown { reference: shown() }),
        _ => Err(SelectError::Ambiguous {
            reference: shown(),
            candidates: found.iter().map(|job| job.id.clone()).collect(),
        }),
    }
}

/// The place of a job in the list of `status`, counted from 1, as people write it: `@1`, or `last`.
#[must_use]
pub fn place(reference: &str) -> Option<usize> {
    let number = match reference {
        "last" => "1",
        _ => reference.strip_prefix('@')?,
    };
    number
        .parse()
        .ok()
        .filter(|place| (1..=1_000).contains(place))
}

/// The job at a place of the list of `status`: those that have not ended, the newest first, then those that
/// ended last.
///
/// # Errors
/// When there are fewer.
pub fn at_place<'a>(
    jobs: &'a [Job],
    session: Option<&SessionId>,
    place: usize,
) -> Result<&'a Job, SelectError> {
    let mut listed: Vec<&Job> = visible(jobs, session)
        .filter(|job| job.kind.is_asked_for())
        .collect();
    listed.sort_by_key(|job| {
        let ended = job.state().completed_at();
        Reverse((ended.is_none(), ended, job.created_at, &job.id))
    });
    let found = listed.get(place.saturating_sub(1)).copied();
    found.ok_or_else(|| SelectError::NoPlace {
        reference: format!("@{place}"),
        among: Among::new(session),
        count: listed.len(),
    })
}

/// The jobs that a session owns; a call without a session owns those started without one.
pub fn of_session<'a>(
    jobs: &'a [Job],
    session: Option<&SessionId>,
) -> impl Iterator<Item = &'a Job> {
    jobs.iter()
        .filter(move |job| job.session.as_ref() == session)
}

/// The jobs that a call is about: those of its session, or all for a call without a session.
pub fn visible<'a>(jobs: &'a [Job], session: Option<&SessionId>) -> impl Iterator<Item = &'a Job> {
    jobs.iter()
        .filter(move |job| session.is_none() || job.session.as_ref() == session)
}

/// Whether a job that has ended is one that a call of `session` is about, and was asked for.
pub fn is_visible_result(job: &EndedJob, session: Option<&SessionId>) -> bool {
    job.is_visible(session) && job.kind.is_asked_for()
}

/// The job of the session that finished last, by the time it finished; without a session, of the
/// workspace. `others` are jobs that were not read since they are not it.
///
/// # Errors
/// When none has finished.
pub fn latest_finished<'a>(
    jobs: &'a [Job],
    others: &[EndedJob],
    session: Option<&SessionId>,
) -> Result<&'a Job, SelectError> {
    visible(jobs, session)
        .filter(|job| !job.state().is_active() && job.kind.is_asked_for())
        .max_by_key(|job| (job.state().completed_at(), &job.id))
        .ok_or_else(|| SelectError::NoneFinished {
            among: Among::new(session),
            elsewhere: jobs.len() + others.len() - visible(jobs, session).count(),
        })
}

/// The job of the session that was made last, of those that have not ended; without a session, of the workspace.
///
/// # Errors
/// When there is none.
pub fn newest_active<'a>(
    jobs: &'a [Job],
    session: Option<&SessionId>,
) -> Result<&'a Job, SelectError> {
    visible(jobs, session)
        .filter(|job| job.state().is_active() && job.kind.is_asked_for())
        .max_by_key(|job| (job.created_at, &job.id))
        .ok_or_else(|| SelectError::NoneActive {
            among: Among::new(session),
        })
}

/// The only job of the session that has not ended; without a session, of the workspace.
///
/// # Errors
/// When there is none, or more than one.
pub fn only_active<'a>(
    jobs: &'a [Job],
    session: Option<&SessionId>,
) -> Result<&'a Job, SelectError> {
    let active: Vec<&Job> = visible(jobs, session)
        .filter(|job| job.state().is_active() && job.kind.is_asked_for())
        .collect();
    match active[..] {
        [job] => Ok(job),
        [] => Err(SelectError::NoneActive {
            among: Among::new(session),
        }),
        _ => Err(SelectError::SeveralActive {
            among: Among::new(session),
            candidates: active.iter().map(|job| job.id.clone()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(id: &str, session: Option<&str>, completed: Option<&str>) -> Job {
        let at = |time| format!("2026-03-01T10:{time}:00Z");
        let record = json!({
            "schemaVersion": 1, "id": id, "kind": "review", "createdAt": at("00"), "sessionId": session,
            "status": if completed.is_some() { "completed" } else { "running" },
            "completedAt": completed.map(at),
        });
        crate::record::read_head(record.to_string().as_bytes()).unwrap()
    }

    fn jobs() -> Vec<Job> {
        vec![
            job("review-1a", Some("s"), Some("30")),
            job("review-1ab", Some("s"), Some("20")),
            job("review-2", Some("t"), Some("50")),
            job("task-3", Some("s"), None),
            job("task-4", None, None),
            job("task-5", None, None),
        ]
    }

    fn session(id: &str) -> Option<SessionId> {
        SessionId::parse(id).ok()
    }

    #[test]
    fn references() {
        let jobs = jobs();
        let check = |reference: &str, expect: &str| {
            let found = by_reference(&jobs, reference)
                .map_or_else(|error| error.to_string(), |job| job.id.to_string());
            assert_eq!(found, expect);
        };
        check("review-1a", "review-1a");
        check("review-1ab", "review-1ab");
        check("review-2", "review-2");
        check("task-3", "task-3");
        check("task", "`task` could be `task-3`, `task-4`, `task-5`");
        check(
            "nope",
            "no job of this workspace has an id that starts with `nope`",
        );
        check("", "no job of this workspace has an id that starts with ``");
    }

    #[test]
    fn places_are_those_of_the_list() {
        let jobs = jobs();
        let check = |reference: &str, of: Option<&str>, expect: &str| {
            let of = of.and_then(session);
            let found = place(reference).map(|place| at_place(&jobs, of.as_ref(), place));
            let found = match found {
                None => "no place".to_owned(),
                Some(Ok(job)) => job.id.to_string(),
                Some(Err(error)) => error.to_string(),
            };
            assert_eq!(found, expect, "{reference}");
        };
        check("last", None, "task-5");
        check("@1", None, "task-5");
        check("@3", None, "task-3");
        check("@4", None, "review-2");
        check("@6", None, "review-1ab");
        check("@1", Some("s"), "task-3");
        check("@2", Some("s"), "review-1a");
        check("@4", Some("s"), "there is no job `@4`: this session has 3");
        for word in [
            "@0",
            "@",
            "@x",
            "@-1",
            "lastly",
            "",
            "1",
            "@99999999999999999999",
        ] {
            check(word, None, "no place");
        }
    }

    #[test]
    fn the_latest_is_by_completion_and_of_this_session() {
        let jobs = jobs();
        assert_eq!(
            latest_finished(&jobs, &[], session("s").as_ref())
                .unwrap()
                .id
                .as_str(),
            "review-1a"
        );
        assert_eq!(
            latest_finished(&jobs, &[], session("t").as_ref())
                .unwrap()
                .id
                .as_str(),
            "review-2"
        );
        assert_eq!(
            latest_finished(&jobs, &[], session("u").as_ref()).unwrap_err(),
            SelectError::NoneFinished {
                among: Among::Session,
                elsewhere: 6
            }
        );
        // Without a session, of all sessions.
        assert_eq!(
            latest_finished(&jobs, &[], None).unwrap().id.as_str(),
            "review-2"
        );
    }

    #[test]
    fn the_only_active_job_of_this_session() {
        let jobs = jobs();
        assert_eq!(
            only_active(&jobs, session("s").as_ref())
                .unwrap()
                .id
                .as_str(),
            "task-3"
        );
        assert_eq!(
            only_active(&jobs, session("t").as_ref()).unwrap_err(),
            SelectError::NoneActive {
                among: Among::Session
            }
        );
        let Err(SelectError::SeveralActive { candidates, .. }) = only_active(&jobs, None) else {
            panic!("three run in the workspace");
        };
        assert_eq!(candidates.len(), 3);
    }
}
