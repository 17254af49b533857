//! The standard streams of this process, which a child on Windows has open too if they were inherited.
#![expect(
    unsafe_code,
    reason = "no kept library takes a handle out of the inheritance in safe code"
)]

use std::io;
use std::os::windows::io::AsRawHandle;

use windows::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, HANDLE_FLAGS, SetHandleInformation};

/// Keeps the standard streams from every child that is not given them. Otherwise whoever reads their other end would
/// wait for a detached child too, and a child that outlives a worker would hold the lock that the worker inherited.
pub fn keep_standard_streams() {
    let streams = [
        io::stdin().as_raw_handle(),
        io::stdout().as_raw_handle(),
        io::stderr().as_raw_handle(),
    ];
    for stream in streams {
        let none = HANDLE_FLAGS(0);
        // SAFETY: this changes a flag of a handle of this process, and fails where there is none.
        let kept = unsafe { SetHandleInformation(HANDLE(stream), HANDLE_FLAG_INHERIT.0, none) };
        // A stream that is closed is inherited by nobody.
        drop(kept);
    }
}
