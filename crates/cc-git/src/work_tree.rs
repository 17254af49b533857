//! A linked work tree for somebody else's changes, and bringing those changes over.
//!
//! The only part of this crate that writes to a repository, and only when the user asked for it.
//! Whoever works in the tree may alter its `.git` file, so later calls name git's directory
//! themselves instead of letting git follow that file.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::IoError;
use cc_core::text::one_line;
use serde::{Deserialize, Serialize};

use crate::repo_path::os_path;
use crate::{Error, ObjectId, Repository};

/// How long a checkout or a large patch may take.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The largest patch that is brought over, in bytes.
const PATCH_LIMIT: usize = 256 << 20;

/// A linked work tree that was made here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkTree {
    /// Its root; absolute.
    pub root: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The commit it began at.
    pub base: ObjectId,
    /// Git's directory for it, inside that of the repository.
    git_dir: PathBuf,
}

/// All that changed in a work tree since its base, committed there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The files that it changes, as people read them.
    pub files: Vec<String>,
    content: Vec<u8>,
}

impl Repository {
    /// Makes a linked work tree at `root` on a new branch, from the commit that HEAD names.
    ///
    /// Uncommitted changes are not in it.
    ///
    /// # Errors
    /// [`Error::NoCommits`], or when git cannot make it; nothing stays behind then.
    pub fn add_work_tree(&self, root: &Path, branch: &str) -> Result<WorkTree, Error> {
        let base = self.head().id().ok_or(Error::NoCommits)?.clone();
        if let Some(parent) = root.parent() {
            cc_core::fs::create_private_dir(parent)?;
        }
        let made = self.make_work_tree(root, branch, base);
        if made.is_err() {
            // The first error is the one to tell.
            let _ = self.forget_work_tree(root, branch);
        }
        made
    }

    fn make_work_tree(&self, root: &Path, branch: &str, base: ObjectId) -> Result<WorkTree, Error> {
        let args = [
            "worktree",
            "add",
            "--quiet",
            "--no-track",
            "-b",
            branch,
            "--",
        ]
        .map(OsString::from);
        self.change(
            &[&args[..], &[root.into(), base.as_str().into()]].concat(),
            b"",
        )?;
        let args = [
            OsString::from("-C"),
            root.into(),
            "rev-parse".into(),
            "--absolute-git-dir".into(),
        ];
        let answer = self.change(&args, b"")?;
        let git_dir = os_path(answer.trim_ascii_end()).ok_or_else(|| Error::Failed {
            command: "rev-parse".into(),
            stderr: "its answer is no path of this system".into(),
        })?;
        Ok(WorkTree {
            root: root.to_owned(),
            branch: branch.to_owned(),
            base,
            git_dir,
        })
    }

    /// Removes a work tree with all that lies in it, its branch, and git's notes of both. What is
    /// gone already is no error.
    ///
    /// # Errors
    /// When something stays.
    pub fn remove_work_tree(&self, tree: &WorkTree) -> Result<(), Error> {
        match fs::remove_dir_all(&tree.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(IoError::at("remove", &tree.root)(error).into());
            }
            _ => {}
        }
        self.forget_work_tree(&tree.root, &tree.branch)
    }

    fn forget_work_tree(&self, root: &Path, branch: &str) -> Result<(), Error> {
        let forget = ["worktree", "remove", "--force", "--"].map(OsString::from);
        let forgotten = self.change(&[&forget[..], &[root.into()]].concat(), b"");
        if let Err(error) = forgotten
            && self.knows_work_tree(root)?
        {
            return Err(error);
        }
        let name = format!("refs/heads/{branch}");
        let (_, ended) = self
            .runner
            .answer(&["show-ref", "--verify", "--quiet", &name])?;
        if ended.code == Some(0) {
            self.change(
                &["branch", "-D", "--quiet", "--", branch].map(OsString::from),
                b"",
            )?;
        }
        Ok(())
    }

    fn knows_work_tree(&self, root: &Path) -> Result<bool, Error> {
        let listed = self.change(
            &["worktree", "list", "--porcelain", "-z"].map(OsString::from),
            b"",
        )?;
        let line = [b"worktree ", root.as_os_str().as_encoded_bytes()].concat();
        Ok(listed.split(|&byte| byte == 0).any(|entry| entry == line))
    }

    /// What changed in a work tree since its base.
    ///
    /// # Errors
    /// When git cannot read it, or the patch is larger than 256 MiB.
    pub fn work_tree_patch(&self, tree: &WorkTree) -> Result<Patch, Error> {
        let inside = |args: &[&str]| -> Vec<OsString> {
            let mut all: Vec<OsString> = ["--git-dir", "--work-tree"].map(OsString::from).into();
            all.insert(1, tree.git_dir.clone().into());
            all.push(tree.root.clone().into());
            all.extend(args.iter().map(OsString::from));
            all
        };
        // Only the index of that work tree changes.
        self.change(&inside(&["add", "--all"]), b"")?;
        let base = tree.base.as_str();
        let names = self.change(
            &inside(&[
                "diff",
                "--cached",
                "--name-only",
                "--no-renames",
                "-z",
                base,
                "--",
            ]),
            b"",
        )?;
        let names = names
            .split(|&byte| byte == 0)
            .filter(|name| !name.is_empty());
        let diff = [
            "diff",
            "--cached",
            "--binary",
            "--full-index",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--no-relative",
            base,
            "--",
        ];
        Ok(Patch {
            files: names
                .map(|name| one_line(&String::from_utf8_lossy(name), 300))
                .collect(),
            content: self.change(&inside(&diff), b"")?,
        })
    }

    /// Changes the files of this work tree as `patch` says, all of them or none; the index stays.
    ///
    /// # Errors
    /// [`Error::DoesNotApply`] where the files are not as the patch expects them.
    pub fn apply_patch(&self, patch: &Patch) -> Result<(), Error> {
        let args = ["apply", "--whitespace=nowarn", "-"].map(OsString::from);
        self.change(&args, &patch.content)
            .map(drop)
            .map_err(|error| match error {
                Error::Failed { stderr, .. } => Error::DoesNotApply { detail: stderr },
                other => other,
            })
    }

    /// A call that may take its time and must end well; gives back what it says.
    fn change(&self, args: &[OsString], input: &[u8]) -> Result<Vec<u8>, Error> {
        let mut answer = Vec::new();
        let ended = self.runner.stream(args, input, PATIENCE, &mut |bytes| {
            answer.extend_from_slice(bytes);
            if answer.len() > PATCH_LIMIT {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        let command = || {
            args.first()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        match ended.code {
            _ if ended.stopped => Err(Error::TooMuchOutput {
                command: command(),
                limit: PATCH_LIMIT as u64,
            }),
            Some(0) => Ok(answer),
            _ => Err(ended.into_error(args)),
        }
    }
}
