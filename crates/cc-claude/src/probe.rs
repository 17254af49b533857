//! What the installed Claude says about itself: its version, and whether somebody is logged in.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, UNIX_EPOCH};

use cc_core::fs::{create_private_dir, read_bounded, write_atomic};
use cc_core::{DataDir, Env, text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::{Claude, GitAccess, child_env};

/// How long Claude may take to answer; 2.1.330 takes 0.2 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much of an answer is read.
const ANSWER_BYTES: u64 = 64 * 1024;

/// A binary smaller than this is a launcher: what it launches may change while it stays the same.
const LAUNCHER_BYTES: u64 = 1 << 20;

/// Why a probe gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Claude could not be started.
    #[error("cannot start `{}`: {source}", path.display())]
    Start {
        /// The binary.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Claude did not answer in time.
    #[error("`claude {args}` did not answer within {}s", PATIENCE.as_secs())]
    Timeout {
        /// What it was asked.
        args: &'static str,
    },
    /// The answer is not one.
    #[error("`claude {args}` gave an answer that is not understood: {answer}")]
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

impl Claude {
    /// The version, such as `2.1.330`.
    ///
    /// It is kept under `data` as long as the binary stays the same, so that most calls start no
    /// process. What cannot be read or written there is no error.
    ///
    /// # Errors
    /// When Claude cannot be started, or does not answer with a version.
    pub async fn version(&self, env: &Env, data: Option<&DataDir>) -> Result<String, ProbeError> {
        let kept = data.and_then(|data| Kept::for_binary(self.path(), data));
        if let Some(version) = kept.as_ref().and_then(Kept::read) {
            return Ok(version);
        }
        const ARGS: &str = "--version";
        let answer = self.ask(env, ARGS, PATIENCE).await?;
        let version = answer.split_whitespace().next().unwrap_or_default();
        if !version.starts_with(|c: char| c.is_ascii_digit()) || version.len() > 64 {
            return Err(not_understood(ARGS, &answer));
        }
        if let Some(kept) = kept {
            kept.write(version);
        }
        Ok(version.to_owned())
    }

    /// Whether somebody is logged in.
    ///
    /// # Errors
    /// When Claude cannot be started, or does not answer as expected.
    pub async fn auth_status(&self, env: &Env) -> Result<AuthStatus, ProbeError> {
        const ARGS: &str = "auth status";
        // The exit code says the same, but also 1 for a command that is unknown.
        let answer = self.ask(env, ARGS, PATIENCE).await?;
        serde_json::from_str(&answer).map_err(|_| not_understood(ARGS, &answer))
    }

    /// What Claude prints, asked where no repository can answer in its place: with the key helper
    /// of a project in sight Claude 2.1.330 counts as logged in.
    async fn ask(
        &self,
        env: &Env,
        args: &'static str,
        patience: Duration,
    ) -> Result<String, ProbeError> {
        let start = |source| ProbeError::Start {
            path: self.path().to_owned(),
            source,
        };
        let mut child = Command::new(self.path())
            .args(args.split(' '))
            .current_dir(root_of(self.path()))
            .env_clear()
            .envs(child_env(env, self.workspace(), &GitAccess::Nothing))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let answer = async {
            let mut answer = Vec::new();
            if let Some(stdout) = child.stdout.take() {
                stdout.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
            }
            child.wait().await?;
            Ok(answer)
        };
        let answer = tokio::time::timeout(patience, answer)
            .await
            .map_err(|_| ProbeError::Timeout { args })?
            .map_err(start)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn not_understood(args: &'static str, answer: &str) -> ProbeError {
    ProbeError::NotUnderstood {
        args,
        answer: text::one_line(answer, 200),
    }
}

/// The root of the file system: nobody but its administrator puts settings there.
fn root_of(path: &Path) -> &Path {
    path.ancestors().last().unwrap_or(path)
}

/// What is known of one binary from an earlier probe.
#[derive(Debug)]
struct Kept {
    file: PathBuf,
    fingerprint: Fingerprint,
}

/// What tells one state of a binary from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    path: PathBuf,
    size: u64,
    modified_nanos: u64,
    inode: u64,
}

/// The content of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    fingerprint: Fingerprint,
    version: String,
}

impl Kept {
    fn for_binary(path: &Path, data: &DataDir) -> Option<Self> {
        let fingerprint = Fingerprint::of(path)?;
        let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
        let name: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
        Some(Self {
            file: data.probes().join(format!("claude-{name}.json")),
            fingerprint,
        })
    }

    fn read(&self) -> Option<String> {
        let content = read_bounded(&self.file, ANSWER_BYTES).ok()?;
        let known: Known = serde_json::from_slice(&content).ok()?;
        (known.fingerprint == self.fingerprint).then_some(known.version)
    }

    /// A cache that cannot be written is none.
    fn write(self, version: &str) {
        let known = Known {
            fingerprint: self.fingerprint,
            version: version.to_owned(),
        };
        let Some(directory) = self.file.parent() else {
            return;
        };
        if let Ok(content) = serde_json::to_vec(&known) {
            let _ = create_private_dir(directory);
            let _ = write_atomic(&self.file, &content);
        }
    }
}

impl Fingerprint {
    /// `None` for what cannot be read or is a launcher.
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        if metadata.len() < LAUNCHER_BYTES {
            return None;
        }
        Some(Self {
            path: path.to_owned(),
            size: metadata.len(),
            modified_nanos: u64::try_from(modified.as_nanos()).ok()?,
            inode: inode(&metadata),
        })
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
