//! What the user allowed: for each workspace one version of its content, kept in our data directory.
//!
//! `trust/allowed.json` of the state directory names the version, `trust/<digest>/` holds its files. What is
//! there is compared with its digest at each use, so a version that is damaged counts as none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::fs::{create_private_dir, read_own, remove_if_there, write_atomic};
use cc_core::paths::main_working_tree;
use cc_core::{DataDir, FileLock, IoError, LockError, StateDir, Time, Workspace};
use serde::{Deserialize, Serialize};

use super::content::{ProjectContent, Unkept};

/// The most bytes of the file that names a version.
const LIMIT: u64 = 1 << 20;

/// How long another command may take to keep a version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The version that is allowed in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AllowedVersion {
    /// The form of this file.
    schema_version: u32,
    /// The workspace.
    #[serde(with = "cc_core::os_text")]
    pub workspace_root: PathBuf,
    /// When the user allowed it.
    pub allowed_at: Time,
    /// The digest of its content.
    pub(super) digest: String,
    /// Files that it starts in the working tree.
    #[serde(default)]
    in_place: BTreeSet<String>,
}

/// Why a version cannot be kept or removed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Its files cannot be read, or are too many.
    #[error(transparent)]
    Content(#[from] Unkept),
    /// It cannot be written or removed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// It was removed, or replaced by another, since a job was started with it.
    #[error("what you allowed of the repository's settings has changed since this job was started")]
    Gone,
    /// Another command keeps one.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl AllowedVersion {
    /// What is allowed at `root`, most specific first: there, then in the main working tree of a linked one.
    pub(super) fn of(data: &DataDir, root: &Path) -> Vec<Self> {
        let roots = [Some(root.to_owned()), main_working_tree(root)];
        let states = roots.into_iter().flatten();
        let states = states.map(|root| data.state(&Workspace::from_canonical(root)));
        states.filter_map(|state| Self::read(&state)).collect()
    }

    /// `None` where nothing was allowed, or what says so is damaged.
    pub(super) fn read(state: &StateDir) -> Option<Self> {
        let bytes = read_own(&file(state), LIMIT).ok()?;
        let allowed: Self = serde_json::from_slice(&bytes).ok()?;
        let is_digest = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let is_ours = allowed.schema_version == 1 && allowed.digest.chars().all(is_digest);
        is_ours.then_some(allowed)
    }

    /// The content; `None` where it is gone or damaged.
    pub(super) fn content(&self, data: &DataDir) -> Option<ProjectContent> {
        let workspace = Workspace::from_canonical(self.workspace_root.clone());
        let dir = data.state(&workspace).trust().join(&self.digest);
        let content = ProjectContent::read_kept(&dir, self.in_place.clone()).ok()?;
        (content.digest() == self.digest).then_some(content)
    }

    /// Files that it starts in the working tree.
    pub(super) fn in_place(&self) -> impl Iterator<Item = &str> {
        self.in_place.iter().map(String::as_str)
    }

    /// Keeps `content` as what is allowed at `root` from now on.
    pub(super) fn keep(
        data: &DataDir,
        root: &Path,
        content: &ProjectContent,
        now: Time,
    ) -> Result<(), TrustError> {
        let state = data.state(&Workspace::from_canonical(root.to_owned()));
        create_private_dir(&state.trust())?;
        let _lock = FileLock::exclusive(&lock(&state), PATIENCE)?;
        let allowed = Self {
            schema_version: 1,
            workspace_root: root.to_owned(),
            allowed_at: now,
            digest: content.digest(),
            in_place: content.in_place().map(str::to_owned).collect(),
        };
        let dir = state.trust().join(&allowed.digest);
        // What a killed command left, or somebody damaged, is written again.
        remove_dir(&dir)?;
        create_private_dir(&dir)?;
        content.write(&dir)?;
        let text = serde_json::to_vec_pretty(&allowed).unwrap_or_default();
        write_atomic(&file(&state), &text)?;
        remove_others(&state, &allowed.digest);
        Ok(())
    }

    /// Removes what is allowed at `root`; returns whether there was something.
    pub(super) fn remove(data: &DataDir, root: &Path) -> Result<bool, TrustError> {
        let state = data.state(&Workspace::from_canonical(root.to_owned()));
        if file(&state).symlink_metadata().is_err() {
            return Ok(false);
        }
        let _lock = FileLock::exclusive(&lock(&state), PATIENCE)?;
        remove_if_there(&file(&state))?;
        remove_others(&state, "");
        Ok(true)
    }
}

fn file(state: &StateDir) -> PathBuf {
    state.trust().join("allowed.json")
}

fn lock(state: &StateDir) -> PathBuf {
    state.trust().join("allowed.lock")
}

/// Removes the content of all versions but `digest`, as far as that is possible.
fn remove_others(state: &StateDir, digest: &str) {
    let entries = state.trust().read_dir().into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name() != digest) {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn remove_dir(dir: &Path) -> Result<(), IoError> {
    match dir.symlink_metadata() {
        Ok(_) => fs::remove_dir_all(dir).map_err(IoError::at("remove", dir)),
        Err(_) => Ok(()),
    }
}
