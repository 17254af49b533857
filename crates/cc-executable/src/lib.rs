//! Executable files for tests, and other files that are made by programs. Executables are safe to start while other threads start programs.
//!
//! A child that another thread starts inherits every file that this process has open for writing until
//! it runs its own program. Nobody can execute such a file meanwhile (`ETXTBSY`, "Text file busy"). So
//! the file that a test starts is created by another process: `install`.
//!
//! Every test makes its executables here; the suite `executables` of cc-tests checks that. Those that the
//! product is to find by its own search lie in a [`dir`].

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory for programs that the product finds, removed when it is dropped: not among temporary files, where it
/// takes no program from. Its path is short, for the sockets in it.
///
/// # Panics
/// When there is no place for it.
#[must_use]
pub fn dir() -> TempDir {
    let exe = std::env::current_exe().expect("the running test has a path");
    // A test is `target/debug/deps/NAME`, another program `target/debug/NAME`.
    let mut above = exe.ancestors().skip(1);
    let target = match above.next() {
        Some(dir) if dir.ends_with("deps") => above.nth(1),
        _ => above.next(),
    };
    let target = target.expect("the running test lies in a target directory");
    tempfile::Builder::new()
        .prefix("")
        .tempdir_in(place(target, "s"))
        .expect("a place that was just written")
}

/// A directory `name` for programs that the product finds: in `target`, or for a checkout among temporary files, or
/// one of another user, below the home directory. Links are followed.
///
/// # Panics
/// When others could write both.
#[must_use]
pub fn place(target: &Path, name: &str) -> PathBuf {
    let home = std::env::home_dir().map(|home| home.join(".cache/cc-tests"));
    let places = [Some(target.to_owned()), home].into_iter().flatten();
    let mut places = places.map(|place| place.join(name)).filter_map(|place| {
        fs::create_dir_all(&place).ok()?;
        // Windows would give the form of its kernel, which is no everyday path.
        match cfg!(windows) {
            true => std::path::absolute(&place).ok(),
            false => place.canonicalize().ok(),
        }
    });
    let place = places.find(|place| is_ours_alone(place));
    place.expect("a target or home directory that others cannot write, outside of /tmp")
}

/// Whether no other user could have put a program there, nor a command in a sandbox.
fn is_ours_alone(dir: &Path) -> bool {
    let temporary = std::env::temp_dir().canonicalize();
    let fixed = ["/tmp", "/var/tmp", "/dev/shm"].map(PathBuf::from);
    let mut temporary = temporary.into_iter().chain(fixed);
    !temporary.any(|place| dir.starts_with(place)) && is_kept_by_us(dir)
}

#[cfg(unix)]
fn is_kept_by_us(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = |path: &Path| fs::metadata(path).map(|meta| meta.uid()).ok();
    let owners = [owner(dir), owner(Path::new("/"))];
    dir.ancestors()
        .filter_map(|dir| fs::metadata(dir).ok())
        .all(|meta| owners.contains(&Some(meta.uid())) && meta.mode() & 0o002 == 0)
}

#[cfg(not(unix))]
fn is_kept_by_us(_: &Path) -> bool {
    true
}

/// Writes an executable file, such as a script.
///
/// # Panics
/// When it cannot be written.
#[track_caller]
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let path = path.as_ref();
    let draft = draft(path);
    fs::write(&draft, content).unwrap_or_else(|error| panic!("{}: {error}", draft.display()));
    install(&draft, path);
}

/// Makes a file executable: another file with the same content takes its place.
///
/// # Panics
/// When it cannot be replaced.
#[track_caller]
pub fn make_executable(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let draft = draft(path);
    fs::rename(path, &draft).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    install(&draft, path);
}

fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".draft");
    name.into()
}

/// Makes a named pipe, which whoever opens it waits for.
///
/// # Panics
/// When it cannot be made.
#[cfg(unix)]
#[track_caller]
pub fn make_fifo(path: impl AsRef<Path>) {
    // The system call is not the same everywhere; the program is.
    let status = std::process::Command::new("mkfifo")
        .arg(path.as_ref())
        .status();
    let made = status.is_ok_and(|status| status.success());
    assert!(made, "cannot make the pipe {}", path.as_ref().display());
}

#[cfg(unix)]
#[track_caller]
fn install(draft: &Path, path: &Path) {
    let mut install = std::process::Command::new("install");
    let status = install.args(["-m", "755"]).arg(draft).arg(path).status();
    let installed = status.is_ok_and(|status| status.success());
    assert!(installed, "cannot install {}", path.display());
    fs::remove_file(draft).unwrap_or_else(|error| panic!("{}: {error}", draft.display()));
}

#[cfg(not(unix))]
#[track_caller]
fn install(draft: &Path, path: &Path) {
    fs::rename(draft, path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;

    #[test]
    fn an_executable_can_be_started_while_others_are_written() {
        let dir = dir();
        let dir = dir.path();
        let write_and_run = |thread: usize| {
            for n in 0..25 {
                let path = dir.join(format!("{thread}-{n}"));
                write(&path, "#!/bin/sh\nexit 7\n");
                assert_eq!(Command::new(&path).status().unwrap().code(), Some(7));
                make_executable(&path);
                assert_eq!(Command::new(&path).status().unwrap().code(), Some(7));
            }
        };
        thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || write_and_run(thread));
            }
        });
        let left = fs::read_dir(dir).unwrap().count();
        assert_eq!(left, 200, "no draft stays");
    }
}
