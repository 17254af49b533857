//! Collecting what a program prints while it runs.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The output of a pipe, collected by a thread.
#[derive(Debug)]
pub(super) struct Capture(Arc<(Mutex<Said>, Condvar)>);

#[derive(Debug, Default)]
pub(super) struct Said {
    bytes: Vec<u8>,
    pub(super) closed: bool,
}

impl Said {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Capture {
    pub(super) fn nothing() -> Self {
        Self::of(std::io::empty())
    }

    pub(super) fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Said::default()), Condvar::new()));
        let capture = Self(Arc::clone(&shared));
        thread::spawn(move || {
            let mut part = [0; 64 * 1024];
            loop {
                let length = pipe.read(&mut part).unwrap_or(0);
                let mut said = lock(&shared.0);
                said.bytes.extend_from_slice(&part[..length]);
                said.closed = length == 0;
                shared.1.notify_all();
                if said.closed {
                    return;
                }
            }
        });
        capture
    }

    pub(super) fn text(&self) -> String {
        lock(&self.0.0).text()
    }

    /// Waits until `probe` holds; false when `timeout` passes first.
    pub(super) fn wait(&self, timeout: Duration, probe: impl Fn(&Said) -> bool) -> bool {
        let said = lock(&self.0.0);
        let woken = self
            .0
            .1
            .wait_timeout_while(said, timeout, |said| !probe(said));
        let (said, _) = woken.unwrap_or_else(PoisonError::into_inner);
        probe(&said)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
