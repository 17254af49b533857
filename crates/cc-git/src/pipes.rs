//! What the readers and writers of Git's pipes share.

use std::{io, thread};

/// A piece of what git writes.
pub(crate) enum Chunk {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    StdoutEnd,
}

/// Why there is no piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoChunk {
    /// Git may still write some.
    Timeout,
    /// Both pipes are closed.
    Ended,
}

/// How much is read at once, in bytes.
pub(crate) const CHUNK: usize = 64 << 10;

/// Starts a thread that does little.
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(work)
        .map(drop)
}
