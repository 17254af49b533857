//! Finds a piece of text in a line without a reader of JSON.
//!
//! Most lines of a stream, and nearly all of its bytes, are pieces of text. Their shape is simple, so that it can
//! be checked as fast as memory is read. A line of any other shape is left to `read`.

use std::borrow::Cow;

use super::event::Text;

/// The text of a line that is certain to be a [`TextDelta`](super::event::ClaudeEvent::TextDelta).
pub(super) fn text_delta(line: &[u8]) -> Option<Text<'_>> {
    let mut scan = Scan(line);
    let mut found = Found::default();
    scan.object(&mut |scan, key| match key.bytes {
        b"type" => scan.set(&mut found.line),
        b"event" => {
            let first = !std::mem::replace(&mut found.has_event, true);
            first.then(|| event(scan, &mut found)).flatten()
        }
        // With a text it is a subagent that speaks.
        b"parent_tool_use_id" => scan.take(b"null"),
        _ => scan.skip(key),
    })?;
    let is_delta = scan.0.is_empty()
        && found.line?.is("stream_event")
        && found.event?.is("content_block_delta")
        && found.delta?.is("text_delta");
    found.text.filter(|_| is_delta)?.decode()
}

/// A text as it is written between quotes. None of it is checked until it is asked for.
#[derive(Clone, Copy)]
struct Written<'a> {
    bytes: &'a [u8],
    has_escapes: bool,
}

impl<'a> Written<'a> {
    fn is(self, text: &str) -> bool {
        self.bytes == text.as_bytes()
    }

    fn decode(self) -> Option<Text<'a>> {
        let text = std::str::from_utf8(self.bytes).ok()?;
        if has_controls(text) {
            return None;
        }
        if !self.has_escapes {
            return Some(Cow::Borrowed(text));
        }
        let quoted = format!("\"{text}\"");
        serde_json::from_str(&quoted).ok().map(Cow::Owned)
    }
}

/// What matters of a line: the values of its keys.
#[derive(Default)]
struct Found<'a> {
    line: Option<Written<'a>>,
    has_event: bool,
    event: Option<Written<'a>>,
    has_delta: bool,
    delta: Option<Written<'a>>,
    text: Option<Written<'a>>,
}

fn event<'a>(scan: &mut Scan<'a>, found: &mut Found<'a>) -> Option<()> {
    scan.object(&mut |scan, key| match key.bytes {
        b"type" => scan.set(&mut found.event),
        b"delta" => {
            let first = !std::mem::replace(&mut found.has_delta, true);
            first.then(|| delta(scan, found)).flatten()
        }
        _ => scan.skip(key),
    })
}

fn delta<'a>(scan: &mut Scan<'a>, found: &mut Found<'a>) -> Option<()> {
    scan.object(&mut |scan, key| match key.bytes {
        b"type" => scan.set(&mut found.delta),
        b"text" => scan.set(&mut found.text),
        _ => scan.skip(key),
    })
}

/// What is left of a line. JSON without spaces, in which a value is an object that is asked for, a text, a whole
/// number or a word; `None` is anything else.
struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    fn take(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// Reads an object; `value` reads the value of each key.
    fn object(
        &mut self,
        value: &mut dyn FnMut(&mut Self, Written<'a>) -> Option<()>,
    ) -> Option<()> {
        self.take(b"{")?;
        loop {
            let key = self.text()?;
            self.take(b":")?;
            value(self, key)?;
            let (next, rest) = self.0.split_first()?;
            self.0 = rest;
            match next {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Reads a text that is checked when it is used. A second one of its key would leave the first
    /// unchecked, so it is not for here.
    fn set(&mut self, place: &mut Option<Written<'a>>) -> Option<()> {
        let text = self.text()?;
        place.replace(text).is_none().then_some(())
    }

    fn text(&mut self) -> Option<Written<'a>> {
        self.take(b"\"")?;
        let (mut end, mut has_escapes) = (0, false);
        loop {
            end += memchr::memchr2(b'"', b'\\', self.0.get(end..)?)?;
            match self.0[end] {
                b'"' => break,
                _ => {
                    has_escapes = true;
                    end += 2;
                }
            }
        }
        let bytes = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(Written { bytes, has_escapes })
    }

    /// Passes over the value of a key that does not matter: one without escapes, which could stand for one that does.
    fn skip(&mut self, key: Written<'a>) -> Option<()> {
        Some(key).filter(|key| !key.has_escapes)?.decode()?;
        self.skip_scalar()
    }

    fn skip_scalar(&mut self) -> Option<()> {
        match self.0.first()? {
            b'"' => self.text()?.decode().map(drop),
            b'n' => self.take(b"null"),
            b't' => self.take(b"true"),
            b'f' => self.take(b"false"),
            b'0' => self.take(b"0"),
            b'1'..=b'9' => {
                let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit());
                let length = digits.count();
                self.0 = &self.0[length..];
                (length < 16).then_some(())
            }
            _ => None,
        }
    }
}

/// Whether there are characters that JSON only has as escapes.
fn has_controls(text: &str) -> bool {
    // Without an early end, so that many bytes are looked at at once.
    text.bytes().fold(u8::MAX, u8::min) < b' '
}
