//! The settings of one workspace.

use cc_core::fs::read_bounded;
use serde::{Deserialize, Serialize};

use crate::Store;

/// `config.json` of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkspaceConfig {
    /// The version of the file.
    pub version: u32,
    /// Whether the review gate is on; off where the file does not say so.
    pub stop_review_gate: bool,
}

impl Default for WorkspaceConfig {
    fn default() -> Self {
        Self {
            version: 1,
            stop_review_gate: false,
        }
    }
}

impl Store {
    /// The settings of this workspace; the defaults where there are none or they cannot be read.
    pub fn config(&self) -> WorkspaceConfig {
        let bytes = read_bounded(&self.dir().config(), 64 << 10);
        bytes
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }
}
