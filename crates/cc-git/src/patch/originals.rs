//! The files that a patch changes, kept until it is applied as a whole.
//!
//! `git apply` replaces one file after another. Where that fails in the middle, on a full disk for example, the
//! files are restored. They are kept as further links of the same files, which
//! takes no room; where links are not possible, as copies.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use cc_core::IoError;

use crate::Error;
use crate::repo_path::RepoPath;

/// How the directories of originals begin, inside the Git directory.
const PREFIX: &str = "cc-apply-";

/// The name of the patch in such a directory; the files are below [`FILES`].
const PATCH: &str = "patch";
const FILES: &str = "files";

/// The originals of one patch. Whatever becomes of this value, they stay until one of its methods ends them.
pub(super) struct Originals {
    dir: PathBuf,
    files: Vec<Original>,
    /// Directories that were missing, parents first.
    missing_dirs: BTreeSet<PathBuf>,
}

struct Original {
    place: PathBuf,
    /// Where it is kept; `None` if there was none.
    kept: Option<PathBuf>,
}

impl Originals {
    /// Keeps what is at `files` below `root`, in a directory of its own in `git_dir`.
    pub(super) fn keep(
        root: &Path,
        git_dir: &Path,
        files: &[RepoPath],
        patch: &[u8],
    ) -> Result<Self, Error> {
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(git_dir)
            .map_err(IoError::at("make a directory in", git_dir))?;
        let note = dir.path().join(PATCH);
        fs::write(&note, patch).map_err(IoError::at("write", &note))?;
        let mut originals = Self {
            dir: dir.path().to_owned(),
            files: Vec::new(),
            missing_dirs: BTreeSet::new(),
        };
        for file in files {
            let (Some(place), Some(kept)) = (file.below(root), file.below(&dir.path().join(FILES)))
            else {
                continue;
            };
            let parents = place.ancestors().skip(1).take_while(|dir| *dir != root);
            let missing = parents.filter(|dir| dir.symlink_metadata().is_err());
            originals.missing_dirs.extend(missing.map(Path::to_owned));
            let is_file = place.symlink_metadata().is_ok_and(|meta| !meta.is_dir());
            if is_file {
                let made = kept.parent().map_or(Ok(()), fs::create_dir_all);
                let linked = made.and_then(|()| link_or_copy(&place, &kept));
                linked.map_err(IoError::at("keep a copy of", &place))?;
            }
            let kept = is_file.then_some(kept);
            originals.files.push(Original { place, kept });
        }
        // From here on the directory is removed by hand.
        let _ = dir.keep();
        Ok(originals)
    }

    /// Opens the patch.
    pub(super) fn patch(&self) -> Result<File, Error> {
        let path = self.dir.join(PATCH);
        Ok(File::open(&path).map_err(IoError::at("open", &path))?)
    }

    /// Removes the kept files: the patch is applied.
    pub(super) fn remove(self) {
        // What is left of it is found by the next apply.
        let _ = fs::remove_dir_all(&self.dir);
    }

    /// Puts every file back; returns whether one of them had changed. New files are removed only if
    /// `has_new` says that they come from the patch.
    pub(super) fn put_back(self, has_new: bool) -> Result<bool, Error> {
        let half_applied = |source: IoError| Error::HalfApplied {
            dir: self.dir.clone(),
            source,
        };
        let files = self.files.iter();
        let changed = files.filter(|file| (has_new || file.kept.is_some()) && file.has_changed());
        let changed: Vec<&Original> = changed.collect();
        // First what takes room.
        for Original { place, .. } in &changed {
            match fs::remove_file(place) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(half_applied(IoError::at("remove", place)(error)));
                }
                _ => {}
            }
        }
        for dir in self.missing_dirs.iter().rev() {
            // One that somebody else uses is not empty.
            let _ = fs::remove_dir(dir);
        }
        for Original { place, kept } in &changed {
            let Some(kept) = kept else { continue };
            let made = place.parent().map_or(Ok(()), fs::create_dir_all);
            made.and_then(|()| link_or_copy(kept, place))
                .map_err(|error| half_applied(IoError::at("put back", place)(error)))?;
        }
        let had_changed = !changed.is_empty();
        self.remove();
        Ok(had_changed)
    }
}

