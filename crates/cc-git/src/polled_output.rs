//! What git writes, where the system says which of several pipes can be read: without another thread.

use std::io;
use std::os::fd::AsFd;
use std::process::{ChildStderr, ChildStdout};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::pipes::{CHUNK, Chunk, NoChunk};

/// The pipes that are still open.
#[derive(Default)]
pub(crate) struct PolledOutput {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

impl PolledOutput {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it starts threads")]
    pub(crate) fn of(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) -> io::Result<Self> {
        Ok(Self { stdout, stderr })
    }

    pub(crate) fn next(&mut self, timeout: Duration) -> Result<Chunk, NoChunk> {
        let until = Instant::now() + timeout;
        loop {
            let [stdout, stderr] = self.readable(until)?;
            if stderr {
                match read(&mut self.stderr) {
                    Some(bytes) => return Ok(Chunk::Stderr(bytes)),
                    None => continue,
                }
            }
            if stdout {
                let bytes = read(&mut self.stdout);
                return Ok(bytes.map_or(Chunk::StdoutEnd, Chunk::Stdout));
            }
        }
    }

    /// Which of the two pipes can be read, or has been closed.
    fn readable(&self, until: Instant) -> Result<[bool; 2], NoChunk> {
        let pipes = [
            self.stdout.as_ref().map(AsFd::as_fd),
            self.stderr.as_ref().map(AsFd::as_fd),
        ];
        let open = pipes.iter().flatten();
        let mut asked: Vec<PollFd<'_>> =
            open.map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        if asked.is_empty() {
            return Err(NoChunk::Ended);
        }
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        match poll(&mut asked, left.as_ref()) {
            Ok(0) => return Err(NoChunk::Timeout),
            Ok(_) => {}
            // Interrupted, or out of memory for a moment: all are asked again.
            Err(_) => return Ok([false; 2]),
        }
        let mut answers = asked.iter().map(|asked| !asked.revents().is_empty());
        Ok(pipes.map(|pipe| pipe.is_some() && answers.next().unwrap_or_default()))
    }
}

/// Reads what is there; `None` at the end, which closes the pipe.
fn read(pipe: &mut Option<impl AsFd>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(CHUNK);
    loop {
        match rustix::io::read(pipe.as_ref()?, spare_capacity(&mut bytes)) {
            Ok(1..) => return Some(bytes),
            Err(Errno::INTR) => {}
            _ => {
                *pipe = None;
                return None;
            }
        }
    }
}
