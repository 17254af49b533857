//! Creates and removes linked worktrees for the changes of isolated jobs.
//!
//! With [`crate::patch`] the only part of this crate that writes to a repository, and only when the user
//! asked for it.

mod unused;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cc_core::IoError;
use serde::{Deserialize, Serialize};

use crate::extras::lfs;
use crate::repo_path::os_path;
use crate::top_level::git_dir;
use crate::{Error, ObjectId, Repository, SharedRepository};

/// A linked worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Worktree {
    /// The absolute path of its root.
    #[serde(with = "cc_core::os_text")]
    #[schemars(with = "String")]
    pub root: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The commit it was created from.
    pub base: ObjectId,
    /// Its Git directory, inside that of the repository. Stored, because the `.git` file that names it
    /// can be changed in the worktree.
    #[serde(with = "cc_core::os_text")]
    #[schemars(with = "String")]
    pub git_dir: PathBuf,
}

impl Worktree {
    /// The name of its root while it is being removed.
    fn removed(&self) -> PathBuf {
        let mut removed = self.root.clone().into_os_string();
        removed.push(".removed");
        removed.into()
    }

    /// Whether it exists: not removed, emptied or replaced by a link.
    pub fn is_intact(&self) -> bool {
        let there = |path: &Path| path.symlink_metadata();
        there(&self.root).is_ok_and(|meta| meta.is_dir()) && there(&self.root.join(".git")).is_ok()
    }
}

/// Removes a directory with its content, if it is there.
fn remove_all(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(IoError::at("remove", dir)(error).into())
        }
        _ => Ok(()),
    }
}

/// A branch.
pub(crate) struct Branch {
    pub(crate) tip: ObjectId,
    /// The worktree that has it checked out.
    checked_out: Option<PathBuf>,
}

