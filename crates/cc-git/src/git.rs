//! The git binary and the environment its calls get: built, not inherited.

use std::env::{join_paths, split_paths};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cc_core::Env;

use crate::Error;
use crate::top_level::{canonical, top_level};

/// Every `git` on the search path that is not part of a repository under review.
///
/// Relative and empty entries of the search path are left out: they would mean whatever lies in
/// the current directory.
#[derive(Clone, Debug)]
pub struct Git {
    search: Vec<PathBuf>,
    binaries: Vec<PathBuf>,
    vars: Vec<(OsString, OsString)>,
}

impl Git {
    /// Looks for git on the search path of `env`, outside of the work tree of its directory.
    ///
    /// # Errors
    /// [`Error::GitMissing`] where there is none.
    pub fn locate(env: &Env) -> Result<Self, Error> {
        let search: Vec<PathBuf> = env
            .var("PATH")
            .map(|path| split_paths(path).filter(|dir| dir.is_absolute()).collect())
            .unwrap_or_default();
        let name = if cfg!(windows) { "git.exe" } else { "git" };
        let git = Self {
            binaries: search
                .iter()
                .map(|dir| dir.join(name))
                .filter(|path| is_executable(path))
                .collect(),
            search,
            vars: env
                .vars()
                .iter()
                .filter(|(name, _)| is_inherited(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        };
        match top_level(&env.cwd) {
            Some(root) => git.outside(&root),
            None => git.outside_nothing(),
        }
    }

    /// The binary that will be called; absolute.
    pub fn path(&self) -> &Path {
        &self.binaries[0]
    }

    /// The same without binaries and search path entries that lie in `root`.
    pub(crate) fn outside(mut self, root: &Path) -> Result<Self, Error> {
        self.search.retain(|dir| !lies_in(dir, root));
        self.binaries.retain(|path| !lies_in(path, root));
        self.outside_nothing()
    }

    fn outside_nothing(self) -> Result<Self, Error> {
        if self.binaries.is_empty() {
            return Err(Error::GitMissing);
        }
        Ok(self)
    }

    /// The whole environment of a call, configuration apart.
    pub(crate) fn child_env(&self) -> Vec<(OsString, OsString)> {
        let path = join_paths(&self.search).unwrap_or_default();
        let fixed = [
            // Messages that we read, in the language that we read.
            ("LC_ALL", "C"),
            // No refresh of the index on the side.
            ("GIT_OPTIONAL_LOCKS", "0"),
            // Nothing is fetched, so nobody is asked for a password.
            ("GIT_NO_LAZY_FETCH", "1"),
            // The same for a git older than that variable (2.45): an empty list allows no transport.
            ("GIT_ALLOW_PROTOCOL", ""),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_PAGER", "cat"),
        ];
        let fixed = fixed.map(|(name, value)| (name.into(), value.into()));
        let mut vars = self.vars.clone();
        vars.push(("PATH".into(), path));
        vars.extend(fixed);
        vars
    }
}

/// Everything of git's own is dropped: a caller's `GIT_DIR`, `GIT_EXTERNAL_DIFF` or `GIT_TRACE`
/// would change what is reviewed, what is run or what is written.
fn is_inherited(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes().to_ascii_uppercase();
    !name.starts_with(b"GIT_")
        && !name.starts_with(b"LC_")
        && !matches!(name.as_slice(), b"PATH" | b"LANGUAGE" | b"LANG" | b"PAGER")
}

fn lies_in(path: &Path, root: &Path) -> bool {
    path.starts_with(root) || canonical(path).is_ok_and(|path| path.starts_with(root))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
