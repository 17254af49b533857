//! Tasks handed to Claude: to the scripted one, and, where it is installed for tests, to the real Claude Code with a
//! loopback server for the Messages API.

#[cfg(unix)] // The real Claude.
mod access;
mod broken;
#[cfg(target_os = "linux")]
pub(crate) mod builds;
#[cfg(target_os = "linux")]
mod cage;
mod continuing;
mod faults;
mod home;
#[cfg(unix)] // Git is a script.
mod interrupted;
mod isolated;
#[cfg(target_os = "linux")]
mod leftovers;
#[cfg(target_os = "linux")]
mod places;
mod prompt;
mod protected;
#[cfg(unix)] // The real Claude.
mod real;
mod settings;
#[cfg(target_os = "linux")]
mod shadow;
#[cfg(target_os = "linux")]
pub(crate) mod shell;
mod trust;

use std::collections::BTreeSet;
use std::path::{MAIN_SEPARATOR, Path};
use std::time::Duration;

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(120);

/// The most that a rescue may do on each system: on Windows there is no sandbox for one that writes.
const ACCESS: &str = if cfg!(windows) {
    "--read-only"
} else {
    "--write"
};

/// All that lies in a directory, with `/` in its paths, Git's objects and logs apart.
fn files(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace(MAIN_SEPARATOR, "/");
            if name == ".git/objects" || name == ".git/logs" {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            }
            found.insert(name);
        }
    }
    found
}
