//! One process with everything it starts: read in the background, ended when dropped.

use std::io::{self, Read, Write};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::text::Tail;
use process_wrap::std::{ChildWrapper, CommandWrap};

/// How much of standard error is kept.
const STDERR_LIMIT: usize = 8 << 10;

/// A started process.
#[derive(Debug)]
pub(super) struct Child(Box<dyn ChildWrapper>);

/// What is being read in the background.
#[derive(Debug)]
pub(super) struct Captured(Receiver<Tail>);

impl Child {
    pub(super) fn spawn(command: Command) -> io::Result<Self> {
        let mut command = CommandWrap::from(command);
        // npm starts the real program as a child of its script: both must end.
        #[cfg(unix)]
        command.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::std::JobObject);
        command.spawn().map(Self)
    }

    pub(super) fn stdin(&mut self) -> Option<impl Write + Send + use<>> {
        self.0.stdin().take()
    }

    pub(super) fn stdout(&mut self) -> Option<impl Read + Send + use<>> {
        self.0.stdout().take()
    }

    pub(super) fn capture_stdout(&mut self, tail: Tail) -> Captured {
        Captured::of(self.0.stdout().take(), tail)
    }

    pub(super) fn capture_stderr(&mut self) -> Captured {
        Captured::of(self.0.stderr().take(), Tail::new(STDERR_LIMIT))
    }

    /// Whether it ended well; `None` where it still runs at the deadline.
    pub(super) fn wait_until(&mut self, deadline: Instant) -> Option<bool> {
        let mut pause = Duration::from_millis(1);
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Some(status.success()),
                Err(_) => return Some(false),
                Ok(None) if Instant::now() >= deadline => return None,
                Ok(None) => thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // One that has ended is no error.
        let _ = self.0.start_kill();
        let _ = self.wait_until(Instant::now() + Duration::from_secs(2));
    }
}

impl Captured {
    fn of(stream: Option<impl Read + Send + 'static>, mut tail: Tail) -> Self {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 8 << 10];
            if let Some(mut stream) = stream {
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    tail.push(&buffer[..read]);
                }
            }
            // Nobody may want it any more.
            let _ = send.send(tail);
        });
        Self(receive)
    }

    /// The end of what came; nothing where the stream is still open at the deadline.
    pub(super) fn text(&self, deadline: Instant) -> String {
        let left = deadline.saturating_duration_since(Instant::now());
        let tail = self.0.recv_timeout(left.max(Duration::from_millis(50)));
        tail.map(|mut tail| tail.text().into_owned())
            .unwrap_or_default()
    }
}
