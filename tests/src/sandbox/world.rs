//! The sandbox itself: its directories, environment and programs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::{DataDir, Env, Proc, StateDir, Workspace};
use tempfile::TempDir;

use crate::fake::{self, Call, Scenario};
use crate::messages_api::MessagesApi;
use crate::{binaries, cost, eventually, peers};

/// An isolated environment around the real binaries; dropping it ends its processes and removes it.
#[derive(Debug)]
#[must_use = "dropping it ends its processes and removes it"]
pub struct Sandbox {
    _removed_at_the_end: TempDir,
    root: PathBuf,
    programs: TempDir,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) product: Option<PathBuf>,
}

impl Sandbox {
    /// A sandbox without Claude.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub fn new() -> Self {
        // Outside of this checkout: what is below is in no repository but its own.
        let dir = tempfile::Builder::new().prefix("cc-test-").tempdir();
        Self::in_dir(dir.expect("a temporary place"))
    }

    /// A sandbox without Claude whose home directory too is a place where programs are found. It lies in this checkout,
    /// as a directory that is in no repository must not.
    pub fn with_programs_at_home() -> Self {
        Self::in_dir(cc_executable::dir())
    }

    /// A sandbox without Claude in this directory.
    fn in_dir(dir: TempDir) -> Self {
        cost::measure();
        let root = cc_core::fs::canonical(dir.path()).expect("a fresh directory has a path");
        let mut sandbox = Self {
            _removed_at_the_end: dir,
            root,
            programs: cc_executable::dir(),
            env: Vec::new(),
            product: None,
        };
        for part in [sandbox.home(), sandbox.codex_home(), sandbox.tmp()] {
            cc_core::fs::create_private_dir(&part).expect("the sandbox is writable");
        }
        sandbox.env = sandbox.fresh_env();
        sandbox.init_repository();
        sandbox
    }

    /// A sandbox whose Claude follows a scenario.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub fn fake(scenario: &Scenario) -> Self {
        Self::new().with_fake_claude(scenario)
    }

    /// Adds a Claude that follows a scenario.
    ///
    /// # Panics
    /// When there is a Claude already.
    pub fn with_fake_claude(self, scenario: &Scenario) -> Self {
        scenario.install(&self.bin());
        let to = self.bin().join(program_name("claude"));
        copy_program(binaries::fake_claude(), &to);
        self
    }

    /// A sandbox with the real, pinned Claude Code, which talks to `api`.
    ///
    /// # Panics
    /// When it cannot be installed.
    pub fn real(api: &MessagesApi) -> Self {
        Self::real_at(&peers::claude(), api)
    }

    /// A sandbox with the real Claude Code at `claude`, which talks to `api`.
    pub fn real_at(claude: &Path, api: &MessagesApi) -> Self {
        Self::new().with_real_claude(claude, api)
    }

    /// Adds the real Claude Code at `claude`, which talks to `api`.
    ///
    /// # Panics
    /// When there is a Claude already.
    pub fn with_real_claude(mut self, claude: &Path, api: &MessagesApi) -> Self {
        self.add_program("claude", claude);
        self.set_env("ANTHROPIC_BASE_URL", api.url());
        self.set_env("ANTHROPIC_API_KEY", "sk-ant-made-up-for-tests");
        for quiet in QUIET {
            self.set_env(quiet, "1");
        }
        self
    }

    /// Puts a program on the PATH, for example the pinned `codex`.
    ///
    /// # Panics
    /// When one of that name is there already.
    pub fn add_program(&self, name: &str, program: &Path) {
        link(program, &self.bin().join(program_name(name)));
    }

    /// Removes the API key of the real Claude, so that it is logged out.
    pub fn log_out(&mut self) {
        self.unset_env("ANTHROPIC_API_KEY");
    }

    /// Replaces the scenario of the fake Claude; its next run is the first of the new one.
    pub fn set_scenario(&self, scenario: &Scenario) {
        scenario.install(&self.bin());
    }

    /// Uses the binaries in `dir` instead of building them.
    pub fn use_binaries(&mut self, dir: &Path) {
        self.product = Some(std::path::absolute(dir).expect("a directory"));
    }

    /// Sets an environment variable for all programs started from now on.
    pub fn set_env(&mut self, name: &str, value: impl Into<OsString>) {
        self.unset_env(name);
        self.env.push((name.into(), value.into()));
    }

    /// Removes an environment variable for all programs started from now on.
    pub fn unset_env(&mut self, name: &str) {
        self.env.retain(|(other, _)| other != name);
    }

    /// The canonical root directory of the sandbox.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `HOME`.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// `CODEX_HOME`.
    pub fn codex_home(&self) -> PathBuf {
        self.root.join("codex")
    }

    /// `TMPDIR`.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The first directory of `PATH`: `git`, and `claude` where there is one. It is not below the root, which may lie
    /// among temporary files: no program is taken from there.
    pub fn bin(&self) -> PathBuf {
        self.programs.path().to_owned()
    }

    /// The repository, the current directory of every program.
    pub fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    /// The product's data directory.
    pub fn data_dir(&self) -> DataDir {
        DataDir::at(self.codex_home().join("plugins").join("data").join("cc"))
    }

    /// The product's state directory of the repository.
    pub fn state_dir(&self) -> StateDir {
        self.data_dir()
            .state(&Workspace::from_canonical(self.repo()))
    }

    /// Prints the jobs of a failed test.
    #[expect(clippy::print_stderr, reason = "part of the report of a failed test")]
    pub(super) fn print_jobs(&self) {
        let jobs = self.describe_jobs();
        if !jobs.is_empty() {
            eprintln!("jobs:\n{jobs}");
        }
    }

    /// The calls of the fake Claude so far, including probes.
    pub fn claude_calls(&self) -> Vec<Call> {
        fake::json_lines(&fake::calls_file(&self.bin()))
    }

    /// Waits for the `n`-th run of the fake Claude, counted from 1, to have read its prompt.
    ///
    /// # Panics
    /// When it does not come within `timeout`.
    #[track_caller]
    pub fn wait_for_run(&self, n: usize, timeout: Duration) -> Call {
        eventually(timeout, "a run of the fake Claude", || {
            self.claude_calls()
                .into_iter()
                .filter(Call::is_run)
                .nth(n - 1)
        })
    }

    /// The processes that the fake Claude left behind, running or not.
    pub fn grandchildren(&self) -> Vec<Proc> {
        fake::json_lines(&fake::grandchildren_file(&self.bin()))
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

pub(super) fn program_name(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

impl Sandbox {
    /// The whole environment of everything started here.
    pub(super) fn fresh_env(&self) -> Vec<(OsString, OsString)> {
        let host = Env::from_process().expect("the test has a current directory");
        let git = git_of(&host);
        let mut dirs = vec![self.bin()];
        if cfg!(windows) {
            dirs.extend(git.parent().map(Path::to_owned));
        } else {
            link(&git, &self.bin().join("git"));
            #[cfg(target_os = "linux")]
            dirs.push(peers::sandbox_programs().unwrap_or_else(|error| panic!("{error}")));
            dirs.extend(["/usr/bin", "/bin"].map(PathBuf::from));
        }
        let path = std::env::join_paths(dirs).expect("no colon in our paths");
        let home = self.home().into_os_string();
        let tmp = self.tmp().into_os_string();
        let mut env: Vec<(OsString, OsString)> = [
            ("PATH", path),
            ("HOME", home.clone()),
            ("CODEX_HOME", self.codex_home().into()),
            ("LANG", "C.UTF-8".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ]
        .map(|(name, value)| (name.into(), value))
        .into();
        if cfg!(windows) {
            env.push(("USERPROFILE".into(), home));
            env.extend(["TMP", "TEMP"].map(|name| (name.into(), tmp.clone())));
            let kept = ["SYSTEMROOT", "COMSPEC", "PATHEXT"];
            let kept = kept
                .iter()
                .filter_map(|name| Some((name.into(), host.var(name)?.into())));
            env.extend(kept);
        } else {
            env.push(("TMPDIR".into(), tmp));
        }
        env
    }
}

/// The `git` of the machine.
pub(super) fn git_of(host: &Env) -> PathBuf {
    let path = host.var("PATH").expect("a PATH names git");
    let mut places = std::env::split_paths(path).map(|dir| dir.join(program_name("git")));
    places.find(|f| f.is_file()).expect("git is on the PATH")
}

/// Variables that keep the real Claude Code from contacting anything but the local server.
pub(super) const QUIET: [&str; 4] = [
    "DISABLE_TELEMETRY",
    "DISABLE_ERROR_REPORTING",
    "DISABLE_AUTOUPDATER",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
];

/// Makes a link to a file or directory.
#[cfg(unix)]
pub fn link(target: &Path, link: &Path) {
    std::os::unix::fs::symlink(target, link).expect("the sandbox takes links");
}

/// Makes a link to a directory; a file is linked hard or copied, since that needs no right.
#[cfg(not(unix))]
pub fn link(target: &Path, link: &Path) {
    match target.is_dir() {
        true => std::os::windows::fs::symlink_dir(target, link).expect("the sandbox takes links"),
        false => copy_program(target, link),
    }
}

/// Links or copies a program into the sandbox, so that files beside it belong to the sandbox.
///
/// The copy is made by another process: a file that this one has open for writing would be
/// inherited by any child another thread starts at that moment, and could then not be executed.
pub(super) fn copy_program(program: &Path, to: &Path) {
    if fs::hard_link(program, to).is_ok() {
        return;
    }
    if cfg!(windows) {
        fs::copy(program, to).expect("a program can be copied");
    } else {
        let cp = std::process::Command::new("cp")
            .arg(program)
            .arg(to)
            .status();
        assert!(
            cp.is_ok_and(|status| status.success()),
            "cannot copy {}",
            program.display()
        );
    }
}
