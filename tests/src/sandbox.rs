//! An isolated environment for one test: its own home, Codex home, repository, PATH and variables.
//!
//! Dropping it ends every process started in it: by process group, by the pids in job records, and on
//! Linux by the environment variable that all of them inherit.

mod capture;
mod codex;
mod command;
mod excerpt;
mod installed;
mod jobs;
mod output;
mod processes;
mod redact;
mod repository;
mod running;
#[cfg(unix)]
mod screen;
mod world;

pub use command::Cmd;
pub use output::Output;
pub use running::Running;
#[cfg(unix)]
pub use screen::{Screen, StyledText};
pub use world::Sandbox;
pub use world::link;
