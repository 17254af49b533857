//! The lock that only one installer holds at a time.

use std::fs;
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use cc_core::fs::create_private_dir;
use cc_core::{Env, FileLock, IoError, LockError};

use crate::error::Error;
use crate::files::remove_ended_programs;
use crate::layout::Layout;

/// How long another installer may take.
const LOCK_PATIENCE: Duration = Duration::from_secs(120);

/// How often taking the lock may fail. Where nothing is installed, its last holder removes the file and its directory,
/// perhaps in the middle of our taking it: a directory that is gone again does not count.
const TRIES: usize = 20;

/// The time between two of them: Windows may take a moment to remove a file.
const PAUSE: Duration = Duration::from_millis(5);

/// The right to change things. Dropping it leaves nothing where nothing is installed.
#[must_use = "it is held until it is dropped"]
pub(crate) struct InstallLock {
    layout: Layout,
    held: Option<FileLock>,
}

/// Takes the lock, unless nothing is going to be changed, and removes what an earlier holder could only move away.
///
/// # Errors
/// When there is no home directory, it belongs to another user, or another installer keeps the lock.
pub(crate) fn acquire(env: &Env, dry_run: bool) -> Result<Option<InstallLock>, Error> {
    let layout = Layout::new(env, None)?;
    layout.check_owner(env)?;
    if dry_run {
        return Ok(None);
    }
    let lock = InstallLock::take(layout)?;
    remove_ended_programs(&lock.layout.temporary);
    Ok(Some(lock))
}

impl InstallLock {
    fn take(layout: Layout) -> Result<Self, LockError> {
        let path = layout.lock();
        let (begun, mut tries) = (Instant::now(), 0..TRIES);
        loop {
            let made = create_private_dir(&layout.cc()).map_err(LockError::from);
            let was_there = made.is_ok();
            let is_gone = |error: &IoError| was_there && error.source.kind() == ErrorKind::NotFound;
            match made.and_then(|()| FileLock::exclusive(&path, LOCK_PATIENCE)) {
                Ok(held) if held.is_at(&path) => {
                    return Ok(Self {
                        layout,
                        held: Some(held),
                    });
                }
                Err(LockError::Io(error))
                    if is_gone(&error) && begun.elapsed() < LOCK_PATIENCE
                        || tries.next().is_some() =>
                {
                    thread::sleep(PAUSE);
                }
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
    }
}

impl Drop for InstallLock {
    fn drop(&mut self) {
        if self.layout.record().exists() {
            return;
        }
        // Removed while it is held, so that it is not the one that the next installer has locked. The directory stays
        // where the user keeps something in it; a lock file does no harm.
        let _ = fs::remove_file(self.layout.lock());
        // Windows keeps the directory while the file is open.
        self.held = None;
        let _ = fs::remove_dir(self.layout.cc());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_at_a_time_also_where_each_leaves_no_trace() {
        let home = tempfile::tempdir().unwrap();
        let vars = [("HOME", home.path()), ("CODEX_HOME", home.path())];
        let layout = Layout::new(&Env::fixed("/", "/x", vars), None).unwrap();
        let at_work = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _lock = InstallLock::take(layout.clone()).unwrap();
                        assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!layout.cc().exists());
    }
}
