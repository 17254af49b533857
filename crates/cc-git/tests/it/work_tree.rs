//! A linked work tree: made, changed by somebody who may be hostile, brought over, removed.

mod apply;
#[cfg(unix)]
mod extras;
mod hostile;
mod made;
mod patch;
mod removed;

use std::fs;
use std::path::{Path, PathBuf};

use cc_git::{Applied, Error, Patch, Worktree};

use crate::lab::{Lab, names, numbers, snapshot};

impl Lab {
    fn tree_root(&self) -> PathBuf {
        self.base.join("data/trees/one")
    }

    fn add_tree(&self) -> Result<Worktree, Error> {
        self.repository().add_worktree(&self.tree_root(), "cc/one")
    }

    fn patch(&self, tree: &Worktree) -> Patch {
        self.repository().worktree_patch(tree).unwrap()
    }

    /// Brings everything over; the files that changed.
    fn bring_over(&self, tree: &Worktree) -> Vec<String> {
        let patch = self.patch(tree);
        let applied = self.repository().apply_patch(&patch, false).unwrap();
        assert_eq!(applied, Applied::Now);
        names(&patch.files)
    }

    /// What git remembers of work trees and branches.
    fn notes(&self) -> [String; 2] {
        [
            self.git(["worktree", "list", "--porcelain"]),
            self.git(["for-each-ref"]),
        ]
    }
}

/// Git's directory for a work tree.
fn git_dir(tree: &Worktree) -> PathBuf {
    let link = fs::read_to_string(tree.root.join(".git")).unwrap();
    link.trim_end().strip_prefix("gitdir: ").unwrap().into()
}

/// The names and contents below a root, `.git` apart.
fn content(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let inside = |path: &Path| path.strip_prefix(root).unwrap().to_owned();
    snapshot(root)
        .into_iter()
        .map(|(path, (content, _))| (inside(&path), content))
        .filter(|(path, _)| !path.starts_with(".git"))
        .collect()
}
