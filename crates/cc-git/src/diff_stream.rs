//! Parses the output of `git diff --raw --numstat --patch -z` as it arrives: three sections.
//!
//! First a record for each file (modes and kind), then its counts, both NUL-terminated, then an
//! empty record, then the diffs. Never fails: unexpected input is skipped, and the file counts as one
//! whose diff was not read.

mod file;

use crate::budget::{DiffPiece, Fit, InlineDiff};
use crate::context::{FileChange, NotSeen, Reason, Totals};
use crate::records::RecordReader;
use crate::repo_path::{RepoPath, escape_invalid};
use crate::screen::Hidden;
use file::{DIFF, DiffFile, LineCounts, RawRecord, UNMERGED, read_counts};

/// The longest header of a diff, in bytes; paths have at most a few thousand.
const HEADER_LIMIT: usize = 64 << 10;

/// The parser: [`DiffStream::push`] bytes, then [`DiffStream::finish`].
#[derive(Debug)]
pub(crate) struct DiffStream {
    inline: InlineDiff,
    max_files: usize,
    phase: Phase,
    records: RecordReader,
    /// The start of a line that is not complete yet.
    pending: Vec<u8>,
    files: Vec<DiffFile>,
    /// Where the next record of the current section is expected among `files`.
    cursor: usize,
    /// How many of `files` are counted and will be listed.
    listed: usize,
    /// Files that are counted and will not be listed.
    omitted: u64,
    totals: Totals,
    /// Files whose diff was shown before.
    unchanged: u64,
    /// The diff that is being read, with the index of its file if that is listed.
    piece: Option<(Option<usize>, DiffPiece)>,
}

#[derive(Debug)]
enum Phase {
    /// A record of the first section, or the first of the second.
    Record,
    RawPath {
        raw: RawRecord,
        old_path: Option<RepoPath>,
    },
    /// After the counts of a rename: its two paths.
    CountedOldPath(LineCounts),
    CountedNewPath(LineCounts),
    /// At the start of a line of the diffs, as long as it may still be a header.
    LineStart,
    Header,
    Line,
}

/// The parsed output.
#[derive(Debug)]
pub(crate) struct ParsedDiff {
    pub(crate) files: Vec<FileChange>,
    pub(crate) not_seen: Vec<NotSeen>,
    pub(crate) totals: Totals,
    /// Files whose diff was shown before; they are neither listed nor counted.
    pub(crate) unchanged: u64,
    /// The diff to show, with the rest of its budget.
    pub(crate) inline: InlineDiff,
    /// Whether the list of files is complete: the output reached the diffs, or was not cut.
    pub(crate) listed_all: bool,
}

