//! A directory of its own for the commands of a sandboxed rescue, and what their shells run first.

mod caches;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use cc_core::fs::create_private_dir;
use cc_core::{Env, IoError};

/// Makes `dir` for commands that work in `root` and may write in `writable`. Returns the variables that
/// they need.
pub(super) fn make(
    env: &Env,
    dir: &Path,
    root: &Path,
    writable: &[PathBuf],
) -> Result<Vec<(OsString, OsString)>, IoError> {
    // A worker that was killed leaves its own.
    remove(Some(dir));
    create_private_dir(dir)?;
    let mut variables = caches::make(env, dir, writable);
    variables.extend(shell_variables(dir, root)?);
    Ok(variables)
}

/// Makes `dir` with caches alone. Returns the variables that name them.
#[cfg(target_os = "linux")]
pub(crate) fn caches(env: &Env, dir: &Path) -> Result<Vec<(OsString, OsString)>, IoError> {
    remove(Some(dir));
    create_private_dir(dir)?;
    Ok(caches::make(env, dir, &[]))
}

/// The directories of a setting, with the home directory in place of `~`.
pub(crate) fn writable(env: &Env, paths: &[String]) -> Vec<PathBuf> {
    let full = |path: &String| match path.strip_prefix("~/") {
        Some(name) => Some(env.home()?.join(name)),
        None => Some(PathBuf::from(path)),
    };
    paths.iter().filter_map(full).collect()
}

/// Removes it, as far as that is possible.
pub(crate) fn remove(dir: Option<&Path>) {
    if let Some(dir) = dir {
        let _ = fs::remove_dir_all(dir);
    }
}

/// Has each shell of Claude Code keep the sandbox's placeholders from Git.
#[cfg(target_os = "linux")]
fn shell_variables(dir: &Path, root: &Path) -> Result<Vec<(OsString, OsString)>, IoError> {
    let script = dir.join("before-command.sh");
    cc_core::fs::write_atomic(&script, include_bytes!("placeholders.sh"))?;
    Ok(vec![
        ("CLAUDE_ENV_FILE".into(), script.into()),
        ("CC_SCRATCH".into(), dir.into()),
        ("CC_SANDBOX_ROOT".into(), as_mount_point(root)),
    ])
}

/// Other sandboxes have no placeholders.
#[cfg(not(target_os = "linux"))]
fn shell_variables(_: &Path, _: &Path) -> Result<Vec<(OsString, OsString)>, IoError> {
    Ok(Vec::new())
}

/// A path as the kernel lists it among the mounts.
#[cfg(target_os = "linux")]
fn as_mount_point(path: &Path) -> OsString {
    let mut text = Vec::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => text.extend(format!("\\{byte:03o}").bytes()),
            _ => text.push(byte),
        }
    }
    std::os::unix::ffi::OsStringExt::from_vec(text)
}
