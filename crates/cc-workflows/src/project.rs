//! What a call works on: its workspace, the jobs there, and the session that calls.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cc_claude::Claude;
use cc_core::fs::{check_own_dir, resolve};
use cc_core::process::Survivors;
use cc_core::program::Fence;
use cc_core::session::SessionRecord;
use cc_core::{DataDir, Env, JobId, LocateError, SessionId, Workspace};
use cc_jobs::settings::Settings;
use cc_jobs::{Body, Job, SettingsError, SettingsFile, Store, session};

use crate::Error;
use crate::order::{RescueSpec, WorkOrder};
use crate::rescue::cage::{ProtectedWatch, told};
use crate::rescue::leftovers::Leftovers;
use crate::rescue::scratch;

/// One workspace as one call sees it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The process that calls.
    pub env: Env,
    /// Where `cc` keeps its files.
    pub data: DataDir,
    /// The jobs of the workspace.
    pub store: Store,
    /// The session of Codex that calls, if known.
    pub session: Option<SessionId>,
    /// Who calls.
    pub caller: Caller,
    /// What the caller does right before it makes a job.
    pub before_launch: BeforeLaunch,
}

/// What a caller does right before it makes a job, such as to listen for signals: from then on the end of the caller
/// would leave a job behind.
#[derive(Clone, Default)]
pub struct BeforeLaunch(Option<Arc<dyn Fn() + Send + Sync>>);

impl BeforeLaunch {
    /// Does this.
    pub fn new(what: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(what)))
    }

    pub(crate) fn run(&self) {
        if let Some(what) = &self.0 {
            what();
        }
    }
}

impl fmt::Debug for BeforeLaunch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BeforeLaunch")
            .field(&self.0.is_some())
            .finish()
    }
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody with all rights of the user.
    Person,
    /// The model of Codex, through the [door](crate::door), in this session.
    Codex(SessionRecord),
}

impl Project {
    /// Opens the workspace that holds the current directory; starts no process, writes nothing.
    ///
    /// # Errors
    /// When no data directory can be determined, it is that of another user, or the current directory is
    /// gone.
    pub fn open(env: &Env) -> Result<Self, Error> {
        let data = DataDir::locate(env).ok_or(Error::NoHome)?;
        check_own_dir(data.root()).map_err(Error::Data)?;
        let workspace = cc_git::workspace(&env.cwd).map_err(Error::Directory)?;
        check_apart(env, data.root(), workspace.root())?;
        Ok(Self::at(env, data, workspace))
    }

    /// Reads the user's settings.
    ///
    /// # Errors
    /// When the file or a variable is not valid, or the file cannot be read.
    pub fn settings(&self) -> Result<Settings, SettingsError> {
        Ok(self.settings_file()?.settings().clone())
    }

    /// Reads the user's settings with where each is set. Variables take precedence, but not through the door for
    /// Codex: whoever calls sets them.
    ///
    /// # Errors
    /// When the file or a variable is not valid, or the file cannot be read.
    pub fn settings_file(&self) -> Result<SettingsFile, SettingsError> {
        let file = SettingsFile::read(&self.data)?;
        match self.caller {
            Caller::Person => file.overridden_by(|name| self.env.text(name).map(str::to_owned)),
            Caller::Codex(_) => Ok(file),
        }
    }

    /// The Claude Code to run: `configured`, else the first on the PATH, else the one that the session
    /// of Codex has on its own (its commands run in a login shell, which may have another PATH), else
    /// the first where installers put it.
    ///
    /// # Errors
    /// When there is none, or every candidate was rejected, with the first reason.
    pub fn claude(&self, configured: Option<&Path>) -> Result<Claude, LocateError> {
        let workspace = self.store.workspace().root();
        let found = Claude::locate(&self.env, workspace, configured);
        if configured.is_some() || !matches!(found, Err(LocateError::NotFound { .. })) {
            return found;
        }
        let seen = session::marker(self.store.dir()).and_then(|marker| marker.claude);
        let seen = seen.and_then(|path| Claude::locate_seen(&self.env, workspace, &path).ok());
        let elsewhere = || match Claude::locate_elsewhere(&self.env, workspace) {
            Err(LocateError::NotFound { .. }) => found,
            elsewhere => elsewhere,
        };
        seen.map_or_else(elsewhere, Ok)
    }

    /// Opens a known workspace.
    pub fn at(env: &Env, data: DataDir, workspace: Workspace) -> Self {
        let store = Store::new(&data, workspace, env.clock, clean_up);
        let session = session::current(env, store.dir());
        Self {
            env: env.clone(),
            data,
            store,
            session,
            caller: Caller::Person,
            before_launch: BeforeLaunch::default(),
        }
    }
}

/// Refuses a data directory in the workspace, where Codex and rescues may write; what is in `.codex` is protected.
fn check_apart(env: &Env, data: &Path, workspace: &Path) -> Result<(), Error> {
    // Our own calls in the data directory have no other workspace.
    if workspace.starts_with(resolve(data)) {
        return Ok(());
    }
    let fence = Fence::around(env, workspace);
    match fence.root_of(data) {
        Some(root) if !resolve(data).starts_with(resolve(root).join(".codex")) => {
            Err(Error::OpenData {
                path: data.to_owned(),
                root: root.to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// The longest that Claude Code takes to be up; it takes a second.
const LONGEST_START: Duration = Duration::from_secs(30);

/// Ends the processes of a job whose worker is gone, and removes what its sandbox left in the repository. Returns
/// what of the protected files they changed. Where the record is damaged, what carries the job's id is ended.
fn clean_up(id: &JobId, record: Option<(&Job, &Body)>) -> Result<Option<String>, Survivors> {
    let Some((job, body)) = record else {
        return cc_claude::end_marked(id).map(|()| None);
    };
    let state = job.state();
    let ended = match state.processes() {
        (Some(worker), claude) => {
            // Without its lock it is not our worker any more, or one of the plugin before this one.
            let running = job.running_worker();
            let running = running.filter(|worker| worker.pid != std::process::id());
            // That one leads the group of what it started.
            let leader = running.as_ref().filter(|_| job.is_older());
            let mut known = state.survivors().to_vec();
            known.extend(running.clone());
            cc_claude::end_orphans(&job.id, worker, claude.or(leader), &known)
        }
        (None, _) => Ok(()),
    };
    let mut changed = Vec::new();
    if let Some(spec) = RescueSpec::in_record(job.kind, body) {
        // When Claude was up is not recorded.
        if let Some(started) = state.started_at() {
            Leftovers::tidy(&spec.leftovers, &[], started.plus(LONGEST_START));
        }
        let watch = spec.starter.as_deref().and_then(ProtectedWatch::load);
        changed = watch.map(|watch| watch.changes()).unwrap_or_default();
        for dir in spec.own_dirs() {
            scratch::remove(Some(dir));
        }
    }
    if let Some(commands) = WorkOrder::read(job.kind, body)
        .ok()
        .as_ref()
        .and_then(WorkOrder::commands)
    {
        if let Some(started) = state.started_at() {
            Leftovers::tidy(&commands.leftovers, &[], started.plus(LONGEST_START));
        }
        commands.clean_up();
    }
    ended.map(|()| (!changed.is_empty()).then(|| told(&changed)))
}
