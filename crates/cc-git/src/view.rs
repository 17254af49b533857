//! What Git sees of a repository instead of its own configuration.
//!
//! A call gets the Git directory as it is, but in place of the directory that linked worktrees share it gets
//! one of ours: links to the objects, refs and so on, no hooks, and a configuration of the keys that are
//! allowed. Git reads no other, so what a repository, a user or a new version of Git can configure besides
//! has no effect.

use std::fs::{self, FileType};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cc_core::fs::{changed_at, read_bounded};
use cc_core::{DataDir, Env, IoError};
use tempfile::{Builder, TempDir};

use crate::config_file::{Setting, config_text};
use crate::digest_name::digest_name;
use crate::shared_files::SHARED_FILES;

/// From when on a view is one whose process was killed, or one of a repository that is not used.
const FORGOTTEN: Duration = Duration::from_secs(48 * 60 * 60);

/// Where views are made: in the data directory, which no sandbox can write; where that cannot be written
/// either, as in a sandbox, among the temporary files.
///
/// In the data directory the last view of a repository is kept for the next user, who takes it away: no two
/// processes share one, so what Git may write into it, as `packed-refs` over the link, is seen before its next use.
#[derive(Clone, Debug)]
pub(crate) struct ViewPlace(Option<PathBuf>);

impl ViewPlace {
    pub(crate) fn of(env: &Env) -> Self {
        let data = DataDir::locate(env).filter(|data| data.root().is_dir());
        Self(data.map(|data| data.git_views()))
    }

