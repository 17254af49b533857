//! What an installation did, so that updates repeat it and an uninstall undoes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::edit::config::FlagBefore;
use crate::error::Error;
use crate::files::{self, read_text};
use crate::place::Places;

/// The file `install.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Record {
    /// The version that was installed.
    pub(crate) version: String,
    /// The directory of the binaries.
    pub(crate) bin: PathBuf,
    /// SHA-256 of each binary, by name.
    pub(crate) binaries: BTreeMap<String, String>,
    /// Whether the binaries in that directory were put there by an installation.
    pub(crate) copied: bool,
    /// The flag that we switched on, as it was.
    pub(crate) flag: Option<FlagBefore>,
    /// Whether our hooks were put into the user's `hooks.json`, which took a yes.
    pub(crate) user_hooks: bool,
    /// The version of the Codex that was seen not to run the hooks of plugins.
    pub(crate) no_native_hooks: Option<String>,
    /// The digests of the bundles that the user ever trusted.
    pub(crate) trusted_contents: BTreeSet<String>,
    /// Whether there was a `config.toml`.
    pub(crate) had_config: bool,
}

impl Record {
    /// The record in Codex's directory; none where there is none that can be read.
    pub(crate) fn read(places: &Places) -> Option<Self> {
        let text = read_text(&places.record()).ok()??;
        serde_json::from_str(&text).ok()
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the file cannot be replaced.
    pub(crate) fn write(&self, places: &Places) -> Result<(), Error> {
        let text = serde_json::json!(self);
        Ok(files::write(
            &places.record(),
            format!("{text:#}\n").as_bytes(),
        )?)
    }
}
