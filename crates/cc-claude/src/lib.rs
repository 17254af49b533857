//! One headless run of Claude Code (`claude -p`), from request to outcome.
//!
//! Here: finding the binary, its argv and environment, its event stream, the supervision of the
//! process (idle and total time, cancel with proof), and the outcome of the run.
//! Not here: what is asked (`cc-workflows`), what a job is (`cc-jobs`), repositories (`cc-git`).
//!
//! Start with [`run`]; [`Claude::locate`] finds what it runs.

mod batch;
mod child_env;
mod claude;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod project_settings;
mod request;
mod settings_file;
mod user_settings;

mod digest;
mod observer;
mod outcome;
#[cfg(test)]
mod recorded;
mod stream;

mod cancel;
mod run_processes;
mod supervise;

pub use cancel::{end_marked, end_orphans};
pub use claude::{AuthStatus, Claude, ProbeError};
pub use observer::{Observer, Progress};
pub use outcome::{End, Incomplete, Omitted, Outcome, RunReport};
pub use project_settings::{ProjectHook, ProjectSettings};
pub use request::{
    Configuration, GitAccess, Limits, McpServer, ProjectConfiguration, Request, Sandbox, Thread,
    Tools,
};
pub use supervise::run;
pub use user_settings::UserSettings;
