//! Reviews by the real Claude Code, which takes a loopback server for the Messages API.

#[cfg(target_os = "linux")]
mod commands;
mod ending;
mod failures;
mod git_traps;
mod hostile;
mod lookups;
mod older;
mod plain;
mod reads;
mod structured;

use std::time::Duration;

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(120);
