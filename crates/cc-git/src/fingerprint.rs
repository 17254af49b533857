//! The state of a work tree at one moment, to tell whether a turn edited something.
//!
//! Git says which paths are not as HEAD has them; for those the content on disk is digested. All
//! other paths are settled by HEAD's commit, so equal fingerprints mean equal work trees: content,
//! modes, names, index and commit. Content decides, never a time stamp alone.
//!
//! Bounds, each of which can only show a change that is none, never hide one:
//! - Files above 32 MiB, and all files once 512 MiB have been read, are known by size, times and
//!   inode instead of their content.
//! - Above 10,000 paths the list shrinks to one digest: still exact, but it names no files, and
//!   the next fingerprint reads every file again.
//!
//! Not covered are ignored files, repositories inside this one that git cannot read, and those
//! beyond the first 32 or the first that hangs, submodules first: each costs several calls of git, and
//! a turn waits for them.
//! That the commit of a submodule is another one is always noticed.

pub(crate) mod changes;
mod file_state;
mod inspect;
mod status;
mod take;

use std::collections::BTreeMap;

use cc_core::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ObjectId;
use crate::repo_path::RepoPath;
use file_state::{ContentDigest, FileStamp, FileState};
use status::IndexFlags;

/// The most paths that are remembered of an index.
const SPECIAL: usize = 1_000;

/// What a work tree looked like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// A moment before anything was looked at.
    taken: Time,
    /// The commit of HEAD; `None` where there is none yet.
    head: Option<ObjectId>,
    /// What is not as that commit has it.
    paths: PathStates,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<IndexState>,
    /// Submodules and other repositories inside this one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    nested: BTreeMap<RepoPath, Fingerprint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PathStates {
    /// Sorted by path and state.
    Each(Vec<PathState>),
    TooMany {
        digest: ContentDigest,
        /// Whether all of them can be compared with another time; see [`FileState::is_settled`].
        settled: bool,
    },
}

/// What an index is known to say beyond `git status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct IndexState {
    /// `None` where the file was fresh, or there was none.
    stamp: Option<FileStamp>,
    special: IndexFlags,
}

impl IndexState {
    /// Whether it is known to say the same next time, and is small. Which files git names as left
    /// out depends on whether they are there.
    fn can_be_kept(&self) -> bool {
        let IndexFlags { left_out, .. } = &self.special;
        self.stamp.is_some() && left_out.is_empty() && self.special.len() <= SPECIAL
    }
}

/// A path that differs from HEAD, or that git does not watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PathState {
    path: RepoPath,
    /// What git says of it.
    state: String,
    seen: FileState,
}

/// One digest for all that is compared of the entries.
fn fold(entries: &[PathState]) -> ContentDigest {
    let mut hash = Sha256::new();
    for entry in entries {
        for part in [entry.path.as_bytes(), entry.state.as_bytes()] {
            hash.update(part);
            hash.update([0]);
        }
        entry.seen.feed(&mut hash);
    }
    ContentDigest::of(hash)
}
