//! Programs and libraries from PyPI, in an environment of their own below target.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::commands::{Done, succeed};
use super::release::Release;

/// The directory of the programs of an environment with `packages`, which is made once.
pub(super) fn environment(release: &Release, name: &str, packages: &[&str]) -> Done<PathBuf> {
    let dir = release.root.join("target").join(name);
    let bin = dir.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let wanted = packages.join("\n");
    let noted = dir.join("packages.txt");
    if fs::read_to_string(&noted).is_ok_and(|it| it == wanted) {
        return Ok(bin);
    }
    succeed(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&dir),
    )?;
    let mut pip = Command::new(bin.join("pip"));
    pip.args(["--quiet", "--disable-pip-version-check", "install"]);
    succeed(pip.args(packages))?;
    fs::write(noted, wanted)?;
    Ok(bin)
}
