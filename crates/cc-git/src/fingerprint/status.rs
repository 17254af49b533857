//! Parses what git reports about a working tree, record by record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ObjectId;
use crate::repo_path::RepoPath;

/// A path with its status.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StatusEntry {
    pub(super) path: RepoPath,
    /// The record of git, or only its letters if the index is the same as HEAD.
    pub(super) state: String,
    /// Whether the file may differ from the index.
    pub(super) look: bool,
}

/// The output of `git status --porcelain=v2 --branch -z --no-renames`.
#[derive(Default)]
pub(super) struct StatusOutput {
    /// The commit of HEAD, `Some(None)` before the first one; `None` until git has reported it.
    pub(super) head: Option<Option<ObjectId>>,
    pub(super) listed: Vec<StatusEntry>,
}

impl StatusOutput {
    /// Takes the next record; returns whether it could be parsed.
    #[must_use]
    pub(super) fn push(&mut self, record: &[u8]) -> bool {
        self.read(record).is_some()
    }

    fn read(&mut self, record: &[u8]) -> Option<()> {
        let (kind, rest) = (record.first()?, record.get(2..)?);
        let listed = match kind {
            b'#' => return self.read_header(rest),
            b'?' => StatusEntry {
                path: RepoPath::new(rest),
                state: UNTRACKED.into(),
                look: true,
            },
            // Before the path stand: kind, XY, sub, three modes, two ids.
            b'1' => tracked(record, 8)?,
            // Before the path stand: kind, XY, sub, four modes, three ids.
            b'u' => tracked(record, 10)?,
            _ => return None,
        };
        self.listed.push(listed);
        Some(())
    }

    fn read_header(&mut self, header: &[u8]) -> Option<()> {
        if let Some(id) = header.strip_prefix(b"branch.oid ") {
            self.head = Some(match id {
                b"(initial)" => None,
                id => Some(ObjectId::from_bytes(id)?),
            });
        }
        Some(())
    }
}

fn tracked(record: &[u8], fields: usize) -> Option<StatusEntry> {
    let (end, _) = record
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b' ')
        .nth(fields - 1)?;
    let (facts, path) = (
        std::str::from_utf8(&record[..end]).ok()?,
        &record[end + 1..],
    );
    let letters = facts.get(2..4)?;
    // If the index is the same as HEAD, HEAD's commit identifies it.
    let state = if letters.starts_with('.') {
        letters
    } else {
        facts
    };
    Some(StatusEntry {
        path: RepoPath::new(path),
        state: state.to_owned(),
        look: !letters.ends_with('.'),
    })
}

/// What `git status` does not report, from the output of `git ls-files -v --stage -z`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct IndexFlags {
    /// The paths of submodules.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) submodules: BTreeSet<RepoPath>,
    /// Files whose changes git ignores (`assume-unchanged`, `skip-worktree`).
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) overlooked: BTreeSet<RepoPath>,
    /// Files that a sparse checkout leaves out (`skip-worktree`): overlooked if they exist.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) left_out: BTreeSet<RepoPath>,
}

impl IndexFlags {
    /// Takes the next record; returns whether it could be parsed.
    #[must_use]
    pub(super) fn push(&mut self, record: &[u8]) -> bool {
        let Some(tab) = record.iter().position(|&byte| byte == b'\t') else {
            return false;
        };
        // Few records matter, and there may be very many: allocate only for those.
        if record.get(2..8) == Some(b"160000") {
            self.submodules.insert(RepoPath::new(&record[tab + 1..]));
        } else if matches!(record[0], b's' | b'S') {
            self.left_out.insert(RepoPath::new(&record[tab + 1..]));
        } else if record[0].is_ascii_lowercase() {
            self.overlooked.insert(RepoPath::new(&record[tab + 1..]));
        }
        true
    }

    pub(super) fn len(&self) -> usize {
        self.submodules.len() + self.overlooked.len() + self.left_out.len()
    }

    /// Adds the overlooked files to the listed ones; returns the submodules.
    pub(super) fn merge_into(self, listed: &mut Vec<StatusEntry>) -> BTreeSet<RepoPath> {
        let Self {
            submodules,
            mut overlooked,
            mut left_out,
        } = self;
        for listed in listed.iter_mut() {
            listed.look |= overlooked.remove(&listed.path) | left_out.remove(&listed.path);
        }
        let entry = |state: &'static str| {
            move |path| StatusEntry {
                path,
                state: state.into(),
                look: true,
            }
        };
        listed.extend(overlooked.into_iter().map(entry(OVERLOOKED)));
        listed.extend(left_out.into_iter().map(entry(LEFT_OUT)));
        submodules
    }
}

/// The state of an untracked file.
pub(super) const UNTRACKED: &str = "?";

/// The state of a file whose changes git ignores.
const OVERLOOKED: &str = "h";

/// The state of a file that should not exist; it counts only if it does.
pub(super) const LEFT_OUT: &str = "S";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::records;

    const ID: &str = "152999766a696214526f90b995978d4627c08724";

    fn status(answer: &str) -> Option<StatusOutput> {
        let mut status = StatusOutput::default();
        let understood = records(answer.as_bytes()).all(|record| status.push(record));
        understood.then_some(status)
    }

    #[test]
    fn the_state_of_a_path_holds_what_heads_commit_does_not_say() {
        let facts = format!("1 M. N... 100644 100644 100644 {ID} {ID}");
        let unmerged = format!("u UU N... 100644 100644 100644 100644 {ID} {ID} {ID}");
        let answer = format!(
            "# branch.oid {ID}\0# stash 3\0{facts} a b\0{}\0{unmerged} u\0? new\n\0",
            format_args!("1 .M N... 100644 100644 100755 {ID} {ID} -c"),
        );
        let status = status(&answer).unwrap();
        assert_eq!(status.head, Some(ObjectId::from_bytes(ID.as_bytes())));
        let found: Vec<_> = status
            .listed
            .iter()
            .map(|listed| (listed.path.as_bytes(), &*listed.state, listed.look))
            .collect();
        let expect: [(&[u8], &str, bool); 4] = [
            (b"a b", &facts, false),
            (b"-c", ".M", true),
            (b"u", &unmerged, true),
            (b"new\n", "?", true),
        ];
        assert_eq!(found, expect);
    }

    #[test]
    fn an_answer_in_an_unknown_form_is_noticed() {
        assert_eq!(status("# branch.oid (initial)\0").unwrap().head, Some(None));
        assert_eq!(status("").unwrap().head, None);
        for answer in [
            "\0",
            "2 x\0",
            "1 .M\0",
            "# branch.oid x\0",
            "1 .M N... a b c d\0",
        ] {
            assert!(status(answer).is_none(), "{answer:?}");
        }
        let mut special = IndexFlags::default();
        assert!(!special.push(b"H 100644"));
    }

    proptest::proptest! {
        #[test]
        fn reading_never_fails(record: Vec<u8>) {
            let _ = StatusOutput::default().push(&record);
            let _ = IndexFlags::default().push(&record);
        }
    }
}
