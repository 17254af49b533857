//! The fake Codex: what it does, and the calls it recorded.
//!
//! It answers by itself, or stands in front of the real one and changes what that hears. As the product chooses the
//! environment of a Codex, it reads what to do from a file beside its binary.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fake::read_scenario;

/// What a fake Codex does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use]
pub enum FakeCodex {
    /// It answers to `--help` with this text, and to everything else as to a message for a session.
    Queue {
        /// The text.
        help: String,
        /// What it does with a message.
        message: OnMessage,
    },
    /// It is the real one at this path, but its `n`-th app-server, counted from 1, never answers.
    Silent {
        /// The path of the real one.
        real: PathBuf,
        /// Which app-server.
        n: usize,
    },
    /// It is the real one at this path, but knows nothing about plugins.
    WithoutPlugins {
        /// The path of the real one.
        real: PathBuf,
    },
}

/// What a fake Codex does with a message for a session.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum OnMessage {
    /// It takes it.
    Take,
    /// It takes it, and leaves a process that holds its output open and ends after an hour.
    TakeAndLeaveHelper,
    /// It fails.
    Refuse,
}

impl FakeCodex {
    /// Writes the scenario beside a fake Codex in `dir`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn install(&self, dir: &Path) {
        let text = serde_json::to_vec_pretty(self).expect("a scenario is plain data");
        fs::write(dir.join(SCENARIO), text).expect("the sandbox is writable");
    }

    /// Reads what [`FakeCodex::install`] wrote.
    ///
    /// # Panics
    /// When it is not there or broken.
    pub fn read(dir: &Path) -> Self {
        read_scenario(&dir.join(SCENARIO))
    }
}

const SCENARIO: &str = "fake-codex.json";

/// The calls of the fake Codex in `dir` so far: the arguments of each, with spaces between them.
pub fn calls(dir: &Path) -> Vec<String> {
    let calls = fs::read_to_string(calls_file(dir)).unwrap_or_default();
    calls.lines().map(str::to_owned).collect()
}

/// The file in which the fake Codex in `dir` records its calls, a line each.
pub fn calls_file(dir: &Path) -> PathBuf {
    dir.join("fake-codex.calls")
}

/// While this file is there, the fake Codex in `dir` does not answer.
pub fn hold_file(dir: &Path) -> PathBuf {
    dir.join("fake-codex.hold")
}

/// The file that a fake Codex in `dir` makes when it falls silent.
pub fn silent_file(dir: &Path) -> PathBuf {
    dir.join("fake-codex.silent")
}
