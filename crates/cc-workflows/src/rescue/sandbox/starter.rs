//! The `bwrap` that Claude Code finds first: ours, which starts the real one with fewer rights.
//!
//! What Claude Code mounts and passes on differs by version, and some of it cannot be said in its settings.
//! Measured on 2.1.197 to 2.1.332: each starts `bwrap` from PATH, with the command behind `--`, and what is
//! mounted last counts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::child::ShortCommand;
use cc_core::fs::{create_private_dir, resolve};
use cc_core::text::one_line;
use cc_core::{Env, IoError};

use super::{LEAST, SandboxMissing, real_bwrap};

/// Starts the commands of a rescue.
const SCRIPT: &str = include_str!("starter.sh");

/// Starts the commands of a review.
const READER: &str = include_str!("reader.sh");

/// Takes secrets out of the environment.
const SCRUB: &str = include_str!("scrub.sh");

/// Says which capabilities a command has.
const CAPABILITIES: &str =
    "while read -r name value; do echo \"$name$value\"; done < /proc/self/status";

/// Tries what a command of a review must not be able to do.
const PROBE: &str = "(: > \"$1\") 2>/dev/null; cat \"$2\" 2>/dev/null && echo; \
    while read -r name rest; do case $name in lo:* | *'|'* | Inter-*) ;; *:*) echo network ;; esac; done \
    < /proc/net/dev; echo tried";

/// How long it may take to answer, on a machine that has too much to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// What commands get less than Claude Code gives them.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    /// Directories that they must not move away.
    pub(crate) in_place: Vec<PathBuf>,
    /// What they must not write, there or not.
    pub(crate) read_only: Vec<PathBuf>,
    /// What they see in the place of another directory: the two, or nothing.
    pub(crate) shadow: Vec<PathBuf>,
    /// What they see there for reading only, each followed by where.
    pub(crate) shown: Vec<PathBuf>,
    /// What they may write although Claude Code closes it, where it exists.
    pub(crate) opened: Vec<PathBuf>,
    /// Files that they find empty.
    pub(crate) hidden: Vec<PathBuf>,
    /// Directories in which each command finds nothing, and leaves nothing.
    pub(crate) emptied: Vec<PathBuf>,
    /// Variables that they get although their names look like those of secrets; `*` is any text.
    pub(crate) passed: Vec<String>,
}

/// Our own `bwrap`, in a directory that nothing else is in.
#[derive(Debug)]
pub(crate) struct Starter {
    /// The directory, to be the first of Claude Code's PATH.
    pub(crate) dir: PathBuf,
}

impl Starter {
    /// Writes it into `dir`, and has it show that a command has no capabilities.
    ///
    /// # Errors
    /// [`SandboxMissing`], also where the file system of `dir` runs no programs.
    pub(crate) fn make(
        env: &Env,
        workspace: &Path,
        dir: &Path,
        closed: &Closed,
    ) -> Result<Self, SandboxMissing> {
        let bwrap = real_bwrap(env, workspace)?;
        let starter = Self {
            dir: dir.to_owned(),
        };
        let written = starter.write(&bwrap, workspace, closed);
        written.map_err(|error| refused(&error.to_string()))?;
        starter.prove()?;
        Ok(starter)
    }

    /// Makes a starter for a review, with the variables of its script.
    ///
    /// # Errors
    /// As for the other.
    pub(crate) fn make_reader(
        env: &Env,
        workspace: &Path,
        dir: &Path,
        values: &[(&str, String)],
    ) -> Result<Self, SandboxMissing> {
        let bwrap = real_bwrap(env, workspace)?;
        let starter = Self {
            dir: dir.to_owned(),
        };
        let written = starter.write_script(READER, &bwrap, workspace, values);
        written.map_err(|error| refused(&error.to_string()))?;
        Ok(starter)
    }

    fn write(&self, bwrap: &Path, workspace: &Path, closed: &Closed) -> Result<(), IoError> {
        let mut read_only = closed.read_only.clone();
        read_only.push(self.dir.clone());
        let values = [
            ("in_place", lines(&closed.in_place)),
            ("closed", lines(&read_only)),
            ("shadow", lines(&closed.shadow)),
            ("shown", lines(&closed.shown)),
            ("opened", lines(&closed.opened)),
            ("hidden", lines(&closed.hidden)),
            ("emptied", lines(&closed.emptied)),
            ("passed", patterns(&closed.passed)),
        ];
        self.write_script(SCRIPT, bwrap, workspace, &values)
    }

