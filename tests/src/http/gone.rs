//! Why nothing more can be read from a connection or written to it.

use std::io;

/// The connection has ended: the client hung up, the script cut it, or the server is dropped.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}
