//! The versions that are tested against, the newest first: a new one is a new line here.

use cc_core::Env;

use super::peer::{Peer, Program};

/// The versions of Claude Code. Most suites run against the first, `cargo xtask drift` against all.
pub const EVERY_CLAUDE: &[Peer] = &[
    claude_code("2.1.332"),
    claude_code("2.1.330"),
    claude_code("2.1.260"),
    claude_code("2.1.197"),
];

/// The versions of Codex. Most suites run against the first, `cargo xtask drift` against all.
pub const EVERY_CODEX: &[Peer] = &[
    codex("0.171.0"),
    codex("0.169.0"),
    codex("0.155.0"),
    codex("0.145.0"),
    CODEX_OLD,
    codex("0.125.0"),
    CODEX_OLDEST,
];

/// The Claude Code that every suite runs against.
pub const CLAUDE: Peer = EVERY_CLAUDE[0];

/// The Codex that every suite runs against.
pub const CODEX: Peer = EVERY_CODEX[0];

/// An older Codex that the suites of the hooks run against too: the first known to run the hooks of
/// plugins.
pub const CODEX_OLD: Peer = codex("0.135.0");

/// The oldest Codex that an installation is made for.
pub const CODEX_OLDEST: Peer = codex("0.117.0");

/// The versions of Codex whose hooks are tested.
pub const HOOKED: [Peer; 2] = [CODEX, CODEX_OLD];

/// The variable that has [`claudes`] and [`codexes`] name every version.
pub const ALL_HOSTS: &str = "CC_TEST_ALL_HOSTS";

/// The versions of Claude Code that differ in what a test is about: the newest and the oldest, or every
/// one where [`ALL_HOSTS`] is set.
///
/// # Panics
/// When the process cannot be read.
pub fn claudes() -> Vec<Peer<'static>> {
    tested(EVERY_CLAUDE)
}

/// The versions of Codex that installations are tested with, in the same way.
///
/// # Panics
/// When the process cannot be read.
pub fn codexes() -> Vec<Peer<'static>> {
    tested(EVERY_CODEX)
}

fn tested(every: &[Peer<'static>]) -> Vec<Peer<'static>> {
    let env = Env::from_process().expect("the test has a current directory");
    match every {
        [newest, .., oldest] if env.var(ALL_HOSTS).is_none() => vec![*newest, *oldest],
        every => every.to_vec(),
    }
}

const fn claude_code(version: &str) -> Peer<'_> {
    Peer {
        program: Program::ClaudeCode,
        version,
    }
}

const fn codex(version: &str) -> Peer<'_> {
    Peer {
        program: Program::Codex,
        version,
    }
}
