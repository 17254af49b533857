//! What must hold before a job is made, so that none is left behind that never could run.

use std::io;
use std::net::UdpSocket;

use cc_core::Env;

/// Why no job can be started from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// This call comes from a Claude that we started.
    #[error("this is a Claude Code run started by cc; it does not start another one")]
    Nested,
    /// The operating system's sandbox around this call forbids network sockets.
    #[error("this call runs inside a sandbox without network, where Claude Code cannot work")]
    Sandboxed,
}

/// Looks whether a job can be started from this process.
///
/// # Errors
/// The first obstacle.
pub fn check(env: &Env) -> Result<(), Obstacle> {
    if env.nested() {
        return Err(Obstacle::Nested);
    }
    // Codex's sandbox refuses the socket itself, so this asks nobody and reaches nothing.
    match UdpSocket::bind(("127.0.0.1", 0)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Obstacle::Sandboxed),
        _ => Ok(()),
    }
}
