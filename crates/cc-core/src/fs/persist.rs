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

/// Puts `file` at `path`.
pub(super) fn persist(mut file: NamedTempFile, path: &Path) -> io::Result<()> {
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

    use super::super::write_atomic;
    use super::*;

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
