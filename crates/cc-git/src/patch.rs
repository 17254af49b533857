//! The changes of a linked worktree, and how they are applied to the user's working tree.

mod entry;
mod index;
mod obstacle;
mod originals;

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use cc_core::IoError;
use tempfile::TempDir;

use crate::process::{GitInput, STDERR_TAIL};
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::Runner;
use crate::top_level::git_dir;
use crate::{Error, Repository, Worktree, hardening};
pub use entry::PatchEntry;
use originals::Originals;

/// The changes of a worktree since its base, committed or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// The changed files.
    pub files: Vec<RepoPath>,
    /// What becomes of each.
    pub entries: Vec<PatchEntry>,
    /// New files whose names lead to `.git` in some file system. They are not in the patch, which cannot be
    /// applied while they are there.
    pub disguised: Vec<RepoPath>,
    /// The patch, as `git apply` takes it.
    pub content: Vec<u8>,
}

impl Patch {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.disguised.is_empty()
    }
}

/// The result of applying a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// The files were changed.
    Now,
    /// The patch was already applied; nothing was changed.
    Before,
    /// The patch was merged, and these files have conflicts.
    WithConflicts(Vec<RepoPath>),
}

impl Repository {
    /// Creates the patch of a worktree since its base. Ignored files, and files in submodules and other
    /// repositories inside it, are not included.
    ///
    /// # Errors
    /// [`Error::WorktreeGone`] if it is not intact: in an empty directory everything would look deleted.
    /// [`Error::TooMuchOutput`] for a patch above 256 MiB, or the error of a failed call.
    pub fn worktree_patch(&self, tree: &Worktree) -> Result<Patch, Error> {
        let staged = Staged::new(self, tree)?;
        Ok(Patch {
            content: staged.diff(&["--binary", "--full-index", "--unified=3"])?,
            ..staged.without_content()?
        })
    }

    /// Lists what is in [`Repository::worktree_patch`], without its content.
    ///
    /// # Errors
    /// As for the patch.
    pub fn worktree_changes(&self, tree: &Worktree) -> Result<Patch, Error> {
        Staged::new(self, tree)?.without_content()
    }

    /// Applies a patch to the files of this working tree, to all of them or none; the index is kept.
    ///
    /// If it does not apply, `merge` merges it as `git merge` would: the index changes too, and
    /// conflicts are marked in the files.
    ///
    /// # Errors
    /// [`Error::NamesGitDirectory`] for a patch with [`Patch::disguised`];
    /// [`Error::DoesNotApply`], also with `merge` if one of the files has uncommitted changes;
    /// [`Error::Unfinished`] for a merge into an unfinished one; [`Error::NotWritten`] for a full disk, for
    /// example. Nothing is changed then. [`Error::HalfApplied`] if the files cannot be put back, and
    /// [`Error::InterruptedApply`] if an earlier apply was killed in the middle.
    pub fn apply_patch(&self, patch: &Patch, merge: bool) -> Result<Applied, Error> {
        if let Some(path) = patch.disguised.first().cloned() {
            return Err(Error::NamesGitDirectory { path });
        }
        self.finish_earlier_apply()?;
        // Checked separately from writing, which fails for other reasons.
        let mismatch = match self.apply(&["--check"], GitInput::Bytes(&patch.content)) {
            Ok(()) => None,
            Err(error) => Some(does_not_apply(error)),
        };
        if mismatch.is_some() && self.has_patch(patch) {
            return Ok(Applied::Before);
        }
        if let Some(obstacle) = obstacle::find(self.root(), &patch.files) {
            return Err(Error::DoesNotApply {
                detail: format!("`{obstacle}` is in the way"),
            });
        }
        match mismatch {
            None => self.write(patch, &[]),
            Some(Error::DoesNotApply { .. }) if merge => {
                self.must_be_merged()?;
                self.write(patch, &["--3way"])
            }
            Some(error) => Err(error),
        }
    }

    fn apply(&self, more: &[&str], input: GitInput<'_>) -> Result<(), Error> {
        let whitespace = ["--whitespace=nowarn", "--no-ignore-whitespace", "-"];
        let call = self.runner.long_call(&["apply"]).args(more);
        call.args(&whitespace).input(input).checked().map(drop)
    }

