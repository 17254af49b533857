//! Counts and shows the lines of a reviewed file, to check findings.

use std::io::{self, Write};
use std::ops::{ControlFlow, RangeInclusive};

use cc_core::Time;
use cc_core::text::one_line;

use crate::excerpt::{Excerpt, Window, is_newer};

use crate::process::GitInput;
use crate::repo_path::RepoPath;
use crate::working_file::WorkingFile;
use crate::{Error, Mode, ObjectId, Repository, Target};

/// The lines of larger files are not counted, in bytes.
const COUNTED_BYTES: u64 = 64 << 20;

/// The number of lines of a file that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Counted; a last line without a newline counts.
    Counted(u64),
    /// The file is larger than 64 MiB, or cannot be read.
    Unknown,
}

impl Lines {
    /// The number, if known.
    pub fn known(self) -> Option<u64> {
        match self {
            Self::Counted(lines) => Some(lines),
            Self::Unknown => None,
        }
    }

    /// Whether the file may have a line of that number, counted from 1.
    pub fn may_have(self, line: u64) -> bool {
        line >= 1 && self.known().is_none_or(|lines| line <= lines)
    }
}

impl Repository {
    /// Counts the lines of a file on the reviewed side of `target`: the working tree, the index, or
    /// the commit. `None` if there is no such file.
    ///
    /// `path` is relative to the root, plain or quoted like a displayed [`RepoPath`]. A symbolic link is
    /// not followed, and has one line. Calls git once, and not at all for the working tree.
    ///
    /// # Errors
    /// [`Error::PathOutside`] for an absolute path or one with `..`, or the error of a failed call.
    pub fn line_count(&self, target: &Target, path: &str) -> Result<Option<Lines>, Error> {
        let path = self.reviewed_path(path)?;
        match (target.mode, &target.head) {
            _ if path.as_bytes().is_empty() => Ok(None),
            (Mode::WorkingTree, _) => {
                let mut counter = LineCounter::default();
                let read = self.read_work_file(&path, None, &mut |bytes| counter.push(bytes));
                Ok(read.map(|read| match read {
                    true => Lines::Counted(counter.lines()),
                    false => Lines::Unknown,
                }))
            }
            (Mode::Staged, _) => {
                // An unmerged file has no stage 0; stage 2 is ours.
                let stages = [":0:", ":2:"].map(|stage| named(stage, &path));
                self.lines_of_object(&stages)
            }
            (_, Some(head)) => self.lines_of_object(&[named(&format!("{head}:"), &path)]),
            (_, None) => Ok(None),
        }
    }

    /// Reads some lines of a file on the reviewed side of `target`; at most 60. `None` if they are not there, look
    /// like a part of a secret, or may not be what was reviewed: the index may have changed, and a file of the
    /// working tree was changed at `since` or later.
    ///
    /// # Errors
    /// As [`Repository::line_count`].
    pub fn excerpt(
        &self,
        target: &Target,
        path: &str,
        wanted: RangeInclusive<u64>,
        since: Time,
    ) -> Result<Option<Excerpt>, Error> {
        let path = self.reviewed_path(path)?;
        let mut window = Window::new(wanted);
        let is_read = match (target.mode, &target.head) {
            _ if path.as_bytes().is_empty() => false,
            (Mode::WorkingTree, _) => {
                let read = self.read_work_file(&path, Some(since), &mut |bytes| window.push(bytes));
                read == Some(true)
            }
            (Mode::Branch | Mode::Commit | Mode::Range, Some(head)) => {
                let names = [named(&format!("{head}:"), &path)];
                let lines = self.read_object(&names, &mut |bytes| window.push(bytes))?;
                lines.is_some_and(|lines| lines.known().is_some())
            }
            (Mode::Staged, _) | (_, None) => false,
        };
        Ok(is_read.then(|| window.excerpt(&path.to_string())).flatten())
    }

    /// Parses a path from a model; it must be inside the repository.
    fn reviewed_path(&self, text: &str) -> Result<RepoPath, Error> {
        let path = RepoPath::from_display(text);
        let bytes = path.as_bytes();
        let separator = |byte: &u8| *byte == b'/' || (cfg!(windows) && *byte == b'\\');
        let has_drive = cfg!(windows) && bytes.contains(&b':');
        let parts: Vec<&[u8]> = bytes.split(separator).collect();
        if bytes.first().is_some_and(separator)
            || has_drive
            || bytes.contains(&0)
            || parts.contains(&&b".."[..])
        {
            return Err(Error::PathOutside {
                path: one_line(text, 200),
                root: self.root().to_owned(),
            });
        }
        let parts: Vec<&[u8]> = parts
            .into_iter()
            .filter(|part| !part.is_empty() && *part != b".")
            .collect();
        Ok(RepoPath::new(&parts.join(&b'/')))
    }

