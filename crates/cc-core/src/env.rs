//! The one place that reads the process: environment, current directory, clock, terminal.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::Clock;

/// What `main` read from its process, passed down to everything that needs it.
///
/// Tests build their own with [`Env::fixed`].
#[derive(Clone, Debug)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
    /// The directory that relative arguments refer to; absolute.
    pub cwd: PathBuf,
    /// The running binary, used to start the worker of a job; absolute.
    pub exe: PathBuf,
    /// The wall clock.
    pub clock: Clock,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The width of the terminal, if there is one.
    pub columns: Option<usize>,
    /// Its height, in lines.
    pub rows: Option<usize>,
}

impl Env {
    /// Reads the current process.
    ///
    /// # Errors
    /// When the current directory or the path of the running binary cannot be determined.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the process"
    )]
    pub fn from_process() -> io::Result<Self> {
        let size = terminal_size::terminal_size();
        Ok(Self {
            vars: std::env::vars_os().collect(),
            cwd: std::env::current_dir()?,
            exe: std::env::current_exe()?,
            clock: Clock::System,
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
            columns: size.map(|(width, _)| width.0.into()),
            rows: size.map(|(_, height)| height.0.into()),
        })
    }

    /// An environment made of the given variables only, without a terminal.
    pub fn fixed<K: Into<OsString>, V: Into<OsString>>(
        cwd: impl Into<PathBuf>,
        exe: impl Into<PathBuf>,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self {
            vars: vars
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
            cwd: cwd.into(),
            exe: exe.into(),
            clock: Clock::System,
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            columns: None,
            rows: None,
        }
    }

    /// A copy with `vars` set, in place of those of the same name.
    #[must_use]
    pub fn with_vars(&self, vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut env = self.clone();
        for (name, value) in vars {
            if cfg!(windows) {
                env.vars
                    .retain(|known, _| !known.eq_ignore_ascii_case(&name));
            }
            env.vars.insert(name, value);
        }
        env
    }

    /// A copy without the variables of Git, which may name another repository than the one here.
    #[must_use]
    pub fn without_git_vars(&self) -> Self {
        let mut env = self.clone();
        let is_gits = |name: &OsString| name.as_encoded_bytes().starts_with(b"GIT_");
        env.vars.retain(|name, _| !is_gits(name));
        env
    }

    /// The value of a variable; an empty value counts as unset.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        let value = self
            .vars
            .get(OsStr::new(name))
            .or_else(|| self.in_any_case(name))?;
        (!value.is_empty()).then_some(value)
    }

    /// Windows calls it `Path` and means `PATH`.
    fn in_any_case(&self, name: &str) -> Option<&OsString> {
        if !cfg!(windows) {
            return None;
        }
        let mut vars = self.vars.iter();
        let (_, value) = vars.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The value of a variable as text; unset where it is empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.var(name)?.to_str()
    }

    /// All variables, in order of their names.
    pub fn vars(&self) -> &BTreeMap<OsString, OsString> {
        &self.vars
    }

    /// The user's home directory, where the environment names one.
    pub fn home(&self) -> Option<&Path> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.var(name).map(Path::new)
    }

    /// The width of the terminal to which standard output goes, if it goes to one.
    pub fn output_columns(&self) -> Option<usize> {
        self.columns.filter(|_| self.stdout_is_terminal)
    }

    /// The width of the terminal to which standard error goes, if it goes to one.
    pub fn error_columns(&self) -> Option<usize> {
        self.columns.filter(|_| self.stderr_is_terminal)
    }

    /// `path` as an absolute path, relative ones taken from [`Env::cwd`].
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    /// The depth mark that our own Claude runs carry: true inside one of them.
    pub fn nested(&self) -> bool {
        self.var("CC_NESTED").is_some()
    }
}
