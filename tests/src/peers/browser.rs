//! A browser without a window, to look at pages as people do: Chromium from the distribution's packages.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cc_core::IoError;

use super::debian::{release, unpack};
use super::fetch::{PeerError, fetched_once};

/// The browser, a font, and what finds the font.
const PACKAGES: [&str; 3] = [
    "chromium-headless-shell",
    "fonts-dejavu-core",
    "fontconfig-config",
];

/// What of 300 MB is never used.
const UNUSED: [&str; 6] = [
    "usr/share/doc",
    "usr/share/icons",
    "usr/share/locale",
    "usr/share/man",
    "usr/lib/chromium/libVkLayer_khronos_validation.so",
    "usr/lib/chromium/locales",
];

/// A program that starts Chromium without a window; unpacked from the distribution's packages, or the machine's own
/// where that has no `apt-get`.
///
/// # Panics
/// When there is neither, with the reason.
pub fn browser() -> PathBuf {
    let find = |dir: &Path| Some(dir.join("bin/chromium")).filter(|path| path.exists());
    let name = format!("chromium-{}", release());
    fetched_once(&name, find, install).unwrap_or_else(|error| panic!("{error}"))
}

fn install(fresh: &Path) -> Result<(), PeerError> {
    let bin = fresh.join("bin");
    fs::create_dir_all(&bin).map_err(IoError::at("create directory", &bin))?;
    let starter = bin.join("chromium");
    let Err(error) = unpack(fresh, &PACKAGES, &[]) else {
        for path in UNUSED.map(|path| fresh.join("root").join(path)) {
            // What is not there needs no removal.
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
        return write_starter(&starter);
    };
    let own = ["chromium", "chromium-browser", "google-chrome"].into_iter();
    let mut own =
        own.flat_map(|name| ["/usr/bin", "/usr/local/bin"].map(|dir| Path::new(dir).join(name)));
    let own = own.find(|path| path.exists()).ok_or(error)?;
    Ok(symlink(own, &starter).map_err(IoError::at("link", &starter))?)
}

fn write_starter(starter: &Path) -> Result<(), PeerError> {
    let script = "#!/bin/sh\n\
         root=$(dirname \"$(readlink -f \"$0\")\")/../root\n\
         LD_LIBRARY_PATH=$(printf '%s:' \"$root\"/usr/lib/*/ \"$root\"/usr/lib/*/*/ \"$root\"/lib/*/)\n\
         FONTCONFIG_FILE=$root/etc/fonts/fonts.conf FONTCONFIG_SYSROOT=$root\n\
         export LD_LIBRARY_PATH FONTCONFIG_FILE FONTCONFIG_SYSROOT\n\
         exec \"$root/usr/lib/chromium/chromium-headless-shell\" \"$@\"\n";
    cc_executable::write(starter, script);
    Ok(())
}
