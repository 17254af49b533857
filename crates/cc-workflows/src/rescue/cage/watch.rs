//! The protected paths of a run, compared with what was there before: by its worker at the end, or by whoever finds
//! that the worker was killed.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::fs::read_bounded;
use cc_core::text::one_line;
use serde::{Deserialize, Serialize};

use super::snapshot::PathSnapshot;

/// The most changed paths that are named.
const NAMED: usize = 10;

/// The name of the file in the directory of the starter, which commands cannot write.
const FILE: &str = "before.json";

/// The largest such file, in bytes; five thousand entries take less than a megabyte.
const LIMIT: u64 = 16 << 20;

/// The protected paths of one working tree, and what was there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProtectedWatch {
    #[serde(with = "cc_core::os_text")]
    pub(super) root: PathBuf,
    /// What must not be written; absolute, existing or not.
    #[serde(with = "cc_core::os_text")]
    pub(super) read_only: Vec<PathBuf>,
    /// Directories that must stay where they are, because protected paths lie in them.
    #[serde(with = "cc_core::os_text")]
    pub(super) in_place: Vec<PathBuf>,
    #[serde(with = "cc_core::os_text")]
    pub(super) absent: Vec<PathBuf>,
    /// What of all that did not exist, each by its first part that did not.
    #[serde(with = "cc_core::os_text")]
    pub(super) missing: Vec<PathBuf>,
    pub(super) has_repository: bool,
    pub(super) before: PathSnapshot,
}

impl ProtectedWatch {
    /// Notes what is there now.
    pub(super) fn begin(&mut self) {
        self.before = self.snapshot();
    }

    /// Keeps it in `dir`, for who finds that this process was killed.
    #[cfg(any(target_os = "linux", all(test, unix)))]
    pub(super) fn save(&self, dir: &Path) -> Result<(), cc_core::IoError> {
        let file = dir.join(FILE);
        let text = serde_json::to_vec(self).map_err(std::io::Error::from);
        let text = text.map_err(cc_core::IoError::at("write", &file))?;
        cc_core::fs::write_atomic(&file, &text)
    }

    /// What was kept in `dir`; `None` if nothing was.
    pub(crate) fn load(dir: &Path) -> Option<Self> {
        let text = read_bounded(&dir.join(FILE), LIMIT).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn snapshot(&self) -> PathSnapshot {
        let paths = self.read_only.iter().chain(&self.absent);
        let mut snapshot = PathSnapshot::take(paths, &self.in_place);
        if !self.has_repository {
            snapshot.add_repositories(&self.root);
        }
        snapshot
    }

    /// What of it changed since the beginning, whoever did it: at most ten paths, relative to the root where
    /// they lie in it, and how many more.
    pub(crate) fn changes(&self) -> Vec<String> {
        let changed = self.before.changes(&self.snapshot());
        for path in &self.absent {
            cc_git::put_aside(path);
        }
        self.remove_placeholders();
        let more = changed.len().saturating_sub(NAMED);
        let names = changed.iter().take(NAMED).map(|path| self.name(path));
        let more = (more > 0).then(|| format!("{more} more"));
        names.chain(more).collect()
    }

    /// Removes what the sandbox made to mount over: empty directories, and empty files that nobody can write.
    fn remove_placeholders(&self) {
        for path in &self.missing {
            // What cannot be removed, such as a directory with something in it, stays.
            let _ = match path.symlink_metadata() {
                Ok(meta) if meta.is_dir() => fs::remove_dir(path),
                Ok(meta) if meta.is_file() && meta.len() == 0 && meta.permissions().readonly() => {
                    fs::remove_file(path)
                }
                _ => Ok(()),
            };
        }
    }

    /// A path as people read it.
    pub(super) fn name(&self, path: &Path) -> String {
        let name = path.strip_prefix(&self.root).unwrap_or(path);
        one_line(&name.to_string_lossy(), 200)
    }
}

/// What it means that protected files changed.
pub(crate) fn told(changes: &[String]) -> String {
    let changes = changes.join(", ");
    format!("files that Git, Codex or editors run were changed during the rescue: {changes}")
}
