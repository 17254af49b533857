//! What a fresh checkout lacks of the user's working tree: ignored files, the files of submodules, the content
//! of LFS files. Brought along as far as possible, and named where not.
//!
//! Works for any directory with a checkout of this repository, and needs nothing of how that was made.

mod included;
pub(crate) mod lfs;
mod submodules;

use std::fs;
use std::path::Path;

use cc_core::text::count;
use serde::{Deserialize, Serialize};

use crate::repo_path::RepoPath;
use crate::{ObjectId, Repository};

/// How many paths of a kind are named.
const NAMED: usize = 100;

/// What was brought along, and what is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Extras {
    /// Ignored files that `.worktreeinclude` names; at most a hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included: Vec<RepoPath>,
    /// How many there are.
    #[serde(default)]
    pub included_total: usize,
    /// Submodules whose files are there, without Git.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub submodules: Vec<RepoPath>,
    /// LFS files that have their content.
    #[serde(default)]
    pub lfs_files: usize,
    /// What is absent; at most a hundred of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<AbsentFile>,
}

/// A file or directory of the user that a checkout lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AbsentFile {
    /// Its path.
    pub path: RepoPath,
    /// Why.
    pub reason: AbsentReason,
}

/// Why something is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AbsentReason {
    /// Git ignores it, and `.worktreeinclude` does not name it.
    Ignored,
    /// `.worktreeinclude` names it, but it is a link, or cannot be read or written.
    NotCopied,
    /// `.worktreeinclude` names more than is copied.
    TooMuch,
    /// A submodule that is not checked out in the user's working tree, or lacks the commit.
    Submodule,
    /// An LFS file whose content is not on this machine.
    LfsContent,
}

impl AbsentReason {
    fn words(&self) -> &'static str {
        match self {
            Self::Ignored => "ignored by Git; `.worktreeinclude` can name it",
            Self::NotCopied => "in `.worktreeinclude`, but a link or not readable",
            Self::TooMuch => "in `.worktreeinclude`, but too much to be copied",
            Self::Submodule => "a submodule that is not checked out",
            Self::LfsContent => "LFS content that is not downloaded",
        }
    }
}

impl Extras {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What was brought along, a line for each kind.
    pub fn brought(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.included.is_empty() {
            let files = names(&self.included, self.included_total);
            lines.push(format!("{files}, as `.worktreeinclude` says"));
        }
        if !self.submodules.is_empty() {
            let names = names(&self.submodules, self.submodules.len());
            lines.push(format!(
                "the files of {names}, without Git: changes in submodules are not applied"
            ));
        }
        if self.lfs_files > 0 {
            lines.push(format!(
                "the content of {}",
                count(self.lfs_files, "LFS file")
            ));
        }
        lines
    }

    /// What is absent, a line for each kind.
    pub fn missing(&self) -> Vec<String> {
        use AbsentReason as R;
        let kinds = [
            R::Ignored,
            R::NotCopied,
            R::TooMuch,
            R::Submodule,
            R::LfsContent,
        ];
        let of = |reason: &R| {
            let absent = self.absent.iter().filter(|absent| absent.reason == *reason);
            let paths: Vec<RepoPath> = absent.map(|absent| absent.path.clone()).collect();
            (!paths.is_empty())
                .then(|| format!("{} ({})", names(&paths, paths.len()), reason.words()))
        };
        kinds.iter().filter_map(of).collect()
    }

    fn lacks(&mut self, path: &RepoPath, reason: AbsentReason) {
        let same = self.absent.iter().filter(|absent| absent.reason == reason);
        if same.count() < NAMED {
            let path = path.clone();
            self.absent.push(AbsentFile { path, reason });
        }
    }
}

/// The first names, and how many more there are.
fn names(paths: &[RepoPath], total: usize) -> String {
    const SHOWN: usize = 8;
    let shown = paths.iter().take(SHOWN);
    let mut names: Vec<String> = shown.map(|path| format!("`{path}`")).collect();
    if total > names.len() {
        names.push(format!("{} more", total - names.len()));
    }
    names.join(", ")
}

impl Repository {
    /// Brings along what a checkout of the commit `base` at `root` lacks of the user's working tree.
    ///
    /// What fails is absent, and no error. Nothing is written outside `root`, and nothing in a file that is
    /// there already, except for the content of LFS files.
    pub fn bring_extras(&self, root: &Path, base: &ObjectId) -> Extras {
        let mut extras = Extras::default();
        self.bring_included(root, &mut extras);
        self.bring_submodules(root, base, &mut extras);
        self.bring_lfs_content(root, &mut extras);
        extras
    }
}

/// Makes the directory of a file below `root`; `None` if a link or a file is in the way.
fn make_parent(root: &Path, place: &Path) -> Option<()> {
    let parent = place.parent()?;
    let mut dir = root.to_owned();
    for part in parent.strip_prefix(root).ok()?.components() {
        dir.push(part);
        match dir.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return None,
            Err(_) => fs::create_dir(&dir).ok()?,
        }
    }
    Some(())
}
