//! The request to stop a job: a signal where there are signals, else the record.

use std::io;

use cc_core::JobId;
use cc_jobs::Store;

/// Hears the request to stop, also between two runs of a job, and remembers it.
pub(crate) struct StopRequest {
    requested: bool,
    source: StopSource,
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
        })
    }

    /// Completes once somebody has asked to stop; later calls complete immediately.
    pub(crate) async fn requested(&mut self) {
        if !self.requested {
            self.source.heard().await;
            self.requested = true;
        }
    }
}

#[cfg(unix)]
struct StopSource(tokio::signal::unix::Signal);

#[cfg(unix)]
impl StopSource {
    fn open(_: &Store, _: &JobId) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::terminate())?))
    }

    async fn heard(&mut self) {
        self.0.recv().await;
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
