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
const SOON: Duration = Duration::from_secs(30);

/// Codex's names for the events, and ours.
const EVENTS: [(&str, &str); 4] = [
    ("SessionStart", "session-start"),
    ("SessionEnd", "session-end"),
    ("UserPromptSubmit", "user-prompt-submit"),
    ("Stop", "stop"),
];

/// A sandbox with a change to review, a Claude that finds nothing, and a Codex that trusts our hooks.
fn hooked(codex: Peer<'_>, api: &ResponsesApi) -> Sandbox {
    let sandbox = unhooked(codex, api);
    let cc_hooks = sandbox.product_file("cc-hooks");
    let command = |event| format!("{} {event}", cc_hooks.display());
    sandbox.write_hooks(EVENTS.map(|(event, ours)| (event, command(ours))));
    sandbox.trust_hooks();
    sandbox
}

/// The same without hooks.
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
