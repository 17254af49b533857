//! What changed in a linked work tree, brought over to the user's files.

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

/// All that changed in a work tree since its base, committed there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The files that it changes.
    pub files: Vec<RepoPath>,
    content: Vec<u8>,
}

/// What became of a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The files were changed.
    Now,
    /// They are as it makes them already; nothing was changed.
    Before,
    /// It was merged, and these files have conflicts.
    WithConflicts(Vec<RepoPath>),
}

impl Repository {
    /// What changed in a work tree since its base: files that git ignores are not part of it, nor
    /// is what lies in submodules and other repositories inside.
    ///
    /// # Errors
    /// [`Error::WorktreeGone`] when it is not as it was made: a directory that is empty would be read
    /// as one where everything was deleted. When git cannot read it, or the patch is larger than
    /// 256 MiB.
    pub fn worktree_patch(&self, tree: &Worktree) -> Result<Patch, Error> {
        let staged = Staged::new(self, tree)?;
        Ok(Patch {
            files: staged.files()?,
            content: staged.diff(&["--binary", "--full-index", "--unified=3"])?,
        })
    }

    /// The files of that patch.
    ///
    /// # Errors
    /// As for the patch.
    pub fn worktree_files(&self, tree: &Worktree) -> Result<Vec<RepoPath>, Error> {
        Staged::new(self, tree)?.files()
    }

    /// Changes the files of this work tree as `patch` says, all of them or none; the index stays.
    ///
    /// Where they are not as it expects them, `merge` has them changed as `git merge` would: the
    /// index changes too then, and what conflicts is marked in the files.
    ///
    /// # Errors
    /// [`Error::DoesNotApply`] where the files are not as the patch expects them, or with `merge`
    /// where one that it changes has changes that are not committed; nothing was changed then.
    /// [`Error::Failed`] where writing fails, as on a full disk: some files may have been changed.
    pub fn apply_patch(&self, patch: &Patch, merge: bool) -> Result<Applied, Error> {
        let apply = |more: &[&str], input: GitInput<'_>| {
            let whitespace = ["--whitespace=nowarn", "--no-ignore-whitespace", "-"];
            let call = self.runner.long_call(&["apply"]).args(more);
            call.args(&whitespace).input(input).checked()
        };
        let check = |more: &[&str]| apply(more, GitInput::Bytes(&patch.content));
        let detached = || -> Result<GitInput<'_>, Error> {
            Ok(GitInput::Detached {
                input: self.nameless(&patch.content)?,
                errors: self.nameless(b"")?,
            })
        };
        // On its own, since a failure to write is another one.
        let misfit = check(&["--check"]).map_err(does_not_apply).err();
        if misfit.is_some() && check(&["--check", "--reverse"]).is_ok() {
            return Ok(Applied::Before);
        }
        if let Some(obstacle) = obstacle::find(self.root(), &patch.files) {
            return Err(Error::DoesNotApply {
                detail: format!("`{}` is in the way", obstacle),
            });
        }
        match misfit {
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

    /// Those files of a patch that have conflicts.
    fn unmerged(&self, patch: &Patch) -> Result<Vec<RepoPath>, Error> {
        let args = ["diff", "--name-only", "--diff-filter=U", "-z"];
        let names = self.runner.long_call(&args).args(&PLAIN).checked()?;
        let names = records(&names).map(RepoPath::new);
        Ok(names.filter(|name| patch.files.contains(name)).collect())
    }

    /// A file with this content that nobody sees and that is gone once nobody reads it.
    fn nameless(&self, content: &[u8]) -> Result<File, Error> {
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

/// Every change of a work tree, in an index of its own.
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
        // The `.git` file in the work tree is not to be trusted.
        inside.set_env("GIT_DIR", &tree.git_dir);
        inside.set_env("GIT_WORK_TREE", &tree.root);
        // A work tree can have a configuration of its own.
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

/// Every option of a diff that a configuration could change, and no look into submodules.
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
