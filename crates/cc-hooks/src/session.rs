//! `session-start` and `session-end`: which session works in the workspace.

use cc_core::fs::{create_private_dir, remove_if_there, write_atomic};
use cc_jobs::session::{CurrentSession, marked};
use cc_workflows::Project;
use serde_json::Value;

use crate::HookError;
use crate::input::Input;

/// Remembers the session, for calls whose environment does not name one.
pub(crate) fn start(project: &Project, input: &Input) -> Result<Option<Value>, HookError> {
    if let Some(session_id) = input.session.clone() {
        let dir = project.store.dir();
        create_private_dir(dir.root())?;
        let marker = serde_json::to_vec(&CurrentSession { session_id })
            .map_err(cc_jobs::StoreError::from)?;
        write_atomic(&dir.current_session(), &marker)?;
    }
    Ok(None)
}

/// Forgets the session, unless another one has taken its place. Jobs live on.
pub(crate) fn end(project: &Project, input: &Input) -> Result<Option<Value>, HookError> {
    let dir = project.store.dir();
    if input.session.is_some() && marked(dir) == input.session {
        remove_if_there(&dir.current_session())?;
    }
    Ok(None)
}
