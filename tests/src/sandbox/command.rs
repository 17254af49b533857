//! Starting a program in the sandbox.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use cc_core::Proc;

use serde_json::Value;

use super::capture::Capture;
use super::output::Output;
use super::running::Running;
use super::world::{Sandbox, program_name};
use crate::binaries;

impl Sandbox {
    /// A call of `cc-cli`.
    pub fn cc<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Cmd<'_> {
        self.product("cc-cli").args(args)
    }

    /// A call of `cc-hooks` with the host's JSON on standard input.
    pub fn hook(&self, event: &str, input: &Value) -> Cmd<'_> {
        self.product("cc-hooks")
            .args([event])
            .stdin(input.to_string())
    }

    /// A call of `cc-installer`.
    pub fn installer<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Cmd<'_> {
        self.product("cc-installer").args(args)
    }

    /// A call of this sandbox's `claude`, without the product.
    pub fn claude<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Cmd<'_> {
        self.command(&self.bin().join(program_name("claude")))
            .args(args)
    }

    /// A call of any program, in the repository, with only the sandbox's environment.
    pub fn command(&self, program: &Path) -> Cmd<'_> {
        Cmd::new(self, program)
    }

    /// The file of one of the product's binaries.
    pub fn product_file(&self, name: &str) -> PathBuf {
        let dir = self
            .product
            .as_deref()
            .unwrap_or_else(|| binaries::product());
        dir.join(program_name(name))
    }

    fn product(&self, name: &str) -> Cmd<'_> {
        self.command(&self.product_file(name))
    }
}

/// How long a program of a test may take. Only what hangs takes that long: an installation starts Codex eight
/// times, and takes a minute where the machine has ten times the work that it can do.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// A program about to be started.
#[derive(Debug)]
#[must_use = "nothing is started before `run` or `spawn`"]
pub struct Cmd<'a> {
    sandbox: &'a Sandbox,
    program: PathBuf,
    args: Vec<OsString>,
    cwd: PathBuf,
    env: Vec<(OsString, Option<OsString>)>,
    stdin: Vec<u8>,
    stdin_stays_open: bool,
    stdout: Option<Stdio>,
    timeout: Duration,
}

impl<'a> Cmd<'a> {
    pub(super) fn new(sandbox: &'a Sandbox, program: &Path) -> Self {
        Self {
            sandbox,
            program: program.to_owned(),
            args: Vec::new(),
            cwd: sandbox.repo(),
            env: Vec::new(),
            stdin: Vec::new(),
            stdin_stays_open: false,
            stdout: None,
            timeout: PATIENCE,
        }
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets the current directory; the repository if not set.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = dir.into();
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Removes a variable.
    pub fn without_env(mut self, name: &str) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// Sets standard input; it ends at once if not set.
    pub fn stdin(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.stdin = content.into();
        self
    }

    /// Keeps standard input open after its content, until the program ends.
    pub fn stdin_stays_open(mut self) -> Self {
        self.stdin_stays_open = true;
        self
    }

    /// Connects standard output to a closed pipe: the first write fails.
    ///
    /// # Panics
    /// When no pipe can be created.
    pub fn broken_stdout(self) -> Self {
        let (_, writer) = std::io::pipe().expect("a pipe can be made");
        self.stdout_to(writer)
    }

    /// Redirects standard output; then it is not captured.
    pub fn stdout_to(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// Sets how long [`Cmd::run`] and [`Running::wait`] wait; five minutes if not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same program, arguments, directory and environment as a `std` command, for benchmarks.
    pub fn to_std(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.cwd).env_clear();
        command.envs(self.sandbox.env.iter().map(|(name, value)| (name, value)));
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Starts the program and waits until it has ended and its output is closed.
    ///
    /// # Panics
    /// When it cannot be started or does not end in time.
    #[track_caller]
    #[must_use = "assert its exit code, for example with `success`"]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts the program in a process group of its own.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn spawn(self) -> Running {
        let mut command = self.to_std();
        command
            .stdin(Stdio::piped())
            .stdout(self.stdout.unwrap_or_else(Stdio::piped))
            .stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let kept_stdin = Arc::new(Mutex::new(None));
        let (content, keep, slot) = (self.stdin, self.stdin_stays_open, Arc::clone(&kept_stdin));
        // A program that does not read must not block the test.
        thread::spawn(move || {
            let _ = stdin.write_all(&content);
            if keep {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(stdin);
            }
        });
        let title = title(&self.program, &self.args);
        Running {
            stdout: child.stdout.take().map_or_else(Capture::empty, Capture::of),
            stderr: Capture::of(child.stderr.take().expect("standard error is a pipe")),
            proc: Proc::of(child.id()),
            pid: child.id(),
            child,
            kept_stdin,
            timeout: self.timeout,
            title,
        }
    }
}

fn title(program: &Path, args: &[OsString]) -> String {
    let name = program.file_name().unwrap_or_default();
    let words = std::iter::once(name).chain(args.iter().map(OsString::as_os_str));
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
