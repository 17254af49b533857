//! What all parts of a release share: its targets, and where it is made.

use std::path::PathBuf;

use super::archive::{self, Pack};
use super::commands::Done;

/// The version of everything.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The programs of an archive.
pub(super) use cc_tests::binaries::PROGRAMS;

/// A target with what other systems call it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) triple: &'static str,
    /// `os` and `cpu` of npm.
    pub(super) npm: (&'static str, &'static str),
    /// The architecture of a Debian package.
    pub(super) debian: Option<&'static str>,
    /// `OS` and `Hardware::CPU` of Homebrew.
    pub(super) homebrew: Option<(&'static str, &'static str)>,
}

/// The targets of a release. Those of macOS can only be built there.
pub(super) const TARGETS: [Target; 5] = [
    Target {
        triple: "x86_64-unknown-linux-musl",
        npm: ("linux", "x64"),
        debian: Some("amd64"),
        homebrew: Some(("linux", "intel")),
    },
    Target {
        triple: "aarch64-unknown-linux-musl",
        npm: ("linux", "arm64"),
        debian: Some("arm64"),
        homebrew: Some(("linux", "arm")),
    },
    Target {
        triple: "x86_64-apple-darwin",
        npm: ("darwin", "x64"),
        debian: None,
        homebrew: Some(("macos", "intel")),
    },
    Target {
        triple: "aarch64-apple-darwin",
        npm: ("darwin", "arm64"),
        debian: None,
        homebrew: Some(("macos", "arm")),
    },
    Target {
        triple: "x86_64-pc-windows-gnu",
        npm: ("win32", "x64"),
        debian: None,
        homebrew: None,
    },
];

/// What all parts of a release share.
pub(super) struct Release {
    pub(super) root: PathBuf,
    /// Where it is made.
    pub(super) out: PathBuf,
    /// The time of all files, in seconds since 1970: that of the commit.
    pub(super) time: u64,
    pub(super) pack: Pack,
}

impl Release {
    /// The targets whose archives are there.
    pub(super) fn archives(&self) -> Vec<&'static Target> {
        let is_there = |target: &&Target| self.out.join(target.archive()).is_file();
        TARGETS.iter().filter(is_there).collect()
    }

    /// The content of the one file of an archive's programs.
    pub(super) fn program(&self, target: &Target, name: &str) -> Done<Vec<u8>> {
        let entries = archive::read(&self.out.join(target.archive()))?;
        let wanted = target.path(&format!("{name}{}", target.suffix()));
        let found = entries.into_iter().find(|entry| entry.path == wanted);
        Ok(found
            .ok_or(format!("{wanted} is not in its archive"))?
            .content)
    }
}

impl Target {
    pub(super) fn named(triple: &str) -> Done<&'static Self> {
        let found = TARGETS.iter().find(|target| target.triple == triple);
        found.ok_or_else(|| format!("there are no releases for {triple}").into())
    }

    pub(super) fn is_windows(&self) -> bool {
        self.npm.0 == "win32"
    }

    /// What the names of programs end with.
    pub(super) fn suffix(&self) -> &'static str {
        if self.is_windows() { ".exe" } else { "" }
    }

    /// The directory in the archive.
    pub(super) fn name(&self) -> String {
        format!("cc-{VERSION}-{}", self.triple)
    }

    pub(super) fn archive(&self) -> String {
        let kind = if self.is_windows() { "zip" } else { "tar.gz" };
        format!("{}.{kind}", self.name())
    }

    pub(super) fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.name())
    }
}
