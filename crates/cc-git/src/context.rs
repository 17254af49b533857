//! What a review gets to see, and what it is told it does not see.

use std::fmt::{self, Write};

use cc_core::text::{count, human_bytes, one_line};
use serde::{Deserialize, Serialize};

use crate::ShownDiffs;
use crate::repo_path::RepoPath;

/// The changes of a target: every file in short, and as much of the diff as fits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The changed files in git's order, untracked ones last.
    pub files: Vec<FileChange>,
    /// The diffs of the files that are [`FileChange::shown`], each whole.
    pub diff: String,
    /// Everything that belongs to the target and is not in [`Context::diff`].
    pub not_seen: Vec<NotSeen>,
    /// Sums over all files, listed or not.
    pub totals: Totals,
    /// The diffs that were shown, here or before.
    #[serde(skip)]
    pub shown: ShownDiffs,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// The path.
    pub path: RepoPath,
    /// Where a renamed or copied file was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_path: Option<RepoPath>,
    /// What happened to it.
    pub change: ChangeKind,
    /// Lines added; `None` where they cannot be counted.
    pub additions: Option<u64>,
    /// Lines deleted; `None` where they cannot be counted.
    pub deletions: Option<u64>,
    /// Bytes of its diff, or of an untracked file that is not shown; `None` where not measured.
    pub bytes: Option<u64>,
    /// Whether its diff stands in [`Context::diff`], whole.
    pub shown: bool,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// New to git.
    Added,
    /// Other content or another mode.
    Modified,
    /// Gone.
    Deleted,
    /// Under another name, perhaps with other content.
    Renamed,
    /// A copy of another file.
    Copied,
    /// A file became a link, a submodule, or the other way round.
    TypeChanged,
    /// In the middle of a merge with conflicts.
    Unmerged,
    /// Not known to git.
    Untracked,
}

/// Something that belongs to the target and is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotSeen {
    /// The file; `None` where it is about more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<RepoPath>,
    /// Why.
    pub reason: Reason,
}

/// Why something is not shown. Its display is a fragment for people and models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Reason {
    /// The diff of this one file is too large.
    TooLarge {
        /// Its size, or that of the untracked file.
        bytes: u64,
        /// The most that is shown of one file.
        limit: u64,
    },
    /// The diff would fit alone; others came first.
    OverBudget {
        /// Its size.
        bytes: u64,
    },
    /// Its diff was not read: there is too much in all.
    Unread,
    /// Binary by its content, or because the repository's attributes say so.
    Binary,
    /// Neither a file nor a link: a FIFO, a socket, a device.
    NotAFile,
    /// The file cannot be opened.
    Unreadable,
    /// The file was there and then was not.
    Vanished,
    /// A repository of its own that git does not know about.
    NestedRepository,
    /// A submodule: its two commits are shown, its files are not.
    Submodule,
    /// The repository has submodules, and uncommitted changes inside them are not looked for.
    SubmoduleWork,
    /// The index holds several versions of this file.
    Unmerged,
    /// There are more files than are listed.
    TooManyFiles {
        /// Those that are listed.
        listed: u64,
        /// Those that are not.
        omitted: u64,
    },
    /// Files whose diff was shown in an earlier look and is the same now.
    Unchanged {
        /// How many.
        files: u64,
    },
    /// Its change was shown in an earlier look and has been taken back.
    TakenBack,
    /// The work tree has changes that are not committed, and the target is commits.
    UncommittedChanges {
        /// Files, untracked directories counted as one.
        files: u64,
    },
    /// The work tree has changes that are not staged, and the target is the index.
    UnstagedChanges {
        /// Files, untracked directories counted as one.
        files: u64,
    },
}

/// Sums over a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Changed files, also those that are not listed.
    pub files: u64,
    /// Lines added, as far as counted.
    pub additions: u64,
    /// Lines deleted, as far as counted.
    pub deletions: u64,
    /// Bytes of diff and of untracked files, as far as measured, shown or not.
    pub bytes: u64,
}

