//! The state of a session's turn: what the files were when it began, and how often it was blocked.

use std::time::Duration;

use cc_core::fs::{create_private_dir, read_bounded, remove_if_there, write_transient};
use cc_core::{FileLock, IoError, LockError, SessionId, Time};
use cc_git::{Changes, Fingerprint, Git, Repository};
use serde::{Deserialize, Serialize};

use super::outcome::{Skip, TurnEnd};
use crate::Project;

/// The largest turn file, in bytes.
pub(super) const LIMIT: u64 = 16 << 20;

/// How long to wait for another hook.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prompts that begin like this use Claude themselves; there is nothing to check after them.
const OURS: &str = "$cc:";

/// `turn-baseline.<session>.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnState {
    /// When it began.
    pub(super) began_at: Time,
    /// The turn, where the host named it.
    #[serde(default)]
    pub(super) turn_id: Option<String>,
    /// Whether it is not to be checked.
    #[serde(default)]
    pub(super) suppressed: bool,
    /// How often it was blocked.
    #[serde(default)]
    pub(super) blocked: u32,
    /// Whether the gate let it end.
    #[serde(default)]
    ended: bool,
    /// What the files were when it began; `None` if that is unknown.
    pub(super) baseline: Option<Fingerprint>,
    /// What they were at the last check.
    #[serde(default)]
    pub(super) checked: Option<Fingerprint>,
}

impl TurnState {
    /// A turn about which nothing is known.
    fn unknown(project: &Project) -> Self {
        Self {
            began_at: project.store.now(),
            turn_id: None,
            suppressed: false,
            blocked: 0,
            ended: false,
            baseline: None,
            checked: None,
        }
    }

    /// The last turn of a session; `None` where there is none or it cannot be read.
    fn read(project: &Project, session: &SessionId) -> Option<Self> {
        let path = project.store.dir().turn_baseline(session);
        serde_json::from_slice(&read_bounded(&path, LIMIT).ok()?).ok()
    }

    fn is_named(&self, turn_id: Option<&str>) -> bool {
        turn_id.is_some() && self.turn_id.as_deref() == turn_id
    }

    fn is_running(&self, turn_id: Option<&str>) -> bool {
        !self.ended && self.is_named(turn_id)
    }

    pub(super) fn write(&self, project: &Project, session: &SessionId) -> Result<(), IoError> {
        let dir = project.store.dir();
        create_private_dir(dir.root())?;
        let path = dir.turn_baseline(session);
        let text = serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .map_err(IoError::at("write", &path))?;
        write_transient(&path, &text)
    }

    /// The fingerprint taken last, whose digests can be used again.
    pub(super) fn latest(&self) -> Option<&Fingerprint> {
        self.checked.as_ref().or(self.baseline.as_ref())
    }

    /// What changed since the turn began, given what the files are now; `None` if its beginning is
    /// unknown.
    pub(super) fn changes(&self, seen: &Fingerprint) -> Result<Option<Changes>, Skip> {
        if let Some(checked) = &self.checked
            && seen.changes_since(checked).is_none()
        {
            return Err(Skip::CheckedAlready);
        }
        let Some(baseline) = &self.baseline else {
            return Ok(None);
        };
        seen.changes_since(baseline).ok_or(Skip::NoEdits).map(Some)
    }

    /// Whether the gate has decided about it.
    fn is_decided(&self) -> bool {
        self.ended || self.blocked > 0 || self.checked.is_some()
    }
}

/// The turn that ends. Its file is read once, and written only where no other turn has begun meanwhile.
pub(super) struct EndingTurn {
    pub(super) state: TurnState,
    kept: TurnFile,
}

/// What the file of the turn holds.
enum TurnFile {
    /// No turn, or none that can be read.
    Nothing,
    /// A turn before this one.
    Earlier(Box<TurnState>),
    /// This one.
    This,
}

impl EndingTurn {
    /// Reads the turn. If its beginning was not seen, its baseline is what the last check or turn left,
    /// and if it was continued, it counts as blocked `rounds` times: the true number is unknown.
    pub(super) fn read(project: &Project, session: &SessionId, end: &TurnEnd, rounds: u32) -> Self {
        let is_this = |turn: &TurnState| {
            end.turn.is_none() || turn.turn_id.is_none() || turn.is_named(end.turn.as_deref())
        };
        let earlier = match TurnState::read(project, session) {
            Some(turn) if is_this(&turn) => {
                return Self {
                    state: turn,
                    kept: TurnFile::This,
                };
            }
            earlier => earlier,
        };
        let state = TurnState {
            turn_id: end.turn.clone(),
            blocked: if end.is_continued { rounds } else { 0 },
            baseline: earlier.as_ref().and_then(TurnState::latest).cloned(),
            ..TurnState::unknown(project)
        };
        let kept = earlier.map_or(TurnFile::Nothing, |turn| TurnFile::Earlier(Box::new(turn)));
        Self { state, kept }
    }

