//! Whether the operating system's sandbox, which keeps Claude's commands in the workspace, can start.

use std::path::Path;

use cc_core::Env;

/// The sandbox cannot start here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxMissing {
    /// Programs that it needs are not installed.
    #[error("the sandbox for Claude's commands needs {}, which {} not installed", missing.join(" and "), if missing.len() == 1 { "is" } else { "are" })]
    Programs {
        /// The programs.
        missing: Vec<&'static str>,
        /// The command that installs them, where the package manager is known.
        install: Option<String>,
    },
    /// Claude Code has no sandbox for this operating system.
    #[error("Claude Code has no sandbox on this operating system")]
    Unsupported,
}

/// What Claude Code's sandbox starts on Linux, and the package of each.
const PROGRAMS: [(&str, &str); 2] = [("bwrap", "bubblewrap"), ("socat", "socat")];

/// Package managers, in the order they are looked for, and how each installs.
const INSTALLERS: [(&str, &str); 5] = [
    ("apt-get", "sudo apt-get install -y"),
    ("dnf", "sudo dnf install -y"),
    ("pacman", "sudo pacman -S --noconfirm"),
    ("zypper", "sudo zypper install -y"),
    ("apk", "sudo apk add"),
];

/// Looks whether the sandbox can start; asks no process, so that a rescue starts at once.
///
/// # Errors
/// What is missing, and how to install it.
pub fn check(env: &Env, workspace: &Path) -> Result<(), SandboxMissing> {
    if cfg!(target_os = "macos") {
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        return Err(SandboxMissing::Unsupported);
    }
    let missing: Vec<_> = PROGRAMS
        .iter()
        .filter(|(program, _)| cc_claude::find_on_path(env, workspace, program).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    let installer = INSTALLERS
        .iter()
        .find(|(program, _)| cc_claude::find_on_path(env, workspace, program).is_some());
    Err(SandboxMissing::Programs {
        install: installer.map(|(_, command)| format!("{command} {}", packages.join(" "))),
        missing: missing.iter().map(|(program, _)| *program).collect(),
    })
}
