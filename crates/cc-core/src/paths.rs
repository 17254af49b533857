//! Where things lie on disk: the data directory, one state directory a workspace, its files.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fs::{canonical, read_bounded};
use crate::{Env, JobId, SessionId, ThreadId};

/// The repository or directory that jobs belong to: the canonical git top level, or the directory
/// itself outside git.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Workspace(PathBuf);

impl Workspace {
    /// Takes `root`, which must be canonical already.
    pub fn from_canonical(root: PathBuf) -> Self {
        Self(root)
    }

    /// The root directory.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The name of the state directory: the first 12 hex digits of SHA-256 over the root's bytes.
    pub fn key(&self) -> String {
        key_of(&self.0)
    }
}

/// Codex's directory: `CODEX_HOME`, else `~/.codex`; `None` where no variable names a home directory.
pub fn codex_home(env: &Env) -> Option<PathBuf> {
    match env.var("CODEX_HOME") {
        Some(dir) => Some(env.absolute(Path::new(dir))),
        None => Some(env.home()?.join(".codex")),
    }
}

/// The main working tree of a linked one, as the files of both say; `None` for any other directory.
///
/// A directory could name any other as its main one; only one that names it in turn counts.
pub fn main_working_tree(linked: &Path) -> Option<PathBuf> {
    let pointer = read_bounded(&linked.join(".git"), 4 << 10).ok()?;
    let pointer = String::from_utf8(pointer).ok()?;
    let git_dir = canonical(&linked.join(pointer.strip_prefix("gitdir:")?.trim())).ok()?;
    let common = git_dir
        .parent()
        .filter(|parent| parent.ends_with("worktrees"))?;
    let common = common.parent()?;
    let back = read_bounded(&git_dir.join("gitdir"), 4 << 10).ok()?;
    let back = git_dir.join(String::from_utf8(back).ok()?.trim());
    let is_named = canonical(&back).ok()? == canonical(&linked.join(".git")).ok()?;
    is_named.then(|| common.parent().map(Path::to_owned))?
}

