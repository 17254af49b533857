//! Everything that can go wrong, one variant for each thing a caller can act on.

use std::path::PathBuf;
use std::time::Duration;

use cc_core::IoError;

/// Why there is nothing to review, or why it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable `git` is on the search path.
    #[error("git is not installed, or only found inside the repository under review")]
    GitMissing,
    /// This git ignores the settings that keep a hostile repository harmless.
    #[error("git is too old: 2.31 or newer is needed")]
    GitTooOld,
    /// The directory is in no work tree of git.
    #[error("`{}` is not inside a git work tree", dir.display())]
    NotARepository {
        /// The directory that was asked about.
        dir: PathBuf,
    },
    /// The repository's own configuration says that its files lie in another directory.
    #[error("the repository `{}` puts its work tree elsewhere, at `{}`", root.display(), work_tree.display())]
    WorkingTreeElsewhere {
        /// The directory that holds `.git`.
        root: PathBuf,
        /// Where git would look for the files.
        work_tree: PathBuf,
    },
    /// The repository belongs to another user, and git refuses to touch it.
    #[error("git does not trust `{}`, which belongs to another user; see `safe.directory` in git's documentation", root.display())]
    DubiousOwnership {
        /// The directory that holds `.git`.
        root: PathBuf,
    },
    /// The text names no commit.
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
    /// Two revisions share no commit.
    #[error("HEAD and `{base}` have no common ancestor{}", shallow_hint(*shallow))]
    UnrelatedHistory {
        /// The other side, as the user named it.
        base: String,
        /// Whether the clone's history is cut, which may be the reason.
        shallow: bool,
    },
    /// The scope is valid and empty.
    #[error("nothing to review: {label}{}", if *filtered { " (in the given paths)" } else { "" })]
    NothingToReview {
        /// What was looked at and found empty.
        label: String,
        /// Whether paths narrowed the scope.
        filtered: bool,
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
    /// A path leads out of the repository.
    #[error("`{path}` is outside of the repository `{}`", root.display())]
    PathOutside {
        /// What was given, printable and cut.
        path: String,
        /// The repository's root.
        root: PathBuf,
    },
    /// The objects to compare are not in this clone, and fetching is not ours to do.
    #[error("objects are missing in this clone (shallow, partial or damaged): {detail}")]
    MissingObjects {
        /// What git said, one line.
        detail: String,
    },
    /// The repository configures more programs than can be taken out of it for a call.
    #[error(
        "the configuration of this repository names {count} programs for Git to run, more than can be kept from running"
    )]
    TooManyPrograms {
        /// How many.
        count: usize,
    },
    /// A patch does not fit the files as they are; nothing was changed.
    #[error("the change does not fit your files as they are now; nothing was changed: {detail}")]
    DoesNotApply {
        /// What git said, one line.
        detail: String,
    },
    /// A linked work tree is not there any more, or was emptied or replaced by hand.
    #[error("the work tree `{}` is gone, or was emptied or replaced by hand", root.display())]
    WorktreeGone {
        /// Where it was.
        root: PathBuf,
    },
    /// The branch of a work tree that was removed is in use somewhere else.
    #[error("the work tree is removed, but its branch `{branch}` stays: it is checked out in `{}`", dir.display())]
    BranchInUse {
        /// The branch.
        branch: String,
        /// The work tree that is on it.
        dir: PathBuf,
    },
    /// A call of git took too long and was ended.
    #[error("`git {command}` was ended after {}s", waited.as_secs())]
    Timeout {
        /// The subcommand.
        command: String,
        /// How long was waited.
        waited: Duration,
    },
    /// A call of git said more than can be taken in.
    #[error("`git {command}` said more than {limit} bytes")]
    TooMuchOutput {
        /// The subcommand.
        command: String,
        /// The most that would have been read.
        limit: u64,
    },
    /// A call of git failed in another way.
    #[error("`git {command}` failed: {stderr}")]
    Failed {
        /// The subcommand.
        command: String,
        /// The end of what it said, one line.
        stderr: String,
    },
    /// A file, directory or process of our own failed.
    #[error(transparent)]
    Io(#[from] IoError),
}

fn shallow_hint(shallow: bool) -> &'static str {
    if shallow {
        " in this shallow clone: fetch more history first"
    } else {
        ""
    }
}
