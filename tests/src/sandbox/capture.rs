//! Captures the output of a program while it runs.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The output of a pipe, read by a thread.
#[derive(Debug)]
pub(super) struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Debug, Default)]
pub(super) struct Captured {
    bytes: Vec<u8>,
    pub(super) closed: bool,
}

impl Captured {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Capture {
    pub(super) fn empty() -> Self {
        Self::of(std::io::empty())
    }

    pub(super) fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Captured::default()), Condvar::new()));
        let capture = Self(Arc::clone(&shared));
        thread::spawn(move || {
            let mut part = [0; 64 * 1024];
            loop {
                let length = pipe.read(&mut part).unwrap_or(0);
                let mut captured = lock(&shared.0);
                captured.bytes.extend_from_slice(&part[..length]);
                captured.closed = length == 0;
                shared.1.notify_all();
                if captured.closed {
                    return;
                }
            }
        });
        capture
    }

    pub(super) fn text(&self) -> String {
        lock(&self.0.0).text()
    }

    /// Waits until `probe` holds; false if `timeout` passes first.
    pub(super) fn wait(&self, timeout: Duration, probe: impl Fn(&Captured) -> bool) -> bool {
        let captured = lock(&self.0.0);
        let woken = self
            .0
            .1
            .wait_timeout_while(captured, timeout, |captured| !probe(captured));
        let (captured, _) = woken.unwrap_or_else(PoisonError::into_inner);
        probe(&captured)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
