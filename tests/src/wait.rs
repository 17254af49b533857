//! Waiting for a condition instead of for a time.

use std::thread;
use std::time::{Duration, Instant};

/// Asks `probe` again and again until it gives a value.
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
