//! Fetching what the suites need, once for any number of tests and processes: it is made beside its
//! place and renamed into it under a file lock, so that none sees it half made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cc_core::{Env, FileLock, IoError, LockError, text};

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
    /// The machine has no sources of packages of this distribution.
    #[error("this machine gets no packages of {0}")]
    NoSources(&'static str),
    /// There is no Git that is new enough.
    #[error("the tests need Git 2.54 or newer: put one on the PATH\n({reason})")]
    NewerGit {
        /// Why it could not be fetched.
        reason: String,
    },
    /// The lock was not free in time.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
}

/// What `find` sees in the directory `name` of the peers, which `fetch` fills where it sees nothing yet.
pub(super) fn fetched_once<T>(
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

/// Installs a package of npm below `dir`.
pub(super) fn npm_install(peer: &str, package: &str, dir: &Path) -> Result<(), PeerError> {
    let mut npm = tool("npm");
    npm.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--prefix",
    ]);
    run(peer, "npm", npm.arg(dir).arg(package))
}

/// Runs a command that helps to fetch `peer`.
pub(super) fn run(peer: &str, tool: &'static str, command: &mut Command) -> Result<(), PeerError> {
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

pub(super) fn list(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

pub(super) fn peers_dir() -> PathBuf {
    cc_executable::place(&target_dir(), "peers")
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
pub(super) fn tool(name: &str) -> Command {
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
    fn a_missing_tool_is_named() {
        let error = run("codex@0.1.2", "npm", &mut Command::new("no-such-npm")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot install codex@0.1.2: `npm` is not on the PATH; install node with npm"
        );
    }
}