    /// Writes a script with its variables in front.
    fn write_script(
        &self,
        script: &str,
        bwrap: &Path,
        workspace: &Path,
        values: &[(&str, String)],
    ) -> Result<(), IoError> {
        // A worker that was killed leaves its own.
        let _ = fs::remove_dir_all(&self.dir);
        create_private_dir(&self.dir)?;
        let (head, rest) = script.split_once('\n').unwrap_or((script, ""));
        let own = [
            ("bwrap", lines(&[bwrap.to_owned()])),
            ("here", lines(std::slice::from_ref(&self.dir))),
            ("root", lines(&[workspace.to_owned()])),
            ("real_root", lines(&[resolve(workspace)])),
        ];
        let mut script = format!("{head}\n");
        for (name, value) in own.iter().chain(values) {
            script.push_str(&format!("{name}='{}'\n", value.replace('\'', r"'\''")));
        }
        script.push_str(&rest.replace("# SCRUB\n", SCRUB));
        let file = self.dir.join("bwrap");
        cc_core::fs::write_atomic(&file, script.as_bytes())?;
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&file, mode).map_err(IoError::at("make executable", &file))
    }

    /// Has a command in it try to write the first of `files` and to read the second. Returns what it printed: `seen`
    /// if it could read, `network` if it has one, and `tried` at the end.
    ///
    /// # Errors
    /// [`SandboxMissing`] if it does not run, or has capabilities.
    pub(crate) fn probe(&self, files: &[&Path; 2]) -> Result<String, SandboxMissing> {
        self.run(&[], PROBE, files)
    }

    /// Runs a command that says which capabilities it has.
    fn prove(&self) -> Result<(), SandboxMissing> {
        self.run(&["--prove"], "", &[]).map(drop)
    }

    /// Runs a command that says which capabilities it has, and then does more; what it printed.
    fn run(&self, flags: &[&str], more: &str, args: &[&Path]) -> Result<String, SandboxMissing> {
        let call = ShortCommand::new(&self.dir.join("bwrap"), PATIENCE)
            .args(flags)
            .args(LEAST)
            .args(["--proc", "/proc", "--", "/bin/sh", "-c"])
            .args([&format!("{CAPABILITIES}\n{more}"), "sh"])
            .args(args);
        let said = call.run().map_err(|error| refused(&error.to_string()))?;
        if !said.success {
            return Err(refused(&said.stderr));
        }
        let none = |name: &str| {
            let line = said.stdout.lines().find_map(|line| line.strip_prefix(name));
            line.is_some_and(|value| !value.is_empty() && value.bytes().all(|byte| byte == b'0'))
        };
        if !none("CapEff:") || !none("CapPrm:") {
            return Err(refused("a command in it keeps capabilities of root"));
        }
        let _ = fs::remove_file(self.dir.join("used"));
        Ok(said.stdout)
    }

    /// Whether it started a command since it was made.
    pub(crate) fn was_used(&self) -> bool {
        self.dir.join("used").exists()
    }
}

fn refused(reason: &str) -> SandboxMissing {
    SandboxMissing::Refused {
        reason: one_line(reason, 200),
        allow: None,
    }
}

/// Paths, a line each. One with a line break cannot be said, and Claude cannot be given it either.
pub(crate) fn lines(paths: &[PathBuf]) -> String {
    let texts = paths.iter().filter_map(|path| path.to_str());
    let texts: Vec<_> = texts.filter(|text| !text.contains('\n')).collect();
    texts.join("\n")
}

/// Patterns of a shell's `case`; one that fits no variable where there are none.
pub(crate) fn patterns(names: &[String]) -> String {
    let is_name = |name: &&String| {
        let mut bytes = name.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_*".contains(&byte))
    };
    let names: Vec<_> = names.iter().filter(is_name).map(String::as_str).collect();
    match names.is_empty() {
        true => "=".to_owned(),
        false => names.join("|"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_command_starts_where_a_link_took_the_place_of_the_workspace() {
        for script in [SCRIPT, READER] {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().join("root");
            fs::create_dir(&root).unwrap();
            let starter = Starter {
                dir: dir.path().join("starter"),
            };
            let values = [("passed", patterns(&[]))];
            let echo = Path::new("/bin/echo");
            starter.write_script(script, echo, &root, &values).unwrap();
            // Read by the shell, since another thread can start a process while the file is written.
            let call = || {
                let call = ShortCommand::new(Path::new("/bin/sh"), PATIENCE);
                let bwrap = starter.dir.join("bwrap").display().to_string();
                call.args([bwrap.as_str(), "--", "/bin/true"])
                    .run()
                    .unwrap()
            };
            let started = call();
            assert!(started.success && started.stdout.contains("-- /bin/true"));
            fs::rename(&root, dir.path().join("moved")).unwrap();
            symlink("/", &root).unwrap();
            let refused = call();
            assert!(!refused.success && refused.stdout.is_empty());
            assert!(refused.stderr.contains("another directory is in the place"));
        }
    }
}
