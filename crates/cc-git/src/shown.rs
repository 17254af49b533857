//! The diffs that a review has shown, so that a later one can leave out those that are the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::repo_path::RepoPath;
use crate::{Mode, Repository, Target};

/// The diffs that were shown: a digest for each file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShownDiffs(BTreeMap<RepoPath, String>);

impl ShownDiffs {
    /// Whether no diff was shown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files that were shown.
    pub fn files(&self) -> impl Iterator<Item = &RepoPath> {
        self.0.keys()
    }

    pub(crate) fn contains(&self, path: &RepoPath) -> bool {
        self.0.contains_key(path)
    }

    /// Whether this exact diff of the file was shown.
    pub(crate) fn has(&self, path: &RepoPath, diff: &str) -> bool {
        self.0
            .get(path)
            .is_some_and(|known| *known == digest_of(diff))
    }

    /// Adds a diff, unless it is ambiguous: bytes that are not UTF-8 were replaced, and others would look
    /// the same.
    pub(crate) fn add(&mut self, path: &RepoPath, diff: &str) {
        if !diff.contains(char::REPLACEMENT_CHARACTER) {
            self.0.insert(path.clone(), digest_of(diff));
        }
    }
}

impl Repository {
    /// Returns the target for the changes since `earlier` was reviewed, and the diffs to leave out.
    ///
    /// The target is the working tree, compared with the reviewed commit. If uncommitted changes were
    /// reviewed, it is compared with the same base as then, and the `shown` diffs are left out.
    pub fn since(
        &self,
        earlier: &Target,
        shown: ShownDiffs,
        label: String,
    ) -> (Target, ShownDiffs) {
        let (base, shown) = match (earlier.mode, &earlier.head) {
            (Mode::Branch | Mode::Commit | Mode::Range, Some(head)) => {
                (head.clone(), ShownDiffs::default())
            }
            _ => (earlier.base.clone(), shown),
        };
        let target = Target {
            mode: Mode::WorkingTree,
            label: label + &earlier.pathspecs.place(),
            base_ref: None,
            base,
            head: self.head().id().cloned(),
            pathspecs: earlier.pathspecs.clone(),
            index_of_caller: self.index_of_caller,
            chosen: false,
            found_clean: false,
        };
        (target, shown)
    }
}

/// The first 128 bits of the SHA-256 of a diff without object ids, so that adding an untracked file to
/// the index does not change it.
fn digest_of(diff: &str) -> String {
    let mut digest = Sha256::new();
    let mut in_header = true;
    for line in diff.split_inclusive('\n') {
        in_header &= !line.starts_with("@@");
        if !(in_header && line.starts_with("index ")) {
            digest.update(line);
        }
    }
    let bytes = digest.finalize();
    bytes[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_known_by_all_of_it_but_the_ids_of_objects() {
        let diff =
            "diff --git a/x b/x\nindex 12..34 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        let [x, y] = [b"x", b"y"].map(|name| RepoPath::new(name));
        let mut shown = ShownDiffs::default();
        shown.add(&x, diff);
        assert!(shown.has(&x, diff));
        assert!(shown.has(&x, &diff.replace("12..34", "12..56")));
        assert!(!shown.has(&x, &diff.replace("+b", "+c")));
        assert!(!shown.has(&y, diff));
        let with_a_line = format!("{diff}index of things\n");
        assert!(!shown.has(&x, &with_a_line));
    }
}
