//! The session of Codex that a call belongs to.

use std::path::PathBuf;

use cc_core::fs::read_bounded;
use cc_core::session::inherited;
use cc_core::{Env, SessionId, StateDir};
use serde::{Deserialize, Serialize};

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

/// The session of this call: `CC_SESSION_ID`, else `CODEX_SESSION_ID`, else `CODEX_THREAD_ID`, else
/// the marker. Values that are no id are skipped.
pub fn current(env: &Env, dir: &StateDir) -> Option<SessionId> {
    inherited(env).or_else(|| marked(dir))
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
