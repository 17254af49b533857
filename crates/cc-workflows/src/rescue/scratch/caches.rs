//! Caches of build tools for sandboxed commands, which cannot write the user's own.
//!
//! What the user has downloaded can be used and nothing in it changed: a cache of the run's own, with
//! links to the user's files. Where the user lets commands write a cache, it is used itself.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use cc_core::Env;
use cc_core::fs::create_private_dir;

/// The most files of one cache; the rest is not seen.
const FILES: usize = 50_000;

/// A tool that fails where it cannot write its cache.
struct Cache {
    /// The variable that names it.
    variable: &'static str,
    /// Where it is without the variable, below the home directory.
    usual: &'static str,
    /// What is used of the user's, and how.
    seen: &'static [(&'static str, Seen)],
}

/// How a part of the user's cache is seen.
#[derive(Clone, Copy)]
enum Seen {
    /// As one link: never written.
    Whole,
    /// As a link for each file, in directories that can be written.
    Files,
    /// As copies, which the tool changes in place.
    Copies,
}

const CACHES: [Cache; 3] = [
    Cache {
        variable: "CARGO_HOME",
        usual: ".cargo",
        seen: &[
            ("config.toml", Seen::Whole),
            ("config", Seen::Whole),
            ("bin", Seen::Whole),
            ("registry/index", Seen::Whole),
            ("registry/cache", Seen::Files),
            ("git/db", Seen::Whole),
        ],
    },
    Cache {
        variable: "npm_config_cache",
        usual: ".npm",
        seen: &[
            ("_cacache/content-v2", Seen::Files),
            ("_cacache/index-v5", Seen::Copies),
        ],
    },
    Cache {
        variable: "GOCACHE",
        usual: ".cache/go-build",
        seen: &[],
    },
];

/// Makes the caches in `dir`, but for those in `writable`. Returns the variables that name them.
pub(super) fn make(env: &Env, dir: &Path, writable: &[PathBuf]) -> Vec<(OsString, OsString)> {
    let mut variables = Vec::new();
    for cache in &CACHES {
        let own = env
            .var(cache.variable)
            .map(|dir| env.absolute(Path::new(dir)));
        let Some(users) = own.or_else(|| Some(env.home()?.join(cache.usual))) else {
            continue;
        };
        if writable.iter().any(|path| users.starts_with(path)) {
            continue;
        }
        let place = dir.join(cache.variable);
        let mut left = FILES;
        for (name, seen) in cache.seen {
            // What cannot be linked is missing from the cache, as if it had never been downloaded.
            let _ = see(&users.join(name), &place.join(name), *seen, &mut left);
        }
        if create_private_dir(&place).is_ok() {
            variables.push((cache.variable.into(), place.into()));
        }
    }
    variables
}

fn see(from: &Path, to: &Path, seen: Seen, left: &mut usize) -> std::io::Result<()> {
    let is_dir = fs::metadata(from)?.is_dir();
    if is_dir && !matches!(seen, Seen::Whole) {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            see(&from.join(&name), &to.join(&name), seen, left)?;
        }
        return Ok(());
    }
    let Some(fewer) = left.checked_sub(1) else {
        return Ok(());
    };
    *left = fewer;
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    match seen {
        Seen::Copies => fs::copy(from, to).map(drop),
        Seen::Whole | Seen::Files => link(from, to),
    }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
