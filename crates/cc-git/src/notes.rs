//! What Codex and we note in the working tree, which is nobody's work: where a home directory is a
//! repository, it changes with every turn.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cc_core::fs::resolve;
use cc_core::paths::codex_home;
use cc_core::{DataDir, Env};

use crate::repo_path::RepoPath;

/// Where notes are kept, links followed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Our data directory: no file in it is the user's work.
    data: Option<PathBuf>,
    /// Codex's directory: its untracked files are no work either.
    codex: Option<PathBuf>,
}

impl Notes {
    pub(crate) fn of(env: &Env) -> Self {
        Self {
            data: DataDir::locate(env).map(|data| resolve(data.root())),
            codex: codex_home(env).map(|dir| resolve(&dir)),
        }
    }

    /// Whether an untracked file of the working tree at `root` is one that Codex notes for itself.
    pub(crate) fn is_codex(&self, root: &Path, path: &RepoPath) -> bool {
        let dir = self.codex.as_deref();
        let dir = dir.and_then(|dir| below(root, dir));
        dir.is_some_and(|dir| {
            let rest = path.as_bytes().strip_prefix(dir.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    /// Whether Codex's directory lies in the working tree at `root`.
    pub(crate) fn has_codex(&self, root: &Path) -> bool {
        let dir = self.codex.as_deref();
        dir.is_some_and(|dir| dir.starts_with(root))
    }

    /// What leaves our notes out of a call of Git.
    pub(crate) fn excluding_pathspec(&self, root: &Path) -> Option<OsString> {
        below(root, self.data.as_deref()?)?.excluding_pathspec()
    }
}

/// `dir` as a path below `root`; `None` for the root itself and for what lies elsewhere.
fn below(root: &Path, dir: &Path) -> Option<RepoPath> {
    let inside = dir.strip_prefix(root).ok()?;
    (!inside.as_os_str().is_empty()).then(|| RepoPath::from_os(inside))
}
