//! A git process whose pipes are read and written so that none of them blocks another.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use cc_core::text::Tail;

use crate::pipes::{Chunk, NoChunk, spawn};
#[cfg(unix)]
use crate::polled_output::PolledOutput as GitOutput;
#[cfg(not(unix))]
use crate::threaded_output::ThreadedOutput as GitOutput;

/// The most that is kept of standard error, in bytes.
pub(crate) const STDERR_TAIL: usize = 4 << 10;

/// What git reads on its standard input.
pub(crate) enum GitInput<'a> {
    /// Bytes in memory; empty means no input.
    Bytes(&'a [u8]),
    /// A file, for a call that must not be interrupted: git gets a process group of its own, and its
    /// errors go to another file instead of a pipe, so that neither Ctrl-C nor our end stops it.
    Detached { input: File, errors: File },
}

/// A git process; killed and waited for when it is dropped.
pub(crate) struct GitProcess {
    child: Child,
    output: GitOutput,
    /// The file that it writes its errors to, if it is not a pipe.
    errors: Option<File>,
}

impl GitProcess {
    pub(crate) fn start(mut command: Command, input: GitInput<'_>) -> io::Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (bytes, errors) = match input {
            GitInput::Bytes(b"") => {
                command.stdin(Stdio::null());
                (Vec::new(), None)
            }
            GitInput::Bytes(bytes) => {
                command.stdin(Stdio::piped());
                (bytes.to_owned(), None)
            }
            GitInput::Detached { input, errors } => {
                command.stdin(input).stderr(errors.try_clone()?);
                #[cfg(unix)]
                std::os::unix::process::CommandExt::process_group(&mut command, 0);
                (Vec::new(), Some(errors))
            }
        };
        // CREATE_NO_WINDOW: a hook's child must not flash a console.
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, 0x0800_0000);
        let mut child = command.spawn()?;
        bound_memory(&child);
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // Killed if this fails.
        let mut process = Self {
            child,
            output: GitOutput::default(),
            errors,
        };
        process.output = GitOutput::of(stdout, stderr)?;
        if let Some(mut stdin) = stdin {
            spawn(move || {
                // A git that does not want its input says why on standard error.
                let _ = stdin.write_all(&bytes);
            })?;
        }
        Ok(process)
    }

    /// Waits for the next piece of output.
    pub(crate) fn next(&mut self, timeout: Duration) -> Result<Chunk, NoChunk> {
        self.output.next(timeout)
    }

    /// Waits for the exit, and adds the rest of standard error to `stderr`.
    pub(crate) fn finish(mut self, stderr: &mut Tail) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        // The last errors may not have been read yet; a grandchild that keeps the pipe open must
        // not block us.
        while let Ok(chunk) = self.next(Duration::from_secs(1)) {
            if let Chunk::Stderr(bytes) = chunk {
                stderr.push(&bytes);
            }
        }
        if let Some(errors) = self.errors.take() {
            stderr.push(&read_tail(errors)?);
        }
        Ok(status)
    }
}

impl Drop for GitProcess {
    fn drop(&mut self) {
        // Both fail only where git has exited and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory that git may allocate, in bytes. What it maps of packs and of the index does not count.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 2 << 30;

/// Bounds the memory of a git that has just started: a file that it reads as a whole may never end.
#[cfg(target_os = "linux")]
fn bound_memory(child: &Child) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let limit = Rlimit {
        current: Some(MEMORY),
        maximum: Some(MEMORY),
    };
    // Fails where git has ended, or where less is allowed already.
    let _ = prlimit(Some(Pid::from_child(child)), Resource::Data, limit);
}

/// Only Linux bounds another process.
#[cfg(not(target_os = "linux"))]
fn bound_memory(_: &Child) {}

/// Reads the last [`STDERR_TAIL`] bytes of a file, without the room that was reserved in it.
fn read_tail(mut file: File) -> io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(STDERR_TAIL as u64)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    while tail.last() == Some(&0) {
        tail.pop();
    }
    Ok(tail)
}
