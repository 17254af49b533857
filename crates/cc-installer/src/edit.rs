//! Changes to files that belong to the user, as functions from text to text.
//!
//! What is not ours survives byte for byte: entries, comments, order, line endings. A text that does
//! not parse is never changed.

pub(crate) mod config;
pub(crate) mod hooks_json;
pub(crate) mod rules;

/// Why a text was left alone.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    /// It is not what its name says.
    #[error("line {line}: {reason}")]
    Syntax { line: usize, reason: String },
    /// It parses, but something stands where our entry belongs.
    #[error("line {line}: expected {expected}")]
    Shape {
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
}

/// The line of a byte of `text`, counted from 1.
fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    1 + before.matches('\n').count()
}
