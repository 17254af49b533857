//! The installer and the real Codex, in each version that is tested: what an installation brings to
//! a session, what its permissions decide, what an update and an uninstall leave.

mod broken;
#[cfg(windows)]
mod codex_of_npm;
mod cut_short;
mod forms;
mod permissions;
mod session;
mod skills;
mod traces;
mod updates;
mod wrappers;

use std::time::Duration;

use cc_tests::peers::{self, CODEX, Peer};
#[cfg(unix)]
use cc_tests::responses_api::Turn;
use cc_tests::{ResponsesApi, Sandbox, Scenario};

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(120);

/// A sandbox with a change to review, a Claude that finds nothing, and a Codex without the product.
fn bare(codex: Peer<'_>, api: &ResponsesApi) -> Sandbox {
    let claude = Scenario::says("No findings.");
    Sandbox::codex_at(codex, api)
        .with_fake_claude(&claude)
        .with_change()
}

/// A model that does what a skill says: it runs the one command line in it.
#[cfg(unix)]
fn obeys() -> Turn {
    Turn::computed(|request| {
        let line = request
            .skill_command()
            .expect("a skill with a command line");
        Turn::shell(&line)
    })
}

/// Whether this Codex asks for trust in hooks.
fn asks_for_trust(codex: Peer<'_>) -> bool {
    minor(codex) >= 129
}

/// Whether trust in a plugin's hooks is trust in everything that the plugin brings.
fn trusts_contents(codex: Peer<'_>) -> bool {
    minor(codex) >= 165
}

/// Whether an exec rule frees only the command that it names: elsewhere there is none.
fn confines_rules(codex: Peer<'_>) -> bool {
    minor(codex) >= 125
}

/// The tested versions of Codex that can have exec rules of ours.
#[cfg(unix)]
fn ruled() -> Vec<Peer<'static>> {
    peers::codexes()
        .into_iter()
        .filter(|codex| confines_rules(*codex))
        .collect()
}

/// Whether hooks are told of the end of a session.
#[cfg(unix)]
fn tells_session_end(codex: Peer<'_>) -> bool {
    minor(codex) >= 145
}

fn minor(codex: Peer<'_>) -> u32 {
    let minor = codex.version.split('.').nth(1);
    minor.and_then(|minor| minor.parse().ok()).unwrap()
}
