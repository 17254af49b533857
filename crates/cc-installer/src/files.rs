//! The user's files and ours: read with a limit, replaced in one step, backed up first.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cc_core::IoError;
use cc_core::fs::{canonical, create_private_dir, read_bounded, remove_if_there};
use sha2::{Digest, Sha256};
use tempfile::{Builder, NamedTempFile};

use cc_core::lines::unix;

/// The largest text that is read: far above what people keep in these files.
const TEXT_LIMIT: u64 = 8 << 20;

/// The largest binary that is read.
const BINARY_LIMIT: u64 = 1 << 30;

/// The prefix and suffix of our temporary files, around [`RANDOM`] letters and digits.
///
/// No other program uses such names, so a file with one is ours to remove.
const TEMPORARY: (&str, &str) = (".cc-installer-", ".tmp");

/// The length of the random part of a temporary name.
const RANDOM: usize = 6;

/// Reads a text file; `None` if it does not exist.
///
/// # Errors
/// When it exists but cannot be read, or is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, IoError> {
    match read_bounded(path, TEXT_LIMIT) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes);
            let invalid = |error| {
                IoError::at("read", path)(io::Error::new(io::ErrorKind::InvalidData, error))
            };
            text.map(Some).map_err(invalid)
        }
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file of ours in one step: temporary file in the same directory (0600), sync, rename.
///
/// # Errors
/// When it cannot be written; the old content is then still there.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), IoError> {
    persist(temporary(path, &mut named(), content)?, path)
}

/// Writes a file that anybody may read, in one step.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn write_public(path: &Path, content: &[u8]) -> Result<(), IoError> {
    let mut builder = named();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    persist(temporary(path, &mut builder, content)?, path)
}

/// Replaces a file of the user in one step, keeping its mode and, where it is a link, the link.
///
/// # Errors
/// When it cannot be replaced; it is then as it was.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), IoError> {
    let path = canonical(path).unwrap_or_else(|_| path.to_owned());
    if let Some(dir) = path.parent() {
        create_private_dir(dir)?;
    }
    let file = temporary(&path, &mut named(), text.as_bytes())?;
    if let Ok(known) = fs::metadata(&path) {
        let set = file.as_file().set_permissions(known.permissions());
        set.map_err(IoError::at("set the mode of", &path))?;
    }
    persist(file, &path)
}

fn named() -> Builder<'static, 'static> {
    let (prefix, suffix) = TEMPORARY;
    let mut builder = Builder::new();
    builder.prefix(prefix).suffix(suffix).rand_bytes(RANDOM);
    builder
}

/// A synced temporary file with `content`, in the directory of `path`.
fn temporary(
    path: &Path,
    builder: &mut Builder<'_, '_>,
    content: &[u8],
) -> Result<NamedTempFile, IoError> {
    let write = || {
        let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(content)?;
        file.as_file().sync_data()?;
        Ok(file)
    };
    write().map_err(IoError::at("write", path))
}

fn persist(file: NamedTempFile, path: &Path) -> Result<(), IoError> {
    cc_core::fs::persist(file, path).map_err(IoError::at("replace", path))
}

/// The file that `path` resolves to, if it exists and cannot be replaced.
pub(crate) fn locked(path: &Path) -> Option<PathBuf> {
    let path = canonical(path).ok()?;
    let dir = path.parent().unwrap_or(&path);
    (!is_writable(&path) || !is_writable(dir)).then_some(path)
}

/// Whether we may write to a file, or make files in a directory.
#[cfg(unix)]
pub(crate) fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Whether we may write to a file, or make files in a directory.
#[cfg(not(unix))]
pub(crate) fn is_writable(path: &Path) -> bool {
    path.is_dir() || fs::metadata(path).is_ok_and(|known| !known.permissions().readonly())
}

/// The temporary files in `dir` that a killed call of ours left: regular files with such names.
///
/// Only the holder of the installer's lock may remove them: another call may still write one.
#[must_use]
pub(crate) fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let (prefix, suffix) = TEMPORARY;
    let is_ours = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix(prefix));
        let random = name.and_then(|name| name.strip_suffix(suffix));
        random.is_some_and(|random| {
            random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }) && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(is_ours).map(|entry| entry.path()).collect()
}

/// The backup of a file from before our first change.
#[must_use]
pub(crate) fn backup_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".cc-backup");
    path.with_file_name(name)
}

/// Restores a file byte for byte if it has the same meaning as its backup, and removes the backup.
///
/// `plain` removes from a text what has no meaning.
pub(crate) fn settle_backup(path: &Path, plain: impl Fn(&str) -> String) -> Result<(), IoError> {
    let backup = backup_of(path);
    let (Some(before), now) = (read_text(&backup)?, read_text(path)?) else {
        return Ok(());
    };
    let now = now.unwrap_or_default();
    let said = |text: &str| plain(&unix(text)).trim_end().to_owned();
    if said(&now) != said(&before) {
        return Ok(());
    }
    if now != before {
        replace(path, &before)?;
    }
    remove_if_there(&backup)
}

