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
//! Not seen are ignored files, repositories inside this one that git cannot read, and those
//! beyond the first 32 or the first that hangs, submodules first: each costs several calls of git, and
//! a turn waits for them.
//! That the commit of a submodule is another one is always seen.

mod changes;
mod look;
mod room;
mod seen;
mod status;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;

use cc_core::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::process::join;
use crate::repo_path::RepoPath;
use crate::top_level::git_dir;
use crate::{Error, ObjectId, Repository};

pub use changes::Changes;
use look::Known;
use room::Room;
use seen::{Digest, Seen, Stamp};
use status::{Listed, Special, Status};

/// The most paths that are remembered of an index.
const SPECIAL: usize = 1_000;

/// The most that is taken in of one answer of git, in bytes.
const ANSWER_LIMIT: u64 = 256 << 20;

/// What a work tree looked like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// A moment before anything was looked at.
    taken: Time,
    /// The commit of HEAD; `None` where there is none yet.
    head: Option<ObjectId>,
    /// What is not as that commit has it.
    paths: Paths,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<Index>,
    /// Submodules and other repositories inside this one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    nested: BTreeMap<RepoPath, Fingerprint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Paths {
    /// Sorted by path and state.
    Each(Vec<Entry>),
    TooMany {
        digest: Digest,
        /// Whether all of them can be compared with another time; see [`Seen::is_settled`].
        settled: bool,
    },
}

/// What an index is known to say beyond `git status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Index {
    /// `None` where the file was fresh, or there was none.
    stamp: Option<Stamp>,
    special: Special,
}

impl Index {
    /// Whether it is known to say the same next time, and is small. Which files git names as left
    /// out depends on whether they are there.
    fn can_be_kept(&self) -> bool {
        let Special { left_out, .. } = &self.special;
        self.stamp.is_some() && left_out.is_empty() && self.special.len() <= SPECIAL
    }
}

/// A path that differs from HEAD, or that git does not watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    path: RepoPath,
    /// What git says of it.
    state: String,
    seen: Seen,
}

impl Repository {
    /// Takes the fingerprint of the work tree and the index as they are.
    ///
    /// Digests of an earlier fingerprint are used again for files whose size, times and inode are
    /// the same and were not fresh then. `now` is the current time; an earlier one is harmless.
    ///
    /// Calls git once or twice, and up to four times for each repository inside this one.
    ///
    /// # Errors
    /// What a failed call means.
    pub fn fingerprint(
        &self,
        previous: Option<&Fingerprint>,
        now: Time,
    ) -> Result<Fingerprint, Error> {
        let mut room = Room::new();
        self.fingerprint_within(previous, now, &mut room)
    }

    fn fingerprint_within(
        &self,
        previous: Option<&Fingerprint>,
        now: Time,
        room: &mut Room,
    ) -> Result<Fingerprint, Error> {
        let (status, index) = join(|| self.status(), || self.index(previous, now));
        let (status, index) = (status?, index?);
        let head = status.head.ok_or_else(|| not_understood("status"))?;
        let (inside, mut listed): (Vec<Listed>, Vec<Listed>) = status
            .listed
            .into_iter()
            .partition(|listed| listed.path.as_bytes().ends_with(b"/"));
        let kept = index.can_be_kept().then(|| index.clone());
        let submodules = index.special.merge_into(&mut listed);
        listed.sort();

        let known = previous.map(Known::of).unwrap_or_default();
        let entries = look::at_all(self.root(), listed, &known);
        let paths = if entries.len() <= room.paths {
            room.paths -= entries.len();
            Paths::Each(entries)
        } else {
            Paths::TooMany {
                digest: fold(&entries),
                settled: entries.iter().all(|entry| entry.seen.is_settled(now)),
            }
        };

        let mut nested = BTreeMap::new();
        let untracked = inside.into_iter().map(|listed| listed.path.without_slash());
        for path in submodules.into_iter().chain(untracked) {
            if room.nested == 0 {
                break;
            }
            let earlier = previous.and_then(|previous| previous.nested.get(&path));
            if let Some(repository) = self.nested(&path) {
                let found = repository.and_then(|repository| {
                    room.nested -= 1;
                    repository.fingerprint_within(earlier, now, room)
                });
                nested.extend(room.after(found).map(|found| (path, found)));
            }
        }
        Ok(Fingerprint {
            taken: now,
            head,
            paths,
            index: kept,
            nested,
        })
    }

    /// What git says of the paths that differ from HEAD.
    fn status(&self) -> Result<Status, Error> {
        let args = [
            "status",
            "--porcelain=v2",
            "--branch",
            "--no-ahead-behind",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignored=no",
            // Git would run programs that a submodule configures; we look into it ourselves.
            "--ignore-submodules=dirty",
        ];
        let mut status = Status::default();
        self.records(&args, &mut |record| status.push(record))?;
        Ok(status)
    }

    /// What git would not tell about, from the index; asked only where the index is another one.
    fn index(&self, previous: Option<&Fingerprint>, now: Time) -> Result<Index, Error> {
        let file = git_dir(self.root()).map(|dir| dir.join("index"));
        // Looked at first: an index that changes meanwhile must not seem to be known.
        let stamp = file.and_then(|file| fs::symlink_metadata(file).ok());
        let stamp = stamp.map(|meta| Stamp::of(&meta));
        if let Some(known) = previous.and_then(|previous| previous.index.as_ref())
            && known.stamp == stamp
        {
            return Ok(known.clone());
        }
        let mut special = Special::default();
        let args = ["ls-files", "-v", "--stage", "-z"];
        self.records(&args, &mut |record| special.push(record))?;
        let stamp = stamp.filter(|stamp| stamp.is_settled(now));
        Ok(Index { stamp, special })
    }

    /// Gives each record of git's answer to `take`, which says whether it could be read.
    fn records(&self, args: &[&str], take: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Error> {
        let mut understood = true;
        let call = self.runner.call(args).limit(ANSWER_LIMIT);
        call.records(|record| {
            understood = take(record);
            match understood {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        match understood {
            true => Ok(()),
            false => Err(not_understood(args[0])),
        }
    }

    /// The repository at a path of this one; `None` where there is none.
    fn nested(&self, path: &RepoPath) -> Option<Result<Repository, Error>> {
        let dir = path.below(self.root())?;
        // An empty directory belongs to this repository, a link to another place.
        crate::top_level(&dir).filter(|top| dir == *top)?;
        Some(Repository::discover(self.git.clone(), &dir))
    }
}

fn not_understood(command: &str) -> Error {
    Error::Failed {
        command: command.to_owned(),
        stderr: "its answer has an unknown form".into(),
    }
}

/// One digest for all that is compared of the entries.
fn fold(entries: &[Entry]) -> Digest {
    let mut hash = Sha256::new();
    for entry in entries {
        for part in [entry.path.as_bytes(), entry.state.as_bytes()] {
            hash.update(part);
            hash.update([0]);
        }
        entry.seen.feed(&mut hash);
    }
    Digest::of(hash)
}
