//! The kit does what the other suites rely on.

#[cfg(unix)]
mod codex_queue;
#[cfg(unix)]
mod failures;
mod fake_claude;
#[cfg(unix)]
mod real_claude;
#[cfg(unix)]
mod real_codex;
