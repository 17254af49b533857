//! Real repositories, made with the real git.

// They are made with links, modes and shell scripts.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its stage has failed"
)]

mod lab;

mod arrivals;
mod budget;
mod discover;
mod files;
mod fingerprint;
mod hidden;
mod hostile;
mod kept_config;
mod lines;
mod lookup;
mod pathspecs;
mod program_paths;
mod scopes;
mod since;
mod unchanged;
mod unseen;
mod work_tree;
