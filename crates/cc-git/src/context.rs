//! What a review sees of a change, and what it does not.

use std::fmt::{self, Write};

use cc_core::text::{count, human_bytes, one_line};
use serde::{Deserialize, Serialize};

use crate::ShownDiffs;
use crate::repo_path::RepoPath;

/// The changes of a target: a list of the files, and as much of the diff as fits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The changed files in the order of git, untracked files last.
    pub files: Vec<FileChange>,
    /// The complete diffs of the files that are [`FileChange::shown`].
    pub diff: String,
    /// What belongs to the target and is not in [`Context::diff`].
    pub not_seen: Vec<NotSeen>,
    /// Sums over all files, listed or not.
    pub totals: Totals,
    /// The diffs that were shown, here or before.
    #[serde(skip)]
    pub shown: ShownDiffs,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// The path.
    pub path: RepoPath,
    /// The old path of a renamed or copied file.
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
    /// Whether its diff is in [`Context::diff`].
    pub shown: bool,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Added.
    Added,
    /// Content or mode changed.
    Modified,
    /// Deleted.
    Deleted,
    /// Renamed, possibly with other content.
    Renamed,
    /// Copied from another file, possibly with other content.
    Copied,
    /// Changed between file, link and submodule.
    TypeChanged,
    /// Unmerged: it has conflicts.
    Unmerged,
    /// Untracked.
    Untracked,
}

/// Something that belongs to the target and is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotSeen {
    /// The file; `None` if this is about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<RepoPath>,
    /// The reason.
    pub reason: Reason,
}

/// Why something is not shown; displayed as a fragment of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Reason {
    /// The diff of this file is too large.
    TooLarge {
        /// Its size, or that of the untracked file.
        bytes: u64,
        /// The most that is shown of one file.
        limit: u64,
    },
    /// The diff as a whole is too large; this file would fit alone.
    OverBudget {
        /// Its size.
        bytes: u64,
    },
    /// Not read, since the diff as a whole is too large.
    Unread,
    /// Binary content.
    Binary,
    /// No diff, by its attribute `-diff`.
    NoDiff,
    /// Neither a file nor a link: a FIFO, a socket, a device.
    NotAFile,
    /// The file cannot be opened.
    Unreadable,
    /// The file disappeared while it was being read.
    Vanished,
    /// A Git repository inside this one that is not a submodule.
    NestedRepository,
    /// A submodule: its commits are shown, its files are not.
    Submodule,
    /// Uncommitted changes inside submodules are not checked.
    SubmoduleWork,
    /// It looks like a secret, and was not named.
    Secret,
    /// Generated, by its attribute `linguist-generated`.
    Generated,
    /// Edited, but `assume-unchanged` or `skip-worktree` hides that from Git.
    Overlooked,
    /// The working tree is in the middle of a merge or the like.
    InProgress {
        /// Its name, such as `merge`.
        operation: String,
        /// Whose the side `ours` is.
        ours: String,
        /// Whose the side `theirs` is.
        theirs: String,
    },
    /// Commits of the branch, while only uncommitted changes are the target.
    BranchCommits {
        /// How many.
        commits: u64,
        /// The branch that does not have them.
        base: String,
    },
    /// Untracked files of a home directory that is a repository.
    UntrackedInHome,
    /// Kept out by a setting of the user.
    Excluded,
    /// Changed files that the selection leaves out.
    LeftOut {
        /// How many; a renamed file may count as two.
        files: u64,
        /// The pathspecs that leave something out.
        by: Vec<String>,
    },
    /// The index holds several versions of this file.
    Unmerged,
    /// There are more files than are listed.
    TooManyFiles {
        /// Listed files.
        listed: u64,
        /// Files that are not listed.
        omitted: u64,
    },
    /// Files whose diff was shown in an earlier review and is the same.
    Unchanged {
        /// How many.
        files: u64,
    },
    /// Its change was shown in an earlier review, and was reverted since.
    TakenBack,
    /// The working tree has uncommitted changes, and the target is commits.
    UncommittedChanges {
        /// Files; an untracked directory counts as one.
        files: u64,
    },
    /// The working tree has unstaged changes, and the target is the index.
    UnstagedChanges {
        /// Files; an untracked directory counts as one.
        files: u64,
    },
}

