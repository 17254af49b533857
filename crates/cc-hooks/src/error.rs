//! The errors of hooks.

use std::io;

use cc_core::IoError;
use cc_jobs::{SettingsError, StoreError};

use crate::input::InputError;

/// Why a hook failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HookError {
    #[error("unknown event `{0}`: expected session-start, session-end, user-prompt-submit or stop")]
    Event(String),
    #[error(transparent)]
    HookInput(#[from] InputError),
    #[error(transparent)]
    Workflow(#[from] cc_workflows::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] IoError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("cannot write the answer: {0}")]
    Answer(#[source] io::Error),
}

/// An error as one line of bounded length: names of directories may contain anything.
pub(crate) fn in_one_line(error: &dyn std::error::Error) -> String {
    cc_core::text::one_line(&format!("cc-hooks: {error}"), 1_000)
}
