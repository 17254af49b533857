//! The request to stop a job: a signal where there are signals, else the record, and its removal.

use std::io;
use std::sync::Arc;

use cc_core::JobId;
use cc_jobs::Store;
use tokio::sync::Notify;

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
    /// When the operating system gives us no signal handler.
    pub(crate) fn listen(store: &Store, id: &JobId) -> io::Result<Self> {
        Ok(Self {
            requested: false,
            source: StopSource::open(store, id)?,
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
    fn open(_: &Store, _: &JobId) -> io::Result<Self> {
        Self::listen()
    }

    fn listen() -> io::Result<Self> {
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

#[cfg(not(unix))]
struct StopSource(Store, JobId);

#[cfg(not(unix))]
impl StopSource {
    fn open(store: &Store, id: &JobId) -> io::Result<Self> {
        Ok(Self(store.clone(), id.clone()))
    }

    async fn heard(&mut self) {
        use cc_jobs::JobState;
        let Self(store, id) = self;
        let is_cancelled = || {
            store
                .read(id)
                .is_ok_and(|(job, _)| matches!(job.state(), JobState::Cancelling { .. }))
        };
        while !is_cancelled() {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::Duration;

    use cc_core::Proc;
    use cc_core::process::Signal;

    use super::*;

    #[tokio::test]
    async fn what_was_asked_while_nobody_waited_is_remembered() {
        let mut stop = StopRequest {
            requested: false,
            source: StopSource::listen().unwrap(),
            removed: Arc::default(),
        };
        assert!(!stop.is_requested().await);
        Proc::current().unwrap().signal(Signal::Terminate).unwrap();
        // The system may hand the signal to another thread of the tests, which has to wake up first.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(stop.is_requested().await);
        assert!(stop.is_requested().await);
    }
}
