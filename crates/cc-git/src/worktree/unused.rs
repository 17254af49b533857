//! A linked work tree that was begun and never used: its maker was killed.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::IoError;
use cc_core::fs::canonical;

use crate::repo_path::os_path;
use crate::top_level::git_dir;
use crate::{Error, Repository, Worktree};

impl Repository {
    /// Removes the work tree at `root` and its branch, where it is one of this repository in which
    /// nothing was done: no file changed, and no commit on the branch that is nowhere else. Returns
    /// whether it went.
    ///
    /// # Errors
    /// When git cannot tell, or something stays.
    pub fn remove_unused_worktree(&self, root: &Path, branch: &str) -> Result<bool, Error> {
        let common = self.common_dir()?;
        let notes = match root.join(".git").symlink_metadata() {
            Ok(_) => git_dir(root).and_then(|dir| canonical(&dir).ok()),
            // Where git would have put them.
            Err(_) if is_empty(root) => root.file_name().map(|name| common.join(name)),
            Err(_) => None,
        };
        let Some(notes) = notes.filter(|dir| dir.parent() == Some(&common)) else {
            return Ok(false);
        };
        let Some(found) = self.find_branch(branch)? else {
            // An empty directory is all that was made, or there is somebody's work in it.
            return Ok(fs::remove_dir(root).is_ok());
        };
        let tree = Worktree {
            root: root.to_owned(),
            branch: branch.to_owned(),
            base: found.tip,
            git_dir: notes,
        };
        if self.has_own_commits(branch)? || self.has_changes(&tree)? {
            return Ok(false);
        }
        self.remove_worktree(&tree)?;
        Ok(true)
    }

    /// Where git keeps its notes of linked work trees.
    fn common_dir(&self) -> Result<PathBuf, Error> {
        let args = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
        let answer = self.runner.call(&args).checked()?;
        let path = os_path(answer.strip_suffix(b"\n").unwrap_or(&answer));
        let path = path.unwrap_or_else(|| self.root().join(".git"));
        let common = canonical(&path).map_err(IoError::at("resolve", &path))?;
        Ok(common.join("worktrees"))
    }

    /// Whether a branch holds commits that no other branch, tag or HEAD has.
    fn has_own_commits(&self, branch: &str) -> Result<bool, Error> {
        let name = format!("refs/heads/{branch}");
        // Without `--single-worktree`, the HEAD of its own work tree would count.
        let but = format!("--exclude={name}");
        let args = [
            "rev-list",
            "--max-count=1",
            &name,
            "--not",
            "--single-worktree",
            &but,
            "--all",
        ];
        let commits = self.runner.long_call(&args).checked()?;
        Ok(!commits.is_empty())
    }

    fn has_changes(&self, tree: &Worktree) -> Result<bool, Error> {
        // Git locks a work tree with this word until it has written all files.
        let lock = fs::read(tree.git_dir.join("locked")).unwrap_or_default();
        if is_empty(&tree.root) || lock.starts_with(b"initializing") {
            return Ok(false);
        }
        Ok(!self.worktree_files(tree)?.is_empty())
    }
}

/// Whether there is an empty directory.
fn is_empty(dir: &Path) -> bool {
    let is_dir = dir.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    is_dir && fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}
