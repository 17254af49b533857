//! Files that are never half written, never readable by others, never read without a bound.

mod persist;
mod private_dir;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

pub use self::persist::persist;
use self::persist::persist_unflushed;
use crate::Time;

/// A failed file operation: what was tried, where, and why it failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {source}", path.display())]
pub struct IoError {
    /// What was tried, as a verb.
    pub action: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl IoError {
    /// Names the action and the path of an error; made for `map_err`.
    pub fn at<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// Makes a directory and its parents, accessible to the user only: with mode 0700, or on Windows with an access
/// control list that names the user, the system and administrators.
///
/// # Errors
/// When a part of the path cannot be made or is not a directory.
pub fn create_private_dir(path: &Path) -> Result<(), IoError> {
    private_dir::create(path).map_err(IoError::at("create directory", path))
}

/// The names of temporary files: this, and so many letters and digits.
const TEMPORARY: &str = ".tmp-";
const RANDOM: usize = 6;

/// Replaces a file in one step: temporary file in the same directory (0600), sync, rename.
///
/// Whoever reads the path sees the old content or the new one, also after a crash.
///
/// # Errors
/// When any step fails; the old content is then untouched and no temporary file stays.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<(), IoError> {
    let file = write_beside(path, content)?;
    sync(&file, path)?;
    persist(file, path).map_err(IoError::at("replace", path))
}

/// The same without the sync, for what only running processes read: after a crash of the machine the file may be
/// empty.
///
/// # Errors
/// When any step fails; the old content is then untouched and no temporary file stays.
pub fn write_transient(path: &Path, content: &[u8]) -> Result<(), IoError> {
    let file = write_beside(path, content)?;
    persist_unflushed(file, path).map_err(IoError::at("replace", path))
}

/// Replaces a file of the user like [`write_atomic`]: it keeps its mode, and a link stays one.
///
/// # Errors
/// When any step fails; the old content is then untouched.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), IoError> {
    let path = canonical(path).unwrap_or_else(|_| path.to_owned());
    let file = write_beside(&path, content)?;
    if let Ok(known) = fs::metadata(&path) {
        let allowed = file.as_file().set_permissions(known.permissions());
        allowed.map_err(IoError::at("write", &path))?;
    }
    sync(&file, &path)?;
    persist(file, &path).map_err(IoError::at("replace", &path))
}

/// A temporary file with the content for `path`.
fn write_beside(path: &Path, content: &[u8]) -> Result<NamedTempFile, IoError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = temporary_in(directory).map_err(IoError::at("write", path))?;
    file.write_all(content)
        .map_err(IoError::at("write", path))?;
    Ok(file)
}

fn sync(file: &NamedTempFile, path: &Path) -> Result<(), IoError> {
    let synced = file.as_file().sync_data();
    synced.map_err(IoError::at("write", path))
}

/// Makes a temporary file (0600), removed when it is dropped. Whoever kills this process leaves it to [`sweep`].
///
/// # Errors
/// When it cannot be made.
pub fn temporary_in(directory: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(TEMPORARY)
        .rand_bytes(RANDOM)
        .tempfile_in(directory)
}

/// Whether a name is one of [`temporary_in`].
pub fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(TEMPORARY).unwrap_or_default();
    random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Removes the regular files of ours in `directory` whose name `is_left` and that changed longer ago
/// than `age`, unless a process holds a lock on one; returns how many.
pub fn sweep(directory: &Path, age: Duration, is_left: impl Fn(&str) -> bool) -> usize {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let left = entries.filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(&is_left) && is_older_than(&entry.path(), age)
    });
    // What cannot be opened or removed stays.
    let removed = left.filter(|entry| {
        let lock = open_own(&entry.path()).and_then(|file| Ok(file.try_lock().map(|()| file)?));
        lock.is_ok_and(|_held| fs::remove_file(entry.path()).is_ok())
    });
    removed.count()
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// When the file cannot be read, is not a regular file, or is larger.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, IoError> {
    read_whole(path, limit, open_regular)
}

