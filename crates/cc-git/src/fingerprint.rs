//! The state of a working tree at one moment, to detect whether a turn edited something.
//!
//! Git lists the paths that differ from HEAD; their content on disk is hashed. HEAD's commit
//! identifies all other paths, so equal fingerprints mean equal working trees: content, modes, names,
//! index and commit. Content decides, never a time stamp alone.
//!
//! Bounds, each of which can cause a false change but never hide one:
//! - Files above 32 MiB, and all files after 512 MiB have been read, are compared by size, times and
//!   inode instead of content.
//! - Above 10,000 paths one digest replaces the list: still exact, but it names no files, and the next
//!   fingerprint reads every file again.
//!
//! Not covered are ignored files, and some repositories inside this one: those that git cannot read, and
//! all after the first 32 or the first timeout, submodules first. Each costs several calls of git, and a
//! turn waits for them. A new commit of a submodule is always detected.

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
use crate::file_stamp::FileStamp;
use crate::repo_path::RepoPath;
use file_state::{ContentDigest, FileState};
use status::IndexFlags;

/// Reads records as Git's status and as its list of flags.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_records<'a>(records: impl Iterator<Item = &'a [u8]>) {
    let (mut status, mut flags) = (status::StatusOutput::default(), IndexFlags::default());
    for record in records {
        let _ = (status.push(record), flags.push(record));
    }
}

/// The most paths of an index that are kept.
const SPECIAL: usize = 1_000;

/// The state of a working tree at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// A time before anything was read.
    taken: Time,
    /// The commit of HEAD; `None` where there is none yet.
    head: Option<ObjectId>,
    /// The paths that differ from that commit.
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
        /// Whether all of them can be compared later; see [`FileState::is_settled`].
        settled: bool,
    },
}

/// What `git status` does not report of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct IndexState {
    /// `None` if the index file was too recent, or missing.
    stamp: Option<FileStamp>,
    special: IndexFlags,
}

impl IndexState {
    /// Whether it holds for as long as the index file is the same, and is small. Which files git
    /// reports as left out depends on whether they exist.
    fn can_be_kept(&self) -> bool {
        let IndexFlags { left_out, .. } = &self.special;
        self.stamp.is_some() && left_out.is_empty() && self.special.len() <= SPECIAL
    }
}

/// A path that differs from HEAD, or that git overlooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PathState {
    path: RepoPath,
    /// The status that git reports.
    state: String,
    seen: FileState,
}

/// Hashes everything that is compared of the entries.
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
