//! Bytes of Claude's standard output in, events out.
//!
//! The stream is one JSON object a line (`--output-format stream-json`). The parser never fails:
//! what it cannot read is an [`ClaudeEvent::Unreadable`], what is too long an [`ClaudeEvent::Oversized`], what
//! it does not know an [`ClaudeEvent::Other`]. Any split of the bytes gives the same events. Memory is
//! bounded by one line, and a line that arrived whole is read where it lies.
//!
//! [`event`] says what comes out, `read` how a line becomes one, `scan` how the most frequent ones do without a
//! reader of JSON, `line` what a line may hold,
//! `loose` how a field of an unexpected type is read as absent, `repair` what is done about a line that
//! is nearly JSON.

pub(crate) mod event;
mod line;
mod loose;
mod read;
mod repair;
mod scan;
#[cfg(test)]
mod tests;

use event::ClaudeEvent;

/// The most bytes of one line that are read.
pub(crate) const LINE_LIMIT: usize = 16 << 20;

/// The capacity a line buffer keeps between lines.
const KEPT_CAPACITY: usize = 256 << 10;

/// Splits a byte stream into lines and reads each as an [`ClaudeEvent`].
#[derive(Debug)]
pub(crate) struct Parser {
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// How many bytes of the current line were dropped because it is too long; 0 when it is not.
    dropped: u64,
    limit: usize,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser at the beginning of a stream.
    pub(crate) fn new() -> Self {
        Self::with_limit(LINE_LIMIT)
    }

    fn with_limit(limit: usize) -> Self {
        Self {
            partial: Vec::new(),
            dropped: 0,
            limit,
        }
    }

    /// Takes in the next bytes and gives an event for each line that they end.
    pub(crate) fn push(&mut self, mut bytes: &[u8], sink: &mut dyn FnMut(ClaudeEvent<'_>)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.end_line(&bytes[..end], sink);
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
    }

    /// Reads what is left as the last line, which may lack its line feed.
    pub(crate) fn finish(&mut self, sink: &mut dyn FnMut(ClaudeEvent<'_>)) {
        self.end_line(b"", sink);
    }

    /// Ends the current line with `rest`.
    fn end_line(&mut self, rest: &[u8], sink: &mut dyn FnMut(ClaudeEvent<'_>)) {
        if self.partial.is_empty() && self.dropped == 0 && rest.len() <= self.limit {
            return read::line(rest, sink);
        }
        self.extend(rest);
        if self.dropped > 0 {
            let bytes = std::mem::take(&mut self.dropped);
            return sink(ClaudeEvent::Oversized { bytes });
        }
        read::line(&self.partial, sink);
        self.partial.clear();
        self.partial.shrink_to(KEPT_CAPACITY);
    }

    /// Adds to the current line, or only counts where it is too long.
    fn extend(&mut self, bytes: &[u8]) {
        if self.dropped > 0 {
            self.dropped += bytes.len() as u64;
        } else if self.partial.len() + bytes.len() > self.limit {
            self.dropped = (self.partial.len() + bytes.len()) as u64;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }
}
