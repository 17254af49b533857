//! Files in the way of a patch.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::repo_path::RepoPath;

/// Finds what is where `files` need a directory, or in a directory where they need a file.
///
/// `git apply` detects that too late, after it has written other files.
pub(super) fn find(root: &Path, files: &[RepoPath]) -> Option<RepoPath> {
    let files: BTreeSet<PathBuf> = files.iter().filter_map(|file| file.below(root)).collect();
    let found = files.iter().find_map(|file| {
        let mut parents = file.ancestors().skip(1).take_while(|dir| *dir != root);
        parents
            .find(|parent| kind(parent) == EntryKind::Other && !files.contains(*parent))
            .map(Path::to_owned)
            .or_else(|| unrelated_entry(file, &files))
    })?;
    Some(RepoPath::from_os(found.strip_prefix(root).ok()?))
}

/// Finds an entry of the directory `dir` that is neither one of `files` nor a parent of one.
fn unrelated_entry(dir: &Path, files: &BTreeSet<PathBuf>) -> Option<PathBuf> {
    if kind(dir) != EntryKind::Dir {
        return None;
    }
    let Ok(entries) = fs::read_dir(dir) else {
        return Some(dir.to_owned());
    };
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.find_map(|path| match files.range(path.clone()..).next() {
        Some(file) if *file == path => None,
        Some(file) if file.starts_with(&path) => unrelated_entry(&path, files),
        _ => Some(path),
    })
}

#[derive(PartialEq)]
enum EntryKind {
    Missing,
    Dir,
    Other,
}

/// The kind of a path; links are not followed.
fn kind(path: &Path) -> EntryKind {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => EntryKind::Dir,
        Ok(_) => EntryKind::Other,
        Err(_) => EntryKind::Missing,
    }
}
