//! The use cases of `cc`, and its API for embedding.
//!
//! The caller prepares a job (what changed, the prompt) and stores it as queued; a detached worker
//! process runs it and ends with it. A caller that wants the result waits for the job.
//! Not here: arguments and output (`cc-cli`), the host's hooks (`cc-hooks`).
//!
//! Start with [`Project::open`], then [`review::start`]; [`worker::work`] is the other end.

pub mod account;
pub mod cancel;
pub mod door;
pub mod gate;
pub mod hint;
pub mod push;
pub mod report;
pub mod rescue;
pub mod review;
pub mod schema;
pub mod setup;
pub mod trust;
pub mod wait;
pub mod worker;

mod claude_report;
mod day_budget;
mod error;
mod find;
mod job_result;
mod launch;
mod order;
mod preflight;
mod project;
mod run;
mod run_options;
mod running;

pub use error::{Error, Obstacle, WorkPlace};
pub use find::RepositoryJobs;
pub use job_result::{JobResult, current, report_of};
pub use project::{BeforeLaunch, Caller, Project};
pub use run_options::RunOptions;
