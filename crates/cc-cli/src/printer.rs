//! Printing: results to standard output, everything else to standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use cc_core::text::printable;
use serde::Serialize;

use crate::error::CliError;

/// The two output streams. A closed pipe is not an error: nobody reads it any more. Any other failure to
/// write to standard output is one.
#[derive(Debug)]
pub(crate) struct Printer {
    /// The width of the terminal of standard error, if that is one.
    columns: Option<usize>,
    delivered: bool,
    failure: Option<io::Error>,
}

impl Printer {
    /// A printer whose notes and errors are wrapped to `columns`.
    pub(crate) fn new(columns: Option<usize>) -> Self {
        Self {
            columns,
            delivered: true,
            failure: None,
        }
    }

    /// Whether everything printed so far reached standard output.
    pub(crate) fn was_delivered(&self) -> bool {
        self.delivered
    }

    /// The first failed write to standard output; a closed pipe does not count.
    pub(crate) fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Prints text without terminal control characters, and a newline if it ends without one.
    pub(crate) fn text(&mut self, text: impl AsRef<str>) {
        self.bytes(plain(text.as_ref()).as_bytes());
    }

    /// Prints one JSON document.
    pub(crate) fn json(&mut self, value: &impl Serialize) {
        match json(value) {
            Ok(text) => self.bytes(text.as_bytes()),
            Err(error) => self.note(format!("cannot write the result as JSON: {error}")),
        }
    }

    /// Prints bytes unchanged.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            self.delivered = false;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failure.get_or_insert(error);
            }
        }
    }

    /// Prints a line to standard error.
    pub(crate) fn note(&mut self, text: impl Display) {
        let text = text.to_string();
        self.wrapped("", &text, uncut_commands);
    }

    /// Prints an error and its hint.
    pub(crate) fn error(&mut self, error: &CliError) {
        self.wrapped("error: ", &error.message, str::to_owned);
        if let Some(hint) = &error.hint {
            self.wrapped("  hint: ", hint, uncut_commands);
        }
    }

    /// Prints `text` after `lead` to standard error, at a terminal in lines that fit.
    fn wrapped(&mut self, lead: &str, text: &str, marked: fn(&str) -> String) {
        let text = printable(text);
        let text = match self.columns {
            Some(columns) => wrapped(lead, &marked(&text), columns).replace(NO_BREAK, " "),
            None => format!("{lead}{text}"),
        };
        // A closed standard error is not an error.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Prints help, the version, or an error in the arguments.
    pub(crate) fn usage(&mut self, error: &clap::Error) -> ExitCode {
        match CliError::of_arguments(error) {
            Some(error) => self.error(&error),
            // A closed stream is not an error.
            None => drop(error.print()),
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    }
}

/// A space at which no line is broken.
const NO_BREAK: char = '\u{a0}';

/// What stands after a colon to the end of the sentence is a command, which is copied: it stays on one line.
fn uncut_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(": ") {
        let ends = [". ", "; ", ", or "].map(|end| after.find(end));
        let end = ends.into_iter().flatten().min().unwrap_or(after.len());
        let (command, more) = after.split_at(end);
        let is_command = !command.contains('\n') && !command.starts_with(char::is_uppercase);
        let space = NO_BREAK.to_string();
        let command = match is_command {
            true => command.replace(' ', &space),
            false => command.to_owned(),
        };
        out.push_str(&format!("{before}: {command}"));
        rest = more;
    }
    out + rest
}

/// Lines of at most `columns`, the first after `lead`, the others below its end; no word is broken.
fn wrapped(lead: &str, text: &str, columns: usize) -> String {
    let lines = text.split('\n').enumerate().map(|(number, line)| {
        let words = line.trim_start();
        let space = &line[..line.len() - words.len()];
        let below = format!("{}{space}", " ".repeat(lead.len()));
        let first = match number {
            0 => format!("{lead}{space}"),
            _ => below.clone(),
        };
        let options = textwrap::Options::new(columns)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .initial_indent(&first)
            .subsequent_indent(&below);
        textwrap::fill(words, options)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Text without terminal control characters, with a newline at its end.
pub(crate) fn plain(text: &str) -> String {
    let mut text = printable(text).into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A JSON document without terminal control characters, with a newline at its end.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(format!("{}\n", escape_controls(&text)))
}

/// Escapes the terminal control characters that JSON allows unescaped.
fn escape_controls(json: &str) -> Cow<'_, str> {
    if let Cow::Borrowed(clean) = printable(json) {
        return Cow::Borrowed(clean);
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match printable(c.encode_utf8(&mut [0; 4])) {
            Cow::Borrowed(clean) => text.push_str(clean),
            // All of them are below U+10000, so four digits are enough.
            Cow::Owned(_) => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_commands_stay_whole() {
        let check = |lead, text: &str, columns, expected: &str| {
            let wrapped = wrapped(lead, &uncut_commands(text), columns);
            assert_eq!(wrapped.replace(NO_BREAK, " "), expected);
        };
        check("error: ", "one two three", 80, "error: one two three");
        check(
            "error: ",
            "one two three",
            16,
            "error: one two\n       three",
        );
        check(
            "  hint: ",
            "Choose another: --commit HEAD. Show it with: cc-cli scope; or not",
            30,
            "  hint: Choose another:\n        --commit HEAD. Show it\n        with: cc-cli scope; or\n        not",
        );
        // A word of any length, and a command that does not fit, are broken by the terminal.
        let path = "/x".repeat(30);
        check(
            "",
            &format!("in {path} now"),
            20,
            &format!("in\n{path}\nnow"),
        );
        check(
            "  hint: ",
            "Run: a b c d e f g h i j",
            20,
            "  hint: Run:\n        a b c d e f g h i j",
        );
        check("", "  - an item of a list", 14, "  - an item of\n  a list");
        check("", "one\n  two", 80, "one\n  two");
        check("", "", 80, "");
        check(
            "",
            "How: Either this or that way",
            20,
            "How: Either this or\nthat way",
        );
    }
}
