//! The end-to-end suites: true binaries, a scripted fake Claude, the real Claude and the real Codex
//! with loopback model servers. One test binary, so that it links once.

// The machine of a test is made of scripts, links and signals.
#![cfg(unix)]
#![cfg(test)]

mod action;
#[cfg(target_os = "linux")]
mod completions;
mod cycles;
mod door;
mod embedding;
mod executables;
mod gate;
mod hooks;
mod hooks_real;
mod install;
mod jobs;
mod kit;
mod layers;
mod logins;
mod maps;
mod names;
#[cfg(target_os = "linux")]
mod newer_git;
mod push;
mod report;
mod rescue;
mod review;
mod review_real;
mod setup;
mod short_path;
mod support;
mod usage;