/// Reads a whole file of our own of at most `limit` bytes; see [`open_own`].
///
/// # Errors
/// Also when it is a link, or belongs to another user.
pub fn read_own(path: &Path, limit: u64) -> Result<Vec<u8>, IoError> {
    read_whole(path, limit, open_own)
}

fn read_whole(
    path: &Path,
    limit: u64,
    open: impl FnOnce(&Path) -> io::Result<File>,
) -> Result<Vec<u8>, IoError> {
    let read = || {
        let file = open(path)?;
        // One read instead of many that grow: thousands of records are read in a row.
        let size = file.metadata()?.len().min(limit);
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        file.take(limit + 1).read_to_end(&mut content)?;
        if content.len() as u64 > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("larger than {limit} bytes"),
            ));
        }
        Ok(content)
    };
    read().map_err(IoError::at("read", path))
}

/// Opens a regular file for reading; never blocks on a FIFO, never opens a device.
///
/// # Errors
/// When the file cannot be opened or is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    set_flags(&mut options, Links::Followed);
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(refused("not a regular file")),
    }
}

/// Opens a regular file that we made ourselves: not through a link, and none of another user.
///
/// # Errors
/// When the file cannot be opened so.
pub fn open_own(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    open_own_with(options, path)
}

/// Opens a file of our own like [`open_own`], with these options.
pub(crate) fn open_own_with(mut options: fs::OpenOptions, path: &Path) -> io::Result<File> {
    set_flags(&mut options, Links::Refused);
    let file = options.open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(refused("not a regular file"));
    }
    match is_ours(&meta) {
        true => Ok(file),
        false => Err(foreign()),
    }
}

/// Checks that a directory belongs to us and that not everybody may write it; one that cannot be
/// looked at is fine.
///
/// # Errors
/// When it does not.
pub fn check_own_dir(path: &Path) -> Result<(), IoError> {
    let check = || match fs::metadata(path) {
        // Whoever uses it finds out, and says what is in the way.
        Err(_) => Ok(()),
        Ok(meta) if !is_ours(&meta) => Err(foreign()),
        Ok(meta) if is_writable_for_all(&meta) => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "every user may write it",
        )),
        Ok(_) => Ok(()),
    };
    check().map_err(IoError::at("use", path))
}

enum Links {
    Followed,
    Refused,
}

#[cfg(unix)]
fn set_flags(options: &mut fs::OpenOptions, links: Links) {
    use rustix::fs::OFlags;
    let flags = match links {
        Links::Followed => OFlags::NONBLOCK,
        Links::Refused => OFlags::NONBLOCK | OFlags::NOFOLLOW,
    };
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits() as i32);
}

#[cfg(windows)]
fn set_flags(options: &mut fs::OpenOptions, links: Links) {
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    if matches!(links, Links::Refused) {
        // The link itself is opened, which is no regular file.
        std::os::windows::fs::OpenOptionsExt::custom_flags(options, FILE_FLAG_OPEN_REPARSE_POINT);
    }
}

/// Whether a file is ours, as far as this system tells.
#[cfg(unix)]
pub(crate) fn is_ours(meta: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(meta) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
pub(crate) fn is_ours(_: &fs::Metadata) -> bool {
    true
}

#[cfg(unix)]
fn is_writable_for_all(meta: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(meta) & 0o002 != 0
}

#[cfg(not(unix))]
fn is_writable_for_all(_: &fs::Metadata) -> bool {
    false
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn foreign() -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        "it belongs to another user",
    )
}

/// Opens a regular file below `dir` for reading, if neither the file nor a directory on the way is a
/// link, whoever changes them meanwhile, and the file has no second name.
///
/// # Errors
/// When it cannot be opened so. `file` is relative to `dir`, which may be a link itself.
#[cfg(unix)]
pub fn open_below(dir: &Path, file: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, openat};
    use std::os::unix::fs::MetadataExt;
    let mut at = File::open(dir)?;
    let mut parts = file.components().peekable();
    while let Some(part) = parts.next() {
        let std::path::Component::Normal(name) = part else {
            return Err(refused("not a path below the directory"));
        };
        let kind = match parts.peek() {
            Some(_) => OFlags::DIRECTORY,
            None => OFlags::NONBLOCK,
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind;
        at = openat(&at, name, flags, Mode::empty())?.into();
    }
    let meta = at.metadata()?;
    match meta.is_file() && meta.nlink() == 1 {
        true => Ok(at),
        false => Err(refused("not a regular file with one name")),
    }
}

