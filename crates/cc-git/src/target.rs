//! What is reviewed, as full object ids, so that another process can read it again later.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::pathspecs::Pathspecs;

/// The full id of an object of git: 40 or 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(String);

impl ObjectId {
    /// The full id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let is_id = matches!(bytes.len(), 40 | 64)
            && bytes
                .iter()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| Self(bytes.iter().map(|&byte| char::from(byte)).collect()))
    }

    /// Whether it is the empty tree, which stands for no commit.
    pub fn is_empty_tree(&self) -> bool {
        [false, true].map(Self::empty_tree).contains(self)
    }

    /// The empty tree, which git knows in every repository.
    pub(crate) fn empty_tree(sha256: bool) -> Self {
        Self(
            if sha256 {
                "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
            } else {
                "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
            }
            .into(),
        )
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a full object id.
#[derive(Debug, thiserror::Error)]
#[error("not a full object id")]
pub struct InvalidObjectId;

impl TryFrom<String> for ObjectId {
    type Error = InvalidObjectId;
    fn try_from(text: String) -> Result<Self, InvalidObjectId> {
        Self::from_bytes(text.as_bytes()).ok_or(InvalidObjectId)
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> String {
        id.0
    }
}

/// Which two states of the files are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// HEAD and the working tree, staged or not, with untracked files.
    WorkingTree,
    /// HEAD and the index.
    Staged,
    /// The merge base of a branch and its base, and HEAD.
    Branch,
    /// The first parent of a commit, and the commit.
    Commit,
    /// The two ends of a range.
    Range,
}

/// A scope, resolved to object ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Which states are compared.
    pub mode: Mode,
    /// A description of the scope, a fragment on one line: `` `feature` since `origin/main` ``.
    pub label: String,
    /// The name of the base of a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_ref: Option<String>,
    /// The side that is compared against: a commit, or the empty tree.
    pub base: ObjectId,
    /// The commit under review; for the working tree and the index, HEAD at that time, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<ObjectId>,
    /// What it is limited to.
    #[serde(flatten)]
    pub pathspecs: Pathspecs,
    /// Whether the index was that of a `git commit` in whose hook the review was started: nobody else sees it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub index_of_caller: bool,
    /// Whether the user left the choice to us, and there were uncommitted changes. Not stored.
    #[serde(skip)]
    pub(crate) chosen: bool,
    /// Whether a check just now found no uncommitted changes. Not stored: another process has to check
    /// again.
    #[serde(skip)]
    pub(crate) found_clean: bool,
}
