//! Removing leftovers: every step starts from an open directory and follows no symbolic link, so that
//! nothing that is swapped meanwhile leads outside.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat};

use cc_core::Time;

use super::in_use::{self, Mounts};
use super::note::{Before, CLAUDE, ENTRIES, Leftovers, MayGo};

/// How deep empty directories may lie in each other, and how many in one.
const DEPTH: usize = 4;
const WIDTH: usize = 64;

/// A pass over the leftovers of one run.
pub(super) struct Sweep<'a> {
    noted: &'a [Leftovers],
    named: &'a [PathBuf],
    ready: Time,
    mounts: Mounts,
}

impl<'a> Sweep<'a> {
    /// A pass that leaves alone the files `named`, which Claude's own tools wrote, and what is no mask and
    /// was made after Claude Code was `ready`.
    pub(super) fn new(noted: &'a [Leftovers], named: &'a [PathBuf], ready: Time) -> Self {
        Self {
            noted,
            named,
            ready,
            mounts: Mounts::default(),
        }
    }

    /// Removes what may go.
    pub(super) fn run(&self) {
        for one in self.noted {
            match &one.before {
                Some(before) => self.compare(&one.root, before),
                None => self.earlier(one),
            }
        }
    }

    fn compare(&self, root: &Path, before: &Before) {
        let Ok(dir) = OpenDir::at(root) else {
            return;
        };
        for name in dir.names() {
            let path = Path::new(OsStr::from_bytes(name.to_bytes()));
            let known = |known: &PathBuf| known.as_path().cmp(path);
            let is_new = before.names.binary_search_by(known).is_err();
            if is_new && before.may_go.concerns(path) {
                self.consider(before.may_go, &dir, &name);
            }
        }
        if !before.existed && self.is_early(before.may_go, &dir, c".") && !self.mounts.cover(root) {
            let _ = dir.remove_itself();
        }
    }

    /// Sweeps by a record of an earlier version, which names what was not there.
    fn earlier(&self, noted: &Leftovers) {
        if let Ok(dir) = OpenDir::at(&noted.root.join(CLAUDE)) {
            for name in dir.names() {
                let path = dir.path_of(&name);
                if !noted.beside.contains(&path) {
                    self.consider(MayGo::HiddenMasks, &dir, &name);
                }
            }
        }
        let is_git = noted.root.join("HEAD").symlink_metadata().is_ok();
        for name in noted.absent.iter().map(Path::new) {
            let is_inside = name
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            let path = noted.root.join(name);
            let (Some(parent), Some(last)) = (path.parent(), path.file_name()) else {
                continue;
            };
            if is_inside
                && (is_git || MayGo::HiddenMasks.concerns(name))
                && let (Ok(dir), Ok(last)) = (OpenDir::at(parent), CString::new(last.as_bytes()))
            {
                self.consider(MayGo::EmptyAndLocks, &dir, &last);
            }
        }
    }

    /// Removes an entry that was not there before, if it is a leftover.
    fn consider(&self, may_go: MayGo, dir: &OpenDir, name: &CStr) {
        let Some(stat) = dir.stat(name) else {
            return;
        };
        let path = dir.path_of(name);
        if self.named.contains(&path) || self.mounts.cover(&path) {
            return;
        }
        let kind = FileType::from_raw_mode(stat.st_mode);
        let is_early = || self.is_early(may_go, dir, name);
        // What cannot be removed, such as a mount, stays.
        if kind == FileType::Directory {
            if may_go != MayGo::HiddenMasks && is_early() {
                let _ = dir.remove_hollow(name);
            }
            return;
        }
        let is_file_of_git = kind == FileType::RegularFile && may_go == MayGo::EmptyAndLocks;
        let goes = match is_file_of_git && !is_mask(&stat) {
            false => is_mask(&stat),
            true if is_lock(&path) => self.is_abandoned(&path, &stat),
            true => stat.st_size == 0 && is_early(),
        };
        if goes {
            let _ = dir.remove(name);
        }
    }

    fn is_abandoned(&self, lock: &Path, stat: &Stat) -> bool {
        let roots: Vec<_> = self.noted.iter().map(|one| one.root.as_path()).collect();
        in_use::is_abandoned(lock, stat, &roots)
    }

    /// Whether an entry was made before Claude Code was up, as its placeholders are. Those in `.claude` come
    /// with the first command.
    fn is_early(&self, may_go: MayGo, dir: &OpenDir, name: &CStr) -> bool {
        may_go == MayGo::MasksAndHollowDirs || dir.made_at(name).is_some_and(|at| at <= self.ready)
    }
}

/// Tells masks that a sandbox needs right now.
pub(super) fn masks_in_use() -> impl Fn(&Path) -> bool {
    let mounts = Mounts::default();
    move |path| fs::lstat(path).is_ok_and(|stat| is_mask(&stat)) && mounts.cover(path)
}

