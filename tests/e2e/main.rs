//! The end-to-end suites: true binaries, a scripted fake Claude, the real Claude and the real Codex
//! with loopback model servers. One test binary, so that it links once.
//!
//! Suites that need Unix need scripts, links and signals, the real Claude, or a Codex whose model runs
//! commands in a shell. The others run on Windows too.

#![cfg(test)]

#[cfg(unix)]
mod action;
#[cfg(target_os = "linux")]
mod completions;
mod door;
mod embedding;
mod flows;
mod gate;
mod hooks;
#[cfg(unix)]
mod hooks_real;
mod install;
mod jobs;
mod kit;
mod logins;
#[cfg(target_os = "linux")]
mod newer_git;
mod push;
mod report;
mod rescue;
mod review;
#[cfg(unix)]
mod review_real;
mod setup;
#[cfg(unix)]
mod short_path;
#[cfg(unix)]
mod source;
mod support;
mod usage;
