//! A running program.

use std::fmt;
use std::io::Write;
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::Proc;
use cc_core::process::Signal;

use super::capture::{Capture, Captured};
use super::excerpt::excerpt;
use super::output::Output;
use super::processes;
use crate::eventually;

/// A running program; dropping it ends its process group and its descendants.
#[derive(Debug)]
#[must_use = "dropping it ends the program"]
pub struct Running {
    pub(super) child: Child,
    pub(super) proc: Option<Proc>,
    pub(super) pid: u32,
    pub(super) kept_stdin: Arc<Mutex<Option<ChildStdin>>>,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
    pub(super) timeout: Duration,
    pub(super) title: String,
}

impl Running {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// The standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until standard output contains `text`.
    ///
    /// # Panics
    /// When it does not within the timeout.
    #[track_caller]
    pub fn wait_for_stdout(&self, text: &str) {
        self.wait_for(&self.stdout, text);
    }

    /// Waits until standard error contains `text`.
    ///
    /// # Panics
    /// When it does not within the timeout.
    #[track_caller]
    pub fn wait_for_stderr(&self, text: &str) {
        self.wait_for(&self.stderr, text);
    }

    #[track_caller]
    fn wait_for(&self, capture: &Capture, text: &str) {
        let seen = capture.wait(self.timeout, |captured| captured.text().contains(text));
        assert!(seen, "`{}` did not print {text:?}\n{self}", self.title);
    }

    /// Waits for the `n`-th line of standard output, counted from 0; `None` if it does not come
    /// within the timeout or standard output is closed first.
    #[must_use]
    pub fn line(&self, n: usize) -> Option<String> {
        let nth = |text: &str| {
            let mut lines = text.split_inclusive('\n');
            let line = lines.nth(n).filter(|line| line.ends_with('\n'))?;
            Some(line.trim_end().to_owned())
        };
        let came = |captured: &Captured| captured.closed || nth(&captured.text()).is_some();
        self.stdout.wait(self.timeout, came);
        nth(&self.stdout())
    }

    /// Writes to standard input, if it was kept open.
    ///
    /// # Panics
    /// When it was not, or the program has closed it.
    #[track_caller]
    pub fn say(&self, text: &str) {
        let mut kept = eventually(self.timeout, "standard input", || {
            let kept = self.kept_stdin.lock();
            Some(kept.unwrap_or_else(PoisonError::into_inner)).filter(|kept| kept.is_some())
        });
        let written = kept.as_mut().map(|stdin| stdin.write_all(text.as_bytes()));
        let written = written.is_some_and(|written| written.is_ok());
        assert!(
            written,
            "`{}` no longer reads its input\n{self}",
            self.title
        );
    }

    /// Sends a signal to the process alone.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn signal(&self, signal: Signal) {
        if let Some(proc) = &self.proc {
            proc.signal(signal).expect("our child can be signalled");
        }
    }

    /// Sends a signal to the process group, as a terminal or a host does.
    ///
    /// # Panics
    /// When the operating system refuses.
    pub fn signal_group(&self, signal: Signal) {
        if let Some(proc) = &self.proc {
            proc.signal_group(signal)
                .expect("our child can be signalled");
        }
    }

    /// Closes standard input, if it was kept open.
    pub fn close_stdin(&self) {
        let mut kept = self
            .kept_stdin
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(kept.take());
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.try_wait().is_some()
    }

    /// Waits until it has ended and its output is closed.
    ///
    /// # Panics
    /// When it does not within the timeout; the message says whether its output is still open.
    #[track_caller]
    #[must_use = "assert its exit code, for example with `success`"]
    pub fn wait(mut self) -> Output {
        let until = Instant::now() + self.timeout;
        let left = || until.saturating_duration_since(Instant::now());
        let closed = self.stdout.wait(left(), |captured| captured.closed)
            && self.stderr.wait(left(), |captured| captured.closed);
        let mut status = self.try_wait();
        // The output closes a moment before the process can be awaited.
        while closed && status.is_none() && !left().is_zero() {
            thread::sleep(Duration::from_millis(1));
            status = self.try_wait();
        }
        let title = self.title.clone();
        match status {
            Some(status) if closed => Output {
                status,
                stdout: self.stdout(),
                stderr: self.stderr(),
                title,
            },
            Some(status) => {
                panic!("`{title}` ended with {status}, but its output is still open\n{self}")
            }
            None => panic!("`{title}` did not end within {:?}\n{self}", self.timeout),
        }
    }

    fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our child can be awaited")
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stdout, stderr) = (self.stdout(), self.stderr());
        let stdout = excerpt("stdout", &stdout);
        write!(f, "{stdout}{}", excerpt("stderr", &stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            if let Some(proc) = &self.proc {
                processes::end(std::slice::from_ref(proc));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
