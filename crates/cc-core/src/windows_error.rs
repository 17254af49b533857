//! Errors of calls of Windows, as the standard library knows them.

use std::io;

use windows::Win32::Foundation::WIN32_ERROR;

/// With the number of Windows, and so with its kind.
pub(crate) fn as_io_error(error: windows::core::Error) -> io::Error {
    match WIN32_ERROR::from_error(&error) {
        Some(WIN32_ERROR(number)) => io::Error::from_raw_os_error(number as i32),
        None => io::Error::other(error),
    }
}
