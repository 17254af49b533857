//! The validator of SARIF by the makers of its SDK, and the official schema that comes with it.

use std::path::{Path, PathBuf};

use super::fetch::{PeerError, fetched_once, npm_install};

/// The npm package, with its version.
const PACKAGE: &str = "@microsoft/sarif-multitool-linux@5.7.0";

/// The directory of the validator (`Sarif.Multitool`) and the schema (`sarif-2.1.0.json`).
///
/// # Panics
/// When it cannot be installed.
pub fn sarif_multitool() -> PathBuf {
    let find = |dir: &Path| {
        let package = dir.join("node_modules/@microsoft/sarif-multitool-linux");
        Some(package).filter(|package| package.join("Sarif.Multitool").exists())
    };
    fetched_once("sarif-multitool-5.7.0", find, install).unwrap_or_else(|error| panic!("{error}"))
}

fn install(fresh: &Path) -> Result<(), PeerError> {
    npm_install(PACKAGE, PACKAGE, fresh, &[])
}
