//! `session-start` and `session-end`: remembers the session of the workspace.

use cc_core::fs::{canonical, create_private_dir, remove_if_there, write_transient};
use cc_core::session::SessionRecord;
use cc_core::{IoError, SessionId};
use cc_jobs::session::{CurrentSession, marked};
use cc_workflows::{Project, cancel, door, gate, push};
use serde_json::Value;

use crate::error::HookError;
use crate::input::HookInput;

/// Saves the session, for calls whose environment does not name one.
pub(crate) fn start(
    project: &Project,
    session: &SessionId,
    input: &HookInput,
) -> Result<Option<Value>, HookError> {
    remember(project, session, input)?;
    let dir = project.store.dir();
    create_private_dir(dir.root())?;
    let marker = CurrentSession {
        session_id: session.clone(),
        codex: push::find_codex(project),
        claude: project
            .claude(None)
            .ok()
            .map(|claude| claude.path().to_owned()),
    };
    let marker = serde_json::to_vec(&marker).map_err(cc_jobs::StoreError::from)?;
    write_transient(&dir.current_session(), &marker)?;
    Ok(None)
}

/// Remembers where the session works, unless that is known: the door for Codex lets no call out of there.
pub(crate) fn remember(
    project: &Project,
    session: &SessionId,
    input: &HookInput,
) -> Result<(), HookError> {
    let cwd = &project.env.cwd;
    let known = SessionRecord::read(&project.data, session);
    let directory = canonical(cwd).map_err(IoError::at("read", cwd))?;
    // What leads to another repository later was not there at the start.
    let git_dirs = match &known {
        Some(known) if known.directory == directory => known.git_dirs.clone(),
        _ => door::git_dirs_of(&directory),
    };
    let record = SessionRecord {
        directory,
        transcript: input.transcript.clone(),
        git_dirs,
        ended: false,
    };
    if known.as_ref() != Some(&record) {
        record.save(&project.data, session)?;
    }
    Ok(())
}

/// Removes what was saved, unless another session has taken its place. Its jobs are cancelled if the user
/// wants that, by separate processes, since the host allows three seconds.
pub(crate) fn end(
    project: &Project,
    session: &SessionId,
    _: &HookInput,
) -> Result<Option<Value>, HookError> {
    let dir = project.store.dir();
    if marked(dir).as_ref() == Some(session) {
        remove_if_there(&dir.current_session())?;
    }
    SessionRecord::end(&project.data, session)?;
    gate::forget_turn(project, session)?;
    if project.settings()?.jobs.cancel_on_session_end {
        cancel::of_session_later(project, session)?;
    }
    Ok(None)
}