    /// Applies a patch that was checked, or merges it, all of it or nothing.
    fn write(&self, patch: &Patch, how: &[&str]) -> Result<Applied, Error> {
        let errors = self.reserved_file()?;
        let git_dir = self.own_git_dir();
        let originals = Originals::keep(self.root(), &git_dir, &patch.files, &patch.content)?;
        let applied = self
            .refresh_index(how)
            .and_then(|()| originals.patch())
            .and_then(|input| self.apply(how, GitInput::Detached { input, errors }));
        let error = match applied {
            Ok(()) => {
                originals.remove();
                return Ok(Applied::Now);
            }
            Err(error) => error,
        };
        // Before there were none.
        let conflicts = match how {
            [] => Vec::new(),
            _ => self.unmerged(patch).unwrap_or_default(),
        };
        if !conflicts.is_empty() {
            originals.remove();
            return Ok(Applied::WithConflicts(conflicts));
        }
        let detail = match &error {
            Error::NotWritten { detail } => detail.clone(),
            error => error.to_string(),
        };
        // Git found it before it wrote anything: the new file is somebody else's.
        let has_new = !detail.contains("already exists in working directory");
        let had_changed = originals.put_back(has_new)?;
        match had_changed || matches!(error, Error::NotWritten { .. }) {
            true => Err(Error::NotWritten { detail }),
            false => Err(does_not_apply(error)),
        }
    }

    /// Lets the index know which files are unchanged before a merge, for which one that was only touched
    /// or linked counts as changed.
    fn refresh_index(&self, how: &[&str]) -> Result<(), Error> {
        if how.is_empty() {
            return Ok(());
        }
        let refresh = self.runner.long_call(&["update-index", "--refresh"]);
        let (_, exit) = refresh.output()?;
        match exit.code {
            Some(128) => Err(Error::NotWritten {
                detail: exit.into_error().to_string(),
            }),
            // Also where a file is changed.
            _ => Ok(()),
        }
    }

    /// Refuses to merge where Git is in the middle of something, or has conflicts.
    fn must_be_merged(&self) -> Result<(), Error> {
        if let Some(operation) = self.operation() {
            return Err(Error::Unfinished {
                what: format!("a {operation} is in progress"),
            });
        }
        let unmerged = self.runner.long_call(&["ls-files", "--unmerged", "-z"]);
        let unmerged = unmerged.checked()?;
        let path =
            records(&unmerged).find_map(|record| record.splitn(2, |&byte| byte == b'\t').nth(1));
        match path {
            Some(path) => Err(Error::Unfinished {
                what: format!("`{}` has unresolved conflicts", RepoPath::new(path)),
            }),
            None => Ok(()),
        }
    }

    /// Removes what a killed apply kept, if all of it was applied nevertheless, or nothing; else puts it back.
    fn finish_earlier_apply(&self) -> Result<(), Error> {
        for (dir, content) in originals::left(&self.own_git_dir()) {
            let patch = Patch {
                content,
                ..Patch::default()
            };
            let is_new = || {
                self.apply(&["--check"], GitInput::Bytes(&patch.content))
                    .is_ok()
            };
            if !patch.content.is_empty() && !self.has_patch(&patch) && !is_new() {
                if !self.put_back(&dir, &patch)? {
                    return Err(Error::InterruptedApply { dir });
                }
                continue;
            }
            fs::remove_dir_all(&dir).map_err(IoError::at("remove", &dir))?;
        }
        Ok(())
    }

    /// Puts back the files that an apply kept in `dir`, unless somebody has worked on them since. Returns whether.
    fn put_back(&self, dir: &Path, patch: &Patch) -> Result<bool, Error> {
        let after = tempfile::tempdir_in(dir).map_err(IoError::at("make a directory in", dir))?;
        originals::copy_to(dir, after.path())?;
        let there = self.runner.at(after.path());
        let args = [
            "apply",
            "--whitespace=nowarn",
            "--no-ignore-whitespace",
            "-",
        ];
        let call = there.long_call(&args);
        if call
            .input(GitInput::Bytes(&patch.content))
            .checked()
            .is_err()
        {
            return Ok(false);
        }
        originals::recover(self.root(), dir, after.path())
    }

