//! A program that is to end soon: bounded in time and in what it prints, ended with all it started.

#[cfg(windows)]
mod streams;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::time::exact_duration;

use process_wrap::std::{ChildWrapper, CommandWrap};

use crate::text::Tail;

#[cfg(windows)]
pub use streams::keep_standard_streams;

/// On Unix a child has only the standard streams that it is given.
#[cfg(not(windows))]
pub fn keep_standard_streams() {}

/// How programs are started on Windows: a worker has no console, so each of its programs would open a window.
#[cfg(windows)]
pub const NO_CONSOLE: windows::Win32::System::Threading::PROCESS_CREATION_FLAGS =
    windows::Win32::System::Threading::CREATE_NO_WINDOW;

/// How much of standard error is kept, in bytes: the end of it.
const STDERR_LIMIT: usize = 8 << 10;

/// How long what it printed last may be under way once it has ended; who keeps its pipes open must
/// not keep us.
const LINGER: Duration = Duration::from_secs(1);

/// The longest pause between two looks at whether it has ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Why a short command gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The program could not be started or read from.
    #[error("cannot start `{}`: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It did not end in time and was killed.
    #[error("`{command}` did not end within {}", exact_duration(*waited))]
    Timeout {
        /// The program's name and its arguments.
        command: String,
        /// How long was waited.
        waited: Duration,
    },
    /// It printed too much and was killed.
    #[error("`{command}` printed more than {limit} bytes")]
    TooMuchOutput {
        /// The program's name and its arguments.
        command: String,
        /// The bound, in bytes.
        limit: usize,
    },
}

/// What a program printed before it ended.
#[derive(Debug)]
#[must_use]
pub struct Printed {
    /// Exit status 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// The end of standard error, at most 8 KiB.
    pub stderr: String,
}

/// A call of a program that is to end soon. Its environment is empty and its directory the root of
/// the file system, unless told otherwise; it reads nothing.
#[derive(Clone, Debug)]
pub struct ShortCommand {
    program: PathBuf,
    args: Vec<OsString>,
    vars: Vec<(OsString, OsString)>,
    dir: PathBuf,
    timeout: Duration,
    stdout_limit: usize,
}

impl ShortCommand {
    /// A call of the program at an absolute path, which may take `timeout` and print 64 KiB.
    pub fn new(program: &Path, timeout: Duration) -> Self {
        // Nobody but the administrator puts settings into the root of a file system.
        let root = program.ancestors().last().unwrap_or(program);
        Self {
            program: program.to_owned(),
            args: Vec::new(),
            vars: Vec::new(),
            dir: root.to_owned(),
            timeout,
            stdout_limit: 64 << 10,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        self.args.extend(args);
        self
    }

    /// Adds variables to the environment.
    #[must_use]
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let vars = vars.into_iter();
        let owned = vars.map(|(name, value)| (name.as_ref().into(), value.as_ref().into()));
        self.vars.extend(owned);
        self
    }

    /// Sets the directory that it works in.
    #[must_use]
    pub fn current_dir(mut self, dir: &Path) -> Self {
        dir.clone_into(&mut self.dir);
        self
    }

    /// Sets how many bytes it may print on standard output.
    #[must_use]
    pub fn stdout_limit(mut self, bytes: usize) -> Self {
        self.stdout_limit = bytes;
        self
    }

    /// Runs it to its end. What it started and left behind then goes on.
    ///
    /// # Errors
    /// When it cannot be started, or is killed since it took too long or printed too much.
    pub fn run(&self) -> Result<Printed, CommandError> {
        let mut deadline = Instant::now() + self.timeout;
        let mut child = self.start(Stdio::null, Stdio::piped)?;
        let (sender, printed) = mpsc::sync_channel(4);
        send_all(child.take_stdout(), sender.clone(), OutputChunk::Stdout)
            .and_then(|()| send_all(child.take_stderr(), sender, OutputChunk::Stderr))
            .map_err(|source| CommandError::Start {
                program: self.program.clone(),
                source,
            })?;
        let (mut stdout, mut stderr) = (Vec::new(), Tail::new(STDERR_LIMIT));
        let mut success = None;
        let mut pause = Duration::from_millis(1);
        let mut next_look = Instant::now() + pause;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            match printed.recv_timeout(pause.min(left)) {
                Ok(OutputChunk::Stdout(bytes)) => stdout.extend(bytes),
                Ok(OutputChunk::Stderr(bytes)) => stderr.push(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            // By the clock: what it left behind may print without a pause.
            if success.is_none() && Instant::now() >= next_look {
                success = child.wait_until(Instant::now());
                if success.is_some() {
                    deadline = Instant::now() + LINGER;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
                next_look = Instant::now() + pause;
            }
            if stdout.len() > self.stdout_limit {
                return Err(CommandError::TooMuchOutput {
                    command: self.to_string(),
                    limit: self.stdout_limit,
                });
            }
        }
        Ok(Printed {
            success: match success {
                Some(success) => success,
                None => self.ended(&mut child, deadline)?,
            },
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: stderr.text().into_owned(),
        })
    }

    /// Runs it to its end without a pipe, which could stay open in what it leaves behind. Returns
    /// whether its exit status is 0.
    ///
    /// # Errors
    /// When it cannot be started, or is killed since it took too long.
    pub fn run_silently(&self) -> Result<bool, CommandError> {
        let deadline = Instant::now() + self.timeout;
        let mut child = self.start(Stdio::null, Stdio::null)?;
        self.ended(&mut child, deadline)
    }

    /// Starts it with pipes to talk to it; its timeout and limits are then the caller's business.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn converse(&self) -> Result<ChildGroup, CommandError> {
        self.start(Stdio::piped, Stdio::piped)
    }

    fn start(
        &self,
        stdin: fn() -> Stdio,
        output: fn() -> Stdio,
    ) -> Result<ChildGroup, CommandError> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .current_dir(&self.dir)
            .env_clear()
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .stdin(stdin())
            .stdout(output())
            .stderr(output());
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        command
            .wrap(process_wrap::std::CreationFlags(NO_CONSOLE))
            .wrap(process_wrap::std::JobObject);
        let started = command.spawn().map_err(|source| CommandError::Start {
            program: self.program.clone(),
            source,
        });
        started.map(ChildGroup)
    }

