//! What a review looks at: the repository, the scope, and a bounded diff of it.
//!
//! Finds the working tree, resolves flags to a [`Target`], collects its [`Context`], counts the lines of
//! a reviewed file, answers what a reviewer looks up, and compares two [`Fingerprint`]s to detect edits. None of that writes to the
//! repository or runs a program that the repository configures. Only a [`Worktree`], for the changes of
//! an isolated job, and a [`Patch`] write, and only when the user asks for it.
//! Not here: prompts, jobs, and how Claude asks for a lookup.
//!
//! Start with [`Repository::discover`], then [`Repository::resolve`], then [`Repository::collect`].

mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod siblings;
mod sources;
mod top_level;

mod caller;
mod config_cache;
mod config_file;
mod digest_name;
mod facts;
mod file_stamp;
mod git;
mod hardening;
mod head;
mod notes;
mod pipes;
#[cfg(unix)]
mod polled_output;
mod process;
mod records;
mod ref_names;
mod refs;
mod repository;
mod runner;
mod shared_files;
#[cfg(not(unix))]
mod threaded_output;
mod view;

mod pathspecs;
mod resolve;
mod resolve_paths;
mod selection;
mod target;

mod asked;
mod budget;
mod collect;
mod context;
mod diff_stream;
mod excerpt;
mod fingerprint;
mod lines;
mod repo_path;
mod screen;
mod secret;
mod shown;
mod survey;
mod unseen;
mod untracked;
mod wildcard;
mod working_file;

mod alias;
mod arrivals;
mod extras;
mod history;
mod lookup;
mod patch;
mod program_paths;
mod shadow;
mod worktree;

pub use alias::{composed, is_alias};
pub use arrivals::{Arrivals, Dropped, MadeCommit};
pub use budget::ContextLimits;
pub use context::{ChangeKind, Context, FileChange, NotSeen, Reason, Totals};
pub use error::Error;
pub use excerpt::Excerpt;
pub use extras::{AbsentFile, AbsentReason, Extras};
pub use fingerprint::{Fingerprint, changes::Changes};
pub use git::Git;
pub use head::Head;
pub use history::{HeadState, RefChange};
pub use lines::Lines;
pub use lookup::{
    BlameQuery, DiffQuery, GrepQuery, LogQuery, Lookup, LsFilesQuery, ShowQuery, StatusQuery,
};
pub use patch::{Applied, Patch, PatchEntry};
pub use pathspecs::{PathPattern, Pathspecs, path_of_pathspec};
pub use program_paths::{ProgramPaths, program_paths, put_aside};
pub use ref_names::ref_names;
pub use repo_path::RepoPath;
pub use repository::Repository;
pub use selection::{Scope, Selection};
pub use shadow::{Shadow, has_reftable};
pub use shown::ShownDiffs;
pub use siblings::SharedRepository;
pub use sources::closed_source;
pub use target::{Mode, ObjectId, Target};
pub use top_level::{git_dirs, top_level, workspace};
pub use worktree::Worktree;
