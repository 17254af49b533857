//! The real `claude` and `codex`, pinned, installed by npm into `target/peers` of the workspace, and
//! what Claude's sandbox starts, a browser, and a Git of the next release of Debian.

#[cfg(target_os = "linux")]
mod browser;
#[cfg(target_os = "linux")]
mod debian;
mod fetch;
#[cfg(target_os = "linux")]
mod newer_git;
mod peer;
mod pins;
#[cfg(target_os = "linux")]
mod sandbox_programs;
#[cfg(target_os = "linux")]
mod sarif;
#[cfg(target_os = "linux")]
mod shells;

use std::path::PathBuf;

#[cfg(target_os = "linux")]
pub use browser::browser;
pub use fetch::PeerError;
#[cfg(target_os = "linux")]
pub use newer_git::newer_git;
pub use peer::{Peer, Program, System};
pub use pins::{
    ALL_HOSTS, CLAUDE, CODEX, CODEX_OLD, CODEX_OLDEST, EVERY_CLAUDE, EVERY_CODEX, HOOKED, claudes,
    codexes,
};
#[cfg(target_os = "linux")]
pub use sandbox_programs::sandbox_programs;
#[cfg(target_os = "linux")]
pub use sarif::sarif_multitool;
#[cfg(target_os = "linux")]
pub use shells::{libraries, shells};

/// The native binary of the pinned Claude Code, installed where needed.
///
/// # Panics
/// When it cannot be installed.
pub fn claude() -> PathBuf {
    CLAUDE.ensure().unwrap_or_else(|error| panic!("{error}"))
}

/// The native binary of the pinned Codex, installed where needed.
///
/// # Panics
/// When it cannot be installed.
pub fn codex() -> PathBuf {
    CODEX.ensure().unwrap_or_else(|error| panic!("{error}"))
}
