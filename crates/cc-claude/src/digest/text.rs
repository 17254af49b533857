//! The top-level text, turn by turn, by the rule that holds on 2.1.197, 2.1.260 and 2.1.330.
//!
//! The answer of a turn is the text of its top-level `assistant` events since the last `user`
//! event, because what was said before a tool call is narration. One `user` event is passed over:
//! 2.1.330 continues an answer that was cut at `max_tokens` with a synthetic one in the middle.
//! Streamed deltas are never text: those of a connection that broke stay in the stream.

use std::collections::VecDeque;

use cc_core::text::head;

use crate::stream::event::User;

/// The most bytes of text kept, over all turns.
pub(super) const LIMIT: usize = 4 << 20;

/// The most turns that may wait for their result.
const OPEN: usize = 16;

/// The text of a turn so far.
#[derive(Debug, Default)]
pub(super) struct TurnText {
    pub(super) text: String,
    /// The bytes that did not fit.
    pub(super) cut: u64,
    /// Whether the turn seems to answer a notification, where its result does not say.
    pub(super) notification: bool,
}

#[derive(Debug)]
pub(super) struct Texts {
    /// The turns without a result yet, the oldest first. Mostly one; 2.1.330 may begin the turn for
    /// a background task before it gives the result of the turn before.
    open: VecDeque<TurnText>,
    /// The last text that turned out to be narration.
    narration: String,
    /// Whether the last thing at the top level was a message that ended at `max_tokens`.
    after_cut_message: bool,
    limit: usize,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            open: VecDeque::new(),
            narration: String::new(),
            after_cut_message: false,
            limit: LIMIT,
        }
    }
}

impl Texts {
    /// A turn begins.
    pub(super) fn begin(&mut self, notification: bool) {
        self.after_cut_message = false;
        if self.open.len() == OPEN {
            self.open.pop_front();
        }
        self.open.push_back(TurnText {
            notification,
            ..TurnText::default()
        });
    }

    /// Whether a turn waits for its result.
    pub(super) fn has_open_turn(&self) -> bool {
        !self.open.is_empty()
    }

    /// Adds a block of top-level text. `held` is how much text is kept elsewhere.
    pub(super) fn push(&mut self, text: &str, held: usize) {
        let open: usize = self.open.iter().map(|turn| turn.text.len()).sum();
        let room = self.limit.saturating_sub(open + held);
        if room < text.len() + self.narration.len() {
            self.narration = String::new();
        }
        if let Some(turn) = self.open.back_mut() {
            let kept = head(text, room);
            turn.text.push_str(kept);
            turn.cut += (text.len() - kept.len()) as u64;
        }
    }

    /// A top-level message begins.
    pub(super) fn message_starts(&mut self) {
        self.after_cut_message = false;
    }

    /// A top-level message ended.
    pub(super) fn message_ends(&mut self, stop_reason: Option<&str>) {
        self.after_cut_message = stop_reason == Some("max_tokens");
    }

    /// A top-level `user` event came.
    pub(super) fn user(&mut self, user: &User<'_>) {
        let after_cut_message = std::mem::take(&mut self.after_cut_message);
        if user.synthetic && user.tool_results.is_empty() && after_cut_message {
            return;
        }
        if let Some(turn) = self.open.back_mut() {
            let said = std::mem::take(&mut turn.text);
            turn.cut = 0;
            self.narrate(said);
        }
    }

    /// Keeps a text that is no answer, to show where there is no better one.
    pub(super) fn narrate(&mut self, said: String) {
        if !said.trim().is_empty() {
            self.narration = said;
        }
    }

    /// The turn that `result` (a result event's text: the last block of its turn) belongs to.
    pub(super) fn end(&mut self, result: &str) -> TurnText {
        let result = result.trim();
        let ends_so =
            |turn: &TurnText| !result.is_empty() && turn.text.trim_end().ends_with(result);
        // Results come in the order of their turns. Where the texts say that the oldest turns have
        // no result of their own, they are over as well.
        let at = self.open.iter().position(ends_so).unwrap_or(0);
        self.open.drain(..at.min(self.open.len()));
        self.after_cut_message = false;
        self.open.pop_front().unwrap_or_default()
    }