impl Repository {
    /// Creates a linked worktree at `root` with a new branch from HEAD.
    ///
    /// Uncommitted changes are not included, submodules are empty, and LFS files are pointers: see
    /// [`Repository::bring_extras`].
    ///
    /// # Errors
    /// [`Error::NoCommits`]; if the directory or the branch exists; or the error of a failed call.
    /// Nothing is left behind.
    pub fn add_worktree(&self, root: &Path, branch: &str) -> Result<Worktree, Error> {
        let base = self.head().id().ok_or(Error::NoCommits)?.clone();
        if let Some(parent) = root.parent() {
            cc_core::fs::create_private_dir(parent)?;
        }
        // Both fail if they exist, so what is removed below is ours.
        fs::create_dir(root).map_err(IoError::at("create", root))?;
        let args = ["branch", "--no-track", "--", branch, base.as_str()];
        let made = self.make_what_links_lead_to();
        if let Err(error) = made.and_then(|()| self.runner.long_call(&args).checked()) {
            let _ = fs::remove_dir(root);
            return Err(error);
        }
        let made = self.check_out(root, branch, base);
        if made.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_dir_all(root);
            let _ = self.remove_git_dir(root);
            let _ = self.delete_branch(branch);
        }
        made
    }

    /// Git sees these directories through links, behind which it makes nothing.
    fn make_what_links_lead_to(&self) -> Result<(), Error> {
        let shared = self.shared_dir()?;
        for dir in ["logs", "worktrees"].map(|name| shared.join(name)) {
            match fs::create_dir(&dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(IoError::at("create directory", &dir)(error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_out(&self, root: &Path, branch: &str, base: ObjectId) -> Result<Worktree, Error> {
        let mut runner = self.runner.clone();
        runner.configure(lfs::pointers());
        let call = runner.long_call(&["worktree", "add", "--quiet", "--"]);
        call.args(&[root.as_os_str(), branch.as_ref()]).checked()?;
        let git_dir = self.name_git_dir(root)?;
        Ok(Worktree {
            root: root.to_owned(),
            branch: branch.to_owned(),
            base,
            git_dir,
        })
    }

    /// Has the `.git` file of a new worktree name its Git directory where it is, not where Git saw it.
    fn name_git_dir(&self, root: &Path) -> Result<PathBuf, Error> {
        let seen = git_dir(root).ok_or_else(|| Error::NotARepository {
            dir: root.to_owned(),
        })?;
        let name = seen.file_name().unwrap_or_default();
        let git_dir = self.shared_dir()?.join("worktrees").join(name);
        if git_dir != seen {
            let mut text = b"gitdir: ".to_vec();
            text.extend_from_slice(git_dir.as_os_str().as_encoded_bytes());
            text.push(b'\n');
            let file = root.join(".git");
            fs::write(&file, text).map_err(IoError::at("write", &file))?;
        }
        Ok(git_dir)
    }

    /// Whether this working tree has uncommitted changes or untracked files; submodules are ignored.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn has_uncommitted(&self) -> Result<bool, Error> {
        let args = [
            "status",
            "--porcelain",
            "--untracked-files=normal",
            "--ignore-submodules=all",
        ];
        let changes = self.runner.long_call(&args).checked()?;
        Ok(!changes.is_empty())
    }

    /// Whether anything is left of a worktree: its root, its Git directory or its branch.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn is_left_of(&self, tree: &Worktree) -> Result<bool, Error> {
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        Ok(is_there(&tree.root)
            || is_there(&tree.removed())
            || is_there(&tree.git_dir)
            || self.find_branch(&tree.branch)?.is_some())
    }

    /// Removes a worktree with its content, its Git directory and its branch. It is not an error if some
    /// of them are missing.
    ///
    /// # Errors
    /// If something is left; [`Error::BranchInUse`] if that is only the branch.
    pub fn remove_worktree(&self, tree: &Worktree) -> Result<(), Error> {
        // From the moment that it has another name, nobody takes what is left of it for a change.
        let removed = tree.removed();
        remove_all(&removed)?;
        match fs::rename(&tree.root, &removed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(IoError::at("rename", &tree.root)(error).into());
            }
            _ => {}
        }
        remove_all(&removed)?;
        match self.remove_git_dir(&tree.root) {
            Err(error) if tree.git_dir.exists() => Err(error),
            _ => self.delete_branch(&tree.branch),
        }
    }

    /// Removes the Git directory of a worktree whose root is missing.
    fn remove_git_dir(&self, root: &Path) -> Result<(), Error> {
        // The second `--force` is for a locked worktree.
        let args = ["worktree", "remove", "--force", "--force", "--"];
        self.runner.long_call(&args).args(&[root]).checked()?;
        // With the last one goes their directory, which Git cannot remove through a link.
        let _ = fs::remove_dir(self.shared_dir()?.join("worktrees"));
        Ok(())
    }

    fn delete_branch(&self, name: &str) -> Result<(), Error> {
        match self.find_branch(name)? {
            None => Ok(()),
            Some(Branch {
                checked_out: Some(dir),
                ..
            }) => Err(Error::BranchInUse {
                branch: name.to_owned(),
                dir,
            }),
            Some(_) => {
                let args = ["branch", "-D", "--quiet", "--", name];
                self.runner.long_call(&args).checked().map(drop)
            }
        }
    }

    /// The root of the main working tree, which Git takes to be where our view is; any other as it is.
    fn true_root(&self, root: PathBuf) -> PathBuf {
        match SharedRepository::of(self.root()) {
            Some(shared) if self.runner.is_view(&root) => shared.main_root().to_owned(),
            _ => root,
        }
    }

    /// Finds a branch by its name.
    pub(crate) fn find_branch(&self, name: &str) -> Result<Option<Branch>, Error> {
        let name = format!("refs/heads/{name}");
        let format = "--format=%(refname) %(objectname) %(worktreepath)";
        let output = self
            .runner
            .call(&["for-each-ref", format, "--", &name])
            .checked()?;
        let output = output.strip_suffix(b"\n").unwrap_or(&output);
        let mut fields = output.splitn(3, |&byte| byte == b' ');
        // If there is no such branch, git lists those whose names begin with it and a slash.
        if fields.next() != Some(name.as_bytes()) {
            return Ok(None);
        }
        let tip = fields.next().and_then(ObjectId::from_bytes);
        let path = fields.next().filter(|path| !path.is_empty());
        let checked_out = path.and_then(os_path).map(|path| self.true_root(path));
        Ok(tip.map(|tip| Branch { tip, checked_out }))
    }
}
