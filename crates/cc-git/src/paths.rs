//! Paths that narrow a selection: from the user to the repository, and to git.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use cc_core::fs::canonical;
use cc_core::text::one_line;

use crate::repo_path::RepoPath;
use crate::{Error, Repository};

impl Repository {
    /// Converts paths from the user to paths in the repository; empty if one of them is the root.
    pub(crate) fn resolve_paths(&self, paths: &[PathBuf]) -> Result<Vec<RepoPath>, Error> {
        let mut resolved = Vec::new();
        for path in paths {
            let inside = self.inside(path).ok_or_else(|| Error::PathOutside {
                path: one_line(&path.to_string_lossy(), 200),
                root: self.root().to_owned(),
            })?;
            if inside.as_os_str().is_empty() {
                return Ok(Vec::new());
            }
            resolved.push(RepoPath::from_os(&inside));
        }
        resolved.sort();
        resolved.dedup();
        Ok(resolved)
    }

    /// Converts a path to one relative to the root. Its last part may be a link, and need not exist.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let absolute = without_dots(&self.cwd.join(path))?;
        if let Ok(inside) = absolute.strip_prefix(self.root()) {
            return Some(inside.to_owned());
        }
        // The path may go through a link outside the repository, such as `/tmp` on macOS.
        if canonical(&absolute).is_ok_and(|path| path == self.root()) {
            return Some(PathBuf::new());
        }
        absolute.ancestors().skip(1).find_map(|ancestor| {
            let real = canonical(ancestor).ok()?;
            let rest = absolute.strip_prefix(ancestor).ok()?;
            Some(real.join(rest).strip_prefix(self.root()).ok()?.to_owned())
        })
    }
}

/// `--` and the pathspecs of `paths`.
pub(crate) fn pathspecs(paths: &[RepoPath]) -> Vec<OsString> {
    let specs = paths.iter().filter_map(RepoPath::pathspec);
    ["--".into()].into_iter().chain(specs).collect()
}

/// Removes `.` and `..` without looking at the file system; `None` above the root.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            part => plain.push(part),
        }
    }
    Some(plain)
}
