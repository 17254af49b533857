//! The changes of a linked worktree, and how they are applied to the user's working tree.

mod index;
mod obstacle;

use std::fs::File;
use std::io::{Seek, Write};

use cc_core::IoError;
use tempfile::TempDir;

use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::Runner;
use crate::top_level::git_dir;
use crate::{Error, Repository, Worktree, hardening};

/// The changes of a worktree since its base, committed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The changed files.
    pub files: Vec<RepoPath>,
    /// The patch, as `git apply` takes it.
    pub content: Vec<u8>,
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
            files: staged.files()?,
            content: staged.diff(&["--binary", "--full-index", "--unified=3"])?,
        })
    }

    /// Lists the files of [`Repository::worktree_patch`].
    ///
    /// # Errors
    /// As for the patch.
    pub fn worktree_files(&self, tree: &Worktree) -> Result<Vec<RepoPath>, Error> {
        Staged::new(self, tree)?.files()
    }

    /// Applies a patch to the files of this working tree, to all of them or none; the index is kept.
    ///
    /// If it does not apply, `merge` merges it as `git merge` would: the index changes too, and
    /// conflicts are marked in the files.
    ///
    /// # Errors
    /// [`Error::DoesNotApply`], also with `merge` if one of the files has uncommitted changes; nothing
    /// was changed. [`Error::Failed`] if writing fails, for example on a full disk: some files may have
    /// been changed.
    pub fn apply_patch(&self, patch: &Patch, merge: bool) -> Result<Applied, Error> {
        let apply = |more: &[&str], input: GitInput<'_>| {
            let whitespace = ["--whitespace=nowarn", "--no-ignore-whitespace", "-"];
            let call = self.runner.long_call(&["apply"]).args(more);
            call.args(&whitespace).input(input).checked()
        };
        let check = |more: &[&str]| apply(more, GitInput::Bytes(&patch.content));
        let detached = || -> Result<GitInput<'_>, Error> {
            Ok(GitInput::Detached {
                input: self.unnamed_file(&patch.content)?,
                errors: self.unnamed_file(b"")?,
            })
        };
        // Checked separately from writing, which fails for other reasons.
        let mismatch = check(&["--check"]).map_err(does_not_apply).err();
        if mismatch.is_some() && check(&["--check", "--reverse"]).is_ok() {
            return Ok(Applied::Before);
        }
        if let Some(obstacle) = obstacle::find(self.root(), &patch.files) {
            return Err(Error::DoesNotApply {
                detail: format!("`{}` is in the way", obstacle),
            });
        }
        match mismatch {
            None => apply(&[], detached()?).map(|_| Applied::Now),
            Some(Error::DoesNotApply { .. }) if merge => match apply(&["--3way"], detached()?) {
                Ok(_) => Ok(Applied::Now),
                Err(error) => match self.unmerged(patch)? {
                    files if files.is_empty() => Err(does_not_apply(error)),
                    files => Ok(Applied::WithConflicts(files)),
                },
            },
            Some(error) => Err(error),
        }
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

    /// An open file without a name that has this content.
    fn unnamed_file(&self, content: &[u8]) -> Result<File, Error> {
        let dir = git_dir(self.root()).unwrap_or_else(|| self.root().to_owned());
        let write = || {
            let mut file = tempfile::tempfile_in(&dir)?;
            file.write_all(content)?;
            file.rewind()?;
            Ok(file)
        };
        Ok(write().map_err(IoError::at("write in", &dir))?)
    }
}

fn does_not_apply(error: Error) -> Error {
    match error {
        Error::Failed { stderr, .. } => Error::DoesNotApply { detail: stderr },
        other => other,
    }
}

/// All changes of a worktree, in a temporary index.
struct Staged<'tree> {
    tree: &'tree Worktree,
    inside: Runner,
    _index: TempDir,
}

impl<'tree> Staged<'tree> {
    fn new(repository: &Repository, tree: &'tree Worktree) -> Result<Self, Error> {
        if !tree.is_intact() {
            return Err(Error::WorktreeGone {
                root: tree.root.clone(),
            });
        }
        let mut inside = Runner::new(&repository.git, &tree.root, hardening::pinned());
        // The `.git` file in the worktree is not trusted.
        inside.set_env("GIT_DIR", &tree.git_dir);
        inside.set_env("GIT_WORK_TREE", &tree.root);
        // A worktree can have its own configuration.
        let found = hardening::read_config(&inside)?;
        inside.configure(found.overrides);
        let index = index::copy(&mut inside, &tree.git_dir)?;
        index::add_all(&inside)?;
        Ok(Self {
            tree,
            inside,
            _index: index,
        })
    }

    fn files(&self) -> Result<Vec<RepoPath>, Error> {
        let names = self.diff(&["--name-only", "-z"])?;
        let names = records(&names).map(RepoPath::new);
        Ok(names.collect())
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
