//! Takes a fingerprint, within bounds that a repository shares with those inside it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;

use cc_core::Time;

use super::file_state::FileStamp;
use super::inspect::{self, KnownFiles};
use super::status::{IndexFlags, StatusEntry, StatusOutput};
use super::{Fingerprint, IndexState, PathStates, fold};
use crate::process::join;
use crate::repo_path::RepoPath;
use crate::top_level::git_dir;
use crate::{Error, Repository};

/// The most paths that are kept one by one.
const LISTED: usize = 10_000;

/// The most repositories inside this one that are looked into.
const NESTED: usize = 32;

/// The most that is taken in of one answer of git, in bytes.
const ANSWER_LIMIT: u64 = 256 << 20;

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
        let mut room = Budget::new();
        self.fingerprint_within(previous, now, &mut room)
    }

    fn fingerprint_within(
        &self,
        previous: Option<&Fingerprint>,
        now: Time,
        room: &mut Budget,
    ) -> Result<Fingerprint, Error> {
        let (status, index) = join(|| self.status(), || self.index(previous, now));
        let (status, index) = (status?, index?);
        let head = status.head.ok_or_else(|| not_understood("status"))?;
        let (inside, mut listed): (Vec<StatusEntry>, Vec<StatusEntry>) = status
            .listed
            .into_iter()
            .partition(|listed| listed.path.as_bytes().ends_with(b"/"));
        let kept = index.can_be_kept().then(|| index.clone());
        let submodules = index.special.merge_into(&mut listed);
        listed.sort();

        let known = previous.map(KnownFiles::of).unwrap_or_default();
        let entries = inspect::inspect_all(self.root(), listed, &known);
        let paths = if entries.len() <= room.paths {
            room.paths -= entries.len();
            PathStates::Each(entries)
        } else {
            PathStates::TooMany {
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
    fn status(&self) -> Result<StatusOutput, Error> {
        let args = [
            "status",
            "--porcelain=v2",
            "--branch",
            "--no-ahead-behind",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignored=no",
            // Git would run programs that a submodule configures; we inspect into it ourselves.
            "--ignore-submodules=dirty",
        ];
        let mut status = StatusOutput::default();
        self.records(&args, &mut |record| status.push(record))?;
        Ok(status)
    }

    /// What git would not tell about, from the index; asked only where the index is another one.
    fn index(&self, previous: Option<&Fingerprint>, now: Time) -> Result<IndexState, Error> {
        let file = git_dir(self.root()).map(|dir| dir.join("index"));
        // Looked at first: an index that changes meanwhile must not seem to be known.
        let stamp = file.and_then(|file| fs::symlink_metadata(file).ok());
        let stamp = stamp.map(|meta| FileStamp::of(&meta));
        if let Some(known) = previous.and_then(|previous| previous.index.as_ref())
            && known.stamp == stamp
        {
            return Ok(known.clone());
        }
        let mut special = IndexFlags::default();
        let args = ["ls-files", "-v", "--stage", "-z"];
        self.records(&args, &mut |record| special.push(record))?;
        let stamp = stamp.filter(|stamp| stamp.is_settled(now));
        Ok(IndexState { stamp, special })
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

/// What is left of the bounds.
struct Budget {
    paths: usize,
    nested: usize,
}

impl Budget {
    fn new() -> Self {
        Self {
            paths: LISTED,
            nested: NESTED,
        }
    }

    /// What was found in a repository inside, after which none more is looked into if it hung: the
    /// next could take as long, and a turn waits for all of them.
    fn after(&mut self, found: Result<Fingerprint, Error>) -> Option<Fingerprint> {
        if let Err(Error::Timeout { .. }) = found {
            self.nested = 0;
        }
        // A broken one, such as a fixture of a test, must not keep us from seeing the rest.
        found.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_inner_repository_that_hangs_is_the_last() {
        let mut room = Budget::new();
        let broken = Error::Failed {
            command: "status".into(),
            stderr: String::new(),
        };
        assert_eq!(room.after(Err(broken)), None);
        assert_eq!(room.nested, NESTED);
        let hung = Error::Timeout {
            command: "status".into(),
            waited: Duration::from_secs(60),
        };
        assert_eq!(room.after(Err(hung)), None);
        assert_eq!(room.nested, 0);
    }
}
