//! Compares two fingerprints.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Fingerprint, PathState, PathStates, fold};
use crate::ObjectId;
use crate::repo_path::RepoPath;

/// The most paths that are named.
const NAMED: usize = 100;

/// The edits between two fingerprints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Changes {
    /// The first hundred paths that differ, sorted.
    ///
    /// Empty if only HEAD moved, or if too many files differ from HEAD to name any. A file that was
    /// edited and committed in between is not included.
    pub files: Vec<RepoPath>,
    /// How many more known paths differ.
    pub more: usize,
    /// Whether files differ that are not known: too many differ from HEAD.
    pub is_unknown: bool,
    /// Whether HEAD is a different commit.
    pub head_moved: bool,
}

impl Fingerprint {
    /// Returns the edits since an earlier fingerprint of the same working tree; `None` if there are none.
    #[must_use]
    pub fn changes_since(&self, earlier: &Self) -> Option<Changes> {
        let mut found = Comparison::default();
        self.compare(earlier, None, &mut found);
        let named = found.files.iter().take(NAMED);
        let changes = Changes {
            files: named.cloned().collect(),
            more: found.files.len().saturating_sub(NAMED),
            is_unknown: found.is_unknown,
            head_moved: found.head_moved,
        };
        found.differs.then_some(changes)
    }

    /// The commit of HEAD; `None` where there was none yet.
    pub fn head(&self) -> Option<&ObjectId> {
        self.head.as_ref()
    }

    /// Compares the repository in `dir`; the outermost one if that is `None`.
    fn compare(&self, earlier: &Self, dir: Option<&RepoPath>, found: &mut Comparison) {
        let place = |path: &RepoPath| dir.map_or_else(|| path.clone(), |dir| dir.join(path));
        if self.head != earlier.head {
            match dir {
                Some(dir) => found.add(dir.clone()),
                None => (found.differs, found.head_moved) = (true, true),
            }
        }
        match (&self.paths, &earlier.paths) {
            (PathStates::Each(now), PathStates::Each(then)) => {
                differences(now, then, earlier, &mut |entry| {
                    found.add(place(&entry.path));
                });
            }
            (now, then) if same_as_a_whole(now, then, earlier) => {}
            _ => match dir {
                Some(dir) => found.add(dir.clone()),
                None => (found.differs, found.is_unknown) = (true, true),
            },
        }
        let inside: BTreeSet<_> = self.nested.keys().chain(earlier.nested.keys()).collect();
        for path in inside {
            match (self.nested.get(path), earlier.nested.get(path)) {
                (Some(now), Some(then)) => now.compare(then, Some(&place(path)), found),
                _ => found.add(place(path)),
            }
        }
    }
}

#[derive(Default)]
struct Comparison {
    differs: bool,
    is_unknown: bool,
    head_moved: bool,
    files: BTreeSet<RepoPath>,
}

impl Comparison {
    fn add(&mut self, file: RepoPath) {
        self.differs = true;
        self.files.insert(file);
    }
}

/// Calls `report` with each entry that has no equal on the other side. Both sides are sorted.
fn differences(
    now: &[PathState],
    then: &[PathState],
    earlier: &Fingerprint,
    report: &mut dyn FnMut(&PathState),
) {
    let (mut now, mut then) = (now.iter().peekable(), then.iter().peekable());
    loop {
        let order = match (now.peek(), then.peek()) {
            (Some(a), Some(b)) => (&a.path, &a.state).cmp(&(&b.path, &b.state)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return,
        };
        let a = now.next_if(|_| order != Ordering::Greater);
        let b = then.next_if(|_| order != Ordering::Less);
        match (a, b) {
            (Some(a), Some(b)) if a.seen.is_same_as(&b.seen, earlier.taken) => {}
            (Some(entry), _) | (None, Some(entry)) => report(entry),
            (None, None) => return,
        }
    }
}

/// Compares two sides of which at least one is only a digest.
fn same_as_a_whole(now: &PathStates, then: &PathStates, earlier: &Fingerprint) -> bool {
    let settled = match then {
        PathStates::Each(entries) => entries
            .iter()
            .all(|entry| entry.seen.is_settled(earlier.taken)),
        PathStates::TooMany { settled, .. } => *settled,
    };
    let digest = |paths: &PathStates| match paths {
        PathStates::Each(entries) => fold(entries),
        PathStates::TooMany { digest, .. } => *digest,
    };
    settled && digest(now) == digest(then)
}
