//! A Git directory that stands in for the one of a linked worktree while commands run that must not change
//! it: refs, configuration and index as copies, and of the objects only what is new.
//!
//! The commands see it in the place of the real one, which [`Shadow::shown`] says. What they commit is
//! brought back by [`Repository::bring_commits`], by id, with nothing of the shadow's configuration read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cc_core::IoError;
use cc_core::fs::{create_private_dir, read_bounded};

use crate::process::GitInput;
use crate::shared_files::{InShadow, REAL_OBJECTS, SHARED_FILES, SharedFile};
use crate::top_level::git_dirs;
use crate::{Error, ObjectId, Repository, Worktree};

/// What commands may change in their copy of the worktree's own directory, if it is there.
const COPIED_OWN: [&str; 7] = [
    "HEAD",
    "commondir",
    "gitdir",
    "index",
    "info",
    "config.worktree",
    "refs",
];

/// The most entries of the objects that are brought back.
const ENTRIES: usize = 200_000;

/// A shadow of the Git directory that a worktree shares.
#[derive(Clone, Debug)]
pub struct Shadow {
    /// Where it is.
    dir: PathBuf,
    /// The directory that it stands in for, canonical.
    real: PathBuf,
}

/// Whether the repository of the working tree at `root` keeps its refs as a reftable, of which nothing can be brought
/// back.
pub fn has_reftable(root: &Path) -> bool {
    let mut dirs = git_dirs(root).into_iter();
    dirs.any(|dir| dir.join("reftable/tables.list").exists())
}

impl Shadow {
    /// Makes it at `dir`, for a linked worktree; `None` where `tree` is none. What is at `dir` is removed.
    ///
    /// # Errors
    /// If a file cannot be copied.
    pub fn make(tree: &Worktree, dir: &Path) -> Result<Option<Self>, IoError> {
        let [own, real] = &git_dirs(&tree.root)[..] else {
            return Ok(None);
        };
        let Ok(name) = own.strip_prefix(real) else {
            return Ok(None);
        };
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(IoError::at("remove", dir)(error));
            }
            _ => {}
        }
        for inner in [dir.join("objects/info"), dir.join("refs"), dir.join(name)] {
            create_private_dir(&inner)?;
        }
        let copied = |file: &&SharedFile| file.in_shadow == InShadow::Copy;
        for file in SHARED_FILES.iter().filter(copied) {
            copy(&real.join(file.name), &dir.join(file.name))?;
        }
        for file in COPIED_OWN {
            copy(&own.join(file), &dir.join(name).join(file))?;
        }
        let alternates = dir.join("objects/info/alternates");
        let mut line = real.join(REAL_OBJECTS).into_os_string();
        line.push("\n");
        fs::write(&alternates, line.as_encoded_bytes())
            .map_err(IoError::at("write", &alternates))?;
        Ok(Some(Self {
            dir: dir.to_owned(),
            real: real.clone(),
        }))
    }

    /// The directory that it stands in for.
    pub fn real(&self) -> &Path {
        &self.real
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is to be seen in it of the real directory, for reading only: there, and where.
    pub fn shown(&self) -> Vec<(PathBuf, PathBuf)> {
        let shown = SHARED_FILES.iter().filter_map(|file| match file.in_shadow {
            InShadow::Shown(name) => Some((self.real.join(file.name), self.real.join(name))),
            InShadow::Copy | InShadow::Nothing => None,
        });
        shown.filter(|(real, _)| real.is_dir()).collect()
    }

    /// The commit that is checked out in it.
    fn tip(&self, tree: &Worktree) -> Option<ObjectId> {
        let name = tree.git_dir.file_name()?;
        let head = self.dir.join("worktrees").join(name).join("HEAD");
        let text = read_bounded(&head, 4 << 10).ok()?;
        let text = text.trim_ascii();
        let Some(branch) = text.strip_prefix(b"ref: ") else {
            return ObjectId::from_bytes(text);
        };
        let branch = std::str::from_utf8(branch).ok()?;
        let is_plain = branch.starts_with("refs/") && !branch.split('/').any(|part| part == "..");
        let id = read_bounded(&self.dir.join(branch), 4 << 10);
        match id {
            Ok(id) if is_plain => ObjectId::from_bytes(id.trim_ascii()),
            Err(_) if is_plain => self.packed(branch),
            _ => None,
        }
    }

    fn packed(&self, branch: &str) -> Option<ObjectId> {
        let packed = read_bounded(&self.dir.join("packed-refs"), 64 << 20).ok()?;
        let mut lines = packed.split(|&byte| byte == b'\n');
        lines.find_map(|line| {
            let (id, name) = (
                line.get(..line.iter().position(|&byte| byte == b' ')?)?,
                line,
            );
            name.ends_with(branch.as_bytes())
                .then(|| ObjectId::from_bytes(id))?
        })
    }
}

