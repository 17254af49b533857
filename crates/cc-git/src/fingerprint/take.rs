//! Takes a fingerprint, within bounds that a repository shares with those inside it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;

use cc_core::Time;
use cc_core::parallel::join;

use super::inspect::{self, KnownFiles};
use super::status::{IndexFlags, StatusEntry, StatusOutput, UNTRACKED};
use super::{Fingerprint, IndexState, PathStates, fold};
use crate::file_stamp::FileStamp;
use crate::pathspecs::Pathspecs;
use crate::repo_path::RepoPath;
use crate::top_level::git_dir;
use crate::{Error, Repository};

/// The most paths that are listed.
const LISTED: usize = 10_000;

/// The most repositories inside this one that are inspected.
const NESTED: usize = 32;

/// The most output of one call of git, in bytes.
const ANSWER_LIMIT: u64 = 256 << 20;

impl Repository {
    /// Takes the fingerprint of the working tree and the index.
    ///
    /// Reuses the digests of the previous fingerprint for files with the same size, times and inode,
    /// unless those were too recent. `now` is the current time; an earlier one is harmless.
    ///
    /// Calls git once or twice, and up to four times for each repository inside this one.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn fingerprint(
        &self,
        previous: Option<&Fingerprint>,
        now: Time,
    ) -> Result<Fingerprint, Error> {
        let mut bounds = Bounds::new();
        self.fingerprint_within(previous, now, &mut bounds)
    }

    fn fingerprint_within(
        &self,
        previous: Option<&Fingerprint>,
        now: Time,
        bounds: &mut Bounds,
    ) -> Result<Fingerprint, Error> {
        // Before Git is called: an index that changes meanwhile must not count as known.
        let stamp = self.index_stamp();
        let known = previous.and_then(|previous| previous.index.as_ref());
        let known = known.filter(|known| known.stamp == stamp);
        let (status, index) = match known {
            Some(known) => (self.status(), Ok(known.clone())),
            None => join(|| self.status(), || self.index(stamp, now)),
        };
        let (status, index) = (status?, index?);
        let head = status.head.ok_or_else(|| unexpected_output("status"))?;
        let (inside, mut listed): (Vec<StatusEntry>, Vec<StatusEntry>) = status
            .listed
            .into_iter()
            .partition(|listed| listed.path.as_bytes().ends_with(b"/"));
        let kept = index.can_be_kept().then(|| index.clone());
        let submodules = index.special.merge_into(&mut listed);
        listed.sort();

        let known = previous.map(KnownFiles::of).unwrap_or_default();
        let entries = inspect::inspect_all(self.root(), listed, &known);
        let paths = if entries.len() <= bounds.paths {
            bounds.paths -= entries.len();
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
            if bounds.nested == 0 {
                break;
            }
            let earlier = previous.and_then(|previous| previous.nested.get(&path));
            if let Some(repository) = self.nested(&path) {
                let found = repository.and_then(|repository| {
                    bounds.nested -= 1;
                    repository.fingerprint_within(earlier, now, bounds)
                });
                nested.extend(bounds.after(found).map(|found| (path, found)));
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

    /// The paths that differ from HEAD.
    fn status(&self) -> Result<StatusOutput, Error> {
        let args = [
            "status",
            "--porcelain=v2",
            "--branch",
            "--no-ahead-behind",
            "-z",
            "--no-renames",
            // In a home directory, untracked files are not work in progress.
            match self.leaves_untracked(&Pathspecs::default()) {
                true => "--untracked-files=no",
                false => "--untracked-files=all",
            },
            "--ignored=no",
            // Git would run programs that a submodule configures; it is inspected separately.
            "--ignore-submodules=dirty",
        ];
        let mut status = StatusOutput::default();
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let args = [args, self.pathspec_args(&Pathspecs::default())].concat();
        self.records(&args, &mut |record| status.push(record))?;
        if self.git.notes().has_codex(self.root()) {
            let is_note = |listed: &StatusEntry| {
                listed.state == UNTRACKED && self.git.notes().is_codex(self.root(), &listed.path)
            };
            status.listed.retain(|listed| !is_note(listed));
        }
        Ok(status)
    }

    /// The index file as it is now; `None` if there is none.
    fn index_stamp(&self) -> Option<FileStamp> {
        let file = git_dir(self.root())?.join("index");
        Some(FileStamp::of(&fs::symlink_metadata(file).ok()?))
    }

    /// What `git status` does not report of the index, whose file was `stamp` before.
    fn index(&self, stamp: Option<FileStamp>, now: Time) -> Result<IndexState, Error> {
        let mut special = IndexFlags::default();
        let args = ["ls-files", "-v", "--stage", "-z"];
        self.records(&args, &mut |record| special.push(record))?;
        let stamp = stamp.filter(|stamp| stamp.is_settled(now));
        Ok(IndexState { stamp, special })
    }

    /// Gives each record of the output to `take`, which returns whether it could be parsed.
    fn records<S: AsRef<OsStr>>(
        &self,
        args: &[S],
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        let mut understood = true;
        let call = self.runner.call(args).limit(ANSWER_LIMIT);
        call.records(|record| {
            understood = take(record);
            understood
        })?;
        match understood {
            true => Ok(()),
            false => Err(unexpected_output(&args[0].as_ref().to_string_lossy())),
        }
    }

    /// The repository at a path of this one, if there is one.
    fn nested(&self, path: &RepoPath) -> Option<Result<Repository, Error>> {
        let dir = path.below(self.root())?;
        // An empty directory belongs to this repository; a link leads elsewhere.
        crate::top_level(&dir).filter(|top| dir == *top)?;
        Some(Repository::discover(self.git.clone(), &dir))
    }
}

fn unexpected_output(command: &str) -> Error {
    Error::Failed {
        command: command.to_owned(),
        stderr: "unexpected output".into(),
    }
}

/// The rest of the bounds.
struct Bounds {
    paths: usize,
    nested: usize,
}

impl Bounds {
    fn new() -> Self {
        Self {
            paths: LISTED,
            nested: NESTED,
        }
    }

    /// Unwraps the fingerprint of a repository inside this one. After a timeout no more are inspected:
    /// the next could take as long, and a turn waits for all of them.
    fn after(&mut self, found: Result<Fingerprint, Error>) -> Option<Fingerprint> {
        if let Err(Error::Timeout { .. }) = found {
            self.nested = 0;
        }
        // A broken repository, such as a test fixture, must not hide changes elsewhere.
        found.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_inner_repository_that_hangs_is_the_last() {
        let mut bounds = Bounds::new();
        let broken = Error::Failed {
            command: "status".into(),
            stderr: String::new(),
        };
        assert_eq!(bounds.after(Err(broken)), None);
        assert_eq!(bounds.nested, NESTED);
        let hung = Error::Timeout {
            command: "status".into(),
            waited: Duration::from_secs(60),
        };
        assert_eq!(bounds.after(Err(hung)), None);
        assert_eq!(bounds.nested, 0);
    }
}
