//! Locks by `flock`.

use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::fs::{is_ours, open_own, open_own_with};

/// The locked file; `None` where somebody holds the lock.
pub(super) fn take(path: &Path) -> io::Result<Option<File>> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600);
    let file = open_own_with(options, path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

pub(super) fn is_held(path: &Path) -> io::Result<bool> {
    let Some(file) = open_to_probe(path)? else {
        return Ok(false);
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

pub(super) fn wait_released(path: &Path) -> io::Result<()> {
    match open_to_probe(path)? {
        Some(file) => file.lock_shared(),
        None => Ok(()),
    }
}

fn open_to_probe(path: &Path) -> io::Result<Option<File>> {
    match open_own(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `file` is the one at `path`, and one of our own.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    // A link to whatever we have open would be the same file.
    let (ours, theirs) = (file.metadata()?, std::fs::symlink_metadata(path)?);
    let is_same = (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino());
    Ok(is_same && theirs.is_file() && is_ours(&theirs))
}

pub(super) fn standard_input() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Makes sure that `file`, the one at the path, has the lock.
pub(super) fn confirm(file: &File, _: &Path) -> io::Result<()> {
    Ok(file.try_lock()?)
}

/// Also where the file was inherited and stays open elsewhere in this process.
pub(super) fn release(file: File) {
    // What cannot be unlocked is freed with the process.
    let _ = file.unlock();
}
