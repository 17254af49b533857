//! Codex as a program: finding it, calling it, talking to its app-server; every wait is bounded.

pub(crate) mod app_server;
pub(crate) mod error;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::child::{CommandError, Printed, ShortCommand};
use cc_core::program::{SearchPath, executable};
use cc_core::{Env, LocateError};

use crate::layout;

use app_server::AppServer;
use error::HostError;

/// How much of what Codex prints is kept.
const OUTPUT_LIMIT: usize = 256 << 10;

/// The binary: `asked` wherever it lies, since the user named it; else the first on PATH outside of
/// the workspace.
pub(crate) fn locate(env: &Env, asked: Option<&Path>) -> Result<PathBuf, LocateError> {
    match asked {
        Some(path) => executable(env.absolute(path)),
        None => SearchPath::of(env)
            .without(layout::workspace(env))
            .find("codex"),
    }
}

/// A Codex to talk to.
#[derive(Clone, Debug)]
pub(crate) struct Codex {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    env: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    patience: Duration,
}

impl Codex {
    /// The program at `path`, working on `codex_home` and waiting at most `patience` for an answer.
    pub(crate) fn new(env: &Env, path: PathBuf, codex_home: &Path, patience: Duration) -> Self {
        let mut vars = environment(env);
        vars.retain(|(name, _)| name != "CODEX_HOME");
        vars.push(("CODEX_HOME".into(), codex_home.into()));
        // Codex runs Git and more from there, outside of its sandbox.
        let search = SearchPath::of(env).without(layout::workspace(env));
        let search = match path.parent() {
            Some(dir) => search.ending_with(dir),
            None => search,
        };
        vars.retain(|(name, _)| !name.eq_ignore_ascii_case("PATH"));
        vars.extend(search.to_var().map(|path| ("PATH".into(), path)));
        Self {
            path,
            env: vars,
            // Not the user's directory: a project must have no say in how Codex is set up.
            cwd: codex_home.to_owned(),
            patience,
        }
    }

    /// Runs one command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Result<Printed, HostError> {
        self.command(args).run().map_err(|error| match error {
            CommandError::Timeout { waited, .. } => HostError::Timeout {
                request: args.join(" "),
                waited,
            },
            error => error.into(),
        })
    }

    /// Starts its app-server and greets it.
    pub(crate) fn app_server(&self) -> Result<AppServer, HostError> {
        let child = self.command(&["app-server"]).converse()?;
        AppServer::start(child, self.patience)
    }

    fn command(&self, args: &[&str]) -> ShortCommand {
        ShortCommand::new(&self.path, self.patience)
            .args(args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.cwd)
            .stdout_limit(OUTPUT_LIMIT)
    }
}

/// The variables that Codex may need; no login of somebody else's, no state of ours.
fn environment(env: &Env) -> Vec<(OsString, OsString)> {
    const KEEP: &str = "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM TMPDIR TMP TEMP USERPROFILE \
        HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA SYSTEMROOT SYSTEMDRIVE \
        WINDIR COMSPEC PATHEXT HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE \
        SSL_CERT_DIR NODE_EXTRA_CA_CERTS";
    // A session that this call may run in does not concern the Codex that we start.
    const SESSION: &str =
        "CODEX_THREAD_ID CODEX_SESSION_ID CODEX_TOOL_CALL_ID CODEX_CI CODEX_VERSION";
    let wanted = |name: &str| {
        let name = name.to_ascii_uppercase();
        KEEP.split(' ').any(|kept| kept == name)
            || name.starts_with("LC_")
            || name.starts_with("XDG_")
            || (name.starts_with("CODEX_") && SESSION.split(' ').all(|session| session != name))
    };
    let vars = env
        .vars()
        .iter()
        .filter(|(name, _)| name.to_str().is_some_and(wanted));
    vars.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
