//! The working trees of one repository, found in its files: hooks cannot wait for a call of git.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::fs::canonical;

use crate::top_level::{git_dirs, linked_dir, read_start, trim_end};

/// What the working trees of one repository share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedRepository {
    /// The Git directory that they share, canonical.
    pub common_dir: PathBuf,
}

impl SharedRepository {
    /// The repository that the working tree at `root` belongs to; `None` outside git.
    pub fn of(root: &Path) -> Option<Self> {
        let common_dir = git_dirs(root).pop()?;
        Some(Self { common_dir })
    }

    /// The repository that the working tree at `root` belongs to, if both say so: whoever can write files
    /// in a directory can have its `.git` name any repository.
    pub fn proven(root: &Path) -> Option<Self> {
        Self::of(root).filter(|repository| repository.is_proven(root))
    }

    /// Whether the working tree at `root` names this repository, and the repository is in it or names it.
    pub fn is_proven(&self, root: &Path) -> bool {
        let dot_git = root.join(".git");
        let is_main = || {
            let meta = dot_git.symlink_metadata();
            meta.is_ok_and(|meta| meta.is_dir()) && self.common_dir == dot_git
        };
        let is_linked = || self.linked_roots().iter().any(|linked| linked == root);
        Self::of(root).as_ref() == Some(self) && (is_main() || is_linked())
    }

    /// The main working tree; where there is none, or its place is unknown, the Git directory itself.
    pub fn main_root(&self) -> &Path {
        match self.common_dir.file_name() {
            Some(name) if name == ".git" => self.common_dir.parent().unwrap_or(&self.common_dir),
            _ => &self.common_dir,
        }
    }

    /// The roots of the linked worktrees that Git knows, in no order.
    pub fn linked_roots(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.common_dir.join("worktrees"));
        let entries = entries.into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let dir = entry.path();
                // Absolute, or relative to this directory.
                let text = read_start(&dir.join("gitdir"))?;
                let dot_git = dir.join(crate::repo_path::os_path(trim_end(&text))?);
                let root = dot_git.parent()?;
                Some(canonical(root).unwrap_or_else(|_| root.to_owned()))
            })
            .collect()
    }

    /// Whether the directory `root` is gone, or is still a working tree of this repository.
    pub fn may_hold(&self, root: &Path) -> bool {
        match linked_dir(&root.join(".git")) {
            Some(_) => Self::of(root).as_ref() == Some(self),
            None => !root.exists() || root == self.main_root(),
        }
    }
}
