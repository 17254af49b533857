//! What HEAD points to.

use std::path::Path;

use crate::refs::{RefValue, Refs, whole_id};
use crate::repo_path::escape_invalid;
use crate::target::ObjectId;
use crate::top_level::{read_start, trim_end};

/// What HEAD points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A branch without commits.
    Unborn,
    /// A branch.
    Branch {
        /// The short name of the branch.
        name: String,
        /// Its last commit.
        id: ObjectId,
    },
    /// A commit, without a branch.
    Detached {
        /// The commit.
        id: ObjectId,
    },
}

impl Head {
    /// The commit; `None` if there is none yet.
    pub fn id(&self) -> Option<&ObjectId> {
        match self {
            Self::Unborn => None,
            Self::Branch { id, .. } | Self::Detached { id } => Some(id),
        }
    }

    /// The name for people: the branch, else the short commit, else `HEAD`.
    pub fn name(&self) -> String {
        match self {
            Self::Unborn => "HEAD".into(),
            Self::Branch { name, .. } => name.clone(),
            Self::Detached { id } => id.short().into(),
        }
    }

    /// Reads it from the files of a repository, as Git would; `None` where that is not plain to see, as
    /// without commits.
    pub(crate) fn of_files(git_dir: &Path, shared: &Path, sha256: bool) -> Option<Self> {
        let path = git_dir.join("HEAD");
        // A link was the first form of a symbolic ref.
        if path.is_symlink() {
            return None;
        }
        let text = read_start(&path)?;
        let text = trim_end(&text);
        let Some(name) = text.strip_prefix(b"ref: ") else {
            return Some(Self::named(whole_id(text, sha256)?, b"HEAD"));
        };
        let is_branch = name.starts_with(b"refs/heads/");
        let refs = Refs { shared, sha256 };
        match refs.read(name).filter(|_| is_branch)? {
            RefValue::Id(id) => Some(Self::named(id, name)),
            RefValue::Name(_) | RefValue::Missing => None,
        }
    }

    /// The head of that commit and that full name.
    pub(crate) fn named(id: ObjectId, full_name: &[u8]) -> Self {
        match full_name.strip_prefix(b"refs/heads/") {
            Some(name) => Self::Branch {
                name: escape_invalid(name),
                id,
            },
            None => Self::Detached { id },
        }
    }
}
