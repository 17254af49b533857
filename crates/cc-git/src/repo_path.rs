//! Paths in a repository: any bytes, displayed without loss.

use std::ffi::OsString;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A path in a repository, relative to its root: any bytes but NUL, with `/` between parts.
///
/// Displayed, and serialized, as it is if it is plain text, else in double quotes with C escapes, as git
/// does. Text that is not validly quoted is a path as it is.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(from = "String", into = "String")]
pub struct RepoPath(Vec<u8>);

impl RepoPath {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_owned())
    }

    /// Converts a relative path of the operating system.
    pub fn from_os(path: &Path) -> Self {
        let parts: Vec<&[u8]> = path
            .components()
            .map(|part| part.as_os_str().as_encoded_bytes())
            .collect();
        Self(parts.join(&b'/'))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Parses a displayed path.
    pub(crate) fn from_display(text: &str) -> Self {
        Self(unquoted(text).unwrap_or_else(|| text.as_bytes().to_owned()))
    }

    /// The path with a prefix such as `a/`, for the header of a diff.
    pub(crate) fn prefixed(&self, prefix: &str) -> String {
        quoted(&[prefix.as_bytes(), &self.0].concat())
    }

    /// The path with a prefix as git writes it with `core.quotePath` off, which keeps bytes that are
    /// not UTF-8.
    pub(crate) fn prefixed_by_git(&self, prefix: &str) -> Vec<u8> {
        let plain = [prefix.as_bytes(), &self.0].concat();
        if !plain.iter().copied().any(git_escapes) {
            return plain;
        }
        let mut out = vec![b'"'];
        for byte in plain {
            if git_escapes(byte) {
                let mut text = String::new();
                escape(byte, &mut text);
                out.extend_from_slice(text.as_bytes());
            } else {
                out.push(byte);
            }
        }
        out.push(b'"');
        out
    }

    /// The path without the slash that git adds to a directory.
    pub(crate) fn without_slash(&self) -> Self {
        Self::new(self.0.strip_suffix(b"/").unwrap_or(&self.0))
    }

    /// Appends a path to this directory.
    pub(crate) fn join(&self, path: &Self) -> Self {
        Self([&self.0, &path.0[..]].join(&b'/'))
    }

    /// The path as text, if it needs no quotes.
    pub fn as_plain(&self) -> Option<&str> {
        plain(&self.0)
    }

    /// The path below `root`; `None` if it is not valid there.
    pub fn below(&self, root: &Path) -> Option<PathBuf> {
        Some(root.join(os_path(&self.0)?))
    }

    /// A pathspec that matches exactly this path.
    pub(crate) fn pathspec(&self) -> Option<OsString> {
        self.with_magic(":(top,literal)")
    }

    /// A pathspec that excludes exactly this path.
    pub(crate) fn excluding_pathspec(&self) -> Option<OsString> {
        self.with_magic(":(top,exclude,literal)")
    }

    /// A pathspec of this path with some magic in front.
    pub(crate) fn with_magic(&self, magic: &str) -> Option<OsString> {
        let mut spec = OsString::from(magic);
        spec.push(os_string(&self.0)?);
        Some(spec)
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.0))
    }
}

impl From<String> for RepoPath {
    fn from(text: String) -> Self {
        Self::from_display(&text)
    }
}

impl From<RepoPath> for String {
    fn from(path: RepoPath) -> String {
        path.to_string()
    }
}

/// Converts bytes from git to a path of the operating system; `None` if they are not valid.
pub(crate) fn os_path(bytes: &[u8]) -> Option<PathBuf> {
    os_string(bytes).map(PathBuf::from)
}

/// Converts bytes from git to a string of the operating system; `None` if they are not valid.
pub(crate) fn os_string(bytes: &[u8]) -> Option<OsString> {
    if bytes.contains(&0) {
        return None;
    }
    #[cfg(unix)]
    return Some(std::os::unix::ffi::OsStringExt::from_vec(bytes.to_owned()));
    #[cfg(not(unix))]
    return std::str::from_utf8(bytes).ok().map(OsString::from);
}

