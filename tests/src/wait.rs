//! Waiting for a condition instead of for a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Calls `probe` repeatedly until it returns a value.
///
/// # Panics
/// When `timeout` passes first, naming `what` was awaited.
#[track_caller]
pub fn eventually<T>(timeout: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(begun.elapsed() < timeout, "not within {timeout:?}: {what}");
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(25));
    }
}

/// A value whose changes other threads can wait for.
#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    /// Locks the value.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value and wakes all waiters.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `probe` returns a value; `None` if `timeout` passes first.
    pub(crate) fn wait<R>(&self, timeout: Duration, probe: impl Fn(&T) -> Option<R>) -> Option<R> {
        let until = Instant::now() + timeout;
        let mut value = self.lock();
        loop {
            if let Some(found) = probe(&value) {
                return Some(found);
            }
            let left = until.checked_duration_since(Instant::now())?;
            let woken = self.changed.wait_timeout(value, left);
            value = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
