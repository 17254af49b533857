//! The versions that are tested against, in one place.

use cc_core::Env;

use super::{Peer, Program};

/// The Claude Code that every suite runs against.
pub const CLAUDE: Peer = Peer {
    program: Program::ClaudeCode,
    version: "2.1.330",
};

/// The Codex that every suite runs against.
pub const CODEX: Peer = Peer {
    program: Program::Codex,
    version: "0.169.0",
};

/// An older Codex that every suite runs against too: the first known to run the hooks of plugins.
pub const CODEX_OLD: Peer = Peer {
    program: Program::Codex,
    version: "0.135.0",
};

/// Both of them.
pub const EVERY_CODEX: [Peer; 2] = [CODEX, CODEX_OLD];

/// The oldest Codex that an installation is made for.
pub const CODEX_OLDEST: Peer = Peer {
    program: Program::Codex,
    version: "0.117.0",
};

/// The variable that has [`hosts`] name every version.
pub const ALL_HOSTS: &str = "CC_TEST_ALL_HOSTS";

/// The versions of Codex that installations are tested with: the newest and the oldest, or every one
/// that is named here where [`ALL_HOSTS`] is set.
///
/// # Panics
/// When the process cannot be read.
pub fn hosts() -> Vec<Peer<'static>> {
    let env = Env::from_process().expect("the test has a current directory");
    if env.var(ALL_HOSTS).is_some() {
        all_hosts()
    } else {
        vec![CODEX, CODEX_OLDEST]
    }
}

/// Every version of Codex that is named here.
pub fn all_hosts() -> Vec<Peer<'static>> {
    let named = EVERY_CODEX.into_iter().chain(OLDER);
    named
        .filter(|peer| peer.program == Program::Codex)
        .collect()
}

/// Older versions, for the drift runs.
pub const OLDER: [Peer; 6] = [
    Peer {
        program: Program::ClaudeCode,
        version: "2.1.260",
    },
    Peer {
        program: Program::ClaudeCode,
        version: "2.1.197",
    },
    Peer {
        program: Program::Codex,
        version: "0.155.0",
    },
    Peer {
        program: Program::Codex,
        version: "0.145.0",
    },
    Peer {
        program: Program::Codex,
        version: "0.125.0",
    },
    CODEX_OLDEST,
];
