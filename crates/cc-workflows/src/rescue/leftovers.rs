//! What Claude Code's sandbox leaves in a repository, and removing it again.
//!
//! Each version leaves other names, so they are found by comparing: what was not there before the run
//! and is empty now. Measured with bubblewrap 0.8 on 2.1.197, 2.1.260, 2.1.330 and 2.1.332, in a plain
//! repository, a linked worktree, one of a bare repository and without Git:
//!
//! - **Placeholders** are made by Claude Code before its first event: empty directories (mode 755, in
//!   `.claude` 700) and files (644), in `.claude` and Git's directories, of a linked worktree also those
//!   of the repository and `.claude` of the main working tree. They stay after an ordinary run: none
//!   with 2.1.197, two with 2.1.260, ten with 2.1.330 and eleven with 2.1.332, `objects/info/alternates`
//!   and `objects/info/commit-graphs` among them.
//! - **Masks** are made by bubblewrap before each command: empty files of mode 444 whose times are all
//!   the same, with hidden names in the root of the working tree, any names in `.claude` and Git's
//!   directories. SIGKILL leaves them, 14 to 28 of them.
//!
//! A command that makes an empty file gives it a mode that it can write to, so what is not a mask stays
//! in a working tree. In Git's directories an empty file can mean something (`locked`, `FETCH_HEAD`), so
//! there only what was made before Claude Code was up goes, and masks.

#[cfg(unix)]
mod in_use;
mod note;
#[cfg(unix)]
mod sweep;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cc_core::Time;

pub(crate) use note::Leftovers;

use note::{Before, CLAUDE, ENTRIES, MayGo};

/// The most names that are noted of one directory: they stand in the job's record.
const NAMES: usize = 1000;

/// How deep directories are noted in those of Git's, whose depth is unbounded otherwise.
const DEPTH: usize = 3;

impl Leftovers {
    /// Notes what is there, for the working trees at `roots` and the Git directories that belong to them.
    ///
    /// A directory with too many names is not noted, and so stays as it is.
    pub(crate) fn note<'a>(roots: impl IntoIterator<Item = &'a Path>) -> Vec<Self> {
        let mut places = Vec::new();
        for root in roots {
            let Ok(root) = &root.canonicalize() else {
                continue;
            };
            add_work_tree(&mut places, root);
            let git_dirs = cc_git::git_dirs(root);
            if let [_, shared] = &git_dirs[..] {
                // The main working tree; of a bare repository, which has none, Claude Code takes the
                // repository itself for it.
                let main = shared.parent().filter(|_| shared.ends_with(".git"));
                add_work_tree(&mut places, main.unwrap_or(shared));
            }
            for dir in git_dirs {
                for inner in [dir.join("info"), dir.join("objects/info")] {
                    if inner.parent().is_some_and(Path::is_dir) {
                        add_git_dirs(&mut places, inner, DEPTH);
                    }
                }
                places.push((dir, MayGo::EmptyAndLocks));
            }
        }
        #[cfg(unix)]
        let in_use = sweep::masks_in_use();
        #[cfg(not(unix))]
        let in_use = |_: &Path| false;
        let mut noted: Vec<Self> = Vec::new();
        for (root, may_go) in places {
            let is_noted = |other: &Self| {
                other.root == root && other.before.as_ref().is_some_and(|it| it.may_go == may_go)
            };
            if !noted.iter().any(is_noted) {
                noted.extend(Self::note_dir(root, may_go, &in_use));
            }
        }
        noted
    }

    fn note_dir(root: PathBuf, may_go: MayGo, in_use: &dyn Fn(&Path) -> bool) -> Option<Self> {
        let existed = root.symlink_metadata().is_ok();
        let entries = match fs::read_dir(&root) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // What cannot be listed is not empty.
            Err(_) => return None,
        };
        let mut names = Vec::new();
        for (looked, entry) in entries.into_iter().flatten().enumerate() {
            let entry = entry.ok()?;
            let name = PathBuf::from(entry.file_name());
            // Another sandbox that runs now may need it there: that goes at its end, or at ours.
            if may_go.concerns(&name) && !in_use(&entry.path()) {
                names.push(name);
            }
            if names.len() > NAMES || looked > ENTRIES {
                return None;
            }
        }
        names.sort();
        Some(Self {
            root,
            absent: Vec::new(),
            beside: Vec::new(),
            before: Some(Before {
                may_go,
                existed,
                names,
            }),
        })
    }

    /// Removes what was not there and is empty, apart from the files `named`: those that Claude's own
    /// tools wrote. What is deepest comes first in a note, so that a directory is empty when its turn comes.
    ///
    /// Whatever has content is somebody's work and stays, and so do what a symbolic link leads to, what
    /// a mount covers, and what cannot be removed: the next reader tries again.
    ///
    /// `ready` is when Claude Code was up. What is no mask goes from Git's directories only if it was made
    /// before: what came later is of a command, or of somebody else who works in the repository.
    #[cfg_attr(not(unix), expect(unused_variables, reason = "no sandbox there"))]
    pub(crate) fn tidy(noted: &[Self], named: &[PathBuf], ready: Time) {
        #[cfg(unix)]
        sweep::Sweep::new(noted, named, ready).run();
    }
}

fn add_work_tree(places: &mut Vec<(PathBuf, MayGo)>, root: &Path) {
    places.push((root.join(CLAUDE), MayGo::MasksAndHollowDirs));
    places.push((root.to_owned(), MayGo::HiddenMasks));
}

/// Adds `dir`, there or not, behind the directories in it.
fn add_git_dirs(places: &mut Vec<(PathBuf, MayGo)>, dir: PathBuf, depth: usize) {
    let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
    let inner = entries
        .take(if depth > 0 { NAMES } else { 0 })
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for entry in inner {
        add_git_dirs(places, entry.path(), depth - 1);
    }
    places.push((dir, MayGo::EmptyAndLocks));
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
