//! Opens files of the working tree by their path, without following links anywhere on it.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::fs::PermissionsExt};
use std::path::Path;

#[cfg(unix)]
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, readlinkat, statat};
#[cfg(unix)]
use rustix::io::Errno;

use crate::repo_path::RepoPath;

/// What is at a path of the working tree.
#[derive(Debug)]
pub(crate) enum WorkingFile {
    /// A regular file, open for reading.
    Regular { file: File, executable: bool },
    /// A symbolic link, with its target.
    Link(Vec<u8>),
    /// A directory, a FIFO, a socket, a device.
    Other,
    /// Nothing, or a path that leads through a link.
    Missing,
    /// A file that cannot be opened.
    Unreadable,
}

impl WorkingFile {
    /// Opens `path` below `root`.
    pub(crate) fn open(root: &Path, path: &RepoPath) -> Self {
        FileOpener::new(root).open(path)
    }
}

/// Opens many files; successive files of one directory share the walk to it.
pub(crate) struct FileOpener<'a> {
    root: &'a Path,
    /// The directory of the last file, with its path.
    last: Option<(Vec<u8>, Directory)>,
}

impl<'a> FileOpener<'a> {
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root, last: None }
    }

    /// Opens `path` below the root.
    pub(crate) fn open(&mut self, path: &RepoPath) -> WorkingFile {
        self.try_open(path.as_bytes())
            .unwrap_or_else(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => WorkingFile::Missing,
                _ => WorkingFile::Unreadable,
            })
    }

    fn try_open(&mut self, path: &[u8]) -> io::Result<WorkingFile> {
        let (parent, name) = match path.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&path[..0], path),
        };
        if self.last.as_ref().is_none_or(|(last, _)| last != parent) {
            self.last = None;
        }
        let (_, directory) = match self.last.take() {
            Some(last) => self.last.insert(last),
            None => {
                let opened = Directory::open(self.root, parent)?;
                self.last.insert((parent.to_owned(), opened))
            }
        };
        directory.file(name)
    }
}

/// The names in a path.
fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts = path.split(|&byte| byte == b'/');
    parts.filter(|part| !part.is_empty())
}

/// An open directory below the root.
#[cfg(unix)]
struct Directory(OwnedFd);

#[cfg(unix)]
impl Directory {
    fn open(root: &Path, path: &[u8]) -> io::Result<Self> {
        let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut dir: OwnedFd = openat(CWD, root, directory, Mode::empty())?;
        for part in parts(path) {
            dir = match openat(&dir, part, directory | OFlags::NOFOLLOW, Mode::empty()) {
                // A link or a file instead of a directory: git tracks nothing behind it.
                Err(Errno::LOOP | Errno::MLINK | Errno::NOTDIR) => {
                    return Err(io::ErrorKind::NotADirectory.into());
                }
                opened => opened?,
            };
        }
        Ok(Self(dir))
    }

    fn file(&self, name: &[u8]) -> io::Result<WorkingFile> {
        let Self(dir) = self;
        // Opening something else than a file can block, or have effects.
        let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            FileType::Symlink => {
                let target = readlinkat(dir, name, Vec::new())?;
                return Ok(WorkingFile::Link(target.into_bytes()));
            }
            _ => return Ok(WorkingFile::Other),
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(dir, name, flags, Mode::empty())?);
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Ok(WorkingFile::Other);
        }
        Ok(WorkingFile::Regular {
            file,
            executable: meta.permissions().mode() & 0o100 != 0,
        })
    }
}

/// A directory below the root.
#[cfg(not(unix))]
struct Directory(std::path::PathBuf);

#[cfg(not(unix))]
impl Directory {
    fn open(root: &Path, path: &[u8]) -> io::Result<Self> {
        let mut place = root.to_owned();
        for part in parts(path) {
            place.push(crate::repo_path::os_path(part).ok_or(io::ErrorKind::NotFound)?);
            if !std::fs::symlink_metadata(&place)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(Self(place))
    }

    fn file(&self, name: &[u8]) -> io::Result<WorkingFile> {
        let name = crate::repo_path::os_path(name).ok_or(io::ErrorKind::NotFound)?;
        let place = self.0.join(name);
        let meta = std::fs::symlink_metadata(&place)?;
        if meta.is_symlink() {
            let target = std::fs::read_link(&place)?;
            return Ok(WorkingFile::Link(
                target.as_os_str().as_encoded_bytes().to_owned(),
            ));
        }
        if !meta.is_file() {
            return Ok(WorkingFile::Other);
        }
        Ok(WorkingFile::Regular {
            file: cc_core::fs::open_regular(&place)?,
            executable: false,
        })
    }
}