impl Totals {
    pub(crate) fn take_out(&mut self, file: &FileChange) {
        self.files -= 1;
        self.additions -= file.additions.unwrap_or(0);
        self.deletions -= file.deletions.unwrap_or(0);
        self.bytes -= file.bytes.unwrap_or(0);
    }
}

impl Context {
    /// A list like that of `git diff --stat`, with totals; at most 200 files and some 60 KiB.
    pub fn stat(&self) -> String {
        const ROWS: usize = 200;
        let mut stat = String::new();
        for file in self.files.iter().take(ROWS) {
            writeln!(stat, " {file}").expect("a string takes any text");
        }
        let listed = self.files.len().min(ROWS) as u64;
        if self.totals.files > listed {
            let more = self.totals.files - listed;
            writeln!(stat, " … and {more} more").expect("a string takes any text");
        }
        writeln!(stat, " {}", self.totals).expect("a string takes any text");
        stat
    }
}

impl FileChange {
    /// The letter that git has for the change; `?` for an untracked file.
    pub fn letter(&self) -> char {
        match self.change {
            ChangeKind::Added => 'A',
            ChangeKind::Modified => 'M',
            ChangeKind::Deleted => 'D',
            ChangeKind::Renamed => 'R',
            ChangeKind::Copied => 'C',
            ChangeKind::TypeChanged => 'T',
            ChangeKind::Unmerged => 'U',
            ChangeKind::Untracked => '?',
        }
    }
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.letter())?;
        if let Some(old) = &self.old_path {
            write!(f, "{} => ", one_line(&old.to_string(), 120))?;
        }
        write!(f, "{} |", one_line(&self.path.to_string(), 120))?;
        if let (Some(added), Some(deleted)) = (self.additions, self.deletions) {
            write!(f, " +{added} -{deleted}")?;
        }
        match (self.shown, self.bytes) {
            (true, _) => Ok(()),
            (false, Some(bytes)) => write!(f, " ({}, not shown)", human_bytes(bytes)),
            (false, None) => write!(f, " (not shown)"),
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        write!(
            f,
            "{} changed, {}(+), {}(-), {}",
            count(number(self.files), "file"),
            count(number(self.additions), "insertion"),
            count(number(self.deletions), "deletion"),
            human_bytes(self.bytes)
        )
    }
}

impl fmt::Display for NotSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.reason),
            None => write!(f, "{}", self.reason),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => write!(
                f,
                "too large ({}; at most {} of one file are shown)",
                human_bytes(*bytes),
                human_bytes(*limit)
            ),
            Self::OverBudget { bytes } => write!(
                f,
                "left out ({}), the diff as a whole is too large",
                human_bytes(*bytes)
            ),
            Self::Unread => f.write_str("not read, the diff as a whole is too large"),
            Self::Binary => f.write_str("binary, or marked so by the repository"),
            Self::NotAFile => f.write_str("not a regular file"),
            Self::Unreadable => f.write_str("cannot be read"),
            Self::Vanished => f.write_str("vanished while it was read"),
            Self::NestedRepository => f.write_str("a repository of its own"),
            Self::Submodule => f.write_str("a submodule, compared by commit only"),
            Self::SubmoduleWork => {
                f.write_str("uncommitted changes inside submodules are not looked at")
            }
            Self::Unmerged => f.write_str("unmerged, the index has no single version of it"),
            Self::TooManyFiles { listed, omitted } => {
                write!(f, "{omitted} more files, only {listed} are listed")
            }
            Self::Unchanged { files: 1 } => f.write_str("1 file is unchanged since"),
            Self::Unchanged { files } => write!(f, "{files} files are unchanged since"),
            Self::TakenBack => f.write_str("its change was taken back since"),
            Self::UncommittedChanges { files } => {
                write!(f, "uncommitted changes ({files} paths) are not part of it")
            }
            Self::UnstagedChanges { files } => {
                write!(f, "unstaged changes ({files} paths) are not part of it")
            }
        }
    }
}
