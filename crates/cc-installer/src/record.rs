//! The record of an installation, so that updates can repeat it and an uninstall can undo it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::edit::config::flag::FlagBefore;
use crate::error::Error;
use crate::files::{self, read_text};
use crate::layout::Layout;

/// The file `install.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InstallRecord {
    /// The version that was installed.
    pub(crate) version: String,
    /// The directory of the binaries.
    pub(crate) bin: PathBuf,
    /// SHA-256 of each binary, by name.
    pub(crate) binaries: BTreeMap<String, String>,
    /// Whether an installation copied the binaries to that directory.
    pub(crate) copied: bool,
    /// The state of the flag before we set it.
    pub(crate) flag: Option<FlagBefore>,
    /// Whether our hooks were added to the user's `hooks.json`, with the user's permission.
    pub(crate) user_hooks: bool,
    /// The version of the Codex that turned out not to run the hooks of plugins.
    pub(crate) no_native_hooks: Option<String>,
    /// The digests of the bundles that the user ever trusted.
    pub(crate) trusted_contents: BTreeSet<String>,
    /// SHA-256 of each manual page and file of completions in the user's directories, by path.
    pub(crate) assets: BTreeMap<PathBuf, String>,
    /// The directories that were made for them.
    pub(crate) asset_dirs: BTreeSet<PathBuf>,
    /// Whether there was a `config.toml` before.
    pub(crate) had_config: bool,
}

impl InstallRecord {
    /// Reads the record; `None` if there is no readable one.
    pub(crate) fn read(layout: &Layout) -> Option<Self> {
        let text = read_text(&layout.record()).ok()??;
        serde_json::from_str(&text).ok()
    }

    /// Writes it.
    pub(crate) fn write(&self, layout: &Layout) -> Result<(), Error> {
        let text = serde_json::json!(self);
        Ok(files::write(
            &layout.record(),
            format!("{text:#}\n").as_bytes(),
        )?)
    }
}
