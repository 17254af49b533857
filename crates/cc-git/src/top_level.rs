//! Finds the working tree of a directory without a call of git, which would slow down hooks.
//!
//! Follows the rules of git, so that both find the same repository.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use cc_core::fs::{canonical, open_regular};
use cc_core::{IoError, Workspace};

/// The canonical root of the working tree that `dir` is in.
///
/// `None` outside of git, in a bare repository and inside a `.git` directory. Does not start a process.
pub fn top_level(dir: &Path) -> Option<PathBuf> {
    let start = canonical(dir).ok()?;
    let device = device_of(&start);
    for dir in start.ancestors() {
        // Like git, the search ends where another file system begins.
        if device_of(dir) != device {
            return None;
        }
        match entry_of(&dir.join(".git")) {
            DotGit::Valid => return Some(dir.to_owned()),
            DotGit::Broken => return None,
            DotGit::Nothing => {}
        }
        if is_git_dir(dir) {
            return None;
        }
    }
    None
}

/// The workspace of jobs started in `dir`: the top level, or `dir` itself outside git.
///
/// # Errors
/// When `dir` does not exist or cannot be reached.
pub fn workspace(dir: &Path) -> Result<Workspace, IoError> {
    let root = match top_level(dir) {
        Some(root) => root,
        None => canonical(dir).map_err(IoError::at("resolve", dir))?,
    };
    Ok(Workspace::from_canonical(root))
}

/// The Git directory of the working tree at `root`, which has its index.
pub(crate) fn git_dir(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    if dot_git.is_file() {
        linked_dir(&dot_git)
    } else {
        Some(dot_git)
    }
}

/// The Git directories of the working tree at `root`, without links: its own, then the shared one if that
/// is different.
pub fn git_dirs(root: &Path) -> Vec<PathBuf> {
    let own = git_dir(root);
    let shared = own.as_deref().and_then(shared_dir);
    // What is the same is not resolved twice.
    let shared = shared.filter(|dir| Some(dir) != own.as_ref());
    let mut dirs: Vec<PathBuf> = [own, shared]
        .iter()
        .flatten()
        .filter_map(|dir| canonical(dir).ok())
        .collect();
    dirs.dedup();
    dirs
}

enum DotGit {
    Valid,
    /// A file that does not point to a repository: git stops here and does not search further up.
    Broken,
    Nothing,
}

fn entry_of(dot_git: &Path) -> DotGit {
    let Ok(meta) = fs::metadata(dot_git) else {
        return DotGit::Nothing;
    };
    if meta.is_file() {
        match linked_dir(dot_git) {
            Some(dir) if is_git_dir(&dir) => DotGit::Valid,
            _ => DotGit::Broken,
        }
    } else if meta.is_dir() && is_git_dir(dot_git) {
        DotGit::Valid
    } else {
        DotGit::Nothing
    }
}

/// The target of the `.git` file of a linked worktree or a submodule.
pub(crate) fn linked_dir(dot_git: &Path) -> Option<PathBuf> {
    let text = read_start(dot_git)?;
    let target = trim_end(text.strip_prefix(b"gitdir: ")?);
    Some(dot_git.parent()?.join(crate::repo_path::os_path(target)?))
}

/// The directory that linked worktrees share.
pub(crate) fn shared_dir(dir: &Path) -> Option<PathBuf> {
    match read_start(&dir.join("commondir")) {
        Some(text) => Some(dir.join(crate::repo_path::os_path(trim_end(&text))?)),
        None => Some(dir.to_owned()),
    }
}

/// Whether a directory has `HEAD`, and `objects` and `refs` in it or in the shared directory.
fn is_git_dir(dir: &Path) -> bool {
    if !is_head(&dir.join("HEAD")) {
        return false;
    }
    let Some(shared) = shared_dir(dir) else {
        return false;
    };
    can_be_entered(&shared.join("objects")) && can_be_entered(&shared.join("refs"))
}

/// Whether git accepts a path as a directory: it checks only the permission.
#[cfg(unix)]
fn can_be_entered(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|meta| meta.is_dir() || meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn can_be_entered(path: &Path) -> bool {
    path.exists()
}

fn is_head(path: &Path) -> bool {
    // A symbolic link was the first form of a symbolic ref; its target need not exist.
    if let Ok(target) = fs::read_link(path) {
        return target.starts_with("refs");
    }
    let Some(text) = read_start(path) else {
        return false;
    };
    if let Some(name) = text.strip_prefix(b"ref:") {
        return name.trim_ascii_start().starts_with(b"refs/");
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit());
    digits.count() >= 40
}

/// Reads the first bytes of a file; the files read here are small.
pub(crate) fn read_start(path: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let file = open_regular(path).ok()?;
    file.take(8 * 1024).read_to_end(&mut text).ok()?;
    Some(text)
}

pub(crate) fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !b"\r\n".contains(byte));
    &text[..end.map_or(0, |last| last + 1)]
}

#[cfg(unix)]
fn device_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|meta| meta.dev())
}

#[cfg(not(unix))]
fn device_of(_: &Path) -> Option<u64> {
    None
}
