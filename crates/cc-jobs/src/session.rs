//! The session of Codex that a call belongs to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::fs::{create_private_dir, is_older_than, read_bounded, remove_if_there, write_atomic};
use cc_core::{DataDir, Env, SessionId, StateDir};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// How long a session is remembered of which no hook tells anything any more.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The marker that the session-start hook leaves for calls whose environment names no session.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentSession {
    /// The session that started last in this workspace.
    pub session_id: SessionId,
    /// The `codex` it runs in, if found: the shell of a job may have another PATH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codex: Option<PathBuf>,
    /// The `claude` on its PATH, if any: commands of Codex run in a login shell with another PATH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claude: Option<PathBuf>,
}

/// What the hooks remember of a session, by its id: where it works, for the calls of its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRecord {
    /// The directory of the session.
    #[serde(with = "cc_core::os_text")]
    pub directory: PathBuf,
    /// The file in which Codex writes the session down, among other things what its sandbox allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<PathBuf>,
    /// Whether the session has ended. It can no longer call, but what it did until then still counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

impl SessionRecord {
    /// What is remembered of a running `session`; `None` where that is nothing, or cannot be read.
    pub fn read(data: &DataDir, session: &SessionId) -> Option<Self> {
        Self::at(&data.session(session)).filter(|record| !record.ended)
    }

    /// What is remembered of all sessions, ended or not, in no order.
    pub fn all(data: &DataDir) -> Vec<(SessionId, Self)> {
        let entries = fs::read_dir(data.sessions())
            .into_iter()
            .flatten()
            .flatten();
        let known = entries.filter_map(|entry| {
            let path = entry.path();
            let session = SessionId::parse(path.file_stem()?.to_str()?).ok()?;
            Some((session, Self::at(&path)?))
        });
        known.collect()
    }

    fn at(path: &Path) -> Option<Self> {
        let bytes = read_bounded(path, 64 << 10).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers it, and forgets the sessions of which nothing was heard for a month.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, data: &DataDir, session: &SessionId) -> Result<(), StoreError> {
        let dir = data.sessions();
        create_private_dir(&dir)?;
        write_atomic(&data.session(session), &serde_json::to_vec(self)?)?;
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            if is_older_than(&entry.path(), KEPT) {
                remove_if_there(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Remembers that `session` has ended, if it is known.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(data: &DataDir, session: &SessionId) -> Result<(), StoreError> {
        match Self::read(data, session) {
            Some(record) => Self {
                ended: true,
                ..record
            }
            .save(data, session),
            None => Ok(()),
        }
    }
}

/// The session of this call: `CC_SESSION_ID`, else `CODEX_SESSION_ID`, else `CODEX_THREAD_ID`, else
/// the marker. Values that are no id are skipped.
pub fn current(env: &Env, dir: &StateDir) -> Option<SessionId> {
    inherited(env).or_else(|| marked(dir))
}

/// The session that the environment names.
pub fn inherited(env: &Env) -> Option<SessionId> {
    ["CC_SESSION_ID", "CODEX_SESSION_ID", "CODEX_THREAD_ID"]
        .iter()
        .find_map(|name| SessionId::parse(env.text(name)?).ok())
}

/// The session that the marker names; `None` where there is none or it cannot be read.
pub fn marked(dir: &StateDir) -> Option<SessionId> {
    Some(marker(dir)?.session_id)
}

/// The marker itself; `None` where there is none or it cannot be read.
pub fn marker(dir: &StateDir) -> Option<CurrentSession> {
    let bytes = read_bounded(&dir.current_session(), 64 << 10).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use cc_core::{DataDir, Workspace};

    use super::*;

    #[test]
    fn the_environment_comes_before_the_marker() {
        let dir = tempfile::tempdir().unwrap();
        let state = DataDir::at(dir.path().into()).state(&Workspace::from_canonical("/w".into()));
        let check = |vars: &[(&str, &str)], expect: Option<&str>| {
            let env = Env::fixed("/", "/cc-cli", vars.iter().copied());
            assert_eq!(
                current(&env, &state).as_ref().map(SessionId::as_str),
                expect,
                "{vars:?}"
            );
        };
        check(&[], None);
        std::fs::create_dir_all(state.root()).unwrap();
        std::fs::write(
            state.current_session(),
            r#"{"sessionId":"marked","more":1}"#,
        )
        .unwrap();
        check(&[], Some("marked"));
        check(&[("CODEX_THREAD_ID", "t")], Some("t"));
        check(
            &[("CODEX_THREAD_ID", "t"), ("CODEX_SESSION_ID", "s")],
            Some("s"),
        );
        check(
            &[("CODEX_SESSION_ID", "s"), ("CC_SESSION_ID", "c")],
            Some("c"),
        );
        check(
            &[("CC_SESSION_ID", "no id/"), ("CODEX_SESSION_ID", "s")],
            Some("s"),
        );
        std::fs::write(state.current_session(), "{").unwrap();
        check(&[], None);
    }
}