/// Whether bubblewrap made it to mount over it, or it is a device, which no command in the sandbox can
/// make. A file that somebody wrote to, or whose mode was changed later, has differing times.
fn is_mask(stat: &Stat) -> bool {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::CharacterDevice | FileType::BlockDevice => true,
        FileType::RegularFile => {
            let modified = (stat.st_mtime, stat.st_mtime_nsec);
            let changed = (stat.st_ctime, stat.st_ctime_nsec);
            stat.st_size == 0
                && stat.st_nlink == 1
                && stat.st_mode & 0o222 == 0
                && modified == changed
        }
        _ => false,
    }
}

/// Whether it is named like a lock of Git's.
fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "lock")
}

/// An open directory.
struct OpenDir {
    fd: OwnedFd,
    path: PathBuf,
    device: fs::Dev,
}

impl OpenDir {
    /// Opens it step by step, since `O_NOFOLLOW` only concerns the last one.
    fn at(path: &Path) -> io::Result<Self> {
        let mut fd = fs::open("/", STEP, Mode::empty())?;
        for part in path.components() {
            match part {
                Component::RootDir => {}
                Component::Normal(name) => fd = fs::openat(&fd, name, STEP, Mode::empty())?,
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        Self::new(fs::openat(&fd, c".", READ, Mode::empty())?, path.to_owned())
    }

    fn new(fd: OwnedFd, path: PathBuf) -> io::Result<Self> {
        let device = fs::fstat(&fd)?.st_dev;
        Ok(Self { fd, path, device })
    }

    /// A directory in it that no mount covers.
    fn open(&self, name: &CStr) -> io::Result<Self> {
        let dir = Self::new(open_below(&self.fd, name)?, self.path_of(name))?;
        match dir.device == self.device {
            true => Ok(dir),
            false => Err(io::ErrorKind::CrossesDevices.into()),
        }
    }

    /// When an entry was made, as far as the file system knows; else when its content changed last.
    fn made_at(&self, name: &CStr) -> Option<Time> {
        #[cfg(target_os = "linux")]
        {
            use fs::StatxFlags;
            let (flags, wanted) = (AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BTIME);
            if let Ok(found) = fs::statx(&self.fd, name, flags, wanted)
                && StatxFlags::from_bits_retain(found.stx_mask).contains(wanted)
            {
                return Some(time(found.stx_btime.tv_sec, found.stx_btime.tv_nsec));
            }
        }
        let stat = fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let nanoseconds = u32::try_from(stat.st_mtime_nsec).ok()?;
        Some(time(stat.st_mtime, nanoseconds))
    }

    fn path_of(&self, name: &CStr) -> PathBuf {
        self.path.join(OsStr::from_bytes(name.to_bytes()))
    }

    fn names(&self) -> Vec<CString> {
        let entries = Dir::read_from(&self.fd).into_iter().flatten().flatten();
        entries
            .take(ENTRIES)
            .map(|entry| entry.file_name().to_owned())
            .filter(|name| ![c".", c".."].contains(&name.as_c_str()))
            .collect()
    }

    /// What an entry is; `None` where it is gone or on another device.
    fn stat(&self, name: &CStr) -> Option<Stat> {
        let stat = fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        (stat.st_dev == self.device).then_some(stat)
    }

    fn remove(&self, name: &CStr) -> io::Result<()> {
        Ok(fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes a directory that holds nothing but empty directories, or leaves it whole.
    fn remove_hollow(&self, name: &CStr) -> io::Result<()> {
        let dir = self.open(name)?;
        if dir.is_hollow(DEPTH) {
            dir.remove_inner();
            fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?;
        }
        Ok(())
    }

    fn is_hollow(&self, depth: usize) -> bool {
        let names = self.names();
        names.len() <= WIDTH
            && names
                .iter()
                .all(|name| depth > 0 && self.open(name).is_ok_and(|dir| dir.is_hollow(depth - 1)))
    }

    fn remove_inner(&self) {
        for name in self.names() {
            if let Ok(dir) = self.open(&name) {
                dir.remove_inner();
                let _ = fs::unlinkat(&self.fd, &name, AtFlags::REMOVEDIR);
            }
        }
    }

    /// Removes the directory if it is empty.
    fn remove_itself(&self) -> io::Result<()> {
        let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Ok(());
        };
        let name = CString::new(name.to_owned().into_vec())?;
        let parent = Self::at(parent)?;
        Ok(fs::unlinkat(&parent.fd, &name, AtFlags::REMOVEDIR)?)
    }
}

fn time(seconds: i64, nanoseconds: u32) -> Time {
    Time::from_millis(seconds * 1000 + i64::from(nanoseconds / 1_000_000))
}

/// A step on the way, for which the right to search a directory is enough.
#[cfg(target_os = "linux")]
const STEP: OFlags = READ.union(OFlags::PATH);
#[cfg(not(target_os = "linux"))]
const STEP: OFlags = READ;
const READ: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Opens a directory; on Linux the kernel also refuses mounts of the same file system.
fn open_below(dir: &OwnedFd, name: &CStr) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        use fs::ResolveFlags;
        let resolve = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
        match fs::openat2(dir, name, READ, Mode::empty(), resolve) {
            // An older kernel, or a filter for system calls that does not know it.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
            opened => return Ok(opened?),
        }
    }
    Ok(fs::openat(dir, name, READ, Mode::empty())?)
}
