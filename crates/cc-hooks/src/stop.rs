//! `stop`: the review gate.

use cc_core::SessionId;
use cc_workflows::Project;
use cc_workflows::gate::{self, Decision, TurnEnd};
use serde_json::{Value, json};

use crate::error::HookError;
use crate::input::HookInput;

/// Lets the turn end, or blocks it with a reason.
pub(crate) fn stop(
    project: &Project,
    session: &SessionId,
    input: &HookInput,
) -> Result<Option<Value>, HookError> {
    let end = TurnEnd {
        turn: input.turn.clone(),
        is_continued: input.stop_hook_active,
        last_message: input.last_message.clone(),
        transcript: input.transcript.clone(),
    };
    Ok(match gate::stop(project, session, &end) {
        Decision::Pass => None,
        Decision::Warn(message) => Some(json!({"systemMessage": message})),
        Decision::Block(reason) => Some(json!({"decision": "block", "reason": reason})),
    })
}