/// Opens a regular file below `dir` for reading, if neither the file nor a directory on the way is a
/// link.
///
/// # Errors
/// When it cannot be opened so. `file` is relative to `dir`, which may be a link itself.
#[cfg(not(unix))]
pub fn open_below(dir: &Path, file: &Path) -> io::Result<File> {
    let dir = canonical(dir)?;
    let path = dir.join(file);
    if canonical(&path)? != path {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a link"));
    }
    open_regular(&path)
}

/// Removes a file; one that is not there counts as removed.
///
/// # Errors
/// When the file is there and stays.
pub fn remove_if_there(path: &Path) -> Result<(), IoError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(IoError::at("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Whether the last change of a file or directory was longer ago than `age`; links are not followed.
///
/// What cannot be read counts as new, so that it is not removed.
pub fn is_older_than(path: &Path, age: Duration) -> bool {
    let changed = path.symlink_metadata().and_then(|meta| meta.modified());
    let elapsed = changed.ok().and_then(|at| at.elapsed().ok());
    elapsed.is_some_and(|elapsed| elapsed > age)
}

/// When a file last changed: its content, name or rights. Unlike the time of modification, a program
/// cannot choose it.
#[cfg(unix)]
pub fn changed_at(meta: &fs::Metadata) -> Option<Time> {
    use std::os::unix::fs::MetadataExt;
    let seconds = meta.ctime().checked_mul(1_000)?;
    Some(Time::from_millis(seconds + meta.ctime_nsec() / 1_000_000))
}

/// The time of the last change, as far as this system knows.
#[cfg(not(unix))]
pub fn changed_at(meta: &fs::Metadata) -> Option<Time> {
    modified_at(meta)
}

/// When the content of a file was written last.
pub fn modified_at(meta: &fs::Metadata) -> Option<Time> {
    let at = meta.modified().ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Time::from_millis(i64::try_from(since.as_millis()).ok()?))
}

/// The path without links, `.` and `..`.
///
/// On Windows in its everyday form: `\\?\C:\x` and `\\?\UNC\server\share` would be different texts for the same
/// directories, and not every program takes them as a current directory.
///
/// # Errors
/// When a part of the path does not exist or cannot be reached.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    let path = fs::canonicalize(path)?;
    let everyday = path.to_str().filter(|_| cfg!(windows)).and_then(everyday);
    Ok(everyday.unwrap_or(path))
}

