//! The kit does what the other suites rely on.

mod codex_queue;
mod failures;
mod fake_claude;
mod real_claude;
mod real_codex;
