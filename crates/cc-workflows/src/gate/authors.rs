//! Who did what changed during a turn: this turn, another session, or the user.
//!
//! A change belongs to the session whose tools ran at that moment. Where the tools of two ran, it
//! belongs to the one whose call names the file; if that does not tell them apart, it is unclear.
//! Without a transcript a turn may have done everything since its beginning.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::fs::{changed_at, modified_at, read_bounded};
use cc_core::session::SessionRecord;
use cc_core::{SessionId, Time};
use cc_git::SharedRepository;
use serde::Deserialize;

use super::activity::{Activity, WantedTurn};
use super::outcome::TurnEnd;
use crate::Project;

/// How long a turn or a call counts as running of which nothing more is heard: it may have crashed.
const SILENT: Duration = Duration::from_secs(3600);

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// This turn.
    Turn,
    /// Another session, or the user.
    Other,
    /// This turn or one of these sessions.
    Unclear(Vec<SessionId>),
}

/// The sessions that work in a repository.
#[derive(Debug)]
pub(super) struct Authors {
    /// When the turn began; `None` if nobody saw it.
    pub(super) since: Option<Time>,
    now: Time,
    /// What the turn did; `None` if that is unknown.
    own: Option<Activity>,
    others: Vec<OtherSession>,
}

#[derive(Debug)]
struct OtherSession {
    id: SessionId,
    /// Whether it works in this working tree, and not in another one of the repository.
    is_here: bool,
    did: Did,
}

#[derive(Debug)]
enum Did {
    /// What its transcript says; a call that was not answered is dead after `until`.
    Known { activity: Activity, until: Time },
    /// Anything in this time.
    Anything { from: Time, until: Time },
}

impl Authors {
    /// Looks for the sessions of the repository that ran during the turn.
    pub(super) fn find(
        project: &Project,
        session: &SessionId,
        end: &TurnEnd,
        began: Option<Time>,
    ) -> Self {
        let now = project.store.now();
        let wanted = WantedTurn {
            since: began,
            turn: end.turn.as_deref(),
            last_message: &end.last_message,
        };
        let own = end.transcript.as_deref();
        let own = own.and_then(|transcript| Activity::read(transcript, wanted));
        let since = began.or(own.as_ref().and_then(|own| own.turn_began));
        let own = own.filter(|own| own.is_complete && since.is_some());
        let mut authors = Self {
            since,
            now,
            own,
            others: Vec::new(),
        };
        if let Some(since) = since.filter(|_| !authors.is_idle()) {
            authors.others = others(project, session, since, now);
        }
        authors
    }

    /// Whether the turn called no tool.
    pub(super) fn is_idle(&self) -> bool {
        self.own.as_ref().is_some_and(Activity::is_idle)
    }

    /// Who changed the file at `path` last.
    pub(super) fn of_file(&self, path: &Path) -> Author {
        let name = path.file_name().unwrap_or_default();
        let here = |other: &OtherSession| other.is_here;
        self.of(last_change(path), name.as_encoded_bytes(), &here)
    }

    /// Who made a commit.
    pub(super) fn of_commit(&self, at: Time, subject: &str) -> Author {
        self.of(Some(at), subject.as_bytes(), &|_| true)
    }

    /// Who did something of which only is known that it was during the turn.
    pub(super) fn of_the_rest(&self) -> Author {
        self.of(None, b"", &|other| other.is_here)
    }

    /// Who did something at `at`; a call that names it has `word` in its text.
    fn of(&self, at: Option<Time>, word: &[u8], may: &dyn Fn(&OtherSession) -> bool) -> Author {
        let Some(since) = self.since else {
            return Author::Turn;
        };
        if self.is_idle() {
            return Author::Other;
        }
        let others: Vec<&OtherSession> = self.others.iter().filter(|other| may(other)).collect();
        // Older than the turn: only the index has changed, and that has no time.
        let Some(at) = at.filter(|at| *at >= since) else {
            let active = others.iter().filter(|other| other.did.ran_since(since));
            return unclear_or(Author::Turn, active.map(|other| other.id.clone()));
        };
        let (may_be_own, ran, named) = match &self.own {
            None => (true, true, false),
            Some(own) => (
                own.first().is_some_and(|first| at >= first),
                own.ran_at(at, self.now),
                own.named_at(at, self.now, word),
            ),
        };
        if !may_be_own {
            return Author::Other;
        }
        let ran_then: Vec<_> = others.iter().filter(|other| other.did.ran_at(at)).collect();
        let naming = ran_then.iter().filter(|other| other.did.named_at(at, word));
        let naming: Vec<SessionId> = naming.map(|other| other.id.clone()).collect();
        match (named, naming.is_empty()) {
            (true, true) => Author::Turn,
            (true, false) => Author::Unclear(naming),
            (false, false) if self.own.is_some() => Author::Other,
            _ if ran => unclear_or(Author::Turn, ran_then.iter().map(|other| other.id.clone())),
            _ if ran_then.is_empty() => Author::Turn,
            _ => Author::Other,
        }
    }
}

