//! The `claude` binary: where it is, and what it says about itself.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::child::{CommandError, ShortCommand};
use cc_core::program::{SearchPath, interpreter};
use cc_core::{Env, IoError, LocateError, text};
use serde::{Deserialize, Serialize};

use crate::child_env::child_env;
use crate::request::settings_arg;
use crate::{GitAccess, UserSettings, settings_file};

/// How long Claude may take to answer; 2.1.330 takes 0.2 s.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Why Claude's version or login is not known.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Claude could not be started, or did not end in time.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The settings for it could not be written.
    #[error(transparent)]
    Settings(#[from] IoError),
    /// The answer has another form than expected.
    #[error("unexpected output of `claude {args}`: {answer}")]
    NotUnderstood {
        /// What it was asked.
        args: &'static str,
        /// The beginning of the answer, as one line.
        answer: String,
    },
}

/// Whether somebody is logged in, as `claude auth status` says without asking the service: an
/// expired login still counts as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthStatus {
    /// Whether there is a login, a key or a token.
    pub logged_in: bool,
    /// `claude.ai`, `api_key`, `api_key_helper`, `oauth_token`, `third_party` or `none` so far.
    #[serde(default)]
    pub auth_method: Option<String>,
    /// `firstParty`, `bedrock` or `vertex`, among others.
    #[serde(default)]
    pub api_provider: Option<String>,
    /// Where a key comes from.
    #[serde(default)]
    pub api_key_source: Option<String>,
    /// The account.
    #[serde(default)]
    pub email: Option<String>,
    /// The organisation of the account.
    #[serde(default)]
    pub org_name: Option<String>,
    /// The plan of the account.
    #[serde(default)]
    pub subscription_type: Option<String>,
}

/// The `claude` binary, and the workspace that must not interfere with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claude {
    path: PathBuf,
    workspace: PathBuf,
    /// Whether the user named it, so that it may lie where programs are not looked for.
    is_named: bool,
    /// Where the interpreter of a script is that looks for it on PATH.
    interpreter_dir: Option<PathBuf>,
    /// Patterns of variables that it gets besides those that it always gets.
    pass_env: Vec<String>,
}

impl Claude {
    /// Finds the binary: `configured`, else the first one on PATH outside of `workspace`.
    ///
    /// # Errors
    /// When there is none, or every candidate was refused; names the first refused one.
    pub fn locate(
        env: &Env,
        workspace: &Path,
        configured: Option<&Path>,
    ) -> Result<Self, LocateError> {
        let search = SearchPath::outside(env, workspace);
        let path = match configured.map(|path| env.absolute(path)) {
            Some(path) if path.exists() => search.accept(path),
            Some(path) => Err(LocateError::NotAt {
                program: "claude".into(),
                path,
            }),
            None => search.find("claude"),
        };
        Self::at(env, workspace, path?, configured.is_some())
    }

    /// Finds the binary where installers put it for the user, for a PATH that does not lead there.
    ///
    /// # Errors
    /// As of [`Claude::locate`].
    pub fn locate_elsewhere(env: &Env, workspace: &Path) -> Result<Self, LocateError> {
        let path = SearchPath::elsewhere(env, workspace).find("claude")?;
        Self::at(env, workspace, path, false)
    }

    /// The binary that a session of Codex found at `path`.
    ///
    /// # Errors
    /// As of [`Claude::locate`].
    pub fn locate_seen(env: &Env, workspace: &Path, path: &Path) -> Result<Self, LocateError> {
        let path = SearchPath::outside(env, workspace).accept_found(path.to_owned())?;
        Self::at(env, workspace, path, false)
    }

