//! The use cases of `cc`, and its API for embedding.
//!
//! A review is prepared by its caller (what changed, the prompt), stored as a queued job, and run by
//! a detached worker process that ends when the job has. Whoever wants the result waits for the job;
//! whoever does not may go away.
//! Not here: words in and out (`cc-cli`), the host's hooks (`cc-hooks`).
//!
//! Start with [`Project::open`], then [`review::start`]; [`worker::work`] is the other end.

pub mod cancel;
pub mod gate;
pub mod launch;
pub mod preflight;
pub mod project;
pub mod push;
pub mod rescue;
pub mod review;
pub mod run_options;
pub mod setup;
pub mod wait;
pub mod worker;

mod claude_report;
mod job_result;
mod order;
mod run;
mod schema;

pub use job_result::JobResult;
pub use launch::LaunchError;
pub use project::{Project, ProjectError};
pub use run_options::RunOptions;
