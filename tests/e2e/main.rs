//! The end-to-end suites: true binaries, a scripted fake Claude, the real Claude and the real Codex
//! with loopback model servers. One test binary, so that it links once.
//!
//! Most suites need Unix: their machine is made of scripts, links and signals. The others run on Windows too.

#![cfg(test)]

#[cfg(unix)]
mod action;
#[cfg(target_os = "linux")]
mod completions;
#[cfg(unix)]
mod cycles;
#[cfg(unix)]
mod door;
#[cfg(unix)]
mod embedding;
#[cfg(unix)]
mod executables;
mod flows;
mod gate;
mod hooks;
#[cfg(unix)]
mod hooks_real;
#[cfg(unix)]
mod install;
#[cfg(unix)]
mod jobs;
mod kit;
#[cfg(unix)]
mod layers;
#[cfg(unix)]
mod logins;
#[cfg(unix)]
mod maps;
#[cfg(unix)]
mod names;
#[cfg(target_os = "linux")]
mod newer_git;
#[cfg(unix)]
mod push;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod rescue;
mod review;
#[cfg(unix)]
mod review_real;
#[cfg(unix)]
mod setup;
#[cfg(unix)]
mod short_path;
#[cfg(unix)]
mod support;
#[cfg(unix)]
mod usage;
