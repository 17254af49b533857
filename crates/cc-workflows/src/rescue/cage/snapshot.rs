//! What is at some paths, compared before and after a run.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cc_core::fs::open_regular;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most entries that are looked at below one path.
const ENTRIES: usize = 5_000;

/// The most entries in which repositories are looked for.
const TREE: usize = 20_000;

/// Files up to this size are compared by content, others by size and time.
const CONTENT: u64 = 1 << 20;

/// Directories of a repository that hold no programs, and much else.
const LEFT_OUT: [&str; 4] = ["objects", "refs", "logs", "lfs"];

/// What is at some paths. What is empty runs nothing, and counts as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<SavedPathEntry>", into = "Vec<SavedPathEntry>")]
pub(super) struct PathSnapshot(BTreeMap<PathBuf, PathEntry>);

/// An entry as it is saved: a path need not be text.
#[derive(Serialize, Deserialize)]
struct SavedPathEntry {
    #[serde(with = "cc_core::os_text")]
    path: PathBuf,
    entry: PathEntry,
}

impl From<Vec<SavedPathEntry>> for PathSnapshot {
    fn from(saved: Vec<SavedPathEntry>) -> Self {
        Self(saved.into_iter().map(|it| (it.path, it.entry)).collect())
    }
}

impl From<PathSnapshot> for Vec<SavedPathEntry> {
    fn from(snapshot: PathSnapshot) -> Self {
        let entries = snapshot.0.into_iter();
        entries
            .map(|(path, entry)| SavedPathEntry { path, entry })
            .collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PathEntry {
    /// Which directory it is.
    Dir {
        device: u64,
        inode: u64,
    },
    File {
        mode: u32,
        content: FileContent,
    },
    Link(#[serde(with = "cc_core::os_text")] PathBuf),
    /// A pipe, a socket, a device.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum FileContent {
    Digest([u8; 32]),
    Large(u64, Option<SystemTime>),
}

impl PathSnapshot {
    /// Reads what is at `paths` and below, and which directories are at `dirs`.
    pub(super) fn take<'a>(paths: impl IntoIterator<Item = &'a PathBuf>, dirs: &[PathBuf]) -> Self {
        let mut snapshot = Self::default();
        for path in paths {
            let mut left = ENTRIES;
            snapshot.add(path, &mut left);
        }
        for dir in dirs {
            if let Ok(meta) = dir.symlink_metadata() {
                snapshot
                    .0
                    .insert(dir.clone(), PathEntry::identity(dir, &meta));
            }
        }
        snapshot
    }

    fn add(&mut self, path: &Path, left: &mut usize) {
        let Ok(meta) = path.symlink_metadata() else {
            return;
        };
        if meta.is_dir() {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            names.retain(|name| !LEFT_OUT.iter().any(|out| name == out));
            // The same ones each time, where there are too many.
            names.sort();
            for name in names {
                if *left == 0 {
                    return;
                }
                *left -= 1;
                self.add(&path.join(name), left);
            }
        } else if let Some(entry) = PathEntry::read(path, &meta) {
            self.0.insert(path.to_owned(), entry);
        }
    }

    /// Adds every repository at `root` and below, as far as 20,000 entries tell: Git enters it with its
    /// configuration as soon as somebody works there.
    pub(super) fn add_repositories(&mut self, root: &Path) {
        let (mut open, mut left) = (vec![root.to_owned()], TREE);
        while let Some(dir) = open.pop() {
            let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
            let (mut has_head, mut has_objects) = (false, false);
            for entry in entries.take(left) {
                left -= 1;
                let (name, kind) = (entry.file_name(), entry.file_type());
                has_head |= name == "HEAD";
                has_objects |= name == "objects";
                if name == ".git" {
                    self.0.insert(entry.path(), PathEntry::Other);
                } else if kind.is_ok_and(|kind| kind.is_dir()) {
                    open.push(entry.path());
                }
            }
            if has_head && has_objects {
                self.0.insert(dir.join("HEAD"), PathEntry::Other);
            }
        }
    }

    /// The paths that differ.
    pub(super) fn changes(&self, after: &Self) -> Vec<PathBuf> {
        let differs = |path: &&PathBuf| self.0.get(*path) != after.0.get(*path);
        let mut changed: Vec<_> = self
            .0
            .keys()
            .chain(after.0.keys())
            .filter(differs)
            .collect();
        changed.sort();
        changed.dedup();
        changed.into_iter().cloned().collect()
    }
}

impl PathEntry {
    fn read(path: &Path, meta: &Metadata) -> Option<Self> {
        if meta.is_symlink() {
            return Some(Self::Link(fs::read_link(path).unwrap_or_default()));
        }
        // A sandbox of somebody else's puts devices there.
        if !meta.is_file() {
            return (!is_device(meta)).then_some(Self::Other);
        }
        if meta.len() == 0 {
            return None;
        }
        let content = match digest(path, meta) {
            Some(digest) => FileContent::Digest(digest),
            None => FileContent::Large(meta.len(), meta.modified().ok()),
        };
        Some(Self::File {
            mode: mode(meta),
            content,
        })
    }

    fn identity(path: &Path, meta: &Metadata) -> Self {
        match meta.is_symlink() {
            true => Self::Link(fs::read_link(path).unwrap_or_default()),
            false => identity(meta),
        }
    }
}

fn digest(path: &Path, meta: &Metadata) -> Option<[u8; 32]> {
    if meta.len() > CONTENT {
        return None;
    }
    let mut content = Vec::new();
    let file = open_regular(path).ok()?;
    file.take(CONTENT).read_to_end(&mut content).ok()?;
    Some(Sha256::digest(&content).into())
}

#[cfg(unix)]
fn mode(meta: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(meta)
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> PathEntry {
    use std::os::unix::fs::MetadataExt;
    PathEntry::Dir {
        device: meta.dev(),
        inode: meta.ino(),
    }
}

#[cfg(unix)]
fn is_device(meta: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    meta.file_type().is_char_device()
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> PathEntry {
    PathEntry::Dir {
        device: 0,
        inode: 0,
    }
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}