    /// The binary at `path`, if what it needs to start is there.
    fn at(env: &Env, workspace: &Path, path: PathBuf, is_named: bool) -> Result<Self, LocateError> {
        let mut claude = Self {
            path,
            workspace: workspace.to_owned(),
            is_named,
            interpreter_dir: None,
            pass_env: Vec::new(),
        };
        if let Some(interpreter) = interpreter(&claude.path) {
            let search = claude.search_path(env);
            let elsewhere = || SearchPath::elsewhere(env, workspace).find(&interpreter);
            let found = match Path::new(&interpreter) {
                path if path.is_absolute() && is_named => search.accept(path.to_owned()),
                path if path.is_absolute() => search.accept_found(path.to_owned()),
                _ => search.find(&interpreter).or_else(|_| elsewhere()),
            };
            let found = match found {
                Ok(found) => found,
                Err(why) => {
                    let (path, why) = (claude.path, Box::new(why));
                    return Err(LocateError::NoInterpreter {
                        path,
                        interpreter,
                        why,
                    });
                }
            };
            claude.interpreter_dir = found.parent().map(Path::to_owned);
        }
        Ok(claude)
    }

    /// The PATH of its environment. Its own directory comes first if PATH does not lead there: what it
    /// was installed with may lie beside it.
    pub(crate) fn search_path(&self, env: &Env) -> SearchPath {
        let mut path = SearchPath::outside(env, &self.workspace);
        if let Some(dir) = self.path.parent() {
            path = match self.is_named {
                true => path.starting_with_named(dir),
                false => path.starting_with(dir),
            };
        }
        match &self.interpreter_dir {
            Some(dir) => path.ending_with(dir),
            None => path,
        }
    }

    /// A Claude that gets these variables too: names in which `*` stands for any text.
    #[must_use]
    pub fn passing(self, pass_env: Vec<String>) -> Self {
        Self { pass_env, ..self }
    }

    /// Patterns of the variables that it gets besides those that it always gets.
    pub(crate) fn pass_env(&self) -> &[String] {
        &self.pass_env
    }

    /// The absolute path of the binary.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The workspace it was located for.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Asks for the version, such as `2.1.330`.
    ///
    /// # Errors
    /// When Claude cannot be started, or does not answer with a version.
    pub fn version(&self, env: &Env) -> Result<String, ProbeError> {
        const ARGS: &str = "--version";
        let nothing = UserSettings::default();
        let answer = self.ask(env, &nothing, [ARGS], TIMEOUT)?;
        let version = answer.split_whitespace().next().unwrap_or_default();
        if !version.starts_with(|c: char| c.is_ascii_digit()) || version.len() > 64 {
            return Err(not_understood(ARGS, &answer));
        }
        Ok(version.to_owned())
    }

    /// Asks whether somebody is logged in, with the settings and the environment of a run.
    ///
    /// # Errors
    /// When Claude cannot be started, or does not answer as expected.
    pub fn auth_status(&self, env: &Env) -> Result<AuthStatus, ProbeError> {
        const ARGS: &str = "auth status";
        let user = UserSettings::read(env, &self.workspace);
        let settings = settings_file::write(user.settings.clone(), None)?;
        let mut args: Vec<OsString> = ["--setting-sources", ""].map(OsString::from).into();
        args.extend(settings.as_deref().map(settings_arg));
        args.extend(ARGS.split(' ').map(OsString::from));
        // The exit code says the same, but is also 1 for a command that is unknown.
        let answer = self.ask(env, &user, args, TIMEOUT)?;
        serde_json::from_str(&answer).map_err(|_| not_understood(ARGS, &answer))
    }

    /// Returns what Claude prints, asked in the root of the file system: with the key helper of a
    /// project in sight Claude 2.1.330 counts as logged in.
    fn ask(
        &self,
        env: &Env,
        user: &UserSettings,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        timeout: Duration,
    ) -> Result<String, CommandError> {
        let path = self.search_path(&user.over(env));
        let printed = ShortCommand::new(&self.path, timeout)
            .args(args)
            .envs(child_env(
                env,
                user,
                &path,
                &GitAccess::Nothing,
                &self.pass_env,
            ))
            .run()?;
        Ok(printed.stdout)
    }
}

fn not_understood(args: &'static str, answer: &str) -> ProbeError {
    ProbeError::NotUnderstood {
        args,
        answer: text::one_line(answer, 200),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
