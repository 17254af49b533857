//! The kit does what the other suites rely on.

mod fake_claude;
mod real_claude;
mod real_codex;
