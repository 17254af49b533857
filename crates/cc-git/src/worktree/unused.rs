//! Removes a linked worktree whose job was killed before it used it.

use std::fs;
use std::path::Path;

use cc_core::fs::canonical;

use crate::top_level::git_dir;
use crate::{Error, Repository, Worktree};

impl Repository {
    /// Removes the worktree at `root` and its branch if it belongs to this repository and was not used:
    /// no file has changed, and no commit is only on its branch. Returns whether it was removed.
    ///
    /// # Errors
    /// If something is left, or the error of a failed call.
    pub fn remove_unused_worktree(&self, root: &Path, branch: &str) -> Result<bool, Error> {
        let common = self.shared_dir()?.join("worktrees");
        let git_dir = match root.join(".git").symlink_metadata() {
            Ok(_) => git_dir(root).and_then(|dir| canonical(&dir).ok()),
            // The directory that git would have created.
            Err(_) if is_empty(root) => root.file_name().map(|name| common.join(name)),
            Err(_) => None,
        };
        let Some(git_dir) = git_dir.filter(|dir| dir.parent() == Some(&common)) else {
            return Ok(false);
        };
        let Some(found) = self.find_branch(branch)? else {
            // Only the empty directory was created; anything else in it is kept.
            return Ok(fs::remove_dir(root).is_ok());
        };
        let tree = Worktree {
            root: root.to_owned(),
            branch: branch.to_owned(),
            base: found.tip,
            git_dir,
        };
        if self.has_own_commits(branch)? || self.has_changes(&tree)? {
            return Ok(false);
        }
        self.remove_worktree(&tree)?;
        Ok(true)
    }

    /// Whether a branch has commits that no other branch, tag or HEAD has.
    fn has_own_commits(&self, branch: &str) -> Result<bool, Error> {
        let name = format!("refs/heads/{branch}");
        // Without `--single-worktree`, the HEAD of its own worktree would count.
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
        // Git locks a worktree with this reason until it has written all files.
        let lock = fs::read(tree.git_dir.join("locked")).unwrap_or_default();
        if is_empty(&tree.root) || lock.starts_with(b"initializing") {
            return Ok(false);
        }
        let changes = self.worktree_changes(tree)?;
        Ok(!changes.is_empty())
    }
}

/// Whether a path is an empty directory.
fn is_empty(dir: &Path) -> bool {
    let is_dir = dir.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    is_dir && fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}
