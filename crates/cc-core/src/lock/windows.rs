//! Locks by share modes: who holds a lock has its file open and lets nobody else read or write it.
//!
//! A lock by `LockFileEx` belongs to one process and ends with it; a share mode belongs to the open file, which
//! a child can inherit.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::thread;
use std::time::Duration;

use same_file::Handle;

use crate::fs::{open_own, open_own_with};

/// The file can be removed and renamed while it is open.
const FILE_SHARE_DELETE: u32 = 4;
const FILE_SHARE_ALL: u32 = 7;
/// Access that no share mode refuses.
const FILE_READ_ATTRIBUTES: u32 = 0x80;
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
/// Somebody has the file open, and does not share it.
const ERROR_SHARING_VIOLATION: i32 = 32;

/// How often and how long a taker waits for somebody who only looks: one of our own readers, a virus scanner.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(2);

/// Between two looks at a lock whose release is waited for.
const POLL: Duration = Duration::from_millis(20);

/// The locked file; `None` where somebody holds the lock.
pub(super) fn take(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options.share_mode(FILE_SHARE_DELETE);
        match open_own_with(options, path) {
            Ok(file) => return Ok(Some(file)),
            Err(error) if !is_shared_badly(&error) => return Err(error),
            Err(_) => thread::sleep(PAUSE),
        }
    }
    Ok(None)
}

pub(super) fn is_held(path: &Path) -> io::Result<bool> {
    match open_own(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if is_shared_badly(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

pub(super) fn wait_released(path: &Path) -> io::Result<()> {
    while is_held(path)? {
        thread::sleep(POLL);
    }
    Ok(())
}

fn is_shared_badly(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ERROR_SHARING_VIOLATION)
}

/// Whether `file` is the one at `path`, and no link.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let theirs = OpenOptions::new()
        .access_mode(FILE_READ_ATTRIBUTES)
        .share_mode(FILE_SHARE_ALL)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)?;
    let is_file = theirs.metadata()?.is_file();
    let ours = Handle::from_file(file.try_clone()?)?;
    Ok(is_file && ours == Handle::from_file(theirs)?)
}

pub(super) fn standard_input() -> io::Result<File> {
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// Makes sure that `file`, the one at the path, has the lock: a file that was opened otherwise does not keep
/// others from reading.
pub(super) fn confirm(_: &File, path: &Path) -> io::Result<()> {
    match is_held(path)? {
        true => Ok(()),
        false => Err(io::Error::other("the inherited file is not locked")),
    }
}

pub(super) fn release(file: File) {
    drop(file);
}
