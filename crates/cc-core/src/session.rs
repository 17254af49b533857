//! The session of Codex that a call belongs to, and what the hooks remember of it.

mod policy;
mod rules;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::fs::{create_private_dir, is_older_than, read_bounded, remove_if_there, write_atomic};
use crate::{DataDir, Env, IoError, SessionId};

pub use policy::SandboxPolicy;
pub use rules::FileRules;

/// The variable of ours that names the session, before those of Codex.
const OWN_VARIABLE: &str = "CC_SESSION_ID";

/// How long a session is remembered of which no hook tells anything any more.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// `env` in which `session` is the one that calls, as for what a hook does: its input names the session.
#[must_use]
pub fn calling(env: &Env, session: &SessionId) -> Env {
    env.with_vars([(OWN_VARIABLE.into(), session.as_str().into())])
}

/// The session that the environment names.
pub fn inherited(env: &Env) -> Option<SessionId> {
    [OWN_VARIABLE, "CODEX_SESSION_ID", "CODEX_THREAD_ID"]
        .iter()
        .find_map(|name| SessionId::parse(env.text(name)?).ok())
}

/// What the hooks remember of a session, by its id: where it works, for the calls of its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRecord {
    /// The directory of the session.
    #[serde(with = "crate::os_text")]
    pub directory: PathBuf,
    /// The file in which Codex writes the session down, among other things what its sandbox allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<PathBuf>,
    /// The Git directories of the repository in which it started, without links. The session itself may not write them,
    /// wherever they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub git_dirs: Vec<PathBuf>,
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

    /// What is remembered of `session`, ended or not.
    pub fn of(data: &DataDir, session: &SessionId) -> Option<Self> {
        Self::at(&data.session(session))
    }

    fn at(path: &Path) -> Option<Self> {
        let bytes = read_bounded(path, 64 << 10).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers it, and forgets the sessions of which nothing was heard for a month.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, data: &DataDir, session: &SessionId) -> Result<(), IoError> {
        let dir = data.sessions();
        create_private_dir(&dir)?;
        let path = data.session(session);
        let json = serde_json::to_vec(self).map_err(io::Error::from);
        write_atomic(&path, &json.map_err(IoError::at("write", &path))?)?;
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
    pub fn end(data: &DataDir, session: &SessionId) -> Result<(), IoError> {
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
