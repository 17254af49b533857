//! One call of git: its arguments, its time, and how much of what it says is taken in.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::IoError;
use cc_core::text::{Tail, one_line};

use crate::{Error, Git, hardening};

/// How long a call may take where no [`crate::Limits`] are given.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The most that is kept of an answer that is small by nature.
const SMALL_ANSWER: u64 = 8 << 20;

const STDERR_TAIL: usize = 4 << 10;

/// Calls git in one directory, with one environment.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    binary: PathBuf,
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    config: Vec<(OsString, OsString)>,
}

/// How a call ended.
pub(crate) struct Ended {
    /// The exit code; `None` where a signal ended git, also ours.
    pub(crate) code: Option<i32>,
    /// Whether the reader had enough and git was killed.
    pub(crate) stopped: bool,
    /// The end of what git said about errors.
    pub(crate) stderr: String,
}

/// What git reads on its standard input.
pub(crate) enum Input<'a> {
    /// A few bytes or many, while we live.
    Bytes(&'a [u8]),
    /// All of a file, for what must be done to its end: git is not part of our process group then,
    /// and writes its errors to another file instead of a pipe, so that neither Ctrl-C nor our end
    /// cuts it short.
    Lasting { input: File, errors: File },
}

enum Heard {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    StdoutEnded,
}

impl Runner {
    pub(crate) fn new(git: &Git, dir: &Path, config: Vec<(OsString, OsString)>) -> Self {
        Self {
            binary: git.path().to_owned(),
            dir: dir.to_owned(),
            env: git.child_env(),
            config,
        }
    }

    /// For calls in a work tree whose `.git` file is not to be trusted.
    pub(crate) fn in_work_tree(git: &Git, git_dir: &Path, root: &Path) -> Self {
        let mut runner = Self::new(git, root, hardening::pinned());
        runner.env.push(("GIT_DIR".into(), git_dir.into()));
        runner.env.push(("GIT_WORK_TREE".into(), root.into()));
        runner
    }

    /// Has git use the index at `path`.
    pub(crate) fn use_index(&mut self, path: &Path) {
        self.env.push(("GIT_INDEX_FILE".into(), path.into()));
    }

    /// The directory that git is called in.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn configure(&mut self, more: impl IntoIterator<Item = (OsString, OsString)>) {
        self.config.extend(more);
    }

    /// The whole answer of a call, whatever its exit code.
    pub(crate) fn answer<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<(Vec<u8>, Ended), Error> {
        let mut answer = Vec::new();
        let ended = self.stream(args, Input::Bytes(b""), PATIENCE, &mut |bytes| {
            answer.extend_from_slice(bytes);
            if answer.len() as u64 > SMALL_ANSWER {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if ended.stopped {
            return Err(Error::TooMuchOutput {
                command: command_of(args),
                limit: SMALL_ANSWER,
            });
        }
        Ok((answer, ended))
    }

    /// Gives what git says to `take`, piece by piece, until git ends or `take` has enough.
    pub(crate) fn stream<S: AsRef<OsStr>>(
        &self,
        args: &[S],
        input: Input<'_>,
        patience: Duration,
        take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<Ended, Error> {
        let deadline = Instant::now() + patience;
        let mut running = self.start(args, input)?;
        let mut stderr = Tail::new(STDERR_TAIL);
        let mut stopped = false;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match running.heard.recv_timeout(left) {
                Ok(Heard::Stdout(bytes)) => {
                    if take(&bytes).is_break() {
                        stopped = true;
                        break;
                    }
                }
                Ok(Heard::Stderr(bytes)) => stderr.push(&bytes),
                Ok(Heard::StdoutEnded) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Error::Timeout {
                        command: command_of(args),
                        waited: patience,
                    });
                }
            }
        }
        if stopped {
            return Ok(Ended {
                code: None,
                stopped,
                stderr: String::new(),
            });
        }
        let status = running
            .child
            .wait()
            .map_err(IoError::at("wait for", &self.binary))?;
        // What git said last may still be under way; a grandchild that keeps the pipe must not
        // keep us.
        while let Ok(heard) = running.heard.recv_timeout(Duration::from_secs(1)) {
            if let Heard::Stderr(bytes) = heard {
                stderr.push(&bytes);
            }
        }
        if let Some(errors) = running.errors.take() {
            let read = end_of(errors).map_err(IoError::at("read the errors of", &self.binary))?;
            stderr.push(&read);
        }
        Ok(Ended {
            code: status.code(),
            stopped,
            stderr: stderr.text().into_owned(),
        })
    }

    fn start<S: AsRef<OsStr>>(&self, args: &[S], input: Input<'_>) -> Result<Running, IoError> {
        let failed = || IoError::at("start", &self.binary);
        let mut command = Command::new(&self.binary);
        command
            .args(args)
            .current_dir(&self.dir)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("GIT_CONFIG_COUNT", self.config.len().to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (bytes, errors) = match input {
            Input::Bytes(bytes) => {
                command.stdin(if bytes.is_empty() {
                    Stdio::null()
                } else {
                    Stdio::piped()
                });
                (bytes, None)
            }
            Input::Lasting { input, errors } => {
                command
                    .stdin(input)
                    .stderr(errors.try_clone().map_err(failed())?);
                #[cfg(unix)]
                std::os::unix::process::CommandExt::process_group(&mut command, 0);
                (&b""[..], Some(errors))
            }
        };
        // Not `-c`: there a name with an equals sign cannot be said.
        for (index, (key, value)) in self.config.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        #[cfg(windows)]
        {
            // CREATE_NO_WINDOW: a hook's child must not flash a console.
            std::os::windows::process::CommandExt::creation_flags(&mut command, 0x0800_0000);
        }
        let mut child = command.spawn().map_err(failed())?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, heard) = sync_channel(4);
        let running = Running {
            child,
            heard,
            errors,
        };
        let stdout = stdout.expect("stdout is piped");
        if let Some(stderr) = stderr {
            let sender = sender.clone();
            spawn(move || pump(stderr, &sender, Heard::Stderr)).map_err(failed())?;
        }
        spawn(move || {
            pump(stdout, &sender, Heard::Stdout);
            // Nobody listens any more where the reader had enough.
            let _ = sender.send(Heard::StdoutEnded);
        })
        .map_err(failed())?;
        if let Some(mut stdin) = stdin {
            let bytes = bytes.to_owned();
            // On a thread: a git that answers while it reads would wait for us, and we for it.
            spawn(move || {
                // A git that does not want its input says why on standard error.
                let _ = stdin.write_all(&bytes);
            })
            .map_err(failed())?;
        }
        Ok(running)
    }
}

