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
    delivered: bool,
    failure: Option<io::Error>,
}

impl Printer {
    pub(crate) fn new() -> Self {
        Self {
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
        // A closed standard error is not an error.
        let _ = writeln!(io::stderr(), "{}", printable(&text));
    }

    /// Prints an error and its hint.
    pub(crate) fn error(&mut self, error: &CliError) {
        self.note(format_args!("error: {}", error.message));
        if let Some(hint) = &error.hint {
            self.note(format_args!("  hint: {hint}"));
        }
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
