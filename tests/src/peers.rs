//! The real `claude` and `codex`, pinned, installed by npm into `target/peers` of the workspace, and
//! what Claude's sandbox starts.
//!
//! An installation is made beside its place and renamed into it under a file lock, so that any
//! number of tests and processes make it once and none sees it half made.

mod pins;
#[cfg(target_os = "linux")]
mod sandbox_programs;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cc_core::{Env, FileLock, IoError, LockError, text};

pub use pins::{
    ALL_HOSTS, CLAUDE, CODEX, CODEX_OLD, CODEX_OLDEST, EVERY_CLAUDE, EVERY_CODEX, HOOKED, hosts,
};
#[cfg(target_os = "linux")]
pub use sandbox_programs::sandbox_programs;

/// A program that `cc` works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Claude Code.
    ClaudeCode,
    /// Codex.
    Codex,
}

/// One version of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer<'a> {
    /// The program.
    pub program: Program,
    /// Its exact version.
    pub version: &'a str,
}

/// Why a peer is not there.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The text does not name a peer.
    #[error("`{0}` names no peer: expected claude-code@VERSION or codex@VERSION")]
    Unknown(String),
    /// A program that fetches peers is not on the PATH.
    #[error("cannot install {peer}: `{tool}` is not on the PATH{}", if matches!(*tool, "npm" | "node") { "; install node with npm" } else { "" })]
    ToolMissing {
        /// What was to be installed.
        peer: String,
        /// The missing program.
        tool: &'static str,
    },
    /// The installer said no.
    #[error("cannot install {peer}: `{command}` failed with {status}:\n{output}")]
    Failed {
        /// What was to be installed.
        peer: String,
        /// What was run.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it printed.
        output: String,
    },
    /// npm was content, but the program's binary is not where it has to be.
    #[error("{peer} was installed, but has no native binary in `{}`", dir.display())]
    NoBinary {
        /// What was installed.
        peer: String,
        /// Where.
        dir: PathBuf,
    },
    /// Claude Code's sandbox has not what it starts.
    #[error("the tests need bubblewrap and socat; install them: {install}\n({reason})")]
    SandboxPrograms {
        /// The command that installs them.
        install: String,
        /// Why they could not be fetched without it.
        reason: String,
    },
    /// The lock was not free in time.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
}

/// The native binary of the pinned Claude Code, installed where needed.
///
/// # Panics
/// When it cannot be installed.
pub fn claude() -> PathBuf {
    CLAUDE.ensure().unwrap_or_else(|error| panic!("{error}"))
}

/// The native binary of the pinned Codex, installed where needed.
///
/// # Panics
/// When it cannot be installed.
pub fn codex() -> PathBuf {
    CODEX.ensure().unwrap_or_else(|error| panic!("{error}"))
}

impl Peer<'_> {
    /// The native binary, installed where needed.
    ///
    /// # Errors
    /// When npm is missing or refuses, or the lock stays held for ten minutes.
    pub fn ensure(self) -> Result<PathBuf, PeerError> {
        let name = format!("{}-{}", self.program.name(), self.version);
        let binary = |dir: &Path| self.program.binary(dir);
        fetched_once(&name, binary, |fresh| self.install(fresh))
    }

    fn install(self, fresh: &Path) -> Result<(), PeerError> {
        let spec = format!("{}@{}", self.program.package(), self.version);
        let mut npm = tool("npm");
        npm.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--prefix",
        ]);
        run(&self.to_string(), "npm", npm.arg(fresh).arg(&spec))?;
        let script = fresh.join("node_modules").join(self.program.package());
        let script = script.join("install.cjs");
        if self.program.binary(fresh).is_none() && script.exists() {
            // npm may be set up not to run install scripts.
            run(&self.to_string(), "node", tool("node").arg(script))?;
        }
        Ok(())
    }
}

/// What `find` sees in the directory `name` of the peers, which `fetch` fills where it sees nothing yet.
fn fetched_once<T>(
    name: &str,
    find: impl Fn(&Path) -> Option<T>,
    fetch: impl FnOnce(&Path) -> Result<(), PeerError>,
) -> Result<T, PeerError> {
    let peers = peers_dir();
    let dir = peers.join(name);
    if let Some(found) = find(&dir) {
        return Ok(found);
    }
    fs::create_dir_all(&peers).map_err(IoError::at("create directory", &peers))?;
    let lock = peers.join(format!(".{name}.lock"));
    let _lock = FileLock::exclusive(&lock, Duration::from_secs(600))?;
    if let Some(found) = find(&dir) {
        return Ok(found);
    }
    let fresh = tempfile::Builder::new()
        .prefix(".installing-")
        .tempdir_in(&peers)
        .map_err(IoError::at("create directory in", &peers))?;
    fetch(fresh.path())?;
    let incomplete = || PeerError::NoBinary {
        peer: name.to_owned(),
        dir: dir.clone(),
    };
    find(fresh.path()).ok_or_else(incomplete)?;
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(IoError::at("remove", &dir))?;
    }
    fs::rename(fresh.keep(), &dir).map_err(IoError::at("move a peer to", &dir))?;
    find(&dir).ok_or_else(incomplete)
}