    /// When it began, if that was seen.
    pub(super) fn began(&self) -> Option<Time> {
        matches!(self.kept, TurnFile::This).then_some(self.state.began_at)
    }

    /// Saves the turn.
    pub(super) fn write(&mut self, project: &Project, session: &SessionId) -> Result<(), IoError> {
        if !self.is_over(project, session) {
            self.state.write(project, session)?;
        }
        self.kept = TurnFile::This;
        Ok(())
    }

    /// Saves that the gate let the turn end. Otherwise a later prompt with the same id counts as part of
    /// it, which is wrong only for a host that reuses ids.
    pub(super) fn end(self, project: &Project, session: &SessionId) {
        if self.is_over(project, session) {
            return;
        }
        let mut turn = match self.kept {
            TurnFile::Nothing => return,
            TurnFile::Earlier(turn) => *turn,
            TurnFile::This => self.state,
        };
        turn.ended = true;
        let _ = turn.write(project, session);
    }

    /// Whether the file holds a turn that began after this one was read, as after an interrupt.
    fn is_over(&self, project: &Project, session: &SessionId) -> bool {
        let known = match &self.kept {
            TurnFile::Nothing => None,
            TurnFile::Earlier(turn) => Some(turn.began_at.as_millis()),
            TurnFile::This => Some(self.state.began_at.as_millis()),
        };
        TurnState::read(project, session)
            .is_some_and(|turn| known != Some(turn.began_at.as_millis()))
    }
}

/// Saves what the files are as a turn begins; a prompt within a turn does not change that. Without a
/// baseline, all uncommitted changes count as the turn's edits.
///
/// # Errors
/// When it cannot be saved.
pub fn begin_turn(
    project: &Project,
    session: &SessionId,
    turn_id: Option<&str>,
    prompt: &str,
) -> Result<(), IoError> {
    let last = TurnState::read(project, session);
    let suppressed = prompt.trim_start().starts_with(OURS);
    if let Some(mut running) = last.clone().filter(|last| last.is_running(turn_id)) {
        // A prompt within a running turn: its earlier edits and blocks still count.
        running.suppressed &= suppressed;
        return running.write(project, session);
    }
    let fingerprint = Git::locate(&project.env)
        .and_then(|git| Repository::discover(git, &project.env.cwd))
        .and_then(|repository| {
            repository.fingerprint(
                last.as_ref().and_then(TurnState::latest),
                project.store.now(),
            )
        });
    TurnState {
        turn_id: turn_id.map(str::to_owned),
        suppressed,
        baseline: fingerprint.ok(),
        ..TurnState::unknown(project)
    }
    .write(project, session)
}

/// Takes the lock of a turn that ends, for as long as the gate looks at it; `None` if another hook of
/// the same turn has decided, or is about to.
pub(super) fn lock(
    project: &Project,
    session: &SessionId,
    end: &TurnEnd,
) -> Result<Option<FileLock>, IoError> {
    let dir = project.store.dir();
    create_private_dir(dir.root())?;
    let path = dir.turn_lock(session);
    if let Some(lock) = FileLock::try_exclusive(&path)? {
        return Ok(Some(lock));
    }
    // The hook of a turn that was interrupted ends soon.
    let lock = match FileLock::exclusive(&path, PATIENCE) {
        Ok(lock) => lock,
        Err(LockError::Timeout { .. }) => return Ok(None),
        Err(LockError::Io(error)) => return Err(error),
    };
    let turn = TurnState::read(project, session);
    let is_done = turn.is_some_and(|turn| turn.is_named(end.turn.as_deref()) && turn.is_decided());
    Ok((!is_done).then_some(lock))
}

/// Leaves the running turn of a session unchecked.
///
/// # Errors
/// When that cannot be saved.
pub(super) fn suppress(project: &Project, session: &SessionId) -> Result<(), IoError> {
    let turn = TurnState {
        suppressed: true,
        ..TurnState::unknown(project)
    };
    turn.write(project, session)
}

/// Forgets the turn of a session that has ended.
///
/// # Errors
/// When its file stays.
pub fn forget_turn(project: &Project, session: &SessionId) -> Result<(), IoError> {
    let dir = project.store.dir();
    remove_if_there(&dir.turn_lock(session))?;
    remove_if_there(&dir.turn_baseline(session))
}
