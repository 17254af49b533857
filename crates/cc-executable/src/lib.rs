//! Executable files for tests, safe to start while other threads start programs.
//!
//! A child that another thread starts inherits every file that this process has open for writing until
//! it runs its own program. Nobody can execute such a file meanwhile (`ETXTBSY`, "Text file busy"). So
//! the file that a test starts is created by another process: `install`.
//!
//! Every test makes its executables here; the suite `executables` of cc-tests checks that.

use std::fs;
use std::path::{Path, PathBuf};

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
        let dir = std::env::temp_dir().join(format!("cc-executable-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
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
        let left = fs::read_dir(&dir).unwrap().count();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(left, 200, "no draft stays");
    }
}
