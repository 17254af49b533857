//! How much is taken in, and the text that is filled up to that bound.

use std::time::Duration;

use crate::ShownDiffs;
use crate::repo_path::RepoPath;

/// What a [`crate::Context`] may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLimits {
    /// Bytes of diff that are shown in all; 256 KiB.
    pub inline_bytes: usize,
    /// Bytes of diff that are shown of one file; 64 KiB.
    pub file_bytes: usize,
    /// Changed files that are listed one by one; 5,000.
    pub files: usize,
    /// Untracked files that are read and listed one by one; 2,000.
    pub untracked_files: usize,
    /// Bytes that are read, from git and from untracked files each; 200 MiB.
    pub read_bytes: u64,
    /// How long one call of git may take; 60 s.
    pub timeout: Duration,
}

impl Default for ContextLimits {
    fn default() -> Self {
        Self {
            inline_bytes: 256 << 10,
            file_bytes: 64 << 10,
            files: 5_000,
            untracked_files: 2_000,
            read_bytes: 200 << 20,
            timeout: crate::runner::TIMEOUT,
        }
    }
}

/// The diff that is shown: whole diffs of files, as many as fit.
#[derive(Debug)]
pub(crate) struct InlineDiff {
    text: String,
    /// What was shown before and is not shown again.
    known: ShownDiffs,
    /// What was shown, now or before, and is the same now.
    shown: ShownDiffs,
    total: usize,
    per_file: usize,
}

/// Where the diff of one file ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Shown,
    /// Too large for one file.
    TooLarge {
        limit: u64,
    },
    /// Nothing is wrong with it, others came first.
    OverBudget,
    /// It was shown before.
    Known,
}

impl InlineDiff {
    pub(crate) fn new(limits: &ContextLimits, known: ShownDiffs) -> Self {
        Self {
            text: String::new(),
            known,
            shown: ShownDiffs::default(),
            total: limits.inline_bytes,
            per_file: limits.file_bytes.min(limits.inline_bytes),
        }
    }

    /// The most that is shown of one file, and is worth keeping of one that is still being read.
    pub(crate) fn per_file(&self) -> usize {
        self.per_file
    }

    /// Judges a diff of that many bytes without its text.
    pub(crate) fn judge(&self, bytes: u64) -> Fit {
        if bytes > self.per_file as u64 {
            Fit::TooLarge {
                limit: self.per_file as u64,
            }
        } else if bytes > (self.total - self.text.len()) as u64 {
            Fit::OverBudget
        } else {
            Fit::Shown
        }
    }

    /// Takes the whole diff of a file in, if it is new and fits.
    pub(crate) fn add(&mut self, path: &RepoPath, patch: &str) -> Fit {
        let fit = match self.known.has(path, patch) {
            true => Fit::Known,
            false => self.judge(patch.len() as u64),
        };
        match fit {
            Fit::Shown => self.text.push_str(patch),
            Fit::Known => {}
            Fit::TooLarge { .. } | Fit::OverBudget => return fit,
        }
        self.shown.add(path, patch);
        fit
    }

    /// The text, and what is in it or was shown before.
    pub(crate) fn finish(self) -> (String, ShownDiffs) {
        (self.text, self.shown)
    }
}

/// One diff that is being read: kept as long as it may fit, then only measured.
#[derive(Debug, Default)]
pub(crate) struct DiffPiece {
    kept: Vec<u8>,
    keep: usize,
    bytes: u64,
}

impl DiffPiece {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            kept: Vec::new(),
            keep,
            bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if self.bytes <= self.keep as u64 {
            self.kept.extend_from_slice(bytes);
        } else {
            self.kept = Vec::new();
        }
    }

    /// How long the diff is.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The whole diff, if it was kept.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        (self.bytes == self.kept.len() as u64).then_some(&self.kept)
    }
}
