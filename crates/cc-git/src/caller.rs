//! What the variables of git that the caller set mean for a review: a hook of `git commit` has an index of
//! its own, and everything that points to another repository is refused.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use cc_core::fs::canonical;

use crate::top_level::git_dirs;
use crate::{Error, Repository};

impl Repository {
    /// Takes over the index that the caller uses, as in a hook of `git commit -a` or `git commit PATH`.
    ///
    /// # Errors
    /// [`Error::OtherRepository`] if a variable of git names another repository, working tree or index.
    pub fn with_index_of_caller(mut self) -> Result<Self, Error> {
        let vars = self.git.caller().clone();
        let dirs = git_dirs(self.root());
        if let Some(git_dir) = &vars.git_dir {
            let is_ours = self
                .places(git_dir)
                .iter()
                .any(|dir| dirs.first() == Some(dir));
            self.is_ours("GIT_DIR", git_dir, is_ours)?;
        }
        if let Some(work_tree) = &vars.work_tree {
            let is_ours = self.places(work_tree).iter().any(|dir| dir == self.root());
            self.is_ours("GIT_WORK_TREE", work_tree, is_ours)?;
        }
        if let Some(index) = &vars.index {
            // Git takes it relative to the root.
            let path = self.root().join(index);
            let place = canonical_place(&path);
            let is_inside = |place: &PathBuf| dirs.iter().any(|dir| place.starts_with(dir));
            let place = place.filter(is_inside);
            self.is_ours("GIT_INDEX_FILE", index, place.is_some())?;
            let own = dirs.first().map(|dir| dir.join("index"));
            if let Some(place) =
                place.filter(|place| Some(place) != own.as_ref() && place.is_file())
            {
                self.runner.set_env("GIT_INDEX_FILE", &place);
                self.index_of_caller = true;
            }
        }
        Ok(self)
    }

    /// Where a relative path may lead: hooks are started at the root, and may have gone elsewhere.
    fn places(&self, path: &OsStr) -> Vec<PathBuf> {
        let bases = [&*self.cwd, self.root()];
        let places = bases.map(|base| canonical(&base.join(path)));
        places.into_iter().flatten().collect()
    }

    fn is_ours(&self, name: &'static str, value: &OsStr, is_ours: bool) -> Result<(), Error> {
        match is_ours {
            true => Ok(()),
            false => Err(Error::OtherRepository {
                name,
                value: value.into(),
                root: self.root().to_owned(),
            }),
        }
    }
}

/// The path without links; the file itself need not exist.
fn canonical_place(path: &Path) -> Option<PathBuf> {
    match path.symlink_metadata() {
        Ok(_) => canonical(path).ok(),
        Err(_) => Some(canonical(path.parent()?).ok()?.join(path.file_name()?)),
    }
}
