//! The `claude` binary, and the workspace that must not interfere with it.

use std::path::{Path, PathBuf};

use cc_core::program::SearchPath;
use cc_core::{Env, LocateError};

/// The `claude` binary, and the workspace that must not interfere with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claude {
    path: PathBuf,
    workspace: PathBuf,
}

impl Claude {
    /// Finds the binary: `configured`, else the first one on PATH outside of `workspace`.
    ///
    /// # Errors
    /// When there is none, or every candidate was refused; names the first refused one.
    pub fn locate(
        env: &Env,
        workspace: &Path,
        configured: Option<&Path>,
    ) -> Result<Self, LocateError> {
        let search = SearchPath::outside(env, workspace);
        let path = match configured.map(|path| env.absolute(path)) {
            Some(path) if path.exists() => search.accept(path),
            Some(path) => Err(LocateError::NotFound {
                program: "claude".into(),
                looked_in_dirs: vec![path],
            }),
            None => search.find("claude"),
        };
        path.map(|path| Self {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_configured_path_is_judged_alike() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["w", "a"] {
            fs::create_dir(at(name)).unwrap();
        }
        let program = |name: &str| {
            fs::write(at(name), "").unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(0o755)).unwrap();
            at(name)
        };
        let env = Env::fixed(at("w"), "/bin/cc", [("HOME", at("h"))]);
        let locate =
            |path: &Path| Claude::locate(&env, &at("w"), Some(path)).map(|claude| claude.path);
        let good = program("a/other-name");
        assert_eq!(locate(&good), Ok(good.clone()));
        let missing = at("a/missing");
        assert_eq!(
            locate(&missing),
            Err(LocateError::NotFound {
                program: "claude".into(),
                looked_in_dirs: vec![missing.clone()]
            })
        );
        let inside = program("w/claude");
        let refused = Err(LocateError::InsideWorkspace { path: inside });
        assert_eq!(locate(Path::new("claude")), refused, "relative to the cwd");
        assert_eq!(
            locate(&at("a")),
            Err(LocateError::NotExecutable { path: at("a") })
        );
    }
}