    /// An empty directory.
    fn new_dir(&self) -> Result<TempDir, IoError> {
        let Some(place) = &self.0 else {
            return temporary();
        };
        let made = cc_core::fs::create_private_dir(place).and_then(|()| {
            let dir = Builder::new().prefix(PREFIX).tempdir_in(place);
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

    /// Where the view of `shared` with this configuration is kept.
    fn kept(&self, shared: &Path, config: &[u8]) -> Option<PathBuf> {
        let name = digest_name(&[shared.as_os_str().as_encoded_bytes(), config]);
        Some(self.0.as_ref()?.join(name))
    }
}

/// The beginning of the name of a view in use.
const PREFIX: &str = "view-";

fn temporary() -> Result<TempDir, IoError> {
    let dir = Builder::new().prefix("cc-git-").tempdir();
    dir.map_err(IoError::at(
        "create directory in",
        Path::new("the directory for temporary files"),
    ))
}

/// Removes the views that nobody has used for long, by the time at which `new` was made. What cannot be removed is
/// tried again the next time.
fn remove_forgotten(place: &Path, new: &Path) {
    // To be taken and to be kept changes it, since it is renamed.
    let changed = |meta: fs::Metadata| changed_at(&meta);
    let Some(now) = fs::metadata(new).ok().and_then(changed) else {
        return;
    };
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let used = entry.metadata().ok().and_then(changed);
        if used.is_some_and(|used| used.until(now) > FORGOTTEN) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The directory that Git takes for the shared one. Its last clone keeps it for the next user, or removes it.
#[derive(Clone, Debug)]
pub(crate) struct View(Arc<ViewDir>);

#[derive(Debug)]
struct ViewDir {
    path: PathBuf,
    /// Where it is kept.
    kept: Option<PathBuf>,
}

impl View {
    /// The view of a repository whose shared directory is `shared`.
    pub(crate) fn of(
        place: &ViewPlace,
        shared: &Path,
        settings: &[Setting],
    ) -> Result<Self, IoError> {
        let config = config_text(settings);
        let kept = place.kept(shared, &config);
        let dir = match kept
            .as_deref()
            .and_then(|kept| ViewDir::take(kept, &config))
        {
            Some(dir) => dir,
            None => ViewDir::make(place.new_dir()?, kept, shared, &config)?,
        };
        Ok(Self(Arc::new(dir)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }
}

impl ViewDir {
    fn make(
        dir: TempDir,
        kept: Option<PathBuf>,
        shared: &Path,
        config: &[u8],
    ) -> Result<Self, IoError> {
        for name in links() {
            let link = dir.path().join(name);
            symlink(&shared.join(name), &link).map_err(IoError::at("link", &link))?;
        }
        let file = dir.path().join(CONFIG);
        fs::write(&file, config).map_err(IoError::at("write", &file))?;
        // Among the temporary files anybody could have made the next one.
        let kept = kept.filter(|kept| kept.parent() == dir.path().parent());
        let path = dir.keep();
        Ok(Self { path, kept })
    }

    /// Takes the view that is kept at a path, unless there is none or it is not what was kept.
    fn take(kept: &Path, config: &[u8]) -> Option<Self> {
        let taken = Builder::new()
            .prefix(PREFIX)
            .make_in(kept.parent()?, |path| fs::rename(kept, path));
        let path = taken.ok()?.into_temp_path().keep().ok()?;
        let kept = Some(kept.to_owned());
        let mut taken = Self { path, kept };
        if !taken.is_whole(config) {
            taken.kept = None;
            return None;
        }
        Some(taken)
    }

    /// Whether all links and the configuration are there, and nothing else.
    fn is_whole(&self, config: &[u8]) -> bool {
        let Ok(entries) = fs::read_dir(&self.path) else {
            return false;
        };
        let mut found = 0;
        for entry in entries {
            let Ok((name, kind)) =
                entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)))
            else {
                return false;
            };
            let is_expected: fn(&FileType) -> bool = match name.to_str() {
                Some(CONFIG) => FileType::is_file,
                Some(name) if links().any(|link| link == name) => FileType::is_symlink,
                _ => return false,
            };
            if !is_expected(&kind) {
                return false;
            }
            found += 1;
        }
        let is_config = |text: Vec<u8>| text == config;
        found == links().count() + 1
            && read_bounded(&self.path.join(CONFIG), config.len() as u64).is_ok_and(is_config)
    }
}

impl Drop for ViewDir {
    fn drop(&mut self) {
        let is_kept = |kept: &PathBuf| fs::rename(&self.path, kept).is_ok();
        // Not kept where another process kept one first.
        if !self.kept.as_ref().is_some_and(is_kept) {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The file with the configuration.
const CONFIG: &str = "config";

/// What a view has links to.
fn links() -> impl Iterator<Item = &'static str> {
    SHARED_FILES
        .iter()
        .filter(|file| file.in_view)
        .map(|file| file.name)
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    struct World {
        dir: TempDir,
        place: ViewPlace,
    }

    impl World {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let place = ViewPlace(Some(dir.path().join("git-views")));
            Self { dir, place }
        }

        fn view(&self, settings: &[Setting]) -> View {
            View::of(&self.place, self.dir.path(), settings).unwrap()
        }

        /// The names of what is there while no view is in use.
        fn kept(&self) -> Vec<PathBuf> {
            let entries = fs::read_dir(self.place.0.as_ref().unwrap()).unwrap();
            entries.map(|entry| entry.unwrap().path()).collect()
        }
    }

    fn inode(path: &Path) -> u64 {
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap())
    }

    #[test]
    fn the_last_view_of_a_repository_is_used_again() {
        let world = World::new();
        let first = inode(world.view(&[]).path());
        assert_eq!(world.kept().len(), 1);
        assert_eq!(inode(world.view(&[]).path()), first);
        let setting = Setting {
            key: b"core.abbrev".into(),
            value: Some(b"9".into()),
        };
        assert_ne!(inode(world.view(&[setting]).path()), first);
        assert_eq!(world.kept().len(), 2);
    }

    #[test]
    fn two_users_at_once_have_one_each() {
        let world = World::new();
        drop(world.view(&[]));
        let (one, other) = (world.view(&[]), world.view(&[]));
        assert_ne!(one.path(), other.path());
        let clone = one.clone();
        drop(one);
        assert!(clone.path().join("HEAD").is_symlink());
        drop((clone, other));
        assert_eq!(world.kept().len(), 1);
    }

    #[test]
    fn a_view_that_git_has_written_into_is_not_used_again() {
        let damages: [fn(&Path); 5] = [
            |view| {
                fs::remove_file(view.join("packed-refs")).unwrap();
                fs::write(view.join("packed-refs"), "").unwrap();
            },
            |view| fs::remove_file(view.join("refs")).unwrap(),
            |view| fs::write(view.join("packed-refs.lock"), "").unwrap(),
            |view| fs::write(view.join("config"), "[core]\n\tfsmonitor = x\n").unwrap(),
            |view| fs::remove_dir_all(view).unwrap(),
        ];
        for damage in damages {
            let world = World::new();
            let view = world.view(&[]);
            let whole = fs::read(view.path().join("config")).unwrap();
            damage(view.path());
            drop(view);
            let next = world.view(&[]);
            assert_eq!(fs::read(next.path().join("config")).unwrap(), whole);
            assert_eq!(
                fs::read_dir(next.path()).unwrap().count(),
                links().count() + 1
            );
            assert!(next.path().join("packed-refs").is_symlink());
            assert!(next.path().join("refs").is_symlink());
            drop(next);
            assert_eq!(world.kept().len(), 1);
        }
    }
}
