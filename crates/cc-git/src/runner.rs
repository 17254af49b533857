//! Calls of git: arguments, environment, timeout, and how much output is taken in.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cc_core::IoError;
use cc_core::text::{Tail, one_line};

use crate::pipes::{Chunk, NoChunk};
use crate::process::{GitInput, GitProcess, STDERR_TAIL};
use crate::records::RecordReader;
use crate::view::View;
use crate::{Error, Git};

/// How long a call may take by default.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// The most output that is taken in by default, in bytes.
const OUTPUT_LIMIT: u64 = 8 << 20;

/// How long a call may take that checks out files or carries the content of many, and its most output.
const LONG_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const LARGE_OUTPUT_LIMIT: u64 = 256 << 20;

/// Calls git in one directory, with one environment.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    binary: PathBuf,
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    config: Vec<(OsString, OsString)>,
    /// What Git sees as the directory that worktrees share.
    view: Option<View>,
}

impl Runner {
    pub(crate) fn new(git: &Git, dir: &Path, config: Vec<(OsString, OsString)>) -> Self {
        Self {
            binary: git.path().to_owned(),
            dir: dir.to_owned(),
            env: git.child_env(),
            config,
            view: None,
        }
    }

    /// From here on, Git reads no configuration but that of `view` and ours, and works with the Git directory
    /// `git_dir` of the working tree here.
    pub(crate) fn look_through(&mut self, view: View, git_dir: &Path) {
        let work_tree = self.dir.clone();
        self.set_env("GIT_DIR", git_dir);
        self.set_env("GIT_WORK_TREE", &work_tree);
        self.set_env("GIT_COMMON_DIR", view.path());
        self.set_env("GIT_CONFIG_NOSYSTEM", Path::new("1"));
        self.set_env("GIT_CONFIG_SYSTEM", Path::new("/dev/null"));
        self.set_env("GIT_CONFIG_GLOBAL", Path::new("/dev/null"));
        self.view = Some(view);
    }

    /// Sets an environment variable for all calls.
    pub(crate) fn set_env(&mut self, name: &str, value: &Path) {
        self.env.push((name.into(), value.into()));
    }

    /// A runner that takes `dir` for the working tree.
    pub(crate) fn at(&self, dir: &Path) -> Self {
        let mut runner = self.clone();
        runner.set_env("GIT_WORK_TREE", dir);
        dir.clone_into(&mut runner.dir);
        runner
    }

    /// Adds configuration, which wins over what is there.
    pub(crate) fn configure(&mut self, more: impl IntoIterator<Item = (OsString, OsString)>) {
        self.config.extend(more);
    }

    /// Whether `dir` is the view.
    pub(crate) fn is_view(&self, dir: &Path) -> bool {
        self.view.as_ref().is_some_and(|view| view.path() == dir)
    }

    /// The directory that git is called in.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Prepares a call; the subcommand is the first argument.
    pub(crate) fn call<S: AsRef<OsStr>>(&self, args: &[S]) -> GitCall<'_> {
        GitCall {
            runner: self,
            args: Vec::new(),
            input: GitInput::Bytes(b""),
            timeout: TIMEOUT,
            limit: OUTPUT_LIMIT,
        }
        .args(args)
    }

    /// Prepares a call that may take ten minutes and write 256 MiB.
    pub(crate) fn long_call<S: AsRef<OsStr>>(&self, args: &[S]) -> GitCall<'_> {
        let call = self.call(args);
        call.timeout(LONG_TIMEOUT).limit(LARGE_OUTPUT_LIMIT)
    }
}

/// One call of git, to be run by one of the methods that take it.
#[must_use]
pub(crate) struct GitCall<'a> {
    runner: &'a Runner,
    args: Vec<OsString>,
    input: GitInput<'a>,
    timeout: Duration,
    limit: u64,
}

