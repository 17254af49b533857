//! Fetching what the suites need, once for any number of tests and processes: it is made beside its
//! place and renamed into it under a file lock, so that none sees it half made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cc_core::child::{CommandError, ShortCommand};
use cc_core::{Env, FileLock, IoError, LockError, text};

/// How long a program that fetches something may take: less than others wait for it.
const PATIENCE: Duration = Duration::from_secs(540);

/// How long others wait for the one that fetches.
const LOCK_PATIENCE: Duration = Duration::from_secs(600);

/// How long npm waits for the first byte of an answer, twice.
const ANSWER: Duration = Duration::from_secs(60);

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
    #[error("cannot install {peer}: `{tool}` failed:\n{output}{}", hint(tool))]
    Failed {
        /// What was to be installed.
        peer: String,
        /// The program.
        tool: &'static str,
        /// The end of what it printed.
        output: String,
    },
    /// The installer did not end.
    #[error("cannot install {peer}: {source}{}", hint(tool))]
    Command {
        /// What was to be installed.
        peer: String,
        /// The program.
        tool: &'static str,
        /// Why there is no answer.
        source: CommandError,
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

/// What helps where npm reaches no registry.
fn hint(tool: &str) -> &'static str {
    match tool {
        "npm" => {
            "\nWithout direct access to the registry of npm, set HTTPS_PROXY, or NPM_CONFIG_REGISTRY to one that you reach."
        }
        _ => "",
    }
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
    let _lock = FileLock::exclusive(&lock, LOCK_PATIENCE)?;
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

/// Installs a package of npm below `dir`, with these flags too.
pub(super) fn npm_install(
    peer: &str,
    package: &str,
    dir: &Path,
    flags: &[&str],
) -> Result<(), PeerError> {
    run(peer, "npm", npm(package, dir, ANSWER).args(flags))
}

/// npm's own patience is five minutes, three times.
fn npm(package: &str, dir: &Path, answer: Duration) -> Command {
    let mut npm = tool("npm");
    npm.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000",
        &format!("--fetch-timeout={}", answer.as_millis()),
        "--prefix",
    ]);
    npm.arg(dir).arg(package);
    npm
}

/// Runs a command that helps to fetch `peer`.
pub(super) fn run(peer: &str, tool: &'static str, command: &mut Command) -> Result<(), PeerError> {
    run_within(PATIENCE, peer, tool, command)
}

fn run_within(
    patience: Duration,
    peer: &str,
    tool: &'static str,
    command: &Command,
) -> Result<(), PeerError> {
    let vars = command.get_envs();
    let short = ShortCommand::new(Path::new(command.get_program()), patience)
        .args(command.get_args())
        .envs(vars.filter_map(|(name, value)| Some((name, value?))))
        .current_dir(command.get_current_dir().unwrap_or(Path::new(".")))
        .stdout_limit(16 << 20);
    let peer = peer.to_owned();
    let printed = short.run().map_err(|source| match source {
        // The second where one of its directories cannot be searched.
        CommandError::Start { source, .. }
            if matches!(
                source.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
            ) =>
        {
            PeerError::ToolMissing {
                peer: peer.clone(),
                tool,
            }
        }
        source => PeerError::Command {
            peer: peer.clone(),
            tool,
            source,
        },
    })?;
    if printed.success {
        return Ok(());
    }
    let said = printed.stdout + &printed.stderr;
    Err(PeerError::Failed {
        peer,
        tool,
        output: text::tail(&said, 4000).to_owned(),
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

    /// It takes a connection and never says a word.
    #[test]
    fn a_registry_that_does_not_answer_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let npm = || {
            let mut npm = npm("x@1.0.0", &dir.path().join("x"), Duration::from_millis(200));
            let registry = format!("http://{}/", silent.local_addr().unwrap());
            npm.env("NPM_CONFIG_REGISTRY", registry)
                .env("HOME", dir.path());
            npm
        };
        let error = run("x@1.0.0", "npm", &mut npm()).unwrap_err().to_string();
        assert!(error.contains("network timeout at"), "{error}");
        assert!(error.ends_with(hint("npm")), "{error}");
        // Whatever npm does.
        let mut patient = npm();
        patient.arg("--fetch-timeout=300000");
        let error = run_within(Duration::from_secs(1), "x@1.0.0", "npm", &patient);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("did not end within 1s"), "{error}");
        assert!(error.ends_with(hint("npm")), "{error}");
    }
}