    fn ended(&self, child: &mut ChildGroup, deadline: Instant) -> Result<bool, CommandError> {
        child
            .wait_until(deadline)
            .ok_or_else(|| CommandError::Timeout {
                command: self.to_string(),
                waited: self.timeout,
            })
    }
}

impl fmt::Display for ShortCommand {
    /// The program's name and its arguments, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.program.file_name().unwrap_or_default();
        write!(f, "{}", name.display())?;
        let mut args = self.args.iter();
        args.try_for_each(|arg| write!(f, " {}", arg.display()))
    }
}

/// A started program and what it starts, as npm starts the real program from its script: all of them
/// are killed when this is dropped before the program has ended.
#[derive(Debug)]
#[must_use = "the processes are killed when this is dropped"]
pub struct ChildGroup(Box<dyn ChildWrapper>);

impl ChildGroup {
    /// Its standard input, the first time.
    pub fn take_stdin(&mut self) -> Option<impl Write + Send + use<>> {
        self.0.stdin().take()
    }

    /// Its standard output, the first time.
    pub fn take_stdout(&mut self) -> Option<impl Read + Send + use<>> {
        self.0.stdout().take()
    }

    /// Its standard error, the first time.
    pub fn take_stderr(&mut self) -> Option<impl Read + Send + use<>> {
        self.0.stderr().take()
    }

    /// Whether its exit status is 0; `None` where it still runs at the deadline.
    pub fn wait_until(&mut self, deadline: Instant) -> Option<bool> {
        let mut pause = Duration::from_millis(1);
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Some(status.success()),
                Err(_) => return Some(false),
                Ok(None) if Instant::now() >= deadline => return None,
                Ok(None) => thread::sleep(pause),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for ChildGroup {
    fn drop(&mut self) {
        // Once it has ended, its group may be another's.
        if self.wait_until(Instant::now()).is_none() {
            let _ = self.0.start_kill();
            let _ = self.wait_until(Instant::now() + Duration::from_secs(2));
        }
    }
}

/// Some of what a program printed.
enum OutputChunk {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

/// Sends what comes through a pipe, on a thread of its own, as long as somebody receives it.
///
/// # Errors
/// When the system allows no more threads.
fn send_all(
    pipe: Option<impl Read + Send + 'static>,
    sender: SyncSender<OutputChunk>,
    piece: fn(Vec<u8>) -> OutputChunk,
) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let thread = thread::Builder::new().spawn(move || {
        let mut buffer = [0; 8 << 10];
        loop {
            match pipe.read(&mut buffer) {
                Ok(read @ 1..) if sender.send(piece(buffer[..read].to_vec())).is_ok() => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    });
    thread.map(drop)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;

#[cfg(all(test, windows))]
mod windows_tests {
    use super::*;

    /// As npm starts the program of a package; what would be code to `cmd` stays text.
    #[test]
    fn a_command_script_gets_its_arguments_as_they_are() {
        let dir = cc_executable::dir();
        let script = dir.path().join("with a space.cmd");
        cc_executable::write(&script, "@echo off\r\necho [%1] [%2]\r\nexit /b 3\r\n");
        let call = ShortCommand::new(&script, Duration::from_secs(20));
        let printed = call.args(["two words", "a&echo b"]).run().unwrap();
        assert_eq!(printed.stdout.trim(), "[\"two words\"] [\"a&echo b\"]");
        assert!(!printed.success);
    }
}
