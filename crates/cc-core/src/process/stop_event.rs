//! The request to stop a job on Windows, which has no signals: an event that has a name.
#![expect(
    unsafe_code,
    reason = "no maintained library has named events in safe code"
)]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows::Win32::Foundation::{ERROR_SUCCESS, HANDLE, SetLastError, WAIT_OBJECT_0};
use windows::Win32::System::Threading::{
    CreateEventW, EVENT_MODIFY_STATE, INFINITE, OpenEventW, SetEvent, WaitForSingleObject,
};
use windows::core::HSTRING;

use crate::JobId;
use crate::windows_error::as_io_error;

/// The stop event of a job. It exists until this is dropped.
///
/// By the default of Windows the system can set it, and the user who made it; where the process of that user is an
/// elevated one, administrators in their place.
#[derive(Debug)]
pub struct StopEvent(OwnedHandle);

impl StopEvent {
    /// Makes the event of a job, in all logon sessions: the user may stop it from another one.
    ///
    /// # Errors
    /// When it cannot be made, or is there already: whoever made it may let everybody set it.
    pub fn create(job: &JobId) -> io::Result<Self> {
        let (name, stays_set, is_set) = (name(job), true, false);
        // SAFETY: the name ends with a zero and outlives the call. Nothing else may have set the last error, which says
        // whether the event is new.
        let event = unsafe {
            SetLastError(ERROR_SUCCESS);
            CreateEventW(None, stays_set, is_set, &name)
        };
        let last = io::Error::last_os_error();
        let event = Self(owned(event.map_err(as_io_error)?));
        match last.kind() {
            io::ErrorKind::AlreadyExists => Err(last),
            _ => Ok(event),
        }
    }

    /// Blocks until it is set.
    ///
    /// # Errors
    /// When the operating system does not say.
    pub fn wait(&self) -> io::Result<()> {
        // SAFETY: the handle is open as long as `self` is there.
        match unsafe { WaitForSingleObject(HANDLE(self.0.as_raw_handle()), INFINITE) } {
            WAIT_OBJECT_0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sets the event of a job.
    ///
    /// # Errors
    /// As of [`check`](Self::check).
    pub fn set(job: &JobId) -> io::Result<()> {
        let event = open(job)?;
        // SAFETY: the handle is open until the end of this function.
        unsafe { SetEvent(HANDLE(event.as_raw_handle())) }.map_err(as_io_error)
    }

    /// Looks whether the event of a job could be set.
    ///
    /// # Errors
    /// `NotFound` when there is none, `PermissionDenied` when this process may not set it.
    pub fn check(job: &JobId) -> io::Result<()> {
        open(job).map(drop)
    }
}

/// The event of a job, to be set.
fn open(job: &JobId) -> io::Result<OwnedHandle> {
    // SAFETY: the name ends with a zero and outlives the call.
    let event = unsafe { OpenEventW(EVENT_MODIFY_STATE, false, &name(job)) };
    event.map(owned).map_err(as_io_error)
}

fn name(job: &JobId) -> HSTRING {
    HSTRING::from(format!(r"Global\cc-stop-{job}"))
}

fn owned(handle: HANDLE) -> OwnedHandle {
    // SAFETY: Windows has just opened it for us, and nobody else closes it.
    unsafe { OwnedHandle::from_raw_handle(handle.0) }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::Clock;

    #[test]
    fn a_job_is_asked_once_and_only_while_somebody_listens() {
        let job = JobId::fresh("review", Clock::System.now());
        let told = StopEvent::set(&job).unwrap_err();
        assert_eq!(told.kind(), io::ErrorKind::NotFound, "{told}");
        let event = StopEvent::create(&job).unwrap();
        StopEvent::create(&job).unwrap_err();
        thread::scope(|scope| {
            let hears = scope.spawn(|| event.wait());
            StopEvent::set(&job).unwrap();
            hears.join().unwrap().unwrap();
        });
        event.wait().expect("it stays set");
        drop(event);
        StopEvent::set(&job).unwrap_err();
        StopEvent::create(&job).unwrap();
    }
}
