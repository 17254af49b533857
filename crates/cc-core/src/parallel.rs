//! Two things at once, where the system allows another thread.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Runs two functions at the same time, `other` on a thread of its own; one after the other where there
/// may be no more threads.
pub fn join<A, B: Send>(this: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    let other = Mutex::new(Some(other));
    let take = || other.lock().unwrap_or_else(PoisonError::into_inner).take();
    thread::scope(|scope| {
        let helper = thread::Builder::new().spawn_scoped(scope, || take().map(|other| other()));
        let this = this();
        let other = match helper {
            Ok(helper) => helper.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => take().map(|other| other()),
        };
        (
            this,
            other.expect("it is taken only once, by whoever runs it"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_results_come_back_in_their_order() {
        assert_eq!(join(|| 1, || "two"), (1, "two"));
    }
}
