//! The request to stop a job: a signal to its worker, or an event on Windows; and the removal of the job.

use std::io;
use std::sync::Arc;

use cc_core::process::Signal;
#[cfg(windows)]
use cc_core::process::StopEvent;
use cc_core::{JobId, Proc};
use tokio::sync::Notify;

/// Asks the worker of a job to stop.
///
/// # Errors
/// When the operating system refuses.
#[cfg(unix)]
pub(crate) fn ask_to_stop(_: &JobId, worker: &Proc) -> io::Result<()> {
    worker.signal(Signal::Terminate)
}

/// Asks the worker of a job to stop. One without an event, as of an earlier version, is ended.
///
/// # Errors
/// When the operating system refuses.
#[cfg(windows)]
pub(crate) fn ask_to_stop(id: &JobId, worker: &Proc) -> io::Result<()> {
    // The record names a worker of ours only once it listens.
    StopEvent::set(id).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => worker.signal(Signal::Terminate),
        _ => Err(error),
    })
}

/// Whether this process may ask the worker of a job to stop: records and workers belong to one user.
#[cfg(unix)]
pub(crate) fn may_ask_to_stop(_: &JobId) -> bool {
    true
}

/// Whether this process may ask the worker of a job to stop: not one that was started as administrator, unless this
/// one was as well.
#[cfg(windows)]
pub(crate) fn may_ask_to_stop(id: &JobId) -> bool {
    let refused = io::ErrorKind::PermissionDenied;
    !StopEvent::check(id).is_err_and(|error| error.kind() == refused)
}

/// Hears the request to stop, also between two runs of a job, and remembers it.
pub(crate) struct StopRequest {
    requested: bool,
    source: StopSource,
    removed: Arc<Notify>,
}

impl StopRequest {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the operating system gives us no signal handler or event.
    pub(crate) fn listen(id: &JobId) -> io::Result<Self> {
        Ok(Self {
            requested: false,
            source: StopSource::open(id)?,
            removed: Arc::default(),
        })
    }

    /// Notified once the record of the job is gone: nobody can ask to stop any more, or read the result.
    pub(crate) fn removed(&self) -> Arc<Notify> {
        self.removed.clone()
    }

    /// Whether somebody has asked to stop by now.
    pub(crate) async fn is_requested(&mut self) -> bool {
        // Signals are heard while the runtime has nothing else to do.
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            () = self.requested() => true,
            () = std::future::ready(()) => false,
        }
    }

    /// Completes once somebody has asked to stop, or the job was removed; later calls complete immediately.
    pub(crate) async fn requested(&mut self) {
        if !self.requested {
            tokio::select! {
                () = self.source.heard() => {}
                () = self.removed.notified() => {}
            }
            self.requested = true;
        }
    }
}

/// SIGTERM and SIGINT. What listens for a signal does not hand on to Claude that its caller ignores it.
#[cfg(unix)]
struct StopSource([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl StopSource {
    fn open(_: &JobId) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        ]))
    }

    async fn heard(&mut self) {
        let [terminate, interrupt] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

#[cfg(windows)]
struct StopSource(Arc<Notify>);

#[cfg(windows)]
impl StopSource {
    /// A thread waits for the event until the process ends.
    fn open(id: &JobId) -> io::Result<Self> {
        let event = StopEvent::create(id)?;
        let heard = Arc::new(Notify::new());
        let tell = heard.clone();
        std::thread::Builder::new().spawn(move || {
            if event.wait().is_ok() {
                tell.notify_one();
            }
        })?;
        Ok(Self(heard))
    }

    async fn heard(&mut self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cc_core::Clock;

    use super::*;

    #[tokio::test]
    async fn what_was_asked_while_nobody_waited_is_remembered() {
        let id = JobId::fresh("review", Clock::System.now());
        let mut stop = StopRequest::listen(&id).unwrap();
        assert!(!stop.is_requested().await);
        ask_to_stop(&id, &Proc::current().unwrap()).unwrap();
        // The system may hand it to another thread, which has to wake up first.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(stop.is_requested().await);
        assert!(stop.is_requested().await);
    }
}
