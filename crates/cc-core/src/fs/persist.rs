//! The last step of an atomic write: the new file takes the place of the old one.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

/// How long somebody may hold the old file.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// Puts `file` at `path`, and waits where somebody has the old file open on Windows.
///
/// # Errors
/// When the old file cannot be replaced; it is then as it was.
pub fn persist(mut file: NamedTempFile, path: &Path) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        let Err(failed) = file.persist(path) else {
            return Ok(());
        };
        if !is_held(&failed.error, path) || begun.elapsed() >= PATIENCE {
            return Err(failed.error);
        }
        file = failed.file;
        thread::sleep(PAUSE);
    }
}

/// Puts `file` at `path` without waiting for the disk: ext4 writes a file out at once when it is renamed over another
/// one, but not when the two are exchanged.
#[cfg(target_os = "linux")]
pub(super) fn persist_unflushed(file: NamedTempFile, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    let is_there = path.symlink_metadata().is_ok_and(|old| old.is_file());
    if is_there && renameat_with(CWD, file.path(), CWD, path, RenameFlags::EXCHANGE).is_ok() {
        // The temporary name has the old file now. If it cannot be removed, `sweep` does that.
        drop(file);
        return Ok(());
    }
    // There is nothing to replace, or the file system cannot do that.
    persist(file, path)
}

/// Only ext4 is known to need it.
#[cfg(not(target_os = "linux"))]
pub(super) fn persist_unflushed(file: NamedTempFile, path: &Path) -> io::Result<()> {
    persist(file, path)
}

/// Whether somebody was in the way for a moment: Windows replaces no file that a reader, another writer, an indexer or
/// a scanner has open.
#[cfg(windows)]
fn is_held(error: &io::Error, path: &Path) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    let is_busy = matches!(
        error.raw_os_error(),
        Some(ACCESS_DENIED | SHARING_VIOLATION)
    );
    is_busy && path.is_file()
}

#[cfg(not(windows))]
fn is_held(_: &io::Error, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{write_atomic, write_transient};
    use super::*;

    #[test]
    fn a_transient_file_takes_the_place_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn.json");
        for content in ["first", "second", "third"] {
            write_transient(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_in_the_way_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn.json");
        fs::create_dir(&path).unwrap();
        assert!(write_transient(&path, b"new").is_err());
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn who_holds_the_old_file_for_a_moment_does_not_spoil_a_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        fs::write(&path, "old").unwrap();
        let held = hold(&path);
        thread::scope(|scope| {
            let write = scope.spawn(|| write_atomic(&path, b"new"));
            thread::sleep(Duration::from_millis(100));
            drop(held);
            write.join().unwrap().unwrap();
        });
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn writers_at_once_all_succeed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        thread::scope(|scope| {
            let writes: Vec<_> = (0..4_u8)
                .map(|n| {
                    let path = &path;
                    scope.spawn(move || (0..20).try_for_each(|_| write_atomic(path, &[n; 9])))
                })
                .collect();
            writes
                .into_iter()
                .for_each(|it| it.join().unwrap().unwrap());
        });
        let content = fs::read(&path).unwrap();
        assert!(content.len() == 9 && content.iter().all(|byte| *byte == content[0]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    /// As a program that lets nobody else open it.
    #[cfg(windows)]
    fn hold(path: &Path) -> fs::File {
        use std::os::windows::fs::OpenOptionsExt;
        fs::OpenOptions::new()
            .read(true)
            .share_mode(0)
            .open(path)
            .unwrap()
    }

    #[cfg(not(windows))]
    fn hold(path: &Path) -> fs::File {
        fs::File::open(path).unwrap()
    }
}
