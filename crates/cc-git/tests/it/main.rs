//! Real repositories, made with the real git.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its stage has failed"
)]

mod lab;

mod budget;
mod discover;
mod files;
mod fingerprint;
mod hostile;
mod lines;
mod scopes;
mod since;
mod unchanged;
mod work_tree;
