//! Waiting for a job to end, woken by the kernel when a worker's lock is freed.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::{IoError, JobId};
use cc_jobs::{Job, Store, StoreError};

use crate::find::once_rewritten;

/// Blocks until the job has ended or `patience` is over; `None` waits without limit. Returns the job
/// afterwards.
///
/// # Errors
/// When the job is not there or cannot be read.
pub fn wait(store: &Store, id: &JobId, patience: Option<Duration>) -> Result<Job, StoreError> {
    wait_and(store, id, patience, &mut || Duration::MAX)
}

/// Waits like [`wait`], and calls `look` meanwhile, which says how long until the next call.
///
/// # Errors
/// When the job is not there or cannot be read.
pub fn wait_and(
    store: &Store,
    id: &JobId,
    patience: Option<Duration>,
    look: &mut dyn FnMut() -> Duration,
) -> Result<Job, StoreError> {
    let deadline = patience.map(|patience| Instant::now() + patience);
    loop {
        let (job, _) = once_rewritten(store, id, || store.read(id))?;
        if !job.state().is_active() {
            return Ok(job);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(job);
        }
        let ended = ended(store, id);
        let left = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let told = loop {
            let pause = look();
            match ended.recv_timeout(left().map_or(pause, |left| left.min(pause))) {
                Err(RecvTimeoutError::Timeout) if left().is_none_or(|left| !left.is_zero()) => {}
                told => break told,
            }
        };
        match told {
            Ok(result) => result?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => continue,
        }
        // It is still active and its worker is gone: stopping it failed, and nothing more will happen.
        let (job, _) = store.read(id)?;
        if job.state().is_active() && !store.is_alive(id)? {
            return Ok(job);
        }
    }
}

/// Sends once, when the worker of a job is gone. The thread that waits ends with the process.
#[must_use]
pub fn ended(store: &Store, id: &JobId) -> mpsc::Receiver<Result<(), StoreError>> {
    let (tell, told) = mpsc::channel();
    // Nobody listens any more if the patience was over first.
    tell_ended(store, id, move |result| drop(tell.send(result)));
    told
}

/// Calls `tell` once, when the worker of a job is gone, or at once if the system allows no more threads. The
/// thread that waits ends with the process.
pub fn tell_ended(
    store: &Store,
    id: &JobId,
    tell: impl Fn(Result<(), StoreError>) + Clone + Send + 'static,
) {
    let (store, id) = (store.clone(), id.clone());
    let path = store.dir().alive(&id);
    let waits = tell.clone();
    let thread = thread::Builder::new().spawn(move || {
        waits(store.wait_ended(&id).map_err(StoreError::from));
    });
    if let Err(error) = thread {
        let error = IoError::at("start a thread that waits for", &path)(error);
        tell(Err(error.into()));
    }
}
