//! Ignored files that the project's `.worktreeinclude` names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{AbsentReason, Extras, NAMED, make_parent};
use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::working_file::{FileOpener, WorkingFile};
use crate::{Error, Repository};

/// The file: patterns as in `.gitignore`.
const NAME: &[u8] = b".worktreeinclude";

/// Its bytes and lines that are read.
const BYTES: u64 = 64 << 10;
const LINES: usize = 1_000;

/// What is copied at most.
const FILES: usize = 20_000;
const TOTAL: u64 = 2 << 30;

impl Repository {
    pub(super) fn bring_included(&self, root: &Path, extras: &mut Extras) {
        let named = self.named_and_ignored().unwrap_or_default();
        let mut opener = FileOpener::new(self.root());
        let (mut copied, mut left) = (BTreeSet::new(), TOTAL);
        for path in named {
            let outcome = match copied.len() < FILES {
                true => copy(&mut opener, root, &path, &mut left),
                false => Err(AbsentReason::TooMuch),
            };
            match outcome {
                Ok(()) => drop(copied.insert(path)),
                Err(reason) => extras.lacks(&path, reason),
            }
        }
        for path in self.ignored().unwrap_or_default() {
            let is_copied = copied.range(path.without_slash()..).next();
            let is_copied =
                is_copied.is_some_and(|file| file.as_bytes().starts_with(path.as_bytes()));
            if !is_copied {
                extras.lacks(&path, AbsentReason::Ignored);
            }
        }
        extras.included_total = copied.len();
        extras.included = copied.into_iter().take(NAMED).collect();
    }

    /// The untracked files that match, as far as Git ignores them.
    fn named_and_ignored(&self) -> Result<Vec<RepoPath>, Error> {
        let WorkingFile::Regular { file, .. } =
            WorkingFile::open(self.root(), &RepoPath::new(NAME))
        else {
            return Ok(Vec::new());
        };
        let mut text = String::new();
        if file.take(BYTES).read_to_string(&mut text).is_err() {
            return Ok(Vec::new());
        }
        let lines = text.lines().map(str::trim_end).take(LINES);
        let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns: Vec<String> = patterns.map(|line| format!("--exclude={line}")).collect();
        if patterns.is_empty() {
            return Ok(Vec::new());
        }
        let args = ["ls-files", "--others", "--ignored", "-z"];
        let named = self.runner.long_call(&args).args(&patterns).checked()?;
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let args = ["check-ignore", "--stdin", "-z"];
        let call = self.runner.long_call(&args).input(GitInput::Bytes(&named));
        // Exit code 1: none of them is ignored.
        let (ignored, _) = call.output()?;
        Ok(records(&ignored).map(RepoPath::new).collect())
    }

    /// What Git ignores, directories as one.
    fn ignored(&self) -> Result<Vec<RepoPath>, Error> {
        let args = [
            "ls-files",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            "--no-empty-directory",
            "-z",
        ];
        let ignored = self.runner.long_call(&args).checked()?;
        Ok(records(&ignored).map(RepoPath::new).collect())
    }
}

fn copy(
    opener: &mut FileOpener<'_>,
    root: &Path,
    path: &RepoPath,
    left: &mut u64,
) -> Result<(), AbsentReason> {
    let WorkingFile::Regular { file, .. } = opener.open(path) else {
        return Err(AbsentReason::NotCopied);
    };
    let place = path.below(root).ok_or(AbsentReason::NotCopied)?;
    let meta = file.metadata().map_err(|_| AbsentReason::NotCopied)?;
    if meta.len() > *left {
        return Err(AbsentReason::TooMuch);
    }
    *left -= meta.len();
    make_parent(root, &place).ok_or(AbsentReason::NotCopied)?;
    let write = || -> io::Result<()> {
        let mut copy = File::create_new(&place)?;
        io::copy(&mut file.take(meta.len()), &mut copy)?;
        copy.set_permissions(meta.permissions())
    };
    write().map_err(|_| AbsentReason::NotCopied)
}