/// Sums over a target.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Changed files, listed or not.
    pub files: u64,
    /// Lines added, where counted.
    pub additions: u64,
    /// Lines deleted, where counted.
    pub deletions: u64,
    /// Bytes of diff and of untracked files, where measured, shown or not.
    pub bytes: u64,
}

impl Totals {
    pub(crate) fn subtract(&mut self, file: &FileChange) {
        self.files -= 1;
        self.additions -= file.additions.unwrap_or(0);
        self.deletions -= file.deletions.unwrap_or(0);
        self.bytes -= file.bytes.unwrap_or(0);
    }
}

impl Context {
    /// Lists the files with totals, like `git diff --stat`; at most 200 files and about 60 KiB.
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
    /// A file that was not read.
    pub(crate) fn unread(path: RepoPath, change: ChangeKind) -> Self {
        Self {
            path,
            old_path: None,
            change,
            additions: None,
            deletions: None,
            bytes: None,
            shown: false,
        }
    }

    /// The status letter of git for the change; `?` for an untracked file.
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

impl NotSeen {
    pub(crate) fn of(path: &RepoPath, reason: Reason) -> Self {
        let path = Some(path.clone());
        Self { path, reason }
    }

    /// Something that is not about one file.
    pub(crate) fn in_general(reason: Reason) -> Self {
        Self { path: None, reason }
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
                "too large ({}; at most {} of a file is shown)",
                human_bytes(*bytes),
                human_bytes(*limit)
            ),
            Self::OverBudget { bytes } => write!(
                f,
                "left out ({}), the diff as a whole is too large",
                human_bytes(*bytes)
            ),
            Self::Unread => f.write_str("not read, the diff as a whole is too large"),
            Self::Binary => f.write_str("binary"),
            Self::NoDiff => f.write_str("not shown: `-diff` in .gitattributes"),
            Self::NotAFile => f.write_str("not a regular file"),
            Self::Unreadable => f.write_str("cannot be read"),
            Self::Vanished => f.write_str("disappeared while it was being read"),
            Self::NestedRepository => f.write_str("a nested Git repository"),
            Self::Submodule => f.write_str("a submodule, compared by commit only"),
            Self::SubmoduleWork => {
                f.write_str("uncommitted changes inside submodules are not checked")
            }
            Self::Secret => f.write_str("not shown: looks like a secret"),
            Self::Generated => {
                f.write_str("not shown: generated (`linguist-generated` in .gitattributes)")
            }
            Self::Excluded => f.write_str("not shown: kept out by `diff.exclude` or .cc.toml"),
            Self::LeftOut { files, by } => {
                let by: Vec<String> = by.iter().map(|spec| format!("`{spec}`")).collect();
                write!(
                    f,
                    "{} left out, as asked by {}",
                    count(usize::try_from(*files).unwrap_or(usize::MAX), "changed file"),
                    by.join(", ")
                )
            }
            Self::Overlooked => f.write_str(
                "edited, but hidden from Git (assume-unchanged or skip-worktree)",
            ),
            Self::InProgress {
                operation,
                ours,
                theirs,
            } => write!(
                f,
                "a {operation} is in progress: in conflicts, \"ours\" is {ours} and \"theirs\" is {theirs}"
            ),
            Self::BranchCommits { commits, base } => write!(
                f,
                "{} of this branch, not in `{base}`, {} not included: --scope branch",
                count(usize::try_from(*commits).unwrap_or(usize::MAX), "commit"),
                if *commits == 1 { "is" } else { "are" }
            ),
            Self::UntrackedInHome => f.write_str(
                "untracked files are not included: this repository is your home directory (name them: -- PATH)",
            ),
            Self::Unmerged => f.write_str("unmerged: it has conflicts"),
            Self::TooManyFiles { listed, omitted } => {
                write!(f, "{omitted} more files, only {listed} are listed")
            }
            Self::Unchanged { files: 1 } => f.write_str("1 file is unchanged since"),
            Self::Unchanged { files } => write!(f, "{files} files are unchanged since"),
            Self::TakenBack => f.write_str("its change was reverted since"),
            Self::UncommittedChanges { files } => {
                write!(f, "uncommitted changes ({files} paths) are not included")
            }
            Self::UnstagedChanges { files } => {
                write!(f, "unstaged changes ({files} paths) are not included")
            }
        }
    }
}