impl Repository {
    /// Brings back what was committed in a shadow: its objects, then the branch and the index of `tree`.
    /// Returns whether there was anything.
    ///
    /// # Errors
    /// [`Error::Failed`] for objects that are no whole history, or that are not plain files; nothing is
    /// changed then.
    pub fn bring_commits(&self, tree: &Worktree, shadow: &Shadow) -> Result<bool, Error> {
        let before = self.find_branch(&tree.branch)?.map(|branch| branch.tip);
        let before = before.unwrap_or_else(|| tree.base.clone());
        let Some(tip) = shadow.tip(tree).filter(|tip| *tip != before) else {
            return Ok(false);
        };
        let objects = shadow.dir.join("objects");
        // It could lead anywhere.
        let _ = fs::remove_dir_all(objects.join("info"));
        let mut left = ENTRIES;
        if !is_plain(&objects, &mut left) {
            return Err(refused("the new objects are not all plain files"));
        }
        let mut reading = self.runner.clone();
        reading.set_env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects);
        let wanted = format!("{tip}\n^{before}\n");
        let args = ["pack-objects", "--revs", "--stdout", "--quiet"];
        let call = reading.long_call(&args);
        let pack = call.input(GitInput::Bytes(wanted.as_bytes())).checked()?;
        let args = ["index-pack", "--stdin", "--strict", "--fix-thin"];
        let call = self.runner.long_call(&args);
        call.input(GitInput::Bytes(&pack)).checked()?;
        let name = format!("refs/heads/{}", tree.branch);
        let args = ["update-ref", "--no-deref", &name, tip.as_str()];
        self.runner.call(&args).checked()?;
        let mut inside = self.runner.clone();
        inside.set_env("GIT_DIR", &tree.git_dir);
        inside.set_env("GIT_WORK_TREE", &tree.root);
        let args = ["read-tree", "-m", tip.as_str()];
        inside.long_call(&args).checked()?;
        Ok(true)
    }
}

fn refused(reason: &str) -> Error {
    Error::Failed {
        command: "pack-objects".to_owned(),
        stderr: reason.to_owned(),
    }
}

/// Whether there are only files and directories below `dir`: anything else could make a reader wait.
fn is_plain(dir: &Path, left: &mut usize) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return false;
    };
    entries.into_iter().all(|entry| {
        let Ok(entry) = entry else { return false };
        if *left == 0 {
            return false;
        }
        *left -= 1;
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => is_plain(&entry.path(), left),
            Ok(kind) => kind.is_file(),
            Err(_) => false,
        }
    })
}

/// Copies a file, or a directory with what is in it; links and what is not there are left out.
fn copy(from: &Path, to: &Path) -> Result<(), IoError> {
    let Ok(meta) = from.symlink_metadata() else {
        return Ok(());
    };
    if meta.is_dir() {
        create_private_dir(to)?;
        let entries = fs::read_dir(from).map_err(IoError::at("read", from))?;
        for entry in entries.flatten() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if meta.is_file() {
        fs::copy(from, to).map_err(IoError::at("copy", from))?;
        // Git compares the content of files that changed when the index was written.
        let written = meta.modified().and_then(|at| {
            let file = fs::File::options().append(true).open(to)?;
            file.set_modified(at)
        });
        written.map_err(IoError::at("write", to))?;
    }
    Ok(())
}
