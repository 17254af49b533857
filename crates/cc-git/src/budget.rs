//! How much of a diff is read and shown.

use std::time::Duration;

use crate::ShownDiffs;
use crate::repo_path::RepoPath;
use crate::screen::{Hidden, Screen};

/// The bounds of a [`crate::Context`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLimits {
    /// Bytes of diff shown in total; 256 KiB.
    pub inline_bytes: usize,
    /// Bytes of diff shown of one file; 64 KiB.
    pub file_bytes: usize,
    /// Changed files listed; 5,000.
    pub files: usize,
    /// Untracked files read and listed; 2,000.
    pub untracked_files: usize,
    /// Bytes read from git, and bytes read from untracked files; 200 MiB each.
    pub read_bytes: u64,
    /// Patterns of files that are shown although they look like secrets; none.
    pub show_secrets: Vec<String>,
    /// Patterns of files that are listed and not shown; none.
    pub exclude: Vec<String>,
    /// Whether files that the target names are shown whatever they are; true.
    pub show_named: bool,
    /// Timeout of one call of git; 60 s.
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
            show_secrets: Vec::new(),
            exclude: Vec::new(),
            show_named: true,
            timeout: crate::runner::TIMEOUT,
        }
    }
}

/// The diff to show: complete diffs of as many files as fit.
#[derive(Debug)]
pub(crate) struct InlineDiff {
    text: String,
    screen: Screen,
    /// Diffs that were shown before, and are left out.
    known: ShownDiffs,
    /// Diffs that are shown now, or were shown before and are the same.
    shown: ShownDiffs,
    total: usize,
    per_file: usize,
}

/// Whether the diff of a file is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fit {
    Shown,
    /// Too large for one file.
    TooLarge {
        limit: u64,
    },
    /// Too large for the rest of the total.
    OverBudget,
    /// It was shown before.
    Known,
    Hidden(Hidden),
}

impl InlineDiff {
    pub(crate) fn new(limits: &ContextLimits, known: ShownDiffs, screen: Screen) -> Self {
        Self {
            text: String::new(),
            screen,
            known,
            shown: ShownDiffs::default(),
            total: limits.inline_bytes,
            per_file: limits.file_bytes.min(limits.inline_bytes),
        }
    }

    /// The most that is shown of one file, in bytes.
    pub(crate) fn per_file(&self) -> usize {
        self.per_file
    }

    /// Checks whether a diff of that many bytes fits.
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

    /// The rules for what is not shown.
    pub(crate) fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// Adds the complete diff of a file, if it may be shown, is new and fits.
    pub(crate) fn add(&mut self, path: &RepoPath, old: Option<&RepoPath>, patch: &str) -> Fit {
        if let Some(hidden) = self.screen.hides(path, old, patch) {
            return Fit::Hidden(hidden);
        }
        let fit = match self.known.has(path, patch) {
            true => Fit::Known,
            false => self.judge(patch.len() as u64),
        };
        match fit {
            Fit::Shown => self.text.push_str(patch),
            Fit::Known => {}
            Fit::TooLarge { .. } | Fit::OverBudget | Fit::Hidden(_) => return fit,
        }
        self.shown.add(path, patch);
        fit
    }

    /// The text, and the diffs that are shown in it or were before.
    pub(crate) fn finish(self) -> (String, ShownDiffs) {
        (self.text, self.shown)
    }
}

/// A diff that is being read: kept as long as it can fit, then only measured.
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

    /// The length of the diff.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The complete diff, if it was kept.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        (self.bytes == self.kept.len() as u64).then_some(&self.kept)
    }
}
