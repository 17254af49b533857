//! Reviews by a scripted Claude: which part of a change reaches it, and what the user is told of the rest.

mod again;
mod in_hooks;
mod shown;

use std::time::Duration;

use cc_tests::{Sandbox, Scenario};

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(30);

/// A sandbox whose Claude finds nothing.
fn fine() -> Sandbox {
    Sandbox::fake(&Scenario::says("Fine."))
}

/// What the `n`-th run was asked, counted from 1.
#[track_caller]
fn prompt(sandbox: &Sandbox, n: usize) -> String {
    sandbox.wait_for_run(n, SOON).stdin
}
