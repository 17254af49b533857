//! What Git sees of a repository instead of its own configuration.
//!
//! A call gets the Git directory as it is, but in place of the directory that linked worktrees share it gets
//! one of ours: links to the objects, refs and so on, no hooks, and a configuration of the keys that are
//! allowed. Git reads no other, so what a repository, a user or a new version of Git can configure besides
//! has no effect.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cc_core::{DataDir, Env, IoError};
use tempfile::TempDir;

use crate::config_file::{Setting, config_text};
use crate::shared_files::SHARED_FILES;

/// From when on a view is one whose process was killed.
const FORGOTTEN: Duration = Duration::from_secs(48 * 60 * 60);

/// Where views are made: in the data directory, which no sandbox can write; where that cannot be written
/// either, as in a sandbox, among the temporary files.
#[derive(Clone, Debug)]
pub(crate) struct ViewPlace(Option<PathBuf>);

impl ViewPlace {
    pub(crate) fn of(env: &Env) -> Self {
        let data = DataDir::locate(env).filter(|data| data.root().is_dir());
        Self(data.map(|data| data.git_views()))
    }

    fn new_dir(&self) -> Result<TempDir, IoError> {
        let Some(place) = &self.0 else {
            return temporary();
        };
        let made = cc_core::fs::create_private_dir(place).and_then(|()| {
            let dir = tempfile::Builder::new().prefix("view-").tempdir_in(place);
            dir.map_err(IoError::at("create directory in", place))
        });
        let is_refused = |error: &IoError| {
            use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
            matches!(error.source.kind(), PermissionDenied | ReadOnlyFilesystem)
        };
        match made {
            Err(error) if is_refused(&error) => temporary(),
            Err(error) => Err(error),
            Ok(dir) => {
                remove_forgotten(place, dir.path());
                Ok(dir)
            }
        }
    }
}

fn temporary() -> Result<TempDir, IoError> {
    let dir = tempfile::Builder::new().prefix("cc-git-").tempdir();
    dir.map_err(IoError::at(
        "create directory in",
        Path::new("the directory for temporary files"),
    ))
}

/// Removes the views of processes that were killed, by the time at which `new` was made. What cannot be removed is tried again the next time.
fn remove_forgotten(place: &Path, new: &Path) {
    let modified = |meta: fs::Metadata| meta.modified();
    let Ok(now) = fs::metadata(new).and_then(modified) else {
        return;
    };
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let made = entry.metadata().and_then(modified);
        let age = made.ok().and_then(|made| now.duration_since(made).ok());
        if age.is_some_and(|age| age > FORGOTTEN) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The directory that Git takes for the shared one; removed with its last clone.
#[derive(Clone, Debug)]
pub(crate) struct View(Arc<TempDir>);

impl View {
    /// Makes the view of a repository whose shared directory is `shared`.
    pub(crate) fn make(
        place: &ViewPlace,
        shared: &Path,
        settings: &[Setting],
    ) -> Result<Self, IoError> {
        let dir = place.new_dir()?;
        for file in SHARED_FILES.iter().filter(|file| file.in_view) {
            let link = dir.path().join(file.name);
            symlink(&shared.join(file.name), &link).map_err(IoError::at("link", &link))?;
        }
        let config = dir.path().join("config");
        fs::write(&config, config_text(settings)).map_err(IoError::at("write", &config))?;
        Ok(Self(Arc::new(dir)))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(unix)]
fn symlink(to: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

/// Not reached: links need a privilege there.
#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
