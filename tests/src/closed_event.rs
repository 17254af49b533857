//! A stop event that this user may not set, such as that of a worker that was started as administrator.
#![expect(
    unsafe_code,
    reason = "no kept library makes an event with an access control list in safe code"
)]

use cc_core::JobId;
use windows::Win32::Foundation::{HANDLE, HLOCAL};
use windows::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows::Win32::Security::{PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES};
use windows::Win32::System::Threading::CreateEventW;
use windows::core::{HSTRING, Owned, w};

/// The event; it exists until this is dropped.
#[must_use = "the event is gone when this is dropped"]
pub struct ClosedEvent {
    _event: Owned<HANDLE>,
}

impl ClosedEvent {
    /// The stop event of a job, whose access control list names nobody.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn of(job: &JobId) -> Self {
        let mut descriptor = PSECURITY_DESCRIPTOR::default();
        let name = HSTRING::from(format!(r"Global\cc-stop-{job}"));
        // SAFETY: the texts end with a zero. They, the attributes and the descriptor in them outlive the calls; the
        // descriptor was allocated with `LocalAlloc`, and nobody else frees it or closes the event.
        let event = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                w!("D:P"),
                SDDL_REVISION_1,
                &raw mut descriptor,
                None,
            )
            .expect("a list may be empty");
            let _freed_at_the_end = Owned::new(HLOCAL(descriptor.0));
            let attributes = SECURITY_ATTRIBUTES {
                nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
                lpSecurityDescriptor: descriptor.0,
                bInheritHandle: false.into(),
            };
            let event = CreateEventW(Some(&raw const attributes), true, false, &name);
            Owned::new(event.expect("events can be made"))
        };
        Self { _event: event }
    }
}
