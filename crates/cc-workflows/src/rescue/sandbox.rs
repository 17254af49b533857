//! Checks whether the sandbox for Claude's commands can start.

#[cfg(target_os = "linux")]
pub(crate) mod starter;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use cc_core::child::{CommandError, ShortCommand};
use cc_core::program::SearchPath;
use cc_core::text::one_line;
use cc_core::{Env, LocateError};

/// The sandbox cannot start here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxMissing {
    /// Programs that it needs are not installed.
    #[error("the sandbox for Claude's commands needs {}, which {} not installed{}", missing.join(" and "), if missing.len() == 1 { "is" } else { "are" }, refused(rejected))]
    Programs {
        /// The programs.
        missing: Vec<&'static str>,
        /// Why those of them that were found are not used.
        rejected: Vec<LocateError>,
        /// The command that installs them, where the package manager is known.
        install: Option<String>,
    },
    /// The operating system does not let it start, as in many containers.
    #[error("the sandbox for Claude's commands cannot start: {reason}")]
    Refused {
        /// The error message of the sandbox.
        reason: String,
        /// The command that allows it, where a known setting forbids it.
        allow: Option<String>,
    },
    /// Claude Code has no sandbox for this operating system.
    #[error("Claude Code has no sandbox on this operating system")]
    Unsupported,
}

/// Why a review cannot run commands here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandsUnavailable {
    /// Only there the sandbox is ours, so that it can be shown to hold.
    #[error("a review can run commands on Linux only")]
    NotLinux,
    /// Commands may read the workspace, and not the home directory.
    #[error("a review can run no commands here: the workspace holds your whole home directory")]
    HoldsHome,
    /// The sandbox does not start.
    #[error(transparent)]
    Sandbox(#[from] SandboxMissing),
}

/// Of a Claude Code that starts its sandbox in another way than those that are tested.
pub(crate) const AVOIDED: &str = "Claude Code ran commands without the `bwrap` that it was given, so they had \
    more rights than they are to have";

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

/// The least that the sandbox needs of the operating system.
const LEAST: [&str; 8] = [
    "--die-with-parent",
    "--unshare-net",
    "--unshare-pid",
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
];

/// How long starting it may take: 3 ms, and seconds on a machine that has too much to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings of the Linux kernel that keep it from starting, and the value that each has then.
const FORBIDDING: [(&str, &str, &str); 3] = [
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
];

/// Checks whether the sandbox can start; on Linux, by starting it.
///
/// # Errors
/// What is missing, and how to fix it.
pub(crate) fn check(env: &Env, workspace: &Path) -> Result<(), SandboxMissing> {
    if cfg!(target_os = "macos") {
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        return Err(SandboxMissing::Unsupported);
    }
    let search = SearchPath::outside(env, workspace);
    let find = |program: &str| search.find(program).ok();
    let is_missing = |(program, _): &&(&str, &str)| find(program).is_none();
    let missing: Vec<_> = PROGRAMS.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return find("bwrap").map_or(Ok(()), |bwrap| start(&bwrap, PATIENCE));
    }
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    let installer = INSTALLERS
        .iter()
        .find(|(program, _)| find(program).is_some());
    Err(SandboxMissing::Programs {
        install: installer.map(|(_, command)| format!("{command} {}", packages.join(" "))),
        missing: missing.iter().map(|(program, _)| *program).collect(),
        rejected: missing
            .iter()
            .filter_map(|(program, _)| rejection(&search, program))
            .collect(),
    })
}

/// The `bwrap` outside of the workspace.
#[cfg(target_os = "linux")]
fn real_bwrap(env: &Env, workspace: &Path) -> Result<std::path::PathBuf, SandboxMissing> {
    let search = SearchPath::outside(env, workspace);
    search.find("bwrap").map_err(|_| SandboxMissing::Programs {
        missing: vec!["bwrap"],
        rejected: rejection(&search, "bwrap").into_iter().collect(),
        install: None,
    })
}

/// Why a program that was found is not used.
fn rejection(search: &SearchPath, program: &str) -> Option<LocateError> {
    let error = search.find(program).err()?;
    (!matches!(error, LocateError::NotFound { .. })).then_some(error)
}

fn refused(rejected: &[LocateError]) -> String {
    let told = rejected.iter().map(|error| format!("; {error}"));
    told.collect()
}

/// Has it run the one program that is known to be there: itself.
fn start(bwrap: &Path, patience: Duration) -> Result<(), SandboxMissing> {
    let command = ShortCommand::new(bwrap, patience).args(LEAST);
    let itself = [bwrap.as_os_str(), OsStr::new("--version")];
    let said = match command.args(["--"]).args(itself).run() {
        Ok(printed) if printed.success => return Ok(()),
        Ok(printed) => printed.stderr,
        // Its arguments would leave no room for what happened.
        Err(CommandError::Timeout { waited, .. }) => {
            format!("`{}` did not end within {waited:?}", bwrap.display())
        }
        Err(error) => error.to_string(),
    };
    let forbids = |(name, value, _): &&(&str, &str, &str)| {
        let file = Path::new("/proc/sys").join(name.replace('.', "/"));
        fs::read_to_string(file).is_ok_and(|found| found.trim() == *value)
    };
    let allow = FORBIDDING.iter().find(forbids);
    Err(SandboxMissing::Refused {
        reason: one_line(&said, 200),
        allow: allow.map(|(name, _, value)| format!("sudo sysctl -w {name}={value}")),
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_bwrap_that_does_not_end_is_named_with_the_time_that_it_had() {
        let dir = cc_executable::dir();
        let bwrap = dir.path().join("bwrap");
        cc_executable::write(&bwrap, "#!/bin/sh\nexec sleep 300\n");
        let error = start(&bwrap, Duration::from_millis(100)).unwrap_err();
        let told = format!(
            "the sandbox for Claude's commands cannot start: `{}` did not end within 100ms",
            bwrap.display()
        );
        assert_eq!(error.to_string(), told);
    }
}
