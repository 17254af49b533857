//! Starts the worker of a job, a process that outlives its caller.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use cc_core::{Dollars, FileLock, IoError, JobId};
use cc_jobs::{Draft, Job, StoreError};

use crate::day_budget::DayRest;
use crate::project::Caller;
use crate::running::JobSlot;
use crate::{Error, Project, day_budget};

/// Makes a job and starts its worker, within the `budget` of the day.
///
/// # Errors
/// When a file cannot be written or the process cannot be started.
pub(crate) fn launch(
    project: &Project,
    draft: Draft,
    prompt: &str,
    budget: Option<Dollars>,
) -> Result<Job, Error> {
    let place = JobSlot::find(project)?;
    let rest = DayRest::find(project, budget)?;
    project.remember();
    project.before_launch.run();
    let (new, alive) = day_budget::begin(project, draft, prompt, rest)?;
    if let Some(place) = place {
        place.take(project, new.id())?;
    }
    spawn(project, new.id(), alive)?;
    // The worker, which starts meanwhile, waits for it.
    Ok(new.save()?)
}

/// The worker gets the job's liveness lock as its standard input: it holds the lock from its first
/// moment, and the kernel frees it at its last. Nothing else is inherited.
fn spawn(project: &Project, id: &JobId, alive: FileLock) -> Result<(), Error> {
    let store = &project.store;
    let log = append_only(&store.dir().log(id)).map_err(StoreError::from)?;
    let mut command = Command::new(&project.env.exe);
    command
        .arg("worker")
        .arg("--data")
        .arg(project.data.root())
        .arg("--workspace")
        .arg(store.workspace().root())
        .arg(id.as_str())
        .current_dir(project.data.root())
        .stdin(Stdio::from(alive.into_file()))
        .stdout(Stdio::null())
        .stderr(Stdio::from(log));
    if project.caller != Caller::Person {
        // They are no settings of the user's: the worker, which reads settings too, does not get them.
        for name in cc_jobs::variables() {
            command.env_remove(name);
        }
    }
    let exe = || project.env.exe.display().to_string();
    spawn_detached(command).map_err(|source| Error::Spawn { exe: exe(), source })
}

fn append_only(path: &Path) -> Result<File, IoError> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(IoError::at("open", path))
}

/// In its own session: signals to the caller's terminal or process group do not reach it.
#[cfg(unix)]
pub(crate) fn spawn_detached(command: Command) -> io::Result<()> {
    use process_wrap::std::{CommandWrap, ProcessSession};
    CommandWrap::from(command)
        .wrap(ProcessSession)
        .spawn()
        .map(drop)
}

/// No console and, where it may leave, out of the caller's Job Object, which would end it with the caller.
#[cfg(windows)]
pub(crate) fn spawn_detached(mut command: Command) -> io::Result<()> {
    use std::os::windows::process::CommandExt;

    const DETACHED_PROCESS: u32 = 0x0000_0008;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    const CREATE_BREAKAWAY_FROM_JOB: u32 = 0x0100_0000;
    // Whoever embeds us may not have done so; the worker would hold the pipe open to which our caller writes.
    cc_core::child::keep_standard_streams();
    let detached = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP;
    command.creation_flags(detached | CREATE_BREAKAWAY_FROM_JOB);
    let started = command.spawn().or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => command.creation_flags(detached).spawn(),
        _ => Err(error),
    });
    started.map(drop)
}
