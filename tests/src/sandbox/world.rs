//! The environment and the programs of a sandbox.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use cc_core::Env;

use super::Sandbox;
#[cfg(target_os = "linux")]
use crate::peers;

impl Sandbox {
    /// The whole environment of everything started here.
    pub(super) fn fresh_env(&self) -> Vec<(OsString, OsString)> {
        let host = Env::from_process().expect("the test has a current directory");
        let path = host.var("PATH").expect("a PATH names git");
        let git = format!("git{}", std::env::consts::EXE_SUFFIX);
        let found = std::env::split_paths(path)
            .map(|dir| dir.join(&git))
            .find(|f| f.is_file());
        let git = found.expect("git is on the PATH");
        let mut dirs = vec![self.bin()];
        if cfg!(windows) {
            dirs.extend(git.parent().map(Path::to_owned));
        } else {
            link(&git, &self.bin().join("git"));
            #[cfg(target_os = "linux")]
            dirs.push(peers::sandbox_programs().unwrap_or_else(|error| panic!("{error}")));
            dirs.extend(["/usr/bin", "/bin"].map(PathBuf::from));
        }
        let path = std::env::join_paths(dirs).expect("no colon in our paths");
        let home = self.home().into_os_string();
        let tmp = self.tmp().into_os_string();
        let mut env: Vec<(OsString, OsString)> = [
            ("PATH", path),
            ("HOME", home.clone()),
            ("CODEX_HOME", self.codex_home().into()),
            ("TMPDIR", tmp.clone()),
            ("LANG", "C.UTF-8".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ]
        .map(|(name, value)| (name.into(), value))
        .into();
        if cfg!(windows) {
            env.push(("USERPROFILE".into(), home));
            env.extend(["TMP", "TEMP"].map(|name| (name.into(), tmp.clone())));
            let kept = ["SYSTEMROOT", "COMSPEC", "PATHEXT"];
            let kept = kept
                .iter()
                .filter_map(|name| Some((name.into(), host.var(name)?.into())));
            env.extend(kept);
        }
        env
    }
}

/// Variables that keep the real Claude Code from contacting anything but the local server.
pub(super) const QUIET: [&str; 4] = [
    "DISABLE_TELEMETRY",
    "DISABLE_ERROR_REPORTING",
    "DISABLE_AUTOUPDATER",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
];

#[cfg(unix)]
pub(super) fn link(target: &Path, link: &Path) {
    std::os::unix::fs::symlink(target, link).expect("the sandbox takes links");
}

#[cfg(not(unix))]
pub(super) fn link(target: &Path, link: &Path) {
    fs::copy(target, link).expect("a program can be copied");
}

/// Links or copies a program into the sandbox, so that files beside it belong to the sandbox.
///
/// The copy is made by another process: a file that this one has open for writing would be
/// inherited by any child another thread starts at that moment, and could then not be executed.
pub(super) fn copy_program(program: &Path, to: &Path) {
    if fs::hard_link(program, to).is_ok() {
        return;
    }
    if cfg!(windows) {
        fs::copy(program, to).expect("a program can be copied");
    } else {
        let cp = std::process::Command::new("cp")
            .arg(program)
            .arg(to)
            .status();
        assert!(
            cp.is_ok_and(|status| status.success()),
            "cannot copy {}",
            program.display()
        );
    }
}