/// Runs a command that helps to fetch `peer`.
fn run(peer: &str, tool: &'static str, command: &mut Command) -> Result<(), PeerError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            // The second where one of its directories cannot be searched.
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => PeerError::ToolMissing {
                peer: peer.to_owned(),
                tool,
            },
            _ => IoError::at("run", Path::new(tool))(error).into(),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(PeerError::Failed {
        peer: peer.to_owned(),
        command: tool.to_owned(),
        status: output.status,
        output: text::tail(&String::from_utf8_lossy(&said), 4000).to_owned(),
    })
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.program.name(), self.version)
    }
}

impl<'a> TryFrom<&'a str> for Peer<'a> {
    type Error = PeerError;

    /// Reads `claude-code@2.1.332` or `codex@0.169.0`.
    fn try_from(text: &'a str) -> Result<Self, PeerError> {
        let programs = [Program::ClaudeCode, Program::Codex];
        let parsed = text.split_once('@').and_then(|(name, version)| {
            let program = programs
                .into_iter()
                .find(|program| program.name() == name)?;
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            // Exact, and safe as part of a file name.
            version
                .split('.')
                .all(digits)
                .then_some(Peer { program, version })
        });
        parsed.ok_or_else(|| PeerError::Unknown(text.to_owned()))
    }
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::ClaudeCode => "@anthropic-ai/claude-code",
            Self::Codex => "@openai/codex",
        }
    }

    /// The native binary of an installation in `dir`; `None` where it is not complete.
    fn binary(self, dir: &Path) -> Option<PathBuf> {
        let modules = dir.join("node_modules");
        let native = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.len() > 1 << 20);
        match self {
            // A small script stands there until the package's install script has run.
            Self::ClaudeCode => {
                let bin = modules
                    .join("@anthropic-ai")
                    .join("claude-code")
                    .join("bin");
                Some(bin.join("claude.exe")).filter(native)
            }
            Self::Codex => {
                let exe = format!("codex{}", std::env::consts::EXE_SUFFIX);
                let vendors = list(&modules.join("@openai"))
                    .into_iter()
                    .map(|p| p.join("vendor"));
                let targets = vendors.flat_map(|vendor| list(&vendor));
                let bins = targets.flat_map(|target| [target.join("bin"), target.join("codex")]);
                bins.map(|bin| bin.join(&exe)).find(native)
            }
        }
    }
}

fn list(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

fn peers_dir() -> PathBuf {
    target_dir().join("peers")
}

/// `target` of the workspace, wherever the build goes: what lies there outlives a rebuild.
pub(crate) fn target_dir() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    workspace
        .expect("the kit is a member of the workspace")
        .join("target")
}

/// A command with the little of the environment that node and npm need, the user's registry
/// settings, proxies and certificates among it.
fn tool(name: &str) -> Command {
    const KEEP: [&str; 12] = [
        "PATH",
        "HOME",
        "TMPDIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
        "USERPROFILE",
        "APPDATA",
        "SYSTEMROOT",
    ];
    let env = Env::from_process().expect("the process has a current directory");
    let keep = |name: &str| {
        let name = name.to_ascii_uppercase();
        KEEP.contains(&name.as_str()) || name.starts_with("NPM_CONFIG_")
    };
    // On Windows, npm is a script that only its full name starts.
    let mut command = Command::new(if cfg!(windows) && name == "npm" {
        "npm.cmd"
    } else {
        name
    });
    command.env_clear();
    command.envs(
        env.vars()
            .iter()
            .filter(|(name, _)| name.to_str().is_some_and(keep)),
    );
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_with_its_exact_version() {
        let peer = Peer::try_from("codex@0.171.0").unwrap();
        assert_eq!((peer, peer.to_string().as_str()), (CODEX, "codex@0.171.0"));
        for bad in ["codex", "codex@", "codex@latest", "codex@../x", "npm@1.0.0"] {
            assert!(Peer::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_missing_tool_is_named() {
        let error = run("codex@0.1.2", "npm", &mut Command::new("no-such-npm")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot install codex@0.1.2: `npm` is not on the PATH; install node with npm"
        );
    }
}
