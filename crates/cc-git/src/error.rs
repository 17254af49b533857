//! The errors of this crate, one variant for each case that a caller can act on.

use std::path::PathBuf;
use std::time::Duration;

use cc_core::time::exact_duration;
use cc_core::{IoError, LocateError};

use crate::RepoPath;

/// Why there is nothing to review, or why it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable `git` is on the search path.
    #[error("git cannot be used: {0}")]
    GitMissing(LocateError),
    /// This git ignores settings that protect against a hostile repository.
    #[error("git is too old: 2.31 or newer is needed")]
    GitTooOld,
    /// The directory is not in a Git working tree.
    #[error("`{}` is not inside a Git working tree", dir.display())]
    NotARepository {
        /// The directory.
        dir: PathBuf,
    },
    /// The repository's configuration names another directory as its working tree.
    #[error("the repository `{}` has its working tree elsewhere, at `{}`", root.display(), work_tree.display())]
    WorkingTreeElsewhere {
        /// The directory that holds `.git`.
        root: PathBuf,
        /// Where git would look for the files.
        work_tree: PathBuf,
    },
    /// The repository belongs to another user, and git refuses to touch it.
    #[error("git does not trust `{}`, which belongs to another user", root.display())]
    DubiousOwnership {
        /// The directory that holds `.git`.
        root: PathBuf,
    },
    /// A variable of git that the caller set names something else than the repository here.
    #[error("{name} is set to `{}`, which does not belong to the repository `{}`", value.display(), root.display())]
    OtherRepository {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: PathBuf,
        /// The directory that holds `.git`.
        root: PathBuf,
    },
    /// The text does not name a commit.
    #[error("`{text}` is not a known revision")]
    UnknownRevision {
        /// What was given, printable and cut.
        text: String,
    },
    /// The text could be taken for an option of git.
    #[error("`{text}` looks like an option, not a revision")]
    LooksLikeOption {
        /// What was given, printable and cut.
        text: String,
    },
    /// The text is not of the form `A..B` or `A...B`.
    #[error("`{text}` is not a range: expected A..B or A...B")]
    NotARange {
        /// What was given, printable and cut.
        text: String,
    },
    /// No branch is known to compare with.
    #[error("no default branch to compare with was found: pass --base REF")]
    NoDefaultBranch,
    /// Two revisions have no common ancestor.
    #[error("HEAD and `{base}` have no common ancestor{}", shallow_hint(*shallow))]
    UnrelatedHistory {
        /// The other side, as the user named it.
        base: String,
        /// Whether the clone is shallow, which may be the reason.
        shallow: bool,
    },
    /// The scope is valid, and empty.
    #[error("nothing to review: {label}")]
    NothingToReview {
        /// The scope, or why it is empty.
        label: String,
        /// Whether the repository has a commit.
        has_commits: bool,
    },
    /// The repository has no commit yet, and the scope needs one.
    #[error("the repository has no commits yet")]
    NoCommits,
    /// Two flags exclude each other.
    #[error("{first} cannot be combined with {second}")]
    Conflict {
        /// One flag, as the user types it.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// A path of the user is neither in the working tree nor in the change.
    #[error("no such file or directory: `{path}`")]
    NoSuchPath {
        /// The path, relative to the root.
        path: String,
    },
    /// A path leads out of the repository.
    #[error("`{path}` is outside the repository `{}`", root.display())]
    PathOutside {
        /// What was given, printable and cut.
        path: String,
        /// The repository's root.
        root: PathBuf,
    },
    /// A pathspec has magic that Git does not know.
    #[error("`{word}` in `{spec}` is no pathspec magic")]
    UnknownPathspecMagic {
        /// What was given, printable.
        spec: String,
        /// The unknown word.
        word: String,
    },
    /// A pathspec that Git refuses.
    #[error("`{spec}` is not a valid path or pathspec: {reason}")]
    BadPathspec {
        /// What was given, printable.
        spec: String,
        /// Why.
        reason: &'static str,
    },
    /// A file of the working tree is larger than is read.
    #[error("`{path}` is larger than {limit} bytes: name a revision")]
    FileTooLarge {
        /// The path, relative to the root.
        path: String,
        /// The most that is read.
        limit: u64,
    },
    /// Objects to compare are not in this clone; they are never fetched.
    #[error("objects are missing in this clone (shallow, partial or damaged): {detail}")]
    MissingObjects {
        /// The message of git, one line.
        detail: String,
    },
    /// The repository configures more programs than a call can disable.
    #[error(
        "the configuration of this repository names {count} programs for Git to run, more than can be disabled"
    )]
    TooManyPrograms {
        /// How many.
        count: usize,
    },
    /// A patch does not apply to the files; nothing was changed.
    #[error("the change does not apply to your files; nothing was changed: {detail}")]
    DoesNotApply {
        /// The message of git, one line.
        detail: String,
    },
    /// A change has files whose names lead to `.git` in some file system; nothing was changed.
    #[error(
        "the change has `{path}`, which some file systems take for Git's own directory; nothing was changed"
    )]
    NamesGitDirectory {
        /// The first of them.
        path: RepoPath,
    },
    /// A merge into a working tree that is in the middle of one.
    #[error("{what}; nothing was changed")]
    Unfinished {
        /// What is not finished.
        what: String,
    },
    /// The files of a patch could not be written, and are as they were before.
    #[error("the change could not be written; your files are as before: {detail}")]
    NotWritten {
        /// The reason.
        detail: String,
    },
    /// The files of a patch could neither be written nor put back.
    #[error("the change is applied in part, and your files could not be put back; they are kept in `{}`", dir.display())]
    HalfApplied {
        /// Where the originals are: the patch, and `files/`.
        dir: PathBuf,
        /// What failed.
        source: IoError,
    },
    /// An earlier apply was killed, and the files are neither as before nor as after it.
    #[error("an earlier apply was interrupted; the files as they were before it are kept in `{}`", dir.display())]
    InterruptedApply {
        /// Where the originals are: the patch, and `files/`.
        dir: PathBuf,
    },
    /// A linked worktree is missing, or was emptied or replaced.
    #[error("the worktree `{}` is missing, or was emptied or replaced", root.display())]
    WorktreeGone {
        /// Where it was.
        root: PathBuf,
    },
    /// The branch of a removed worktree is checked out elsewhere.
    #[error("the worktree is removed, but its branch `{branch}` is kept: it is checked out in `{}`", dir.display())]
    BranchInUse {
        /// The branch.
        branch: String,
        /// The worktree that has it checked out.
        dir: PathBuf,
    },
    /// A call of git timed out.
    #[error("`git {command}` timed out after {}", exact_duration(*waited))]
    Timeout {
        /// The subcommand.
        command: String,
        /// The timeout.
        waited: Duration,
    },
    /// A call of git wrote more than is read.
    #[error("`git {command}` wrote more than {limit} bytes")]
    TooMuchOutput {
        /// The subcommand.
        command: String,
        /// The most that is read.
        limit: u64,
    },
    /// A call of git failed in another way.
    #[error("`git {command}` failed: {stderr}")]
    Failed {
        /// The subcommand.
        command: String,
        /// The end of its standard error, one line.
        stderr: String,
    },
    /// A file, directory or process could not be used.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl Error {
    pub(crate) fn no_such_path(path: &RepoPath) -> Self {
        Self::NoSuchPath {
            path: path.to_string(),
        }
    }
}

fn shallow_hint(shallow: bool) -> &'static str {
    if shallow {
        " in this shallow clone: get more history first, with `git fetch --deepen=100`"
    } else {
        ""
    }
}
