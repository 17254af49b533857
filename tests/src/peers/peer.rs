//! One version of a host, and its installation by npm.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::fetch::{PeerError, fetched_once, list, npm_install, run, tool};

/// A program that `cc` works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Claude Code.
    ClaudeCode,
    /// Codex.
    Codex,
}

/// One version of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer<'a> {
    /// The program.
    pub program: Program,
    /// Its exact version.
    pub version: &'a str,
}

/// The kind of system that a native binary is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux or macOS.
    Unix,
    /// Windows, or Wine, which has no npm: what its tests need is installed from outside.
    Windows,
}

impl System {
    /// The one that this process runs on.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Unix
    };

    fn binary_name(self, program: &str) -> String {
        match self {
            Self::Unix => program.to_owned(),
            Self::Windows => format!("{program}.exe"),
        }
    }

    /// What tells npm to install for it.
    fn npm_flags(self) -> &'static [&'static str] {
        match self {
            Self::Windows if self != Self::HERE => &["--os=win32", "--cpu=x64"],
            _ => &[],
        }
    }
}

impl Peer<'_> {
    /// The native binary, installed where needed.
    ///
    /// # Errors
    /// When npm is missing or refuses, or the lock stays held for ten minutes.
    pub fn ensure(self) -> Result<PathBuf, PeerError> {
        self.ensure_for(System::HERE)
    }

    /// The native binary for another system too, installed where needed.
    ///
    /// # Errors
    /// As for [`Peer::ensure`].
    pub fn ensure_for(self, system: System) -> Result<PathBuf, PeerError> {
        let mut name = format!("{}-{}", self.program.name(), self.version);
        if system == System::Windows {
            name += "-windows";
        }
        let binary = |dir: &Path| self.program.binary(dir, system);
        fetched_once(&name, binary, |fresh| self.install(fresh, system))
    }

    fn install(self, fresh: &Path, system: System) -> Result<(), PeerError> {
        let spec = format!("{}@{}", self.program.package(), self.version);
        npm_install(&self.to_string(), &spec, fresh, system.npm_flags())?;
        let script = fresh.join("node_modules").join(self.program.package());
        let script = script.join("install.cjs");
        if self.program.binary(fresh, system).is_none() && script.exists() {
            // npm may be set up not to run install scripts.
            run(&self.to_string(), "node", tool("node").arg(script))?;
        }
        Ok(())
    }
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.program.name(), self.version)
    }
}

impl<'a> TryFrom<&'a str> for Peer<'a> {
    type Error = PeerError;

    /// Reads `claude-code@2.1.332` or `codex@0.169.0`.
    fn try_from(text: &'a str) -> Result<Self, PeerError> {
        let programs = [Program::ClaudeCode, Program::Codex];
        let parsed = text.split_once('@').and_then(|(name, version)| {
            let program = programs
                .into_iter()
                .find(|program| program.name() == name)?;
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            // Exact, and safe as part of a file name.
            version
                .split('.')
                .all(digits)
                .then_some(Peer { program, version })
        });
        parsed.ok_or_else(|| PeerError::Unknown(text.to_owned()))
    }
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::ClaudeCode => "@anthropic-ai/claude-code",
            Self::Codex => "@openai/codex",
        }
    }

    /// The native binary of an installation in `dir`; `None` where it is not complete.
    fn binary(self, dir: &Path, system: System) -> Option<PathBuf> {
        let modules = dir.join("node_modules");
        let native = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.len() > 1 << 20);
        match self {
            // A small script stands there until the package's install script has run.
            Self::ClaudeCode => {
                let bin = modules
                    .join("@anthropic-ai")
                    .join("claude-code")
                    .join("bin");
                Some(bin.join("claude.exe")).filter(native)
            }
            Self::Codex => {
                let exe = system.binary_name("codex");
                let vendors = list(&modules.join("@openai"))
                    .into_iter()
                    .map(|p| p.join("vendor"));
                let targets = vendors.flat_map(|vendor| list(&vendor));
                let bins = targets.flat_map(|target| [target.join("bin"), target.join("codex")]);
                bins.map(|bin| bin.join(&exe)).find(native)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pins::CODEX;
    use super::*;

    #[test]
    fn a_peer_is_named_with_its_exact_version() {
        let peer = Peer::try_from("codex@0.171.0").unwrap();
        assert_eq!((peer, peer.to_string().as_str()), (CODEX, "codex@0.171.0"));
        for bad in ["codex", "codex@", "codex@latest", "codex@../x", "npm@1.0.0"] {
            assert!(Peer::try_from(bad).is_err(), "{bad}");
        }
    }
}