impl<'a> GitCall<'a> {
    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, more: &[S]) -> Self {
        self.args
            .extend(more.iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets the standard input; none by default.
    pub(crate) fn input(self, input: GitInput<'a>) -> Self {
        Self { input, ..self }
    }

    /// Sets how long the call may take; [`TIMEOUT`] by default.
    pub(crate) fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the most output in bytes, above which the call is an error; 8 MiB by default.
    pub(crate) fn limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// The output of a call that must succeed.
    pub(crate) fn checked(self) -> Result<Vec<u8>, Error> {
        let (output, exit) = self.output()?;
        exit.check()?;
        Ok(output)
    }

    /// The output of a call and how it ended, successful or not.
    pub(crate) fn output(self) -> Result<(Vec<u8>, GitExit), Error> {
        let mut output = Vec::new();
        let exit = self.stream_within_limit(&mut |bytes| {
            output.extend_from_slice(bytes);
            ControlFlow::Continue(())
        })?;
        Ok((output, exit))
    }

    /// Gives each NUL-terminated record of the output to `take`, until that returns `false`. A call
    /// that is not stopped by that must succeed.
    pub(crate) fn records(self, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), Error> {
        let mut reader = RecordReader::default();
        let exit = self.stream_within_limit(&mut |mut bytes| {
            while let Some(record) = reader.next(&mut bytes) {
                if !take(&record) {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        exit.check()
    }

    fn stream_within_limit(
        self,
        take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<GitExit, Error> {
        let (limit, mut total) = (self.limit, 0);
        let exit = self.stream(&mut |bytes| {
            total += bytes.len() as u64;
            if total > limit {
                return ControlFlow::Break(());
            }
            take(bytes)
        })?;
        if total > limit {
            return Err(Error::TooMuchOutput {
                command: exit.command,
                limit,
            });
        }
        Ok(exit)
    }

    /// Gives the output to `take`, piece by piece and without a limit, until it breaks.
    pub(crate) fn stream(
        self,
        take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<GitExit, Error> {
        self.start()?.stream(take)
    }

    /// Starts git; it goes on as far as its output is read or fits into a small buffer.
    pub(crate) fn start(self) -> Result<StartedCall, Error> {
        let command = self.args.first().map_or(OsStr::new(""), AsRef::as_ref);
        let command = command.to_string_lossy().into_owned();
        let binary = self.runner.binary.clone();
        let (deadline, timeout) = (Instant::now() + self.timeout, self.timeout);
        let process =
            GitProcess::start(self.command(), self.input).map_err(IoError::at("start", &binary))?;
        Ok(StartedCall {
            process,
            command,
            binary,
            timeout,
            deadline,
        })
    }

    fn command(&self) -> Command {
        let Runner {
            binary,
            dir,
            env,
            config,
            ..
        } = self.runner;
        let mut command = Command::new(binary);
        command
            .args(&self.args)
            .current_dir(dir)
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, value)))
            .env("GIT_CONFIG_COUNT", config.len().to_string());
        // Not `-c`, which cannot express a name with an equals sign.
        for (index, (key, value)) in config.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command
    }
}

/// A call of git that has been started; git is killed if this is dropped.
#[must_use]
pub(crate) struct StartedCall {
    process: GitProcess,
    command: String,
    binary: PathBuf,
    timeout: Duration,
    deadline: Instant,
}

impl StartedCall {
    /// Gives the output to `take`, piece by piece and without a limit, until it breaks.
    pub(crate) fn stream(
        self,
        take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<GitExit, Error> {
        let Self {
            mut process,
            command,
            ..
        } = self;
        let mut stderr = Tail::new(STDERR_TAIL);
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            // Also of one that never stops writing.
            let next = match left.is_zero() {
                true => Err(NoChunk::Timeout),
                false => process.next(left),
            };
            match next {
                Ok(Chunk::Stdout(bytes)) => {
                    if take(&bytes).is_break() {
                        return Ok(GitExit {
                            command,
                            code: None,
                            stopped: true,
                            stderr: String::new(),
                        });
                    }
                }
                Ok(Chunk::Stderr(bytes)) => stderr.push(&bytes),
                Ok(Chunk::StdoutEnd) | Err(NoChunk::Ended) => break,
                Err(NoChunk::Timeout) => {
                    return Err(Error::Timeout {
                        command,
                        waited: self.timeout,
                    });
                }
            }
        }
        let status = process
            .finish(&mut stderr)
            .map_err(IoError::at("wait for", &self.binary))?;
        Ok(GitExit {
            command,
            code: status.code(),
            stopped: false,
            stderr: stderr.text().into_owned(),
        })
    }
}

/// How a call of git ended.
#[must_use]
pub(crate) struct GitExit {
    /// The subcommand.
    pub(crate) command: String,
    /// The exit code; `None` where git was killed.
    pub(crate) code: Option<i32>,
    /// Whether git was killed because the reader had enough.
    pub(crate) stopped: bool,
    /// The end of standard error.
    pub(crate) stderr: String,
}

impl GitExit {
    /// Fails unless git succeeded or was stopped by the reader.
    pub(crate) fn check(self) -> Result<(), Error> {
        match self.code {
            Some(0) => Ok(()),
            _ if self.stopped => Ok(()),
            _ => Err(self.into_error()),
        }
    }

    /// The error that a failed call means.
    pub(crate) fn into_error(self) -> Error {
        // Warnings and progress come first, the reason last.
        let fatal = self.stderr.rfind("fatal: ");
        let reason = fatal.or_else(|| self.stderr.find("error: ")).unwrap_or(0);
        let detail = one_line(self.stderr[reason..].trim(), 600);
        let signs = [
            "bad object",
            "lazy fetching disabled",
            "from promisor remote",
        ];
        if signs.iter().any(|sign| self.stderr.contains(sign)) {
            return Error::MissingObjects { detail };
        }
        Error::Failed {
            command: self.command,
            stderr: match detail.is_empty() {
                true => "no reason given".into(),
                false => detail,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use cc_core::Env;

    use super::*;

    fn runner(dir: &Path) -> Runner {
        let git = Git::locate(&Env::from_process().unwrap()).unwrap();
        Runner::new(&git, dir, Vec::new())
    }

    #[test]
    fn much_input_and_much_output_do_not_wait_for_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let runner = runner(dir.path());
        runner.call(&["init", "--quiet", "."]).checked().unwrap();
        let input = b"no such object\n".repeat(100_000);
        let mut lines = 0;
        let args = ["cat-file", "--batch-check"];
        let call = runner.call(&args).input(GitInput::Bytes(&input));
        let exit = call
            .stream(&mut |bytes| {
                lines += bytes.iter().filter(|&&byte| byte == b'\n').count();
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!((exit.code, lines), (Some(0), 100_000));
    }

    #[test]
    #[cfg_attr(windows, ignore = "needs a Git that brings a shell")]
    fn a_git_that_does_not_end_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let runner = runner(dir.path());
        runner.call(&["init", "--quiet", "."]).checked().unwrap();
        let begun = Instant::now();
        let args = ["-c", "alias.hang=!sleep 300", "hang"];
        let call = runner.call(&args).timeout(Duration::from_millis(100));
        assert!(matches!(call.checked(), Err(Error::Timeout { .. })));
        assert!(begun.elapsed() < Duration::from_secs(200));
    }

    #[test]
    fn the_reason_of_a_failure_is_what_git_says_last() {
        let check = |stderr: &str, expect: &str| {
            let exit = GitExit {
                command: "diff".into(),
                code: Some(128),
                stopped: false,
                stderr: stderr.into(),
            };
            assert_eq!(exit.into_error().to_string(), expect);
        };
        check("", "`git diff` failed: no reason given");
        check("warning: a\nfatal: b\nc\n", "`git diff` failed: fatal: b c");
        check("Falling back\nerror: b\n", "`git diff` failed: error: b");
        check(
            "warning: lazy fetching disabled\nfatal: x\n",
            "objects are missing in this clone (shallow, partial or damaged): fatal: x",
        );
    }
}