impl Original {
    fn has_changed(&self) -> bool {
        match &self.kept {
            Some(kept) => !is_same(&self.place, kept),
            None => self
                .place
                .symlink_metadata()
                .is_ok_and(|meta| !meta.is_dir()),
        }
    }
}

/// Finds what an apply left that was killed: the directory, with its patch.
pub(super) fn left(git_dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(git_dir).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes())
    });
    ours.map(|entry| {
        let dir = entry.path();
        let patch = fs::read(dir.join(PATCH)).unwrap_or_default();
        (dir, patch)
    })
    .collect()
}

/// Copies the files that an apply kept in `dir`.
pub(super) fn copy_to(dir: &Path, to: &Path) -> Result<(), Error> {
    let kept = dir.join(FILES);
    for name in names(&kept) {
        let (from, to) = (kept.join(&name), to.join(&name));
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| link_or_copy(&from, &to))
            .map_err(IoError::at("keep a copy of", &from))?;
    }
    Ok(())
}

/// Puts back what an apply kept in `dir` that was killed in the middle; `after` has the files as the patch makes them.
/// Returns whether; it does not if one of the files is anything else than before or after it, cut off or missing:
/// somebody has worked on it.
pub(super) fn recover(root: &Path, dir: &Path, after: &Path) -> Result<bool, Error> {
    let kept = dir.join(FILES);
    let all: BTreeSet<_> = names(&kept).into_iter().chain(names(after)).collect();
    let file = |name: &PathBuf| Original {
        place: root.join(name),
        kept: Some(kept.join(name)).filter(|file| file.symlink_metadata().is_ok()),
    };
    let is_ours = |name: &PathBuf| {
        let (file, made) = (file(name), after.join(name));
        !file.has_changed() || is_missing(&file.place) || is_start(&file.place, &made)
    };
    if !all.iter().all(is_ours) {
        return Ok(false);
    }
    let originals = Originals {
        dir: dir.to_owned(),
        files: all.iter().map(file).collect(),
        missing_dirs: BTreeSet::new(),
    };
    originals.put_back(true).map(|_| true)
}

/// The files below a directory, relative to it.
fn names(dir: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = open.pop() {
        let entries = fs::read_dir(dir.join(&inner)).into_iter().flatten();
        for entry in entries.flatten() {
            let name = inner.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(name),
                _ => found.push(name),
            }
        }
    }
    found
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err()
}

/// Whether a file is the whole of `made`, or the beginning of it.
fn is_start(file: &Path, made: &Path) -> bool {
    let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_file());
    match (is_file(file), is_file(made)) {
        (true, true) => {
            matches!((fs::read(file), fs::read(made)), (Ok(file), Ok(made)) if made.starts_with(&file))
        }
        _ => is_same(file, made),
    }
}

/// Links a file or a symbolic link to a second name; copies it where that is not possible.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    #[cfg(unix)]
    if let Ok(target) = fs::read_link(from) {
        return std::os::unix::fs::symlink(target, to);
    }
    let modified = fs::metadata(from)?.modified()?;
    fs::copy(from, to)?;
    File::options()
        .append(true)
        .open(to)?
        .set_modified(modified)
}

/// Whether two names are of one file, or of two with the same content.
fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |path: &Path| path.symlink_metadata().map(|meta| (meta.dev(), meta.ino()));
        match (id(one), id(other)) {
            (Ok(one), Ok(other)) if one == other => return true,
            (Err(_), _) => return false,
            _ => {}
        }
    }
    match (fs::read_link(one), fs::read_link(other)) {
        (Ok(one), Ok(other)) => return one == other,
        (Err(_), Err(_)) => {}
        _ => return false,
    }
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
