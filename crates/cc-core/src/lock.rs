//! Locks of the operating system on files: freed by the kernel when their holder ends, however it ends.
//!
//! A lock belongs to the open file, so a child that inherits the file keeps holding the lock:
//! [`FileLock::into_file`] and [`FileLock::inherited`] hand one from a launcher to its worker without a gap.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::IoError;
use crate::time::age;

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process held it all the time.
    #[error("lock `{}` is still held by another process after {}", path.display(), age(*waited))]
    Timeout {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// The lock file cannot be opened or locked.
    #[error(transparent)]
    Io(#[from] IoError),
}

/// An exclusive lock, held until dropped.
#[derive(Debug)]
#[must_use = "a lock is freed when it is dropped"]
pub struct FileLock(File);

impl FileLock {
    /// Takes the lock, making its file where needed, and waits up to `patience` for another holder.
    ///
    /// # Errors
    /// [`LockError::Timeout`] when it stays held, [`LockError::Io`] when it cannot be opened.
    pub fn exclusive(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let begun = Instant::now();
        let mut pause = Duration::from_micros(500);
        loop {
            // Who removes a lock file holds it; whoever opened it before has to open another one.
            if let Some(lock) = Self::try_exclusive(path)?.filter(|lock| lock.is_at(path)) {
                return Ok(lock);
            }
            let waited = begun.elapsed();
            if waited >= patience {
                return Err(LockError::Timeout {
                    path: path.to_owned(),
                    waited,
                });
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// When the lock file cannot be made, opened or locked; also when it is a link, no regular file, or
    /// that of another user.
    pub fn try_exclusive(path: &Path) -> Result<Option<Self>, IoError> {
        let taken = system::take(path).map_err(IoError::at("open lock", path))?;
        Ok(taken.map(Self))
    }

    /// Whether the locked file is still the one at `path`: where a holder removes it, whoever waited
    /// for it holds a lock that excludes no one.
    pub fn is_at(&self, path: &Path) -> bool {
        system::is_at(&self.0, path).unwrap_or(false)
    }

    /// Frees the lock. On Windows one that was [inherited](Self::inherited) stays until the process ends.
    pub fn release(self) {
        system::release(self.0);
    }

    /// Gives the locked file away, to be a child's standard input.
    pub fn into_file(self) -> File {
        self.0
    }

    /// The lock at `path` that this process inherited from its launcher as its standard input.
    ///
    /// # Errors
    /// When the standard input is not the file at `path`, or somebody else holds the lock.
    pub fn inherited(path: &Path) -> Result<Self, IoError> {
        let file = system::standard_input().map_err(IoError::at("take over lock", path))?;
        Self::adopt(file, path)
    }

    fn adopt(file: File, path: &Path) -> Result<Self, IoError> {
        let check = || {
            if !system::is_at(&file, path)? {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the inherited file is not this lock",
                ));
            }
            system::confirm(&file, path)
        };
        check().map_err(IoError::at("take over lock", path))?;
        Ok(Self(file))
    }
}

/// Whether some process holds the lock at `path`; a file that is not there is held by nobody.
///
/// Needs read access only.
///
/// # Errors
/// When the file is there but cannot be opened or probed.
pub fn is_held(path: &Path) -> Result<bool, IoError> {
    system::is_held(path).map_err(IoError::at("probe lock", path))
}

/// Blocks the thread until nobody holds the lock at `path`.
///
/// # Errors
/// When the file is there but cannot be opened or locked.
pub fn wait_released(path: &Path) -> Result<(), IoError> {
    system::wait_released(path).map_err(IoError::at("wait for lock", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Nobody holds the lock, but for a process that another test starts: it has copies for a moment.
    #[track_caller]
    fn assert_released(path: &Path) {
        let begun = Instant::now();
        while is_held(path).unwrap() {
            assert!(begun.elapsed() < PATIENCE, "`{}` is held", path.display());
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        assert!(!is_held(&path).unwrap(), "no file, no holder");
        let first = FileLock::try_exclusive(&path).unwrap().expect("free");
        assert!(is_held(&path).unwrap());
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
        let error = FileLock::exclusive(&path, Duration::from_millis(5)).unwrap_err();
        assert!(matches!(error, LockError::Timeout { .. }), "{error}");
        drop(first);
        assert_released(&path);
        drop(FileLock::exclusive(&path, PATIENCE).unwrap());
    }

    #[test]
    #[cfg(unix)]
    fn a_link_or_a_fifo_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("link"), dir.path().join("other"));
        std::fs::write(&other, "").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        let fifo = dir.path().join("fifo");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        for path in [&path, &fifo] {
            assert!(FileLock::try_exclusive(path).is_err());
            assert!(is_held(path).is_err() && wait_released(path).is_err());
            let open = File::options().read(true).write(true).open(path).unwrap();
            assert!(FileLock::adopt(open, path).is_err(), "{}", path.display());
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_on_a_file_that_was_replaced_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = FileLock::try_exclusive(&path).unwrap().expect("free");
        assert!(first.is_at(&path));
        std::fs::remove_file(&path).unwrap();
        assert!(!first.is_at(&path));
        let second = FileLock::try_exclusive(&path).unwrap().expect("another");
        assert!(second.is_at(&path) && !first.is_at(&path));
    }

    #[test]
    fn waiting_ends_when_the_holder_drops() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.alive");
        let held = FileLock::try_exclusive(&path).unwrap().unwrap();
        let waiter = thread::spawn({
            let path = path.clone();
            move || wait_released(&path)
        });
        drop(held);
        waiter.join().unwrap().unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_child_that_inherits_the_file_holds_the_lock() {
        use std::process::{Command, Stdio};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.alive");
        let lock = FileLock::try_exclusive(&path).unwrap().unwrap();
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::from(lock.into_file()))
            .spawn()
            .unwrap();
        assert!(is_held(&path).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_released(&path);
    }

    #[test]
    #[cfg(unix)]
    fn only_the_lock_itself_is_adopted() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("a"), dir.path().join("b"));
        let lock = FileLock::try_exclusive(&path).unwrap().unwrap();
        let other = FileLock::try_exclusive(&other).unwrap().unwrap();
        assert!(FileLock::adopt(other.into_file(), &path).is_err());
        assert!(
            FileLock::adopt(File::open(&path).unwrap(), &path).is_err(),
            "held by somebody else"
        );
        let adopted = FileLock::adopt(lock.into_file(), &path).unwrap();
        assert!(is_held(&path).unwrap());
        drop(adopted);
    }
}
