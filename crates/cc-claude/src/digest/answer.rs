//! The answer of a turn, and which one counts where a run has several.

use cc_core::{Failure, FailureClass};
use serde_json::Value;

use super::text::{is_substantial, keep_part};
use crate::outcome::Incomplete;

/// How the turn that counts ended.
#[derive(Debug)]
pub(super) struct TurnAnswer {
    pub(super) text: String,
    /// The substantial parts before its last tool calls, the oldest first.
    pub(super) earlier: Vec<String>,
    /// The bytes of the text that did not fit.
    pub(super) cut: u64,
    /// How its last message ended, if not as it should.
    pub(super) incomplete: Option<Incomplete>,
    pub(super) structured: Option<Value>,
    pub(super) failure: Option<Failure>,
    /// Whether the turn only answers the end of a background task.
    pub(super) notification: bool,
}

impl TurnAnswer {
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.structured.is_none()
    }

    /// The bytes of its text.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.earlier.iter().map(String::len).sum::<usize>()
    }

    /// The better answer of two turns, which takes over what is substantial in the other one, and the text of that. An answer to a background
    /// task's end never replaces one to the prompt; nothing and a failure never replace something.
    pub(super) fn or_newer(self, new: Self) -> (Self, String) {
        let new_is_nothing = new.failure.is_some() || new.is_blank();
        let keeps_old = (new.notification && !self.notification)
            || (new_is_nothing && self.failure.is_none() && !self.is_blank());
        let (mut chosen, other) = if keeps_old { (self, new) } else { (new, self) };
        // A run that lingers after its answer is interrupted, in whatever turn it is then.
        let fails = |failure: &Failure| failure.class != FailureClass::Killed;
        if keeps_old && !other.notification && other.failure.as_ref().is_some_and(fails) {
            chosen.incomplete = chosen.incomplete.or(Some(Incomplete::LaterFailure));
        }
        chosen.structured = chosen.structured.or(other.structured);
        chosen.cut += other.cut;
        let mut earlier = other.earlier;
        if is_substantial(&other.text) && !chosen.text.trim().is_empty() {
            keep_part(&mut earlier, other.text.clone());
        }
        for part in chosen.earlier {
            keep_part(&mut earlier, part);
        }
        chosen.earlier = earlier;
        (chosen, other.text)
    }
}
