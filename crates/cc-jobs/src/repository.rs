//! Which workspaces belong to one repository, as remembered: Git forgets a worktree that was removed,
//! and its jobs are still there.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::fs::{create_private_dir, read_bounded, write_atomic};
use cc_core::{DataDir, Workspace};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// The most that a file may hold, in bytes.
const LIMIT: u64 = 64 << 10;

/// The file of one workspace.
#[derive(Serialize, Deserialize)]
struct Member {
    #[serde(with = "cc_core::os_text")]
    root: PathBuf,
}

/// Remembers that `workspace` is a working tree of the repository with this Git directory.
///
/// # Errors
/// When the file cannot be written.
pub fn remember(
    data: &DataDir,
    common_dir: &Path,
    workspace: &Workspace,
) -> Result<(), StoreError> {
    let dir = data.repository(common_dir);
    let file = dir.join(workspace.key());
    if file.exists() {
        return Ok(());
    }
    let root = workspace.root().to_owned();
    create_private_dir(&dir)?;
    Ok(write_atomic(&file, &serde_json::to_vec(&Member { root })?)?)
}

/// The workspaces that were remembered for the repository, in no order.
pub fn remembered(data: &DataDir, common_dir: &Path) -> Vec<Workspace> {
    let entries = fs::read_dir(data.repository(common_dir));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let bytes = read_bounded(&entry.path(), LIMIT).ok()?;
            let member: Member = serde_json::from_slice(&bytes).ok()?;
            Some(Workspace::from_canonical(member.root))
        })
        .collect()
}