/// Removes a directory with its content; a missing one counts as removed.
pub(crate) fn remove_dir(path: &Path) -> Result<(), IoError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(IoError::at("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a directory and its parents below `root` as far as they are empty.
pub(crate) fn prune_empty(path: &Path, root: &Path) {
    let below = path
        .ancestors()
        .take_while(|dir| *dir != root && dir.starts_with(root));
    for dir in below {
        // A directory that is not empty stays, and so do its parents.
        if fs::remove_dir(dir).is_err() && dir.exists() {
            return;
        }
    }
}

/// SHA-256 of a file in hex; `None` where it cannot be read.
pub(crate) fn digest(path: &Path) -> Option<String> {
    let bytes = read_bounded(path, BINARY_LIMIT).ok()?;
    Some(
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

/// Whether both are files of the same content.
pub(crate) fn same_content(one: &Path, other: &Path) -> bool {
    let size = |path: &Path| {
        fs::metadata(path)
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|file| file.len())
    };
    let Some(size) = size(one).filter(|known| size(other) == Some(*known)) else {
        return false;
    };
    let read = |path: &Path| read_bounded(path, size).ok();
    one == other || read(one).is_some_and(|content| read(other) == Some(content))
}

/// Copies a program in one step; a running old one is not affected.
pub(crate) fn copy_program(from: &Path, to: &Path) -> Result<(), IoError> {
    let bytes = read_bounded(from, BINARY_LIMIT)?;
    let dir = to.parent().unwrap_or(Path::new("."));
    create_private_dir(dir)?;
    let mut builder = named();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755));
    let file = temporary(to, &mut builder, &bytes)?;
    // Windows does not replace a running program, but lets it be renamed.
    if cfg!(windows) && to.exists() {
        set_aside(to)?;
    }
    persist(file, to)
}

/// Renames a running program, in place of one renamed earlier that no longer runs.
fn set_aside(program: &Path) -> Result<(), IoError> {
    for aside in asides(program) {
        if remove_if_there(&aside).is_ok() {
            return fs::rename(program, &aside).map_err(IoError::at("rename", program));
        }
    }
    Ok(())
}

/// Where copies of a program may be that ran when a new one took its place.
fn asides(program: &Path) -> impl Iterator<Item = PathBuf> {
    let count = if cfg!(windows) { 100 } else { 0 };
    (0..count).map(|n| program.with_extension(format!("old{n}")))
}

/// Removes a program, also one that runs: Windows can only rename that, so it goes to the first of `temporary` that
/// takes it, which has to be on the same volume.
///
/// # Errors
/// When it can be neither removed nor moved.
pub(crate) fn remove_program(program: &Path, temporary: &[PathBuf]) -> Result<(), IoError> {
    let mut files = asides(program).filter(|aside| aside.exists());
    files.try_for_each(|aside| remove_or_move(&aside, temporary))?;
    remove_or_move(program, temporary)
}

/// Removes what [`copy_program`] renamed beside these programs, as far as it no longer runs.
pub(crate) fn remove_ended_asides<'a>(programs: impl Iterator<Item = &'a Path>) {
    programs.flat_map(asides).for_each(remove_ended);
}

/// Removes what [`remove_program`] moved to one of `temporary`, as far as it no longer runs.
pub(crate) fn remove_ended_programs(temporary: &[PathBuf]) {
    let dirs = temporary.iter().filter(|_| cfg!(windows));
    dirs.flat_map(|dir| leftovers(dir)).for_each(remove_ended);
}

/// Windows keeps a program that runs.
fn remove_ended(program: PathBuf) {
    let _ = fs::remove_file(program);
}

fn remove_or_move(file: &Path, temporary: &[PathBuf]) -> Result<(), IoError> {
    let Err(mut failed) = remove_if_there(file) else {
        return Ok(());
    };
    for dir in temporary.iter().filter(|_| cfg!(windows)) {
        // The name is a random one: on Windows a file that had it would be replaced.
        let moved = named().make_in(dir, |to| fs::rename(file, to));
        match moved.and_then(|moved| Ok(moved.keep()?)) {
            Ok(_) => return Ok(()),
            Err(error) => failed = IoError::at("move", file)(error),
        }
    }
    Err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_restores_the_bytes_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, "a = 1\r\nb = 2").unwrap();
        fs::copy(&path, backup_of(&path)).unwrap();
        replace(&path, "a = 1\nb = 2\n").unwrap();
        settle_backup(&path, str::to_owned).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a = 1\r\nb = 2");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_backup_of_another_state_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(backup_of(&path), "a = 1\n").unwrap();
        replace(&path, "a = 2\n").unwrap();
        settle_backup(&path, str::to_owned).unwrap();
        assert_eq!(read_text(&path).unwrap().as_deref(), Some("a = 2\n"));
        assert!(backup_of(&path).exists());
    }

    #[test]
    #[cfg(unix)]
    fn links_and_modes_stay() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&link, "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }

    #[test]
    fn a_program_that_cannot_be_copied_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("bin/to"));
        fs::write(&from, "one").unwrap();
        copy_program(&from, &to).unwrap();
        assert!(copy_program(&dir.path().join("gone"), &to).is_err());
        assert_eq!(digest(&to), digest(&from));
        assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn only_regular_files_of_our_naming_are_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        // What a kill leaves: the file before its rename.
        let left = temporary(&path("config.toml"), &mut named(), b"half").unwrap();
        let left = left.keep().unwrap().1;
        fs::create_dir_all(path(".cc-installer-dirdir.tmp/inner")).unwrap();
        for name in [
            ".tmp-abc123",
            ".cc-installer-abc123",
            ".cc-installer-my-own.tmp",
            ".cc-installer-abc1234.tmp",
            "config.toml",
        ] {
            fs::write(path(name), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("config.toml", path(".cc-installer-link00.tmp")).unwrap();
        assert_eq!(leftovers(dir.path()), [left]);
        assert!(leftovers(&path("nowhere")).is_empty());
    }

    #[test]
    fn only_empty_directories_are_pruned() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b/c")).unwrap();
        fs::write(dir.path().join("a/file"), "").unwrap();
        prune_empty(&dir.path().join("a/b/c"), dir.path());
        assert!(dir.path().join("a/file").exists() && !dir.path().join("a/b").exists());
    }
}
