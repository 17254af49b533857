//! The top-level text, turn by turn, by the rule that holds on 2.1.197, 2.1.260 and 2.1.330.
//!
//! The answer of a turn is the text of its top-level `assistant` events since the last `user`
//! event. What was said before, between tool calls, is an earlier part of the answer where it is
//! substantial, and narration where it is not ("Let me look at the file."). One `user` event is
//! passed over: 2.1.330 continues an answer that was cut at `max_tokens` with a synthetic one in the
//! middle. Streamed deltas are no answer (those of a connection that broke stay in the stream), but
//! are kept as long as their block is not finished: they are all there is if the run is cut off.

use std::collections::VecDeque;

use cc_core::text::head;

use crate::stream::event::User;

/// The most bytes of text kept, over all turns.
pub(super) const LIMIT: usize = 4 << 20;

/// The most bytes kept of a block that is not finished: more than Claude says at once, and as much as a record keeps of a
/// run that failed.
const UNFINISHED: usize = 1 << 20;

/// The most turns that may wait for their result.
const OPEN: usize = 16;

/// The most characters of a narration.
const NARRATION: usize = 200;

/// Whether a text between tool calls belongs to the answer: it has several lines, or one that is
/// long. A short line only says what Claude does next.
pub(super) fn is_substantial(text: &str) -> bool {
    let text = text.trim();
    text.contains('\n') || text.chars().nth(NARRATION).is_some()
}

/// The most parts of an answer; more are joined to the last one.
const PARTS: usize = 256;

/// Adds a part of the answer.
pub(super) fn keep_part(parts: &mut Vec<String>, part: String) {
    let is_full = parts.len() >= PARTS;
    match parts.last_mut().filter(|_| is_full) {
        Some(last) => last.extend(["\n\n", &part]),
        None => parts.push(part),
    }
}

/// The text of a turn so far.
#[derive(Debug, Default)]
pub(super) struct TurnText {
    pub(super) text: String,
    /// The substantial texts before, the oldest first.
    pub(super) earlier: Vec<String>,
    /// The bytes that did not fit.
    pub(super) cut: u64,
    /// Whether the turn seems to answer a notification, where its result does not say.
    pub(super) notification: bool,
}

impl TurnText {
    fn bytes(&self) -> usize {
        self.text.len() + self.earlier.iter().map(String::len).sum::<usize>()
    }

    /// Keeps the last text as an earlier part if it is substantial; gives it back if not.
    fn close(&mut self) -> Option<String> {
        let said = std::mem::take(&mut self.text);
        if !is_substantial(&said) {
            return Some(said);
        }
        keep_part(&mut self.earlier, said);
        None
    }

    /// Drops the oldest parts until there is room for so much.
    fn make_room(&mut self, mut lacking: usize) {
        while lacking > 0 && !self.earlier.is_empty() {
            let dropped = self.earlier.remove(0);
            self.cut += dropped.len() as u64;
            lacking = lacking.saturating_sub(dropped.len());
        }
    }
}

#[derive(Debug)]
pub(super) struct Texts {
    /// The turns without a result yet, the oldest first. Mostly one; 2.1.330 may begin the turn for
    /// a background task before it gives the result of the turn before.
    open: VecDeque<TurnText>,
    /// The deltas of the block that is being written.
    writing: String,
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
            writing: String::new(),
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
        self.writing.clear();
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
        self.writing.clear();
        if self.room(held) < text.len() + self.narration.len() {
            self.narration = String::new();
        }
        let lacking = text.len().saturating_sub(self.room(held));
        if let Some(turn) = self.open.back_mut() {
            turn.make_room(lacking);
        }
        let room = self.room(held);
        if let Some(turn) = self.open.back_mut() {
            let kept = head(text, room);
            turn.text.push_str(kept);
            turn.cut += (text.len() - kept.len()) as u64;
        }
    }

    fn room(&self, held: usize) -> usize {
        let open: usize = self.open.iter().map(TurnText::bytes).sum();
        self.limit.saturating_sub(open + held)
    }

    /// Adds a piece of a block that is not finished.
    pub(super) fn write(&mut self, text: &str, held: usize) {
        let room = self.room(held).min(UNFINISHED);
        let room = room.saturating_sub(self.writing.len());
        self.writing.push_str(head(text, room));
    }

    /// Takes the block that is being written for all that comes of it: the turn fails.
    pub(super) fn keep_unfinished(&mut self) {
        let unfinished = std::mem::take(&mut self.writing);
        if let Some(turn) = self.open.back_mut() {
            turn.text.push_str(&unfinished);
        }
    }

    /// A top-level message begins; returns whether a block of the last one was left unfinished.
    pub(super) fn message_starts(&mut self) -> bool {
        self.after_cut_message = false;
        !std::mem::take(&mut self.writing).is_empty()
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
        if let Some(said) = self.open.back_mut().and_then(TurnText::close) {
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
        let mut over: Vec<_> = self.open.drain(..at.min(self.open.len())).collect();
        self.after_cut_message = false;
        self.writing.clear();
        let mut turn = self.open.pop_front().unwrap_or_default();
        over.iter_mut().for_each(|over| _ = over.close());
        turn.cut += over.iter().map(|over| over.cut).sum::<u64>();
        let before = over.into_iter().flat_map(|over| over.earlier);
        turn.earlier = before.chain(turn.earlier).collect();
        turn
    }

    /// What the turns said that wait for their result, a block that was cut off included.
    pub(super) fn take_open(&mut self) -> TurnText {
        self.keep_unfinished();
        let mut newest = self.open.pop_back().unwrap_or_default();
        let mut earlier = Vec::new();
        for mut turn in self.open.drain(..) {
            let said = turn.close().unwrap_or_default();
            newest.cut += turn.cut;
            earlier.append(&mut turn.earlier);
            if newest.text.trim().is_empty() && newest.earlier.is_empty() {
                newest.text = said;
            }
        }
        earlier.append(&mut newest.earlier);
        newest.earlier = earlier;
        newest
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
                "^" => _ = texts.message_starts(),
                "u" => texts.user(&User::default()),
                "s" => texts.user(&synthetic()),
                "t" => texts.user(&User {
                    tool_results: vec![ToolResult {
                        id: None,
                        is_error: false,
                        never_began: false,
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
    fn the_oldest_parts_give_way_to_the_last() {
        let mut texts = Texts {
            limit: 12,
            ..Texts::default()
        };
        texts.begin(false);
        for part in ["a\nbc", "d\ne", "answer"] {
            texts.push(part, 0);
            texts.user(&User::default());
        }
        texts.push("last", 0);
        let turn = texts.end("");
        assert_eq!((turn.text.as_str(), turn.cut), ("last", 4));
        assert_eq!(turn.earlier, ["d\ne"]);
    }

    #[test]
    fn parts_are_bounded_and_none_is_lost() {
        let mut texts = Texts::default();
        texts.begin(false);
        for number in 0..1_000 {
            texts.push(&format!("part\n{number}"), 0);
            texts.user(&User::default());
        }
        let turn = texts.end("");
        assert_eq!(turn.earlier.len(), PARTS);
        let all = turn.earlier.join("\n\n");
        assert!((0..1_000).all(|number| all.contains(&format!("part\n{number}"))));
    }

    #[test]
    fn turns_without_a_result_are_bounded() {
        let mut texts = Texts::default();
        (0..100).for_each(|_| texts.begin(false));
        assert_eq!(texts.open.len(), OPEN);
    }
}
