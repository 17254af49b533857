//! Where Claude Code's sandbox is not ours, no review runs commands.

use cc_claude::{Outcome, Request};

use crate::Project;
use crate::order::CommandSpec;
use crate::rescue::sandbox::SandboxMissing;
use crate::run::{CannotRun, Run};

/// There is none.
pub(in crate::review) enum NoCommandSandbox {}

impl NoCommandSandbox {
    /// Refuses.
    ///
    /// # Errors
    /// [`SandboxMissing::Unsupported`], always.
    pub(in crate::review) fn make(
        _: &Project,
        _: &CommandSpec,
        _: Request,
    ) -> Result<(Self, Request), CannotRun> {
        Err(SandboxMissing::Unsupported.into())
    }

    /// Has nothing to remove.
    pub(in crate::review) fn end(self, _: &mut Run<'_>, _: &mut Outcome) {
        match self {}
    }
}
