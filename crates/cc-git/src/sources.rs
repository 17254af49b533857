//! Where a repository is read from: its Git directories, and what links and alternates in them lead to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use cc_core::fs::{read_bounded, resolve};

use crate::repo_path::os_path;
use crate::top_level::git_dirs;

/// The most files that are looked at.
const LIMIT: usize = 1 << 20;

/// The longest list of alternates that is read, in bytes.
const LIST_LIMIT: u64 = 1 << 20;

/// The first place that is read for the working tree at `root` and is not `open`, links followed: the working tree
/// itself, its Git directories, the directories that keep its objects, and what a link in one of these leads to. What
/// cannot be looked at is such a place too.
pub fn closed_source(root: &Path, open: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    if !open(root) {
        return Some(root.to_owned());
    }
    let dirs = git_dirs(root);
    let objects = dirs.last().map(|shared| shared.join("objects"));
    let walk = SourceWalk {
        open,
        seen: BTreeSet::new(),
        left: dirs,
        looked_at: 0,
    };
    walk.all(objects).err()
}

/// A walk that stops at the first place that is closed.
struct SourceWalk<F> {
    open: F,
    /// What was looked at, links followed.
    seen: BTreeSet<PathBuf>,
    left: Vec<PathBuf>,
    looked_at: usize,
}

impl<F: Fn(&Path) -> bool> SourceWalk<F> {
    fn all(mut self, objects: Option<PathBuf>) -> Result<(), PathBuf> {
        for dir in &self.left {
            self.opened(dir)?;
        }
        objects.map_or(Ok(()), |objects| self.add_objects(objects))?;
        self.run()
    }

    /// Adds a directory of objects, and those that it names as its alternates, which may name others.
    fn add_objects(&mut self, first: PathBuf) -> Result<(), PathBuf> {
        let mut known = BTreeSet::new();
        let mut objects = vec![first];
        while let Some(dir) = objects.pop() {
            let dir = self.opened(&dir)?;
            if !known.insert(dir.clone()) {
                continue;
            }
            objects.extend(alternates(&dir)?);
            self.left.push(dir);
        }
        Ok(())
    }

    fn run(mut self) -> Result<(), PathBuf> {
        while let Some(place) = self.left.pop() {
            let place = self.opened(&place)?;
            if !place.is_dir() || !self.seen.insert(place.clone()) {
                continue;
            }
            let unreadable = |_: io::Error| place.clone();
            for entry in fs::read_dir(&place).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let kind = entry.file_type().map_err(unreadable)?;
                self.looked_at += 1;
                if self.looked_at > LIMIT {
                    return Err(place);
                }
                if kind.is_dir() || kind.is_symlink() {
                    self.left.push(entry.path());
                }
            }
        }
        Ok(())
    }

    /// `place` with its links followed, if it is open.
    fn opened(&self, place: &Path) -> Result<PathBuf, PathBuf> {
        let place = resolve(place);
        match (self.open)(&place) {
            true => Ok(place),
            false => Err(place),
        }
    }
}

/// The directories that a directory of objects names as its alternates. A list that cannot be read, or has a name in
/// quotes, is an error with its path.
fn alternates(objects: &Path) -> Result<Vec<PathBuf>, PathBuf> {
    let list = objects.join("info/alternates");
    let text = match read_bounded(&list, LIST_LIMIT) {
        Ok(text) => text,
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(_) => return Err(list),
    };
    let lines = text.split(|byte| *byte == b'\n');
    let named = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let dirs = named.map(|line| {
        let name = (!line.starts_with(b"\"")).then(|| os_path(line)).flatten();
        name.map(|name| objects.join(name))
    });
    dirs.collect::<Option<_>>().ok_or(list)
}
