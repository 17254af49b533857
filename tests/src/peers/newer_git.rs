//! A Git with hooks in its configuration (2.54), which no released distribution has yet.

use std::path::{Path, PathBuf};

use super::debian;
use super::fetch::{PeerError, fetched_once, tool};

/// What Git starts with: itself and its libraries, the C library among them.
const PACKAGES: [&str; 4] = ["git", "libc6", "libpcre2-8-0", "zlib1g"];

/// The first that has them.
const NEEDED: (u32, u32) = (2, 54);

/// A `git` of version 2.54 or newer: unpacked from Debian's packages, or the machine's own where that is new
/// enough.
///
/// # Errors
/// When neither works, with what to install.
pub fn newer_git() -> Result<PathBuf, PeerError> {
    let own = PathBuf::from("git");
    if is_new_enough(&own) {
        return Ok(which(&own));
    }
    let is_there = |dir: &Path| Some(dir.join("bin/git")).filter(|git| is_new_enough(git));
    let fetched = fetched_once("newer-git", is_there, |fresh| {
        debian::unpack_unstable(fresh, &PACKAGES)?;
        write_starter(fresh);
        Ok(())
    });
    fetched.map_err(|error| PeerError::NewerGit {
        reason: error.to_string(),
    })
}

/// Makes `bin/git`, which starts the unpacked one with its own libraries, also where Git starts itself.
fn write_starter(fresh: &Path) {
    let bin = fresh.join("bin");
    std::fs::create_dir_all(&bin).expect("a fresh directory is writable");
    let script = "#!/bin/sh\n\
         here=$(dirname \"$(readlink -f \"$0\")\")\n\
         libraries=$(printf '%s:' \"$here\"/../root/usr/lib/*-linux-*/)\n\
         loader=$(printf '%s\\n' \"$here\"/../root/usr/lib/*-linux-*/ld-linux*.so.* | head -n 1)\n\
         GIT_EXEC_PATH=$here\n\
         export GIT_EXEC_PATH\n\
         exec \"$loader\" --library-path \"$libraries\" \"$here/../root/usr/bin/git\" \"$@\"\n";
    cc_executable::write(bin.join("git"), script);
}

fn is_new_enough(git: &Path) -> bool {
    let output = tool(&git.to_string_lossy()).arg("version").output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    version(&String::from_utf8_lossy(&output)).is_some_and(|version| version >= NEEDED)
}

/// The first two numbers of `git version 2.55.0`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.strip_prefix("git version ")?.split('.');
    Some((
        numbers.next()?.parse().ok()?,
        numbers.next()?.trim().parse().ok()?,
    ))
}

/// Where a program of the PATH is.
fn which(program: &Path) -> PathBuf {
    let path = cc_core::Env::from_process().expect("the test has a directory");
    let dirs = std::env::split_paths(path.var("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let mut places = dirs.iter().map(|dir| dir.join(program));
    places
        .find(|place| place.is_file())
        .unwrap_or_else(|| program.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("git version 2.9.1\n"), Some((2, 9)));
        assert!(version("git version 2.100.windows.1").unwrap() > NEEDED);
        assert_eq!(version("no git"), None);
    }
}
