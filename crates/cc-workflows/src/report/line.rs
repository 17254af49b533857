//! One line of a report, as text and code.

use cc_core::text::one_line;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// One line: text and code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(Vec<Span>);

/// A part of a line. It may come from outside: each form quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Plain text.
    Text(String),
    /// Code: a name, a path, a command.
    Code(String),
}

/// The longest line, in characters.
const LIMIT: usize = 1_000;

impl Line {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::default().and(text)
    }

    /// Code.
    pub(crate) fn code(code: impl AsRef<str>) -> Self {
        Self::default().and_code(code)
    }

    /// This line, and then text.
    #[must_use]
    pub(crate) fn and(mut self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        // White space at an end separates it from its neighbours.
        let space = |is: bool| if is { " " } else { "" };
        let (before, after) = (text.starts_with(' '), text.ends_with(' '));
        let words = one_line(text, LIMIT);
        let text = match words.is_empty() {
            true => space(before || after).to_owned(),
            false => format!("{}{words}{}", space(before), space(after)),
        };
        match self.0.last_mut() {
            Some(Span::Text(last)) => last.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.0.push(Span::Text(text)),
        }
        self
    }

    /// This line, and then code.
    #[must_use]
    pub(crate) fn and_code(mut self, code: impl AsRef<str>) -> Self {
        self.0.push(Span::Code(one_line(code.as_ref(), 300)));
        self
    }

    /// This line, and then another one.
    #[must_use]
    pub(crate) fn join(mut self, other: Self) -> Self {
        for span in other.0 {
            self = match span {
                Span::Text(text) => self.and(text),
                code @ Span::Code(_) => {
                    self.0.push(code);
                    self
                }
            };
        }
        self
    }

    /// Lines in one, with `between` them.
    pub(crate) fn joined(lines: impl IntoIterator<Item = Self>, between: &str) -> Self {
        lines.into_iter().fold(Self::default(), |all, line| {
            let all = if all.is_empty() {
                all
            } else {
                all.and(between)
            };
            all.join(line)
        })
    }

    /// Names in code, separated by commas; at most `limit` of them.
    pub(crate) fn codes(names: impl IntoIterator<Item = String>, limit: usize) -> Self {
        let names: Vec<String> = names.into_iter().collect();
        let more = names.len().saturating_sub(limit);
        let shown = names.iter().take(limit).map(Line::code);
        let line = Self::joined(shown, ", ");
        match more {
            0 => line,
            more => line.and(format!(" and {more} more")),
        }
    }

    /// A description of our own, in which names stand between backquotes.
    #[must_use]
    pub fn described(label: &str) -> Self {
        let parts: Vec<&str> = label.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Self::text(label);
        }
        let mut line = Self::default();
        for (index, part) in parts.into_iter().enumerate() {
            line = match index % 2 {
                0 => line.and(part),
                _ => line.and_code(part),
            };
        }
        line
    }

    /// One line of Markdown from outside. Code is kept, emphasis goes; where there is more, such as a link, all of
    /// it is plain text.
    #[must_use]
    pub fn foreign(text: &str) -> Self {
        let text = one_line(text, LIMIT);
        let mut line = Self::default();
        for event in Parser::new_ext(&text, super::foreign::OPTIONS) {
            match event {
                Event::Text(text) => line = line.and(text),
                Event::Code(code) => line = line.and_code(code),
                Event::Start(Tag::Paragraph | Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
                | Event::End(
                    TagEnd::Paragraph | TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough,
                ) => {}
                _ => return Self::text(&text),
            }
        }
        line
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its parts.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// All of it as plain text, printable, without marks.
    #[must_use]
    pub fn plain(&self) -> String {
        let parts = self.0.iter().map(|span| match span {
            Span::Text(text) | Span::Code(text) => text.as_str(),
        });
        parts.collect()
    }
}
