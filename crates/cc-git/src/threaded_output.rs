//! What git writes, where pipes can only be waited for one by one: each is read on a thread.

use std::io::{self, Read};
use std::process::{ChildStderr, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::pipes::{CHUNK, Chunk, NoChunk, spawn};

/// What the threads have read.
#[derive(Default)]
pub(crate) struct ThreadedOutput(Option<Receiver<Chunk>>);

impl ThreadedOutput {
    pub(crate) fn of(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(4);
        if let Some(stderr) = stderr {
            let sender = sender.clone();
            spawn(move || forward(stderr, &sender, Chunk::Stderr))?;
        }
        if let Some(stdout) = stdout {
            spawn(move || {
                forward(stdout, &sender, Chunk::Stdout);
                // Fails where the reader has stopped early.
                let _ = sender.send(Chunk::StdoutEnd);
            })?;
        }
        Ok(Self(Some(chunks)))
    }

    pub(crate) fn next(&mut self, timeout: Duration) -> Result<Chunk, NoChunk> {
        let chunks = self.0.as_ref().ok_or(NoChunk::Ended)?;
        chunks.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoChunk::Timeout,
            RecvTimeoutError::Disconnected => NoChunk::Ended,
        })
    }
}

fn forward(mut from: impl Read, to: &SyncSender<Chunk>, chunk: fn(Vec<u8>) -> Chunk) {
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if to.send(chunk(buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
