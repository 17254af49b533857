//! Lines of a reviewed file, to show with a finding; what looks like a secret is never among them.

use std::fs::Metadata;
use std::ops::RangeInclusive;

use cc_core::Time;
use cc_core::fs::changed_at;
use cc_core::text::{head, printable};
use serde::{Deserialize, Serialize};

use crate::secret;

/// The most lines of an excerpt, and the most of a line, in bytes.
const MOST_LINES: u64 = 60;
const LINE_BYTES: usize = 400;

/// Successive lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Excerpt {
    /// The number of the first one, from 1.
    pub first: u64,
    /// The lines, printable, without their ends, cut at 400 bytes; at most 60.
    pub lines: Vec<String>,
}

impl Excerpt {
    /// The lines of `path` within `wanted` as `diff` shows them on its new side, as far as they follow each other
    /// around the first of `around`.
    #[must_use]
    pub fn from_diff(
        diff: &str,
        path: &str,
        wanted: RangeInclusive<u64>,
        around: u64,
    ) -> Option<Self> {
        let header = format!("+++ b/{path}");
        let mut lines = diff.lines().skip_while(|line| *line != header).skip(1);
        let mut found: Vec<(u64, &str)> = Vec::new();
        let mut at = 0;
        for line in lines.by_ref() {
            if line.starts_with("diff --git ") {
                break;
            }
            if let Some(hunk) = line.strip_prefix("@@ ") {
                at = new_start(hunk)?;
                continue;
            }
            let Some(text) = line.strip_prefix([' ', '+']) else {
                continue;
            };
            if at > 0 && wanted.contains(&at) {
                found.push((at, text));
            }
            at += 1;
        }
        let place = found.iter().position(|(number, _)| *number == around)?;
        let follows = |pair: &[(u64, &str)]| pair[0].0 + 1 == pair[1].0;
        let before = found[..=place]
            .windows(2)
            .rev()
            .take_while(|pair| follows(pair));
        let after = found[place..].windows(2).take_while(|pair| follows(pair));
        let (before, after) = (before.count(), after.count());
        let lines = found[place - before..=place + after].iter();
        let lines = lines.map(|(_, text)| shown(text)).collect();
        Self::checked(path, found[place - before].0, lines)
    }

    /// An excerpt, unless it has a part of a secret.
    fn checked(path: &str, first: u64, lines: Vec<String>) -> Option<Self> {
        let as_diff: String = lines.iter().map(|line| format!(" {line}\n")).collect();
        let is_secret = secret::is_secret(path.as_bytes(), &format!("\n@@ @@\n{as_diff}"));
        (!lines.is_empty() && !is_secret).then_some(Self { first, lines })
    }
}

/// The first line of a hunk on its new side: of `-1,3 +1,4 @@`.
fn new_start(hunk: &str) -> Option<u64> {
    let side = hunk.split(' ').find_map(|part| part.strip_prefix('+'))?;
    side.split(',').next()?.parse().ok()
}

fn shown(line: &str) -> String {
    let line = line.strip_suffix('\r').unwrap_or(line);
    printable(head(line, LINE_BYTES)).into_owned()
}

/// Takes the wanted lines out of a file that comes in pieces.
pub(crate) struct Window {
    wanted: RangeInclusive<u64>,
    at: u64,
    line: Vec<u8>,
    lines: Vec<String>,
}

impl Window {
    /// At most 60 lines are taken.
    pub(crate) fn new(wanted: RangeInclusive<u64>) -> Self {
        let first = (*wanted.start()).max(1);
        let last = (*wanted.end()).min(first.saturating_add(MOST_LINES - 1));
        Self {
            wanted: first..=last,
            at: 1,
            line: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.at <= *self.wanted.end() {
            let end = rest.iter().position(|&byte| byte == b'\n');
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.wanted.contains(&self.at) && self.line.len() <= LINE_BYTES {
                self.line
                    .extend_from_slice(&part[..part.len().min(LINE_BYTES + 4)]);
            }
            let Some(end) = end else { break };
            self.end_line();
            rest = &rest[end + 1..];
        }
    }

    fn end_line(&mut self) {
        if self.wanted.contains(&self.at) {
            self.lines.push(shown(&String::from_utf8_lossy(&self.line)));
        }
        self.line.clear();
        self.at += 1;
    }

    /// The lines that were there, of the file at `path`.
    pub(crate) fn excerpt(mut self, path: &str) -> Option<Excerpt> {
        if !self.line.is_empty() {
            self.end_line();
        }
        Excerpt::checked(path, *self.wanted.start(), self.lines)
    }
}

/// Whether a file was changed at `time` or later, as far as its file system tells.
pub(crate) fn is_newer(file: &Metadata, time: Time) -> bool {
    changed_at(file).is_none_or(|changed| changed >= time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n one\n-old\n+two\n+three\n@@ -9 +10,2 @@ f\n ten\n+eleven\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -0,0 +1 @@\n+other\n";

    #[test]
    fn lines_of_a_diff_are_those_of_its_new_side() {
        let check = |path, wanted, around, expect: Option<(u64, &[&str])>| {
            let found = Excerpt::from_diff(DIFF, path, wanted, around);
            let found = found.map(|it| (it.first, it.lines));
            let expect = expect
                .map(|(first, lines)| (first, lines.iter().map(|&line| line.to_owned()).collect()));
            assert_eq!(found, expect);
        };
        check("x", 1..=20, 2, Some((1, &["one", "two", "three"])));
        check("x", 2..=3, 3, Some((2, &["two", "three"])));
        check("x", 1..=20, 11, Some((10, &["ten", "eleven"])));
        check("x", 1..=20, 5, None);
        check("y", 1..=20, 1, Some((1, &["other"])));
        check("z", 1..=20, 1, None);
    }

    #[test]
    fn a_window_takes_its_lines_however_they_come() {
        let text = "a\nb\r\nc\n\nlast";
        for size in 1..text.len() {
            let take = |wanted: RangeInclusive<u64>| {
                let mut window = Window::new(wanted);
                text.as_bytes()
                    .chunks(size)
                    .for_each(|part| window.push(part));
                window.excerpt("x").map(|it| (it.first, it.lines.join("|")))
            };
            assert_eq!(take(0..=2), Some((1, "a|b".into())));
            assert_eq!(take(2..=9), Some((2, "b|c||last".into())));
            assert_eq!(take(6..=9), None);
        }
        let mut long = Window::new(1..=1);
        long.push(&vec![b'x'; 10_000]);
        assert_eq!(long.excerpt("x").unwrap().lines[0].len(), LINE_BYTES);
        let mut many = Window::new(1..=u64::MAX);
        many.push("y\n".repeat(1_000).as_bytes());
        assert_eq!(many.excerpt("x").unwrap().lines.len(), 60);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let excerpt = |path, text: &str| {
            let mut window = Window::new(1..=9);
            window.push(text.as_bytes());
            window.excerpt(path)
        };
        assert!(excerpt("src/a.rs", "fn a() {}\n").is_some());
        assert!(excerpt(".ssh/id_rsa", "x\n").is_none());
        let token = ["ghp", "_", "0123456789abcdefghijABCDEFGHIJ012345"].concat();
        assert!(excerpt("src/a.rs", &format!("{token}\n")).is_none());
    }
}
