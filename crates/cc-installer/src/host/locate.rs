//! Finding the `codex` binary, never one that the current workspace brought along.

use std::path::{Path, PathBuf};

use cc_core::Env;

use crate::place::Workspace;

/// The names of the binary, best first.
const NAMES: &[&str] = if cfg!(windows) {
    &["codex.exe", "codex.cmd"]
} else {
    &["codex"]
};

/// Why no `codex` was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LocateError {
    /// There is none.
    #[error("no `codex` was found on the PATH")]
    NotFound,
    /// The path that was asked for leads to no program.
    #[error("`{}` is not an executable file", path.display())]
    NotExecutable {
        /// The path.
        path: PathBuf,
    },
    /// The only one lies in the workspace, which may not choose the program that is set up.
    #[error("`{}` lies inside the current workspace and is not trusted", path.display())]
    InsideWorkspace {
        /// The refused file.
        path: PathBuf,
    },
}

/// The binary: `asked` if it is one, else the first on PATH that the workspace has no hand in.
///
/// # Errors
/// When there is none, or only refused ones.
pub(crate) fn locate(
    env: &Env,
    workspace: &Workspace,
    asked: Option<&Path>,
) -> Result<PathBuf, LocateError> {
    if let Some(path) = asked {
        // The user named it: that is trust enough, wherever it lies.
        let path = env.absolute(path);
        return if is_executable(&path) {
            Ok(path)
        } else {
            Err(LocateError::NotExecutable { path })
        };
    }
    let dirs = env
        .var("PATH")
        .map(|path| std::env::split_paths(path).collect::<Vec<_>>());
    let mut refused = LocateError::NotFound;
    for dir in dirs.unwrap_or_default() {
        for path in NAMES.iter().map(|name| env.absolute(&dir).join(name)) {
            if !is_executable(&path) {
                continue;
            }
            if dir.is_absolute() && !workspace.holds(&path) {
                return Ok(path);
            }
            refused = LocateError::InsideWorkspace { path };
        }
    }
    Err(refused)
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_of_the_workspace_is_never_taken() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let program = |dir: &str| {
            let dir = root.join(dir);
            fs::create_dir_all(&dir).unwrap();
            let path = dir.join("codex");
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let (inside, outside) = (program("repo/bin"), program("usr/bin"));
        fs::create_dir_all(root.join("repo/.git")).unwrap();
        let find = |path: &str, asked: Option<&Path>| {
            let path = path.replace('@', root.to_str().unwrap());
            let env = Env::fixed(root.join("repo"), "/x", [("PATH", path)]);
            locate(&env, &Workspace::around(&env), asked)
        };
        assert_eq!(find("@/repo/bin:bin:@/usr/bin", None), Ok(outside));
        assert_eq!(
            find("bin", None),
            Err(LocateError::InsideWorkspace {
                path: inside.clone()
            })
        );
        assert_eq!(find("@/nothing", None), Err(LocateError::NotFound));
        assert_eq!(find("", Some(Path::new("bin/codex"))), Ok(inside));
        assert_eq!(
            find("", Some(Path::new("x"))),
            Err(LocateError::NotExecutable {
                path: root.join("repo/x")
            })
        );
    }
}
