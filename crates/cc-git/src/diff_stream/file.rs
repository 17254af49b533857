//! One file of the output: what its records and its diff header mean.

use crate::budget::Fit;
use crate::context::{ChangeKind, FileChange, Reason};
use crate::repo_path::RepoPath;

/// The start of the header of a diff.
pub(super) const DIFF: &[u8] = b"diff --git ";

/// The start of the line that stands for the diff of an unmerged file.
pub(super) const UNMERGED: &[u8] = b"* Unmerged path ";

const SUBMODULE_MODE: &[u8] = b"160000";

#[derive(Clone, Debug)]
pub(super) struct RawRecord {
    pub(super) letter: u8,
    pub(super) submodule: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum LineCounts {
    Binary,
    Lines { added: u64, deleted: u64 },
}

#[derive(Debug)]
pub(super) struct DiffFile {
    pub(super) raw: RawRecord,
    pub(super) path: RepoPath,
    pub(super) old_path: Option<RepoPath>,
    pub(super) counts: Option<LineCounts>,
    pub(super) omitted: bool,
    pub(super) bytes: Option<u64>,
    pub(super) fit: Option<Fit>,
}

impl RawRecord {
    /// Reads `:OLD-MODE NEW-MODE OLD-ID NEW-ID KIND`, the kind a letter with a score for some.
    pub(super) fn read(record: &[u8]) -> Option<Self> {
        let mut fields = record.strip_prefix(b":")?.split(|&byte| byte == b' ');
        let modes = [fields.next()?, fields.next()?];
        Some(Self {
            letter: *fields.nth(2)?.first()?,
            submodule: modes.contains(&SUBMODULE_MODE),
        })
    }
}

/// Reads `ADDED TAB DELETED TAB PATH`; the path is empty where two follow.
pub(super) fn read_counts(record: &[u8]) -> Option<(LineCounts, &[u8])> {
    let mut fields = record.splitn(3, |&byte| byte == b'\t');
    let (added, deleted, path) = (fields.next()?, fields.next()?, fields.next()?);
    let number = |field| std::str::from_utf8(field).ok()?.parse().ok();
    let counts = if added == b"-" {
        LineCounts::Binary
    } else {
        LineCounts::Lines {
            added: number(added)?,
            deleted: number(deleted)?,
        }
    };
    Some((counts, path))
}

impl DiffFile {
    pub(super) fn has_header(&self, line: &[u8]) -> bool {
        if !self.is_listed() {
            return false;
        }
        if let Some(path) = line.strip_prefix(UNMERGED) {
            return path == self.path.as_bytes();
        }
        let Some(line) = line.strip_prefix(DIFF) else {
            return false;
        };
        let old = self.old_path.as_ref().unwrap_or(&self.path);
        let (old, new) = (old.prefixed_by_git("a/"), self.path.prefixed_by_git("b/"));
        line.strip_prefix(old.as_slice())
            .and_then(|line| line.strip_prefix(b" "))
            .is_some_and(|line| line == new)
    }

    /// Whether it is listed. A file that was only touched is not: git has a record of it without
    /// counts.
    pub(super) fn is_listed(&self) -> bool {
        !self.omitted && (self.counts.is_some() || self.raw.letter != b'M')
    }

    pub(super) fn change(&self) -> FileChange {
        let (additions, deletions) = match self.counts {
            Some(LineCounts::Lines { added, deleted }) => (Some(added), Some(deleted)),
            _ => (None, None),
        };
        FileChange {
            path: self.path.clone(),
            old_path: self.old_path.clone(),
            change: match self.raw.letter {
                b'A' => ChangeKind::Added,
                b'D' => ChangeKind::Deleted,
                b'R' => ChangeKind::Renamed,
                b'C' => ChangeKind::Copied,
                b'T' => ChangeKind::TypeChanged,
                b'U' => ChangeKind::Unmerged,
                _ => ChangeKind::Modified,
            },
            additions,
            deletions,
            bytes: self.bytes,
            shown: self.fit == Some(Fit::Shown),
        }
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        let bytes = self.bytes.unwrap_or(0);
        match (self.raw.letter, self.counts, self.fit) {
            (b'U', ..) => Some(Reason::Unmerged),
            (_, _, Some(Fit::Hidden(hidden))) => Some(hidden.into()),
            (_, Some(LineCounts::Binary), _) => Some(Reason::Binary),
            (.., Some(Fit::Known)) => None,
            (_, _, None) => Some(Reason::Unread),
            (_, _, Some(Fit::TooLarge { limit })) => Some(Reason::TooLarge { bytes, limit }),
            (_, _, Some(Fit::OverBudget)) => Some(Reason::OverBudget { bytes }),
            (_, _, Some(Fit::Shown)) => self.raw.submodule.then_some(Reason::Submodule),
        }
    }
}