    /// The text of the newest turn that has any and waits for its result.
    pub(super) fn partial(&self) -> Option<&TurnText> {
        let mut newest_first = self.open.iter().rev();
        newest_first.find(|turn| !turn.text.trim().is_empty())
    }

    /// The last text that turned out to be narration, or was interrupted.
    pub(super) fn narration(&self) -> &str {
        &self.narration
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::event::ToolResult;

    fn synthetic() -> User<'static> {
        User {
            synthetic: true,
            ..User::default()
        }
    }

    /// Plays a turn: `+text`, `=stop_reason` at a message's end, `^` at its beginning, `u` user,
    /// `s` synthetic user, `t` synthetic user with a tool result.
    fn check(steps: &[&str], expected: &str) {
        let mut texts = Texts::default();
        texts.begin(false);
        for step in steps {
            let (kind, rest) = step.split_at(1);
            match kind {
                "+" => texts.push(rest, 0),
                "=" => texts.message_ends(Some(rest)),
                "^" => texts.message_starts(),
                "u" => texts.user(&User::default()),
                "s" => texts.user(&synthetic()),
                "t" => texts.user(&User {
                    tool_results: vec![ToolResult {
                        id: None,
                        is_error: false,
                    }],
                    ..synthetic()
                }),
                _ => panic!("{step}"),
            }
        }
        assert_eq!(texts.end("").text, expected, "{steps:?}");
    }

    #[test]
    fn the_answer_is_what_came_after_the_last_user_event() {
        check(&[], "");
        check(&["+a ", "+b"], "a b");
        check(&["+look", "=tool_use", "u", "+found"], "found");
        check(&["+look", "u"], "");
        check(&["+text", "=end_turn", "s", "+again"], "again");
    }

    #[test]
    fn a_continuation_at_max_tokens_joins_the_halves() {
        check(&["+one ", "=max_tokens", "s", "+two"], "one two");
        check(
            &["+one ", "=max_tokens", "^", "+two", "=end_turn"],
            "one two",
        );
        // Not synthetic, with a tool result, or not directly after: narration.
        check(&["+one ", "=max_tokens", "u", "+two"], "two");
        check(&["+one ", "=max_tokens", "t", "+two"], "two");
        check(&["+one ", "=max_tokens", "s", "s", "+two"], "two");
        check(&["+one ", "=max_tokens", "^", "+x", "s", "+two"], "two");
        check(
            &["+one ", "=max_tokens", "^", "+x", "=end_turn", "s", "+two"],
            "two",
        );
    }

    #[test]
    fn a_result_finds_its_turn() {
        let two_turns = || {
            let mut texts = Texts::default();
            texts.begin(false);
            texts.push("the review", 0);
            texts.begin(true);
            texts.push("the notice", 0);
            texts
        };
        // In order, whatever the result says.
        let mut texts = two_turns();
        assert_eq!(texts.end("{}").text, "the review");
        assert_eq!(texts.end("{}").text, "the notice");
        assert_eq!(texts.end("{}").text, "");
        // A turn that has no result of its own is skipped.
        let mut texts = two_turns();
        assert_eq!(texts.end("notice").text, "the notice");
        assert!(!texts.has_open_turn());
    }

    #[test]
    fn text_is_bounded_and_narration_gives_way() {
        let mut texts = Texts {
            limit: 10,
            ..Texts::default()
        };
        texts.begin(false);
        texts.push("narration", 0);
        texts.user(&User::default());
        assert_eq!(texts.narration(), "narration");
        texts.push("answ", 0);
        assert_eq!(texts.narration(), "");
        texts.push("er, long", 3);
        let turn = texts.end("");
        assert_eq!((turn.text.as_str(), turn.cut), ("answer,", 5));
    }

    #[test]
    fn turns_without_a_result_are_bounded() {
        let mut texts = Texts::default();
        (0..100).for_each(|_| texts.begin(false));
        assert_eq!(texts.open.len(), OPEN);
    }
}
