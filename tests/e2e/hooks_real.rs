//! The product's hooks and commands in sessions of the real Codex, the pinned version and an older one.

mod announcing;
mod commands;
mod gate;
mod lifecycle;
mod push;

use std::time::Duration;

use cc_tests::peers::Peer;
use cc_tests::{ResponsesApi, Sandbox, Scenario};

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(120);

/// A sandbox with a change to review, a Claude that finds nothing, and a Codex that has the product.
fn hooked(codex: Peer<'_>, api: &ResponsesApi) -> Sandbox {
    unhooked(codex, api).installed()
}

/// The same without the product.
fn unhooked(codex: Peer<'_>, api: &ResponsesApi) -> Sandbox {
    let claude = Scenario::says("No findings.");
    Sandbox::codex_at(codex, api)
        .with_fake_claude(&claude)
        .with_change()
}

/// Whether this Codex tells hooks that a session ends.
fn tells_session_end(codex: Peer<'_>) -> bool {
    codex != cc_tests::peers::CODEX_OLD
}
