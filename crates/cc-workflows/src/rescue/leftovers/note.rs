//! What is noted of a directory before the sandbox runs, as the job's record keeps it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Claude Code's own directory in a working tree.
pub(super) const CLAUDE: &str = ".claude";

/// The most entries of one directory that are looked at.
pub(super) const ENTRIES: usize = 200_000;

/// One directory in which the sandbox may leave something, and what lay in it before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Leftovers {
    #[serde(with = "cc_core::os_text")]
    pub(super) root: PathBuf,
    /// In records of earlier versions: names of a list that were not there, and all that is known.
    #[serde(default)]
    pub(super) absent: Vec<String>,
    /// With them: what lay in `.claude`.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(super) beside: Vec<PathBuf>,
    #[serde(flatten)]
    pub(super) before: Option<Before>,
}

/// What was there before the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Before {
    #[serde(rename = "place")]
    pub(super) may_go: MayGo,
    /// Whether the directory itself was there.
    pub(super) existed: bool,
    /// The names in it that may matter; see [`MayGo::concerns`].
    #[serde(with = "cc_core::os_text")]
    pub(super) names: Vec<PathBuf>,
}

/// What of a directory's new entries may go. Records name the kind of directory instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum MayGo {
    /// Masks with hidden names: in the root of a working tree.
    #[serde(rename = "workTree")]
    HiddenMasks,
    /// Masks, and directories without a file: in `.claude`.
    #[serde(rename = "claude")]
    MasksAndHollowDirs,
    /// All that is empty, and abandoned locks: in Git's directories.
    #[serde(rename = "git")]
    EmptyAndLocks,
}

impl MayGo {
    /// Whether an entry of that name can be a leftover at all.
    pub(super) fn concerns(self, name: &Path) -> bool {
        self != Self::HiddenMasks || name.as_os_str().as_encoded_bytes().starts_with(b".")
    }
}