fn unclear_or(clear: Author, sessions: impl Iterator<Item = SessionId>) -> Author {
    let sessions: Vec<SessionId> = sessions.collect();
    match sessions.is_empty() {
        true => clear,
        false => Author::Unclear(sessions),
    }
}

impl Did {
    fn ran_at(&self, at: Time) -> bool {
        match self {
            Self::Known { activity, until } => activity.ran_at(at, *until),
            Self::Anything { from, until } => *from <= at && at <= *until,
        }
    }

    fn named_at(&self, at: Time, word: &[u8]) -> bool {
        match self {
            Self::Known { activity, until } => activity.named_at(at, *until, word),
            Self::Anything { .. } => false,
        }
    }

    fn ran_since(&self, since: Time) -> bool {
        match self {
            Self::Known { activity, until } => activity.ran_since(since, *until),
            Self::Anything { until, .. } => *until >= since,
        }
    }
}

/// When the file changed last; of one that is gone, no earlier than that.
fn last_change(path: &Path) -> Option<Time> {
    let known = path
        .ancestors()
        .find_map(|path| fs::symlink_metadata(path).ok())?;
    changed_at(&known)
}

/// The other sessions that did something in this repository since `since`.
fn others(project: &Project, session: &SessionId, since: Time, now: Time) -> Vec<OtherSession> {
    let root = project.store.workspace().root();
    let roots = roots_of(root);
    let near = |dir: &Path, root: &Path| dir.starts_with(root) || root.starts_with(dir);
    let known = SessionRecord::all(&project.data).into_iter();
    let known = known.filter(|(id, _)| id != session);
    known
        .filter(|(_, record)| roots.iter().any(|root| near(&record.directory, root)))
        .filter_map(|(id, record)| {
            let did = did(project, &id, &record, (since, now))?;
            Some(OtherSession {
                id,
                is_here: near(&record.directory, root),
                did,
            })
        })
        .collect()
}

/// The working trees of the repository at `root`.
fn roots_of(root: &Path) -> Vec<PathBuf> {
    let repository = SharedRepository::of(root);
    let others = repository.map(|repository| {
        let mut roots = repository.linked_roots();
        roots.push(repository.main_root().to_owned());
        roots
    });
    others
        .into_iter()
        .flatten()
        .chain([root.to_owned()])
        .collect()
}

/// What a session did since `since`; `None` if that is nothing.
fn did(
    project: &Project,
    id: &SessionId,
    record: &SessionRecord,
    (since, now): (Time, Time),
) -> Option<Did> {
    let written = |path: &Path| modified_at(&fs::symlink_metadata(path).ok()?);
    let transcript = record.transcript.as_deref();
    if let Some((transcript, last)) = transcript.and_then(|path| Some((path, written(path)?))) {
        // A call may run long without a word, but not for ever.
        let until = match record.ended {
            true => last,
            false => last.plus(SILENT).min(now),
        };
        if until < since {
            return None;
        }
        let wanted = WantedTurn {
            since: Some(since),
            turn: None,
            last_message: "",
        };
        let activity = Activity::read(transcript, wanted)?;
        return (!activity.is_idle()).then_some(Did::Known { activity, until });
    }
    let file = project.store.dir().turn_baseline(id);
    let (until, turn) = (written(&file)?, TurnTimes::read(&file)?);
    let until = match turn.ended {
        true => until,
        false => until.plus(SILENT).min(now),
    };
    let from = turn.began_at;
    (until >= since).then_some(Did::Anything { from, until })
}

/// When the turn of another session was.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TurnTimes {
    began_at: Time,
    #[serde(default)]
    ended: bool,
}

impl TurnTimes {
    fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&read_bounded(file, super::turn::LIMIT).ok()?).ok()
    }
}
