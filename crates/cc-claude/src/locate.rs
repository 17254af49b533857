//! Finding the `claude` binary, never one that the workspace brought along.
//!
//! A checkout may be hostile: a `claude` in it, or reached through a PATH entry that is relative
//! or lies in it, would be the attacker's program run with the user's login.

use std::path::{Path, PathBuf};

use cc_core::Env;

/// The names of the binary, best first.
const NAMES: &[&str] = if cfg!(windows) {
    // npm leaves a `.cmd` beside no `.exe`; the native installer leaves an `.exe`.
    &["claude.exe", "claude.cmd"]
} else {
    &["claude"]
};

/// Why no `claude` was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// There is none.
    #[error("no `claude` was found{}", looked_in(looked_in_dirs))]
    NotFound {
        /// The directories searched, or the one configured path.
        looked_in_dirs: Vec<PathBuf>,
    },
    /// The only one lies in the workspace, which may not choose the program that reviews it.
    #[error("`{}` lies inside the workspace and is not trusted", path.display())]
    InsideWorkspace {
        /// The refused file.
        path: PathBuf,
    },
    /// The only one may not be executed.
    #[error("`{}` is not an executable file", path.display())]
    NotExecutable {
        /// The refused file.
        path: PathBuf,
    },
}

fn looked_in(dirs: &[PathBuf]) -> String {
    match dirs {
        [] => ": PATH has no directory outside the workspace".into(),
        [one] => format!(" at `{}`", one.display()),
        many => format!(" in the {} directories of PATH", many.len()),
    }
}

/// The `claude` binary, and the workspace that must not interfere with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claude {
    path: PathBuf,
    workspace: PathBuf,
}

impl Claude {
    /// Finds the binary: `configured`, else the first one on PATH that the workspace has no hand in.
    ///
    /// The path is absolute and not resolved further: launchers look at the name they are called by.
    ///
    /// # Errors
    /// When there is none, or every candidate was refused; the first refusal is told.
    pub fn locate(
        env: &Env,
        workspace: &Path,
        configured: Option<&Path>,
    ) -> Result<Self, LocateError> {
        let fence = Fence::new(env, workspace);
        let found = match configured {
            Some(path) => judge(&fence, env.absolute(path)),
            None => search(env, &fence),
        };
        found.map(|path| Self {
            path,
            workspace: workspace.to_owned(),
        })
    }

    /// The absolute path of the binary.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The workspace it was located for.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }
}

fn search(env: &Env, fence: &Fence) -> Result<PathBuf, LocateError> {
    let dirs = fence.search_path(env);
    let mut refused = None;
    for path in dirs
        .iter()
        .flat_map(|dir| NAMES.iter().map(move |name| dir.join(name)))
    {
        match judge(fence, path) {
            Ok(path) => return Ok(path),
            Err(LocateError::NotFound { .. }) => {}
            Err(error) => {
                refused.get_or_insert(error);
            }
        }
    }
    Err(refused
        .or_else(|| fence.refused_candidate(env))
        .unwrap_or(LocateError::NotFound {
            looked_in_dirs: dirs,
        }))
}

/// The first executable of that name on PATH which the workspace has no hand in.
pub fn find_on_path(env: &Env, workspace: &Path, program: &str) -> Option<PathBuf> {
    let fence = Fence::new(env, workspace);
    let candidates = fence.search_path(env).into_iter();
    let mut candidates = candidates.map(|dir| dir.join(program));
    candidates.find(|path| is_executable(path) && !fence.holds(path))
}

fn judge(fence: &Fence, path: PathBuf) -> Result<PathBuf, LocateError> {
    if !path.exists() {
        return Err(LocateError::NotFound {
            looked_in_dirs: vec![path],
        });
    }
    if fence.holds(&path) {
        return Err(LocateError::InsideWorkspace { path });
    }
    if !is_executable(&path) {
        return Err(LocateError::NotExecutable { path });
    }
    Ok(path)
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// The border of the workspace, as the file system sees it.
#[derive(Debug)]
pub(crate) struct Fence {
    roots: Vec<PathBuf>,
}

impl Fence {
    /// The border of `workspace`; there is none around a workspace that holds the home directory:
    /// then everything the user installed lies in it, and whoever writes there owns the shell
    /// start-up files too.
    pub(crate) fn new(env: &Env, workspace: &Path) -> Self {
        let canonical = resolve(workspace);
        let holds_home = env
            .home()
            .is_some_and(|home| resolve(home).starts_with(&canonical));
        let roots = if holds_home {
            Vec::new()
        } else {
            vec![canonical, workspace.to_owned()]
        };
        Self { roots }
    }

    /// Whether `path` lies in the workspace, by its name or by what its links lead to.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        let resolved = resolve(path);
        self.roots
            .iter()
            .any(|root| resolved.starts_with(root) || path.starts_with(root))
    }

    /// The entries of PATH that are absolute and outside the workspace, in their order.
    pub(crate) fn search_path(&self, env: &Env) -> Vec<PathBuf> {
        path_entries(env)
            .filter(|dir| dir.is_absolute() && !self.holds(dir))
            .collect()
    }

    /// A `claude` that the skipped entries of PATH would have given, to name it in the error.
    fn refused_candidate(&self, env: &Env) -> Option<LocateError> {
        path_entries(env)
            .map(|dir| env.absolute(&dir))
            .filter(|dir| self.holds(dir))
            .flat_map(|dir| NAMES.iter().map(move |name| dir.join(name)))
            .find(|path| path.is_file())
            .map(|path| LocateError::InsideWorkspace { path })
    }
}

fn path_entries(env: &Env) -> impl Iterator<Item = PathBuf> {
    env.var("PATH")
        .map(|path| std::env::split_paths(path).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
}

/// `path` with its links followed as far as it exists, so that a directory made later cannot be
/// smuggled past the fence.
fn resolve(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|known| {
            let resolved = known.canonicalize().ok()?;
            let rest = path.strip_prefix(known).ok()?;
            Some(if rest.as_os_str().is_empty() {
                resolved
            } else {
                resolved.join(rest)
            })
        })
        .unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests;
