//! Every change of a work tree, taken into an index that is ours alone.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use cc_core::IoError;
use tempfile::TempDir;

use crate::Error;
use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::Runner;

/// Gives `inside` an index of its own, a copy in which no file is hidden: what is marked as
/// unchanged (`update-index --assume-unchanged`, `--skip-worktree`) may be changed all the same.
/// Those that a sparse checkout left out stay hidden, or they would look deleted.
///
/// The work tree's own index stays as it is, and its lock does not matter. The copy goes with what is returned.
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
    // What lies outside of a sparse checkout is part of the change, too.
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

/// Git compares the content of a file that was changed in the moment in which the index was
/// written, so that moment belongs to the copy.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    let written = fs::metadata(from)?.modified()?;
    fs::copy(from, to)?;
    File::options().append(true).open(to)?.set_modified(written)
}

/// Takes every change into the index.
///
/// Repositories inside are left out: git would run another git there, with all that their
/// configuration names, and it fails for those without a commit.
pub(super) fn add_all(inside: &Runner) -> Result<(), Error> {
    let staged = inside.long_call(&["ls-files", "--stage", "-z"]).checked()?;
    let submodules = records(&staged)
        .filter(|entry| entry.starts_with(b"160000 "))
        .filter_map(|entry| entry.splitn(2, |&byte| byte == b'\t').nth(1));
    let others = inside
        .long_call(&["ls-files", "--others", "--exclude-standard", "-z"])
        .checked()?;
    let repositories = records(&others).filter(|path| path.ends_with(b"/"));
    let mut specs = b":(top)\0".to_vec();
    for path in submodules.chain(repositories) {
        specs.extend([b":(top,exclude,literal)", path, b"\0"].concat());
    }
    let args = [
        "add",
        "--all",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
    ];
    let call = inside.long_call(&args);
    call.input(GitInput::Bytes(&specs)).checked().map(drop)
}