/// The everyday form of a path on a drive or a share, which Windows gave in the form of its kernel.
fn everyday(path: &str) -> Option<PathBuf> {
    let plain = path.strip_prefix(r"\\?\")?;
    match plain.strip_prefix(r"UNC\") {
        Some(share) => Some(format!(r"\\{share}").into()),
        None if plain.as_bytes().get(1) == Some(&b':') => Some(plain.into()),
        None => None,
    }
}

/// `path` with its links followed as far as it exists: what is made there later will lie there.
pub fn resolve(path: &Path) -> PathBuf {
    let resolved = path.ancestors().find_map(|known| {
        let resolved = canonical(known).ok()?;
        let rest = path.strip_prefix(known).ok()?;
        // Joining nothing would add a slash.
        Some(if rest.as_os_str().is_empty() {
            resolved
        } else {
            resolved.join(rest)
        })
    });
    resolved.unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_windows_has_one_everyday_form() {
        for (given, expect) in [
            (r"\\?\C:\work\x", Some(r"C:\work\x")),
            (r"\\?\UNC\server\share\x", Some(r"\\server\share\x")),
            (r"\\?\Volume{b75e2c83}\x", None),
            (r"\\server\share\x", None),
            (r"C:\x", None),
            ("/home/dev", None),
        ] {
            assert_eq!(everyday(given), expect.map(PathBuf::from), "{given}");
        }
    }

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        write_atomic(&path, b"a long first version").unwrap();
        write_atomic(&path, b"second").unwrap();
        assert_eq!(read_bounded(&path, 100).unwrap(), b"second");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn what_others_made_or_may_write_is_not_our_own() {
        use std::os::unix::fs::{chown, symlink};

        use rustix::fs::{Mode, chmod};
        let dir = tempfile::tempdir().unwrap();
        let (own, file) = (dir.path().join("own"), dir.path().join("own/file"));
        fs::create_dir(&own).unwrap();
        fs::write(&file, "ours").unwrap();
        assert!(check_own_dir(&own).is_ok() && open_own(&file).is_ok());
        let link = dir.path().join("link");
        symlink(&file, &link).unwrap();
        assert!(open_own(&link).is_err());
        assert!(open_own(&own).is_err());
        chmod(&own, Mode::RWXU | Mode::RWXG | Mode::RWXO).unwrap();
        let told = check_own_dir(&own).unwrap_err().to_string();
        assert!(told.contains("every user may write it"), "{told}");
        chmod(&own, Mode::RWXU).unwrap();
        // Only the system's user can give a file away.
        if chown(&file, Some(12_345), None).is_ok() {
            chown(&own, Some(12_345), None).unwrap();
            for told in [
                check_own_dir(&own).unwrap_err().to_string(),
                read_own(&file, 10).unwrap_err().to_string(),
            ] {
                assert!(told.contains("another user"), "{told}");
            }
        }
    }

    #[test]
    fn a_failed_write_keeps_the_old_content_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir_all(path.join("full")).unwrap();
        let error = write_atomic(&path, b"x").unwrap_err();
        assert_eq!(
            (error.action, error.path.as_path()),
            ("replace", path.as_path())
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn only_regular_files_of_ours_that_nobody_holds_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in [
            ".tmp-abc123",
            ".tmp-held00",
            ".tmp-abc1234",
            ".tmp-ab c12",
            "tmp-abc123",
        ] {
            fs::write(at(name), "x").unwrap();
        }
        fs::create_dir(at(".tmp-direct")).unwrap();
        std::os::unix::fs::symlink(at("tmp-abc123"), at(".tmp-linked")).unwrap();
        cc_executable::make_fifo(at(".tmp-fifo00"));
        let held = File::open(at(".tmp-held00")).unwrap();
        held.lock().unwrap();
        assert_eq!(
            sweep(dir.path(), Duration::from_secs(3_600), is_temporary),
            0,
            "new"
        );
        assert_eq!(sweep(dir.path(), Duration::ZERO, is_temporary), 1);
        assert!(!at(".tmp-abc123").exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 7);
    }

    #[test]
    #[cfg(unix)]
    fn below_a_directory_only_files_without_links_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("in/sub")).unwrap();
        fs::write(at("in/sub/plain"), "x").unwrap();
        fs::write(at("secret"), "s").unwrap();
        std::os::unix::fs::symlink(at("secret"), at("in/link")).unwrap();
        std::os::unix::fs::symlink("sub", at("in/linked")).unwrap();
        fs::hard_link(at("secret"), at("in/second")).unwrap();
        cc_executable::make_fifo(at("in/fifo"));
        let open = |file: &str| open_below(&at("in"), Path::new(file));
        assert!(open("sub/plain").is_ok() && open("./sub/plain").is_err());
        for refused in [
            "link",
            "linked/plain",
            "second",
            "fifo",
            "sub",
            "../secret",
            "",
            "/etc/passwd",
            "none",
        ] {
            assert!(open(refused).is_err(), "{refused}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn files_and_directories_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let nested = dir.path().join("a/b");
        create_private_dir(&nested).unwrap();
        create_private_dir(&nested).unwrap();
        write_atomic(&nested.join("f"), b"").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&nested), mode(&nested.join("f"))), (0o700, 0o600));
    }

    #[test]
    fn reads_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_atomic(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        assert_eq!(
            read_bounded(&path, 4).unwrap_err().source.kind(),
            io::ErrorKind::FileTooLarge
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_fifo_or_directory_is_refused_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        cc_executable::make_fifo(&fifo);
        assert!(read_bounded(&fifo, 10).is_err());
        assert!(read_bounded(dir.path(), 10).is_err());
    }
}
