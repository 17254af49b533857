//! Shells, fetched without root and without a change to the machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::debian::{self, release};
use super::fetch::{PeerError, fetched_once, list};

/// The directory with `usr/bin/fish`, `bin/zsh-static` and what they read, unpacked from the distribution's packages.
///
/// # Errors
/// When the packages cannot be fetched.
pub fn shells() -> Result<PathBuf, PeerError> {
    let is_there = |dir: &Path| {
        let root = dir.join("root");
        root.join("usr/bin/fish").exists().then_some(root)
    };
    let packages = ["fish", "fish-common", "zsh-static", "zsh-common"];
    fetched_once(&format!("shells-{}", release()), is_there, |fresh| {
        debian::unpack(fresh, &packages, &[])
    })
}

/// `LD_LIBRARY_PATH` for programs in the directory that [`shells`] gives.
#[must_use]
pub fn libraries(root: &Path) -> OsString {
    let dirs = ["usr/lib", "lib"].map(|dir| list(&root.join(dir)));
    let dirs = dirs.into_iter().flatten().filter(|path| path.is_dir());
    std::env::join_paths(dirs).unwrap_or_default()
}