impl DiffStream {
    pub(crate) fn new(inline: InlineDiff, max_files: usize) -> Self {
        Self {
            inline,
            max_files,
            phase: Phase::Record,
            records: RecordReader::default(),
            pending: Vec::new(),
            files: Vec::new(),
            cursor: 0,
            listed: 0,
            omitted: 0,
            totals: Totals::default(),
            unchanged: 0,
            piece: None,
        }
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.phase {
                Phase::LineStart => self.line_start(bytes),
                Phase::Header => self.header(bytes),
                Phase::Line => self.line(bytes),
                _ => self.record(bytes),
            };
        }
    }

    fn record<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        let Some(record) = self.records.next(&mut bytes) else {
            return bytes;
        };
        self.phase = match std::mem::replace(&mut self.phase, Phase::Record) {
            Phase::RawPath { raw, old_path } => self.raw_path(raw, old_path, &record),
            Phase::CountedOldPath(counts) => Phase::CountedNewPath(counts),
            Phase::CountedNewPath(counts) => {
                self.counted(&record, counts);
                Phase::Record
            }
            _ => self.begin_record(&record),
        };
        bytes
    }

    fn begin_record(&mut self, record: &[u8]) -> Phase {
        if record.is_empty() {
            let files = self.files.iter().map(|file| &file.path);
            self.inline.screen().read_attributes(files);
            self.cursor = 0;
            return Phase::LineStart;
        }
        if let Some(raw) = RawRecord::read(record) {
            return Phase::RawPath {
                raw,
                old_path: None,
            };
        }
        if let Some((counts, path)) = read_counts(record) {
            if path.is_empty() {
                return Phase::CountedOldPath(counts);
            }
            self.counted(path, counts);
        }
        Phase::Record
    }

    fn raw_path(&mut self, raw: RawRecord, old_path: Option<RepoPath>, path: &[u8]) -> Phase {
        if old_path.is_none() && matches!(raw.letter, b'R' | b'C') {
            return Phase::RawPath {
                raw,
                old_path: Some(RepoPath::new(path)),
            };
        }
        // Leaves room for files that were only touched, which have no counts later.
        if self.files.len() < self.max_files.saturating_mul(2) {
            self.files.push(DiffFile {
                raw,
                path: RepoPath::new(path),
                old_path,
                counts: None,
                omitted: false,
                bytes: None,
                fit: None,
            });
        }
        Phase::Record
    }

    fn counted(&mut self, path: &[u8], counts: LineCounts) {
        self.totals.files += 1;
        if let LineCounts::Lines { added, deleted } = counts {
            self.totals.additions = self.totals.additions.saturating_add(added);
            self.totals.deletions = self.totals.deletions.saturating_add(deleted);
        }
        let rest = self.files.get(self.cursor..).unwrap_or_default();
        if let Some(ahead) = rest.iter().position(|file| file.path.as_bytes() == path) {
            self.cursor += ahead;
            let file = &mut self.files[self.cursor];
            if self.listed < self.max_files {
                self.listed += 1;
                file.counts = Some(counts);
            } else {
                self.omitted += 1;
                file.omitted = true;
            }
            self.cursor += 1;
        } else {
            // Both sections have one order, so this one and all that follow were not kept.
            self.cursor = self.files.len();
            self.omitted += 1;
        }
    }

    /// Recognizes a header by its first bytes. Lines of a file begin with one of ` +-\`, so no content
    /// of a file can look like a header.
    fn line_start<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        for (index, &byte) in bytes.iter().enumerate() {
            self.pending.push(byte);
            if [DIFF, UNMERGED].contains(&self.pending.as_slice()) {
                self.phase = Phase::Header;
                return &bytes[index + 1..];
            }
            if ![DIFF, UNMERGED]
                .iter()
                .any(|start| start.starts_with(&self.pending))
            {
                self.flush_pending();
                if byte != b'\n' {
                    self.phase = Phase::Line;
                }
                return &bytes[index + 1..];
            }
        }
        &[]
    }

    fn header<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (line, rest) = split_line(bytes);
        self.pending.extend_from_slice(line);
        if self.pending.ends_with(b"\n") {
            self.phase = Phase::LineStart;
            self.begin_diff();
        } else if self.pending.len() > HEADER_LIMIT {
            self.phase = Phase::Line;
            self.flush_pending();
        }
        rest
    }

    fn line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (line, rest) = split_line(bytes);
        if let Some((_, piece)) = &mut self.piece {
            piece.push(line);
        }
        if line.ends_with(b"\n") {
            self.phase = Phase::LineStart;
        }
        rest
    }

    fn flush_pending(&mut self) {
        if let Some((_, piece)) = &mut self.piece {
            piece.push(&self.pending);
        }
        self.pending.clear();
    }

    /// Finds the file of a header: the current one (a change of type has two diffs), or a later one.
    fn begin_diff(&mut self) {
        let line = self.pending.strip_suffix(b"\n").unwrap_or(&self.pending);
        let current = self.piece.as_ref().and_then(|(index, _)| *index);
        if current.is_none_or(|index| !self.files[index].has_header(line)) {
            let rest = self.files.get(self.cursor..).unwrap_or_default();
            let ahead = rest.iter().position(|file| file.has_header(line));
            let index = ahead.map(|ahead| self.cursor + ahead);
            self.end_diff();
            self.cursor = index.map_or(self.cursor, |index| index + 1);
            self.piece = Some((index, DiffPiece::new(self.inline.per_file())));
        }
        self.flush_pending();
    }

    fn end_diff(&mut self) {
        let Some((index, piece)) = self.piece.take() else {
            return;
        };
        self.totals.bytes += piece.bytes();
        let Some(file) = index.map(|index| &mut self.files[index]) else {
            return;
        };
        file.bytes = Some(piece.bytes());
        let has_lines = !matches!(file.counts, Some(LineCounts::Binary)) && file.raw.letter != b'U';
        file.fit = has_lines.then(|| match piece.whole() {
            Some(diff) => {
                let old = file.old_path.as_ref();
                self.inline.add(&file.path, old, &text_of(diff))
            }
            None => self.inline.judge(piece.bytes()),
        });
        if !has_lines && self.inline.screen().has_no_diff(&file.path) {
            file.fit = Some(Fit::Hidden(Hidden::NoDiff));
        }
        if file.fit == Some(Fit::Known) {
            self.unchanged += 1;
            self.totals.subtract(&file.change());
        }
    }

    /// Ends the parsing; `cut` if git was stopped and the last diff is incomplete.
    pub(crate) fn finish(mut self, cut: bool) -> ParsedDiff {
        if cut {
            self.piece = None;
        }
        self.end_diff();
        let in_diffs = matches!(self.phase, Phase::LineStart | Phase::Header | Phase::Line);
        let (mut files, mut not_seen) = (Vec::new(), Vec::new());
        let is_new = |file: &DiffFile| file.is_listed() && file.fit != Some(Fit::Known);
        for file in self.files.into_iter().filter(is_new) {
            let change = file.change();
            if let Some(reason) = file.reason() {
                not_seen.push(NotSeen::of(&change.path, reason));
            }
            files.push(change);
        }
        if self.omitted > 0 {
            not_seen.push(NotSeen::in_general(Reason::TooManyFiles {
                listed: files.len() as u64,
                omitted: self.omitted,
            }));
        }
        ParsedDiff {
            files,
            not_seen,
            totals: self.totals,
            unchanged: self.unchanged,
            inline: self.inline,
            listed_all: in_diffs || !cut,
        }
    }
}

/// A diff as text. Bytes that are not UTF-8 are escaped in the header, which has names, and `U+FFFD`
/// in the lines.
fn text_of(diff: &[u8]) -> String {
    let hunks = diff.windows(3).position(|window| window == b"\n@@");
    let (header, lines) = diff.split_at(hunks.unwrap_or(diff.len()));
    escape_invalid(header) + &String::from_utf8_lossy(lines)
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    bytes.split_at(end.map_or(bytes.len(), |end| end + 1))
}

#[cfg(test)]
mod tests;