    /// Reads a file of the working tree. `None` if there is none; whether it could be read to its end, and was not
    /// changed at `since` or later.
    fn read_work_file(
        &self,
        path: &RepoPath,
        since: Option<Time>,
        take: &mut dyn FnMut(&[u8]),
    ) -> Option<bool> {
        // `.git` is never under review.
        let mut parts = path.as_bytes().split(|&byte| byte == b'/');
        if parts.any(|part| part.eq_ignore_ascii_case(b".git")) {
            return None;
        }
        match WorkingFile::open(self.root(), path) {
            WorkingFile::Missing | WorkingFile::Other => None,
            WorkingFile::Unreadable => Some(false),
            WorkingFile::Link(target) => {
                take(&target);
                Some(since.is_none())
            }
            WorkingFile::Regular { file, .. } => {
                let is_newer = |since| file.metadata().map_or(true, |file| is_newer(&file, since));
                if since.is_some_and(is_newer) {
                    return Some(false);
                }
                let mut start = io::Read::take(file, COUNTED_BYTES + 1);
                let read = io::copy(&mut start, &mut Taker(take));
                Some(read.is_ok_and(|read| read <= COUNTED_BYTES))
            }
        }
    }

    /// The text of a file at a commit; `None` if there is no such file, it is longer than `limit` bytes or no text.
    ///
    /// # Errors
    /// As [`Repository::line_count`].
    pub fn text_at(
        &self,
        commit: &ObjectId,
        path: &str,
        limit: usize,
    ) -> Result<Option<String>, Error> {
        let path = self.reviewed_path(path)?;
        let mut content = Vec::new();
        let found = self.read_object(&[named(&format!("{commit}:"), &path)], &mut |bytes| {
            if content.len() <= limit {
                content.extend_from_slice(bytes);
            }
        })?;
        let is_whole = found.is_some() && content.len() <= limit;
        Ok(String::from_utf8(content).ok().filter(|_| is_whole))
    }

    /// Counts the lines of the first of `names` that is a file.
    fn lines_of_object(&self, names: &[Vec<u8>]) -> Result<Option<Lines>, Error> {
        self.read_object(names, &mut |_| {})
    }

    /// Counts the lines of the first of `names` that is a file, and gives its content to `take`.
    fn read_object(
        &self,
        names: &[Vec<u8>],
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<Option<Lines>, Error> {
        // A name ends at a line break, LF or CRLF, unless `-Z` (git 2.42) is given.
        let with_nul = names
            .iter()
            .any(|name| name.iter().any(|byte| b"\r\n".contains(byte)));
        let (option, end) = if with_nul {
            ("-Z", 0)
        } else {
            ("--buffer", b'\n')
        };
        let mut input = Vec::new();
        for name in names {
            input.extend_from_slice(name);
            input.push(end);
        }
        let mut reader = BatchReader::new(end);
        let call = self.runner.call(&["cat-file", "--batch", option]);
        let exit = call
            .input(GitInput::Bytes(&input))
            .stream(&mut |bytes| reader.push(bytes, take))?;
        match reader.found {
            Some(found) => Ok(Some(found)),
            None => exit.check().map(|()| None),
        }
    }
}

fn named(side: &str, path: &RepoPath) -> Vec<u8> {
    [side.as_bytes(), path.as_bytes()].concat()
}

/// Parses the output of `git cat-file --batch` up to the end of the first file.
struct BatchReader {
    end: u8,
    header: Vec<u8>,
    /// Bytes of content that are left to read.
    body: Option<u64>,
    counter: LineCounter,
    found: Option<Lines>,
}

impl BatchReader {
    fn new(end: u8) -> Self {
        Self {
            end,
            header: Vec::new(),
            body: None,
            counter: LineCounter::default(),
            found: None,
        }
    }

    fn push(&mut self, mut bytes: &[u8], take: &mut dyn FnMut(&[u8])) -> ControlFlow<()> {
        loop {
            if let Some(left) = self.body {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                self.counter.push(&bytes[..taken]);
                take(&bytes[..taken]);
                self.body = Some(left - taken as u64);
                if left == taken as u64 {
                    self.found = Some(Lines::Counted(self.counter.lines()));
                    return ControlFlow::Break(());
                }
                return ControlFlow::Continue(());
            }
            let Some(at) = bytes.iter().position(|&byte| byte == self.end) else {
                self.header.extend_from_slice(bytes);
                return ControlFlow::Continue(());
            };
            self.header.extend_from_slice(&bytes[..at]);
            bytes = &bytes[at + 1..];
            // `ID blob SIZE`; anything else, such as `NAME missing`, is not a file.
            let header = std::mem::take(&mut self.header);
            let mut fields = header.split(|&byte| byte == b' ');
            let is_blob = fields.next().is_some_and(|id| id.len() >= 40 && is_hex(id))
                && fields.next() == Some(b"blob");
            let size = fields
                .next()
                .and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
            match size {
                Some(size) if is_blob && size <= COUNTED_BYTES => self.body = Some(size),
                Some(_) if is_blob => {
                    self.found = Some(Lines::Unknown);
                    return ControlFlow::Break(());
                }
                // A directory: its content follows, and is not used.
                Some(_) => return ControlFlow::Break(()),
                None => {}
            }
        }
    }
}

fn is_hex(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_hexdigit)
}

/// Counts lines; a last line without a newline counts.
#[derive(Debug, Default)]
pub(crate) struct LineCounter {
    ends: u64,
    open: bool,
}

impl LineCounter {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.ends += bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        if let Some(&last) = bytes.last() {
            self.open = last != b'\n';
        }
    }

    pub(crate) fn lines(&self) -> u64 {
        self.ends + u64::from(self.open)
    }
}

/// Gives what is written to a function.
pub(crate) struct Taker<'a>(pub(crate) &'a mut dyn FnMut(&[u8]));

impl Write for Taker<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
