//! Where words go: results to standard output, everything else to standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use cc_core::text::printable;
use serde::Serialize;

use crate::Complaint;

/// The two streams. A reader that has gone away is no error: there is nobody left to tell. Anything else
/// that keeps words from standard output is.
#[derive(Debug)]
pub(crate) struct Output {
    delivered: bool,
    failure: Option<io::Error>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            delivered: true,
            failure: None,
        }
    }

    /// Whether all that was to be shown so far was taken.
    pub(crate) fn was_delivered(&self) -> bool {
        self.delivered
    }

    /// Why words did not reach standard output, where that is an error.
    pub(crate) fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Text for people, with a newline at its end.
    pub(crate) fn text(&mut self, text: impl AsRef<str>) {
        self.write(plain(text.as_ref()).as_bytes());
    }

    /// One JSON document.
    pub(crate) fn json(&mut self, value: &impl Serialize) {
        match json(value) {
            Ok(text) => self.write(text.as_bytes()),
            Err(error) => self.note(format!("cannot write the result as JSON: {error}")),
        }
    }

    /// Bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            self.delivered = false;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failure.get_or_insert(error);
            }
        }
    }

    /// A line for people beside the result.
    pub(crate) fn note(&mut self, text: impl Display) {
        let text = text.to_string();
        // Nobody hears it if standard error is gone.
        let _ = writeln!(io::stderr(), "{}", printable(&text));
    }

    /// What went wrong and what to do about it.
    pub(crate) fn complain(&mut self, complaint: &Complaint) {
        self.note(format_args!("cc-cli: {}", complaint.text));
        if let Some(hint) = &complaint.hint {
            self.note(format_args!("  {hint}"));
        }
    }

    /// Help, version, or what is wrong with the arguments.
    pub(crate) fn usage(&mut self, error: &clap::Error) -> ExitCode {
        // As above: nobody hears it if the stream is gone.
        let _ = error.print();
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    }
}

/// Text that cannot rule a terminal, with a newline at its end.
pub(crate) fn plain(text: &str) -> String {
    let mut text = printable(text).into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A JSON document, with a newline at its end.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(format!("{}\n", escaped(&text)))
}

/// A JSON document whose strings cannot rule a terminal: JSON itself leaves some controls as they are.
fn escaped(json: &str) -> Cow<'_, str> {
    if let Cow::Borrowed(clean) = printable(json) {
        return Cow::Borrowed(clean);
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match printable(c.encode_utf8(&mut [0; 4])) {
            Cow::Borrowed(clean) => text.push_str(clean),
            // All of them lie in the first 64 Ki characters, so that four digits are enough.
            Cow::Owned(_) => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(text)
}
