//! What is under review: the repository, the scope somebody asked for, and a bounded diff of it.
//!
//! Here: finding the work tree, turning flags into a [`Target`], collecting its [`Context`],
//! counting the lines of a reviewed file, and telling by two [`Fingerprint`]s whether something
//! was edited in between. None of that writes to the repository, and nothing that
//! the repository brings along is run: see [`Git`] and `hardening`. What does write, because the
//! user asked for it, is a work tree of its own for somebody else's changes: [`Worktree`].
//! Not here: words for prompts, jobs, and the read-only git that Claude itself may use.
//!
//! Start with [`Repository::discover`], then [`Repository::resolve`], then [`Repository::collect`].

mod error;
mod top_level;

mod git;
mod hardening;
mod process;
mod records;
mod repository;
mod runner;

mod resolve;
mod selection;
mod target;

mod budget;
mod collect;
mod context;
mod diff_stream;
mod fingerprint;
mod lines;
mod repo_path;
mod shown;
mod untracked;
mod working_file;

mod patch;
mod worktree;

pub use budget::ContextLimits;
pub use context::{ChangeKind, Context, FileChange, NotSeen, Reason, Totals};
pub use error::Error;
pub use fingerprint::{Fingerprint, changes::Changes};
pub use git::Git;
pub use lines::Lines;
pub use patch::{Applied, Patch};
pub use repo_path::RepoPath;
pub use repository::{Head, Repository};
pub use selection::{Scope, Selection};
pub use shown::ShownDiffs;
pub use target::{Mode, ObjectId, Target};
pub use top_level::{git_dirs, program_dirs, top_level, workspace};
pub use worktree::Worktree;