fn key_of(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The root of everything that `cc` keeps for one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// `CC_DATA_DIR`, else `$CODEX_HOME/plugins/data/cc`, else `~/.codex/plugins/data/cc`.
    ///
    /// `None` where no variable names a home directory.
    pub fn locate(env: &Env) -> Option<Self> {
        if let Some(dir) = env.var("CC_DATA_DIR") {
            return Some(Self(env.absolute(Path::new(dir))));
        }
        let codex = codex_home(env)?;
        Some(Self(codex.join("plugins").join("data").join("cc")))
    }

    /// Takes `root` as the data directory.
    pub fn at(root: PathBuf) -> Self {
        Self(root)
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The user's settings.
    pub fn settings(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// What Claude Code said last of the limits of the account.
    pub fn account(&self) -> PathBuf {
        self.0.join("account.json")
    }

    /// The lock under which the user's settings are changed.
    pub fn settings_lock(&self) -> PathBuf {
        self.0.join("config.lock")
    }

    /// The directory of what Git sees instead of the configuration of repositories, while its calls last.
    pub fn git_views(&self) -> PathBuf {
        self.0.join("git-views")
    }

    /// The directory of what Git reported of its configuration.
    pub fn git_configurations(&self) -> PathBuf {
        self.0.join("git-config")
    }

    /// The directory for the files of sandboxed commands in a thread of Claude.
    pub fn scratch(&self, thread: &ThreadId) -> PathBuf {
        self.0.join("scratch").join(thread.as_str())
    }

    /// The directory of the `bwrap` that starts sandboxed commands in a thread of Claude.
    pub fn sandbox_starter(&self, thread: &ThreadId) -> PathBuf {
        self.0.join("sandbox").join(thread.as_str())
    }

    /// The directory that stands in for the Git directory of an isolated thread while its commands run.
    pub fn shadow(&self, thread: &ThreadId) -> PathBuf {
        self.0.join("shadows").join(thread.as_str())
    }

    /// The directory of what a thread of Claude is given of the repository's settings, while it works.
    pub fn project_settings(&self, thread: &ThreadId) -> PathBuf {
        self.0.join("project-settings").join(thread.as_str())
    }

    /// The directory that holds one state directory a workspace.
    pub fn states(&self) -> PathBuf {
        self.0.join("state")
    }

    /// The directory that holds one directory a repository.
    pub fn repositories(&self) -> PathBuf {
        self.0.join("repositories")
    }

    /// The directory that names the workspaces of a repository, a file each; `common_dir` is the
    /// canonical Git directory that they share.
    pub fn repository(&self, common_dir: &Path) -> PathBuf {
        self.repositories().join(key_of(common_dir))
    }

    /// The directory of what hooks remember of sessions.
    pub fn sessions(&self) -> PathBuf {
        self.0.join("sessions")
    }

    /// What hooks remember of a session.
    pub fn session(&self, session: &SessionId) -> PathBuf {
        self.sessions().join(format!("{session}.json"))
    }

    /// The jobs that the model of a session started and that may still run.
    pub fn running(&self, session: &SessionId) -> PathBuf {
        self.0.join("running").join(format!("{session}.json"))
    }

    /// The lock under which the model of a session starts a job.
    pub fn running_lock(&self, session: &SessionId) -> PathBuf {
        self.0.join("running").join(format!("{session}.lock"))
    }

    /// What running jobs may still spend of the day's budget.
    pub fn reserved(&self) -> PathBuf {
        self.0.join("reserved.json")
    }

    /// The lock under which that changes.
    pub fn reserved_lock(&self) -> PathBuf {
        self.0.join("reserved.lock")
    }

    /// The state directory of a workspace.
    pub fn state(&self, workspace: &Workspace) -> StateDir {
        StateDir(self.states().join(workspace.key()))
    }
}

/// The files of one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// Takes `root` as the directory of a workspace.
    pub fn at(root: PathBuf) -> Self {
        Self(root)
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Settings of the workspace, among them whether the review gate is on.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// The lock under which the settings of the workspace are changed.
    pub fn config_lock(&self) -> PathBuf {
        self.0.join("config.lock")
    }

    /// The marker that the session-start hook writes.
    pub fn current_session(&self) -> PathBuf {
        self.0.join("current-session.json")
    }

    /// What the work tree looked like when the session's turn began.
    pub fn turn_baseline(&self, session: &SessionId) -> PathBuf {
        self.0.join(format!("turn-baseline.{session}.json"))
    }

    /// The lock under which the gate looks at the end of a session's turn.
    pub fn turn_lock(&self, session: &SessionId) -> PathBuf {
        self.0.join(format!("turn.{session}.lock"))
    }

    /// What the review gate did last.
    pub fn stop_review_last(&self) -> PathBuf {
        self.0.join("stop-review-last.json")
    }

    /// The last checks of the review gate, a line each.
    pub fn stop_review_history(&self) -> PathBuf {
        self.0.join("stop-review-history.jsonl")
    }

    /// The lock under which the history of the review gate is changed.
    pub fn stop_review_lock(&self) -> PathBuf {
        self.0.join("stop-review.lock")
    }

    /// The lock under which a job takes up an earlier conversation.
    pub fn resume_lock(&self) -> PathBuf {
        self.0.join("resume.lock")
    }

    /// What the user allowed of the repository's settings, and which version that is.
    pub fn trust(&self) -> PathBuf {
        self.0.join("trust")
    }

    /// What the removed jobs of the last day took.
    pub fn spent(&self) -> PathBuf {
        self.0.join("spent.json")
    }

    /// What removed jobs have cost, a line each.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("usage.jsonl")
    }

    /// The lock under which that changes.
    pub fn spent_lock(&self) -> PathBuf {
        self.0.join("spent.lock")
    }

    /// What is known of jobs that have ended without their records.
    pub fn ended_jobs(&self) -> PathBuf {
        self.0.join("ended-jobs.jsonl")
    }

    /// Records, logs and locks of all jobs.
    pub fn jobs(&self) -> PathBuf {
        self.0.join("jobs")
    }

    /// The record of a job.
    pub fn record(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "json")
    }

    /// The progress log of a job.
    pub fn log(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "log")
    }

    /// What a running job does at the moment.
    pub fn progress(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "progress")
    }

    /// The prompt of a job that has not ended.
    pub fn prompt(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "prompt")
    }

    /// The page of a job's report, once it was shown in a browser.
    pub fn page(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "html")
    }

    /// The settings of a job's run of Claude, while it lasts.
    pub fn run_settings(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "settings")
    }

    /// The lock under which a record is changed.
    pub fn lock(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "lock")
    }

    /// The lock that the job's worker holds as long as it lives.
    pub fn alive(&self, job: &JobId) -> PathBuf {
        self.job_file(job, "alive")
    }

    fn job_file(&self, job: &JobId, extension: &str) -> PathBuf {
        self.jobs().join(format!("{job}.{extension}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn locate(vars: &[(&str, &str)]) -> Option<PathBuf> {
        let env = Env::fixed("/cwd", "/bin/cc-cli", vars.iter().copied());
        DataDir::locate(&env).map(|dir| dir.0)
    }

    #[test]
    #[cfg(unix)]
    fn the_data_directory_follows_the_environment() {
        let home = ("HOME", "/home/dev");
        assert_eq!(
            locate(&[home]),
            Some("/home/dev/.codex/plugins/data/cc".into())
        );
        assert_eq!(
            locate(&[home, ("CODEX_HOME", "/codex")]),
            Some("/codex/plugins/data/cc".into())
        );
        assert_eq!(
            locate(&[home, ("CODEX_HOME", "")]),
            Some("/home/dev/.codex/plugins/data/cc".into())
        );
        assert_eq!(
            locate(&[home, ("CC_DATA_DIR", "data")]),
            Some("/cwd/data".into())
        );
        assert_eq!(locate(&[]), None);
    }

    #[test]
    fn a_workspace_is_keyed_by_its_root() {
        let workspace = Workspace::from_canonical("/home/dev/demo".into());
        assert_eq!(workspace.key(), "c6604f1ed37b");
    }
}
