//! Packages of the distribution, unpacked into a directory: without root, and without a change to the machine.

use std::fs;
use std::path::Path;

use cc_core::IoError;

use super::fetch::{PeerError, list, run, tool};

/// Downloads the packages with what they need beyond the installed ones, and unpacks them into `root` of `fresh`.
pub(super) fn unpack(
    fresh: &Path,
    packages: &[&str],
    further_options: &[String],
) -> Result<(), PeerError> {
    let needed = [
        "--no-install-recommends",
        "--download-only",
        "--reinstall",
        "install",
    ];
    fetch(fresh, &needed, packages, further_options)
}

/// Downloads these packages alone, of the release that is in the making, and unpacks them into `root` of `fresh`.
///
/// # Errors
/// Where the machine has no sources of Debian.
pub(super) fn unpack_unstable(fresh: &Path, packages: &[&str]) -> Result<(), PeerError> {
    let sources = fresh.join("sources.list");
    let mirror = mirror()?;
    let line = format!(
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} sid main\n"
    );
    fs::write(&sources, line).map_err(IoError::at("write", &sources))?;
    let options = [
        format!("Dir::Etc::SourceList={}", sources.display()),
        "Dir::Etc::SourceParts=/dev/null".to_owned(),
        "Acquire::Languages=none".to_owned(),
    ];
    fetch(fresh, &["download"], packages, &options)
}

/// Where the machine gets the packages of Debian from.
fn mirror() -> Result<String, PeerError> {
    let mut targets = tool("apt-get");
    let format = "$(ORIGIN) $(REPO_URI)";
    targets.args(["indextargets", "--format", format, "Created-By: Packages"]);
    let listed = targets
        .output()
        .map_err(IoError::at("run", Path::new("apt-get")))?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut lines = listed.lines();
    let mirror = lines.find_map(|line| line.strip_prefix("Debian "));
    let none = || PeerError::NoSources("Debian");
    mirror.map(str::to_owned).ok_or_else(none)
}

fn fetch(
    fresh: &Path,
    how: &[&str],
    packages: &[&str],
    further_options: &[String],
) -> Result<(), PeerError> {
    let what = packages.join(" and ");
    let (state, cache) = (fresh.join("apt/state"), fresh.join("apt/cache"));
    let archives = cache.join("archives");
    for dir in [state.join("lists/partial"), archives.join("partial")] {
        fs::create_dir_all(&dir).map_err(IoError::at("create directory", &dir))?;
    }
    // Directories of our own, so that root is not needed and the machine's own lists stay as they are.
    let options = [
        format!("Dir::State={}", state.display()),
        "Dir::State::status=/var/lib/dpkg/status".to_owned(),
        format!("Dir::Cache={}", cache.display()),
        "APT::Sandbox::User=".to_owned(),
        "APT::Update::Post-Invoke=".to_owned(),
        "DPkg::Post-Invoke=".to_owned(),
        "Debug::NoLocking=1".to_owned(),
    ];
    let apt_get = || {
        let mut command = tool("apt-get");
        command.args(["-q", "-q", "-y"]).env("LANG", "C.UTF-8");
        for option in options.iter().chain(further_options) {
            command.args(["-o", option]);
        }
        command
    };
    run(&what, "apt-get", apt_get().arg("update"))?;
    let mut bring = apt_get();
    // Where `download` leaves what it brings.
    bring.current_dir(&archives).args(how);
    run(&what, "apt-get", bring.args(packages))?;
    let root = fresh.join("root");
    for package in list(&archives) {
        if package
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            let mut unpack = tool("dpkg-deb");
            run(&what, "dpkg-deb", unpack.arg("-x").arg(package).arg(&root))?;
        }
    }
    Ok(fs::remove_dir_all(fresh.join("apt")).map_err(IoError::at("remove", fresh))?)
}

/// The distribution and its version, such as `debian-12`: packages of one release do not run on another, and a
/// checkout may be used by several.
pub(super) fn release() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let keep = |c: &char| c.is_ascii_alphanumeric() || *c == '.';
        line.unwrap_or("unknown")
            .chars()
            .filter(keep)
            .collect::<String>()
    };
    format!("{}-{}", value("ID="), value("VERSION_ID="))
}
