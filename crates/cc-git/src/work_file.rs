//! Opens a file of the work tree by its path from the root, following no link anywhere on the way.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::repo_path::RepoPath;

/// What lies at a path of the work tree.
#[derive(Debug)]
pub(crate) enum WorkFile {
    /// A regular file, open for reading.
    Regular { file: File, executable: bool },
    /// A symbolic link, with the bytes it points to.
    Link(Vec<u8>),
    /// A directory, a FIFO, a socket, a device.
    Other,
    /// Nothing, or something behind a link.
    Missing,
    /// Something that we may not open.
    Unreadable,
}

impl WorkFile {
    /// Looks at `path` below `root`.
    pub(crate) fn open(root: &Path, path: &RepoPath) -> Self {
        os::open(root, path).unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Unreadable,
        })
    }
}

#[cfg(unix)]
mod os {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, readlinkat, statat};
    use rustix::io::Errno;

    use super::{RepoPath, WorkFile};

    pub(super) fn open(root: &Path, path: &RepoPath) -> io::Result<WorkFile> {
        let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut parts = path.as_bytes().split(|&byte| byte == b'/');
        let Some(name) = parts.next_back() else {
            return Ok(WorkFile::Missing);
        };
        let mut dir: OwnedFd = openat(CWD, root, directory, Mode::empty())?;
        for part in parts {
            dir = match openat(&dir, part, directory | OFlags::NOFOLLOW, Mode::empty()) {
                // A link, or a file, where a directory should be: git has nothing behind it.
                Err(Errno::LOOP | Errno::MLINK | Errno::NOTDIR) => return Ok(WorkFile::Missing),
                opened => opened?,
            };
        }
        // What is no file must not even be opened: that may block, or wake somebody up.
        let stat = statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            FileType::Symlink => {
                let target = readlinkat(&dir, name, Vec::new())?;
                return Ok(WorkFile::Link(target.into_bytes()));
            }
            _ => return Ok(WorkFile::Other),
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&dir, name, flags, Mode::empty())?);
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Ok(WorkFile::Other);
        }
        Ok(WorkFile::Regular {
            file,
            executable: meta.permissions().mode() & 0o100 != 0,
        })
    }
}

#[cfg(not(unix))]
mod os {
    use std::fs;
    use std::io;
    use std::path::Path;

    use super::{RepoPath, WorkFile};
    use crate::repo_path::os_path;

    pub(super) fn open(root: &Path, path: &RepoPath) -> io::Result<WorkFile> {
        let mut place = root.to_owned();
        let mut parts = path.as_bytes().split(|&byte| byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let Some(part_name) = os_path(part) else {
                return Ok(WorkFile::Missing);
            };
            place.push(part_name);
            let meta = fs::symlink_metadata(&place)?;
            if meta.is_symlink() && parts.peek().is_none() {
                let target = fs::read_link(&place)?;
                return Ok(WorkFile::Link(
                    target.as_os_str().as_encoded_bytes().to_owned(),
                ));
            }
            if parts.peek().is_some() && !meta.is_dir() {
                return Ok(WorkFile::Missing);
            }
            if parts.peek().is_none() && !meta.is_file() {
                return Ok(WorkFile::Other);
            }
        }
        Ok(WorkFile::Regular {
            file: cc_core::fs::open_regular(&place)?,
            executable: false,
        })
    }
}