    fn own_git_dir(&self) -> PathBuf {
        git_dir(self.root()).unwrap_or_else(|| self.root().to_owned())
    }

    /// Whether the files of this working tree have the change of a patch already.
    pub fn has_patch(&self, patch: &Patch) -> bool {
        let args = ["apply", "--check", "--reverse", "--whitespace=nowarn", "-"];
        let call = self.runner.long_call(&args);
        call.input(GitInput::Bytes(&patch.content))
            .checked()
            .is_ok()
    }

    /// The files of a patch that have conflicts.
    fn unmerged(&self, patch: &Patch) -> Result<Vec<RepoPath>, Error> {
        let args = ["diff", "--name-only", "--diff-filter=U", "-z"];
        let names = self.runner.long_call(&args).args(&PLAIN).checked()?;
        let names = records(&names).map(RepoPath::new);
        Ok(names.filter(|name| patch.files.contains(name)).collect())
    }

    /// An open file without a name that has room for errors, also once the disk is full.
    fn reserved_file(&self) -> Result<File, Error> {
        let dir = self.own_git_dir();
        let write = || {
            let mut file = tempfile::tempfile_in(&dir)?;
            file.write_all(&[0; STDERR_TAIL])?;
            file.rewind()?;
            Ok(file)
        };
        Ok(write().map_err(IoError::at("write in", &dir))?)
    }
}

fn does_not_apply(error: Error) -> Error {
    match error {
        Error::Failed { stderr, .. } => {
            let messages = stderr.split("error: ").map(str::trim);
            let messages: Vec<&str> = messages.filter(|message| !message.is_empty()).collect();
            Error::DoesNotApply {
                detail: messages.join("; "),
            }
        }
        other => other,
    }
}

/// Calls of Git in a worktree, whose `.git` file and configuration are not trusted.
pub(crate) fn inside(repository: &Repository, tree: &Worktree) -> Result<Runner, Error> {
    let mut inside = Runner::new(&repository.git, &tree.root, hardening::pinned());
    inside.set_env("GIT_DIR", &tree.git_dir);
    inside.set_env("GIT_WORK_TREE", &tree.root);
    // A worktree can have its own configuration.
    let found = hardening::read_config(&inside, &repository.git)?;
    found.apply_to(&mut inside, repository.git.views(), &tree.git_dir)?;
    Ok(inside)
}

/// All changes of a worktree, in a temporary index.
struct Staged<'tree> {
    tree: &'tree Worktree,
    inside: Runner,
    disguised: Vec<RepoPath>,
    _index: TempDir,
}

impl<'tree> Staged<'tree> {
    fn new(repository: &Repository, tree: &'tree Worktree) -> Result<Self, Error> {
        if !tree.is_intact() {
            return Err(Error::WorktreeGone {
                root: tree.root.clone(),
            });
        }
        let mut inside = inside(repository, tree)?;
        let index = index::copy(&mut inside, &tree.git_dir)?;
        let disguised = index::add_all(&inside)?;
        Ok(Self {
            tree,
            inside,
            disguised,
            _index: index,
        })
    }

    fn without_content(&self) -> Result<Patch, Error> {
        let raw = self.diff(&["--raw", "--no-abbrev", "-z"])?;
        let entries = entry::read(&self.inside, &raw)?;
        Ok(Patch {
            files: entries.iter().map(|entry| entry.path.clone()).collect(),
            entries,
            disguised: self.disguised.clone(),
            content: Vec::new(),
        })
    }

    fn diff(&self, format: &[&str]) -> Result<Vec<u8>, Error> {
        let call = self.inside.long_call(&["diff", "--cached"]).args(format);
        let since = [self.tree.base.as_str(), "--"];
        call.args(&PLAIN).args(&since).checked()
    }
}

/// Options of a diff that the configuration could change; submodules are ignored.
const PLAIN: [&str; 8] = [
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--no-relative",
    "--ignore-submodules=all",
];
