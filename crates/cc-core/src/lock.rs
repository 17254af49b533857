//! Locks of the operating system on files: freed by the kernel when their holder ends, however it ends.
//!
//! On Unix a lock belongs to the open file, so a child that inherits the file holds the lock on;
//! [`FileLock::into_file`] and [`FileLock::adopt`] hand one from a launcher to its worker without a gap.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::IoError;
use crate::fs::{is_ours, open_own, open_own_with};

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process held it all the time.
    #[error("lock `{}` is still held by another process after {}s", path.display(), waited.as_secs())]
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
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = open_own_with(options, path).map_err(IoError::at("open lock", path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(IoError::at("lock", path)(error)),
        }
    }

    /// Whether the locked file is still the one at `path`: where a holder removes it, whoever waited
    /// for it holds a lock that excludes no one.
    pub fn is_at(&self, path: &Path) -> bool {
        match cfg!(unix) {
            true => same_file(&self.0, path).unwrap_or(false),
            false => path.exists(),
        }
    }

    /// Frees the lock, also where the open file was inherited and stays open elsewhere in this process.
    pub fn release(self) {
        // What cannot be unlocked is freed with the process.
        let _ = self.0.unlock();
    }

    /// Gives the locked file away, to be a child's standard input.
    pub fn into_file(self) -> File {
        self.0
    }

    /// Takes over a file inherited from a launcher, if it is `path` and locked by that inheritance.
    ///
    /// # Errors
    /// When `file` is not the file at `path`, or somebody else holds the lock.
    pub fn adopt(file: File, path: &Path) -> Result<Self, IoError> {
        let check = || {
            let not_ours = || {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the inherited file is not this lock",
                )
            };
            if !same_file(&file, path)? {
                return Err(not_ours());
            }
            file.try_lock().map_err(io::Error::from)
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
    let Some(file) = open_to_probe(path)? else {
        return Ok(false);
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(IoError::at("probe lock", path)(error)),
    }
}

/// Blocks the thread until nobody holds the lock at `path`.
///
/// # Errors
/// When the file is there but cannot be opened or locked.
pub fn wait_released(path: &Path) -> Result<(), IoError> {
    let Some(file) = open_to_probe(path)? else {
        return Ok(());
    };
    file.lock_shared()
        .map_err(IoError::at("wait for lock", path))
}

fn open_to_probe(path: &Path) -> Result<Option<File>, IoError> {
    match open_own(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(IoError::at("open lock", path)(error)),
    }
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    // A link to whatever we have open would be the same file.
    let (ours, theirs) = (file.metadata()?, std::fs::symlink_metadata(path)?);
    let is_same = (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino());
    Ok(is_same && theirs.is_file() && is_ours(&theirs))
}

#[cfg(not(unix))]
fn same_file(_: &File, _: &Path) -> io::Result<bool> {
    Ok(false)
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
