//! The words and file primitives that every crate of `cc` shares.
//!
//! Here: ids, the process environment, the data directory's layout, atomic files, OS file locks,
//! programs on the search path, short commands, process identity, bounded and framed text, and the words for one Claude run that its runner
//! and its record both speak ([`Failure`], [`Usage`]).
//! Not here: what a job is (`cc-jobs`), what is reviewed (`cc-git`), how Claude runs (`cc-claude`).
//!
//! Start with [`Env`]: `main` builds one, everything below takes what it needs from it.

pub mod child;
pub mod env;
pub mod failure;
pub mod frame;
pub mod fs;
pub mod id;
pub mod installation;
pub mod lines;
pub mod lock;
pub mod memory_dir;
pub mod os_text;
pub mod parallel;
pub mod paths;
pub mod process;
pub mod program;
pub mod session;
pub mod text;
pub mod time;
pub mod usage;
#[cfg(windows)]
mod windows_error;

pub use env::Env;
pub use failure::{Failure, FailureClass};
pub use fs::IoError;
pub use id::{InvalidId, JobId, SessionId, ThreadId};
pub use lock::{FileLock, LockError};
pub use paths::{DataDir, StateDir, Workspace};
pub use process::Proc;
pub use program::LocateError;
pub use time::{Clock, Time};
pub use usage::{AccountLimit, BlockedCall, Dollars, ModelNames, RanCommand, Usage};