/// Converts text from git to UTF-8, with octal escapes for invalid bytes.
pub(crate) fn escape_invalid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk
            .invalid()
            .iter()
            .for_each(|&byte| octal(byte, &mut text));
    }
    text
}

fn plain(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.chars().any(is_special)).then_some(text)
}

fn quoted(bytes: &[u8]) -> String {
    if let Some(text) = plain(bytes) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_special(c) {
                let mut buffer = [0; 4];
                for &byte in c.encode_utf8(&mut buffer).as_bytes() {
                    escape(byte, &mut out);
                }
            } else {
                out.push(c);
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|&byte| octal(byte, &mut out));
    }
    out.push('"');
    out
}

/// Whether a character would break a line, end a quoted path, control a terminal or reorder text.
fn is_special(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '"' | '\\' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn git_escapes(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f || byte == b'"' || byte == b'\\'
}

fn escape(byte: u8, out: &mut String) {
    match LETTERS.iter().find(|(plain, _)| *plain == byte) {
        Some((_, letter)) => {
            out.push('\\');
            out.push(char::from(*letter));
        }
        None => octal(byte, out),
    }
}

fn octal(byte: u8, out: &mut String) {
    write!(out, "\\{byte:03o}").expect("a string takes any text");
}

const LETTERS: [(u8, u8); 9] = [
    (0x07, b'a'),
    (0x08, b'b'),
    (b'\t', b't'),
    (b'\n', b'n'),
    (0x0b, b'v'),
    (0x0c, b'f'),
    (b'\r', b'r'),
    (b'"', b'"'),
    (b'\\', b'\\'),
];

fn unquoted(text: &str) -> Option<Vec<u8>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'"' {
            return None;
        }
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&letter, after) = rest.split_first()?;
        if let Some((plain, _)) = LETTERS.iter().find(|(_, escaped)| *escaped == letter) {
            out.push(*plain);
            rest = after;
        } else {
            let (digits, after) = rest.split_at_checked(3)?;
            let value = digits.iter().try_fold(0u32, |value, &digit| {
                matches!(digit, b'0'..=b'7').then(|| value * 8 + u32::from(digit - b'0'))
            })?;
            out.push(u8::try_from(value).ok()?);
            rest = after;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_plain() {
        for name in [
            "src/lib.rs",
            "with space",
            "日本語/é.txt",
            "it's",
            "-x",
            "*",
        ] {
            assert_eq!(RepoPath::new(name.as_bytes()).to_string(), name);
        }
    }

    #[test]
    fn other_names_are_quoted_as_git_does() {
        for (name, shown) in [
            (&b"a\nb"[..], r#""a\nb""#),
            (b"a\"b", r#""a\"b""#),
            (b"a\\b", r#""a\\b""#),
            (b"caf\xe9", r#""caf\351""#),
            (b"\x1b[2J", r#""\033[2J""#),
            ("\u{202e}x".as_bytes(), r#""\342\200\256x""#),
            ("é\t".as_bytes(), "\"é\\t\""),
        ] {
            assert_eq!(RepoPath::new(name).to_string(), shown);
        }
    }

    #[test]
    fn text_that_is_no_quotation_stands_for_itself() {
        for text in [
            "\"",
            "\"a",
            "a\"",
            r#""\9""#,
            r#""\400""#,
            r#""\+77""#,
            r#""a"b""#,
        ] {
            assert_eq!(RepoPath::from_display(text).as_bytes(), text.as_bytes());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_survives_its_display(name: Vec<u8>) {
            let path = RepoPath::new(&name);
            let shown = path.to_string();
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
            assert_eq!(RepoPath::from_display(&shown), path);
        }
    }
}
