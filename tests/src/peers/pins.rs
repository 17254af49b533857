//! The versions that are tested against, in one place.

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
    Peer {
        program: Program::Codex,
        version: "0.117.0",
    },
];
