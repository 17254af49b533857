//! An isolated environment for one test: its own home, Codex home, repository, PATH and variables.
//!
//! Dropping it ends every process started in it: by process group, by the pids in job records, and on
//! Linux by the environment variable that all of them inherit.

mod capture;
mod codex;
mod command;
mod excerpt;
mod installed;
mod jobs;
mod output;
mod processes;
mod redact;
mod repository;
mod running;
mod world;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::{DataDir, Proc, StateDir, Workspace};
use serde_json::Value;
use tempfile::TempDir;

use crate::fake::{self, Call, Scenario};
use crate::messages_api::MessagesApi;
use crate::{binaries, eventually, peers};

pub use command::Cmd;
pub use output::Output;
pub use running::Running;

/// An isolated environment around the real binaries; dropping it ends its processes and removes it.
#[derive(Debug)]
#[must_use = "dropping it ends its processes and removes it"]
pub struct Sandbox {
    _removed_at_the_end: TempDir,
    root: PathBuf,
    env: Vec<(OsString, OsString)>,
    product: Option<PathBuf>,
}

impl Sandbox {
    /// A sandbox without Claude.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// A sandbox without Claude, in its own directory in `parent`.
    fn below(parent: &Path) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("cc-test-")
            .tempdir_in(parent)
            .expect("a temporary place");
        let root = dir
            .path()
            .canonicalize()
            .expect("a fresh directory has a path");
        let mut sandbox = Self {
            _removed_at_the_end: dir,
            root,
            env: Vec::new(),
            product: None,
        };
        for part in [
            sandbox.home(),
            sandbox.codex_home(),
            sandbox.tmp(),
            sandbox.bin(),
        ] {
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
        world::copy_program(binaries::fake_claude(), &to);
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
        for quiet in world::QUIET {
            self.set_env(quiet, "1");
        }
        self
    }

    /// Puts a program on the PATH, for example the pinned `codex`.
    ///
    /// # Panics
    /// When one of that name is there already.
    pub fn add_program(&self, name: &str, program: &Path) {
        world::link(program, &self.bin().join(program_name(name)));
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
        self.product = Some(dir.to_owned());
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

    /// The first directory of `PATH`: `git`, and `claude` where there is one.
    pub fn bin(&self) -> PathBuf {
        self.root.join("bin")
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

    /// Prints the jobs of a failed test.
    #[expect(clippy::print_stderr, reason = "part of the report of a failed test")]
    fn print_jobs(&self) {
        let jobs = self.describe_jobs();
        if !jobs.is_empty() {
            eprintln!("jobs:\n{jobs}");
        }
    }

    fn product(&self, name: &str) -> Cmd<'_> {
        self.command(&self.product_file(name))
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

    /// The processes of this sandbox that run now, detached ones too.
    ///
    /// On Linux all of them; elsewhere those that job records and the fake Claude name.
    pub fn processes(&self) -> Vec<Proc> {
        processes::of(self)
    }

    /// Waits until no process of this sandbox runs.
    ///
    /// # Panics
    /// When some still run after `timeout`, naming them.
    #[track_caller]
    pub fn wait_quiet(&self, timeout: Duration) {
        let probe = || self.processes().is_empty().then_some(());
        eventually(timeout, "the end of every process of the sandbox", probe);
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_jobs();
        }
        processes::end_all(self);
    }
}

fn program_name(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