/// A git that is ended, and never left as a zombie, when nobody waits for it any more.
struct Running {
    child: Child,
    heard: Receiver<Heard>,
    /// Where it writes its errors, if not to us.
    errors: Option<File>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where git has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does two things at once.
pub(crate) fn at_once<A, B: Send>(
    here: impl FnOnce() -> A,
    beside: impl FnOnce() -> B + Send,
) -> (A, B) {
    thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let here = here();
        (
            here,
            beside.join().unwrap_or_else(|panic| resume_unwind(panic)),
        )
    })
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(work)
        .map(drop)
}

/// The last of what is in a file.
fn end_of(mut file: File) -> io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(STDERR_TAIL as u64)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end)
}

fn pump(mut from: impl Read, to: &SyncSender<Heard>, wrap: fn(Vec<u8>) -> Heard) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if to.send(wrap(buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn command_of<S: AsRef<OsStr>>(args: &[S]) -> String {
    let name = args.first().map_or(OsStr::new(""), AsRef::as_ref);
    name.to_string_lossy().into_owned()
}

impl Ended {
    /// The error that a failed call means.
    pub(crate) fn into_error<S: AsRef<OsStr>>(self, args: &[S]) -> Error {
        // Warnings come first; the reason is what git says last.
        let reason = self.stderr.rfind("fatal: ").unwrap_or(0);
        let said = one_line(self.stderr[reason..].trim(), 600);
        let signs = [
            "bad object",
            "lazy fetching disabled",
            "from promisor remote",
        ];
        if signs.iter().any(|sign| self.stderr.contains(sign)) {
            return Error::MissingObjects { detail: said };
        }
        Error::Failed {
            command: command_of(args),
            stderr: if said.is_empty() {
                "it gave no reason".into()
            } else {
                said
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
        runner.answer(&["init", "--quiet", "."]).unwrap();
        let input = b"no such object\n".repeat(100_000);
        let mut lines = 0;
        let args = ["cat-file", "--batch-check"];
        let ended = runner
            .stream(&args, Input::Bytes(&input), PATIENCE, &mut |bytes| {
                lines += bytes.iter().filter(|&&byte| byte == b'\n').count();
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!((ended.code, lines), (Some(0), 100_000));
    }

    #[test]
    fn a_git_that_does_not_end_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let runner = runner(dir.path());
        runner.answer(&["init", "--quiet", "."]).unwrap();
        let begun = Instant::now();
        let patience = Duration::from_millis(100);
        let args = ["-c", "alias.hang=!sleep 20", "hang"];
        let ended = runner.stream(&args, Input::Bytes(b""), patience, &mut |_| {
            ControlFlow::Continue(())
        });
        assert!(matches!(ended, Err(Error::Timeout { .. })));
        assert!(begun.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn the_reason_of_a_failure_is_what_git_says_last() {
        let check = |stderr: &str, expect: &str| {
            let ended = Ended {
                code: Some(128),
                stopped: false,
                stderr: stderr.into(),
            };
            assert_eq!(ended.into_error(&["diff"]).to_string(), expect);
        };
        check("", "`git diff` failed: it gave no reason");
        check("warning: a\nfatal: b\nc\n", "`git diff` failed: fatal: b c");
        check(
            "warning: lazy fetching disabled\nfatal: x\n",
            "objects are missing in this clone (shallow, partial or damaged): fatal: x",
        );
    }
}
