//! A temporary index with all changes of a worktree.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use cc_core::IoError;
use tempfile::TempDir;

use crate::Error;
use crate::alias::is_alias;
use crate::extras::lfs;
use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::Runner;

/// Makes `inside` use a copy of the index in which no file is hidden: a file marked as unchanged
/// (`update-index --assume-unchanged`, `--skip-worktree`) may have changed. Files that a sparse checkout
/// left out stay hidden, or they would look deleted.
///
/// The index of the worktree is not changed or locked. The copy is removed with the returned directory.
pub(super) fn copy(inside: &mut Runner, git_dir: &Path) -> Result<TempDir, Error> {
    let dir = tempfile::Builder::new()
        .prefix("cc-index-")
        .tempdir_in(git_dir)
        .map_err(IoError::at("make a directory in", git_dir))?;
    let (own, copy) = (git_dir.join("index"), dir.path().join("index"));
    match copy_with_time(&own, &copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(IoError::at("copy", &own)(error).into());
        }
        _ => {}
    }
    inside.set_env("GIT_INDEX_FILE", &copy);
    // Files outside a sparse checkout are part of the change.
    inside.configure([("core.sparseCheckout".into(), "false".into())]);
    let tags = inside.long_call(&["ls-files", "-v", "-z"]).checked()?;
    let (mut unchanged, mut skipped) = (Vec::new(), Vec::new());
    for record in records(&tags) {
        let &[tag, b' ', ref path @ ..] = record else {
            continue;
        };
        let is_there = || {
            let file = RepoPath::new(path).below(inside.dir());
            file.is_some_and(|file| file.symlink_metadata().is_ok())
        };
        let line = [path, b"\0"].concat();
        if tag.is_ascii_lowercase() {
            unchanged.extend_from_slice(&line);
        }
        if tag.eq_ignore_ascii_case(&b'S') && is_there() {
            skipped.extend(line);
        }
    }
    for (flag, paths) in [
        ("--no-assume-unchanged", unchanged),
        ("--no-skip-worktree", skipped),
    ] {
        if !paths.is_empty() {
            let args = ["update-index", "-z", flag, "--stdin"];
            let call = inside.long_call(&args);
            call.input(GitInput::Bytes(&paths)).checked()?;
        }
    }
    Ok(dir)
}

/// Copies a file with its modification time: git compares the content of files that changed at the time
/// the index was written.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    let written = fs::metadata(from)?.modified()?;
    fs::copy(from, to)?;
    File::options().append(true).open(to)?.set_modified(written)
}

/// Adds all changes to the index. Returns the files that Git refuses, because their names lead to `.git` in some
/// file system.
///
/// Repositories inside are excluded: git would run another git there, with the programs of their
/// configuration, and it fails for those without a commit. So are LFS files that are unchanged.
pub(super) fn add_all(inside: &Runner) -> Result<Vec<RepoPath>, Error> {
    let staged = inside.long_call(&["ls-files", "--stage", "-z"]).checked()?;
    let submodules = records(&staged)
        .filter(|entry| entry.starts_with(b"160000 "))
        .filter_map(|entry| entry.splitn(2, |&byte| byte == b'\t').nth(1));
    let others = inside
        .long_call(&["ls-files", "--others", "--exclude-standard", "-z"])
        .checked()?;
    let disguised: Vec<_> = records(&others)
        .map(RepoPath::new)
        .filter(|path| path.folded().iter().any(|part| is_alias(part, ".git")))
        .collect();
    let repositories = records(&others).filter(|path| path.ends_with(b"/"));
    let mut specs = b":(top)\0".to_vec();
    let names = disguised.iter().map(RepoPath::as_bytes);
    for path in submodules.chain(repositories).chain(names) {
        specs.extend([b":(top,exclude,literal)", path, b"\0"].concat());
    }
    for path in lfs::unchanged(inside)? {
        specs.extend([b":(top,exclude,literal)", path.as_bytes(), b"\0"].concat());
    }
    let args = [
        "add",
        "--all",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
    ];
    let call = inside.long_call(&args);
    call.input(GitInput::Bytes(&specs)).checked()?;
    Ok(disguised)
}
