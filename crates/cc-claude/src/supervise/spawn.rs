//! Starting the process so that it can be ended, with everything it starts, whatever happens to us.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use cc_core::{Env, IoError, JobId, Proc};
use tempfile::TempPath;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

use crate::batch::{is_batch, prompts_to_files};
use crate::child_env::{WITH_SERVER, child_env};
use crate::request::WITH_INSTRUCTIONS;
use crate::run_processes::MARK;
use crate::{Claude, Request, UserSettings, settings_file};

/// A Claude that was started.
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) proc: Proc,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

/// What Claude is called with.
pub(super) struct Call {
    args: Vec<OsString>,
    vars: BTreeMap<OsString, OsString>,
    /// Removed with this.
    _files: Vec<TempPath>,
}

impl Call {
    /// Writes the settings file, where there are settings, and what else has to be in a file.
    pub(super) fn new(
        claude: &Claude,
        request: &Request,
        env: &Env,
        user: &UserSettings,
    ) -> Result<Self, IoError> {
        let file = request.settings_file.as_deref();
        let settings = settings_file::write(request.settings(user), file)?;
        let path = claude.search_path(&user.over(env));
        let named = [claude.pass_env(), &request.pass_env].concat();
        let mut vars = child_env(env, user, &path, &request.git, &named);
        if request.effort.is_some() {
            // It comes before the argument otherwise.
            vars.remove(OsStr::new("CLAUDE_CODE_EFFORT_LEVEL"));
        }
        if request.server.is_some() {
            let to_os = |(name, value): &(&str, &str)| (name.into(), value.into());
            vars.extend(WITH_SERVER.iter().map(to_os));
        }
        if request.loaded().instructions {
            let (name, value) = WITH_INSTRUCTIONS;
            vars.insert(name.into(), value.into());
        }
        vars.extend(request.env.iter().cloned());
        if let Some(dir) = &request.programs {
            put_first(dir, &mut vars)?;
        }
        let mut args = request.args(user, settings.as_deref());
        let mut files: Vec<TempPath> = settings.into_iter().collect();
        if is_batch(claude.path()) {
            let dir = file.and_then(Path::parent);
            let dir = dir.map_or_else(tempfile::env::temp_dir, Path::to_owned);
            files.extend(prompts_to_files(&mut args, &dir)?);
        }
        Ok(Self {
            args,
            vars,
            _files: files,
        })
    }
}

/// Makes `dir` the first of PATH.
fn put_first(dir: &Path, vars: &mut BTreeMap<OsString, OsString>) -> Result<(), IoError> {
    let path = vars.remove(OsStr::new("PATH")).unwrap_or_default();
    let dirs = [dir.to_owned()]
        .into_iter()
        .chain(std::env::split_paths(&path));
    let joined = std::env::join_paths(dirs).map_err(io::Error::other);
    vars.insert(
        "PATH".into(),
        joined.map_err(IoError::at("put on PATH", dir))?,
    );
    Ok(())
}

/// Starts `claude` for `request`, marked as belonging to `job`.
pub(super) async fn spawn(
    claude: &Claude,
    request: &Request,
    call: &Call,
    job: &JobId,
) -> io::Result<Started> {
    let mut command = Command::new(claude.path());
    command
        .args(&call.args)
        .current_dir(&request.cwd)
        .env_clear()
        .envs(&call.vars)
        .env(MARK, job.as_str())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Child::start(command).await?;
    let lost = || io::Error::other("the pipes of the child are missing");
    let (stdin, stdout, stderr) = child.pipes();
    Ok(Started {
        proc: child.proc(),
        stdin: stdin.ok_or_else(lost)?,
        stdout: stdout.ok_or_else(lost)?,
        stderr: stderr.ok_or_else(lost)?,
        child,
    })
}

/// The process, in what the operating system has to hold its descendants together.
pub(super) struct Child(os::Child);

impl Child {
    async fn start(command: Command) -> io::Result<Self> {
        let mut command = os::prepare(command);
        let mut patience = 10;
        loop {
            match command.spawn() {
                // An installer is writing the binary right now.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && patience > 0 => {
                    patience -= 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                result => return result.map(Self),
            }
        }
    }

    fn pipes(&mut self) -> os::Pipes {
        os::pipes(&mut self.0)
    }

    /// Which process it is; one that has ended already has only its pid.
    fn proc(&self) -> Proc {
        let pid = self.0.id().unwrap_or_default();
        Proc::of(pid).unwrap_or(Proc {
            pid,
            identity: "ended".into(),
        })
    }

    /// Waits for Claude itself to end, not for what it started.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        os::wait(&mut self.0).await
    }

    /// Ends everything at once where the operating system can.
    pub(super) fn end_job(&mut self) {
        os::end_job(&mut self.0);
    }
}

#[cfg(unix)]
mod os {
    use std::io;
    use std::process::ExitStatus;

    use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

    pub(super) type Child = tokio::process::Child;
    pub(super) type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

    pub(super) fn prepare(mut command: Command) -> Command {
        command.process_group(0);
        #[cfg(target_os = "linux")]
        crate::supervise::fork::end_with_parent(&mut command);
        command
    }

    pub(super) fn pipes(child: &mut Child) -> Pipes {
        #[cfg(target_os = "linux")]
        child.stdout.iter().for_each(enlarge);
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// How much a pipe of Claude's output holds: several times what is read at once.
    #[cfg(target_os = "linux")]
    const PIPE: usize = 256 << 10;

    /// Lets Claude write while we read: in a pipe of the usual size, which holds as much as we read at once, each would
    /// wait for the other again and again.
    #[cfg(target_os = "linux")]
    fn enlarge(output: &ChildStdout) {
        // Where this user has too many large pipes, it stays as it is.
        let _ = rustix::pipe::fcntl_setpipe_size(output, PIPE);
    }

    pub(super) async fn wait(child: &mut Child) -> io::Result<ExitStatus> {
        child.wait().await
    }

    /// A group is signalled step by step instead.
    pub(super) fn end_job(_: &mut Child) {}
}

#[cfg(windows)]
mod os {
    use std::io;
    use std::process::ExitStatus;

    use cc_core::child::NO_CONSOLE;
    use process_wrap::tokio::{ChildWrapper, CommandWrap, CreationFlags, JobObject, KillOnDrop};
    use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

    pub(super) type Child = Box<dyn ChildWrapper>;
    pub(super) type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

    /// The job is ended with its last handle, so Claude ends when we do.
    pub(super) fn prepare(command: Command) -> CommandWrap {
        let mut command = CommandWrap::from(command);
        command
            .wrap(CreationFlags(NO_CONSOLE))
            .wrap(KillOnDrop)
            .wrap(JobObject);
        command
    }

    pub(super) fn pipes(child: &mut Child) -> Pipes {
        (
            child.stdin().take(),
            child.stdout().take(),
            child.stderr().take(),
        )
    }

    /// The wrapper itself would wait for everything in the job.
    pub(super) async fn wait(child: &mut Child) -> io::Result<ExitStatus> {
        child.inner_mut().wait().await
    }

    pub(super) fn end_job(child: &mut Child) {
        let _ = child.start_kill();
    }
}
