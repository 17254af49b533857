//! Whether somebody else could have put a program where it lies: another user, or a command in Codex's
//! sandbox.

use std::fmt;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::fs::{read_bounded, resolve};
use crate::paths::codex_home;
use crate::session::{SandboxPolicy, SessionRecord, inherited};
use crate::{DataDir, Env};

/// Where the programs of the system are.
pub(super) const SYSTEM_DIRS: &[&str] = if cfg!(windows) {
    &[r"C:\Windows\System32"]
} else {
    &["/usr/bin", "/bin"]
};

/// Directories for temporary files that every user and, whatever the environment says, every command in a sandbox may
/// write.
const TEMPORARY_DIRS: &[&str] = if cfg!(windows) {
    &[]
} else {
    &["/tmp", "/var/tmp", "/dev/shm"]
};

/// The directories for temporary files, links followed: those of the system and those that the environment names.
pub fn temporary_dirs(env: &Env) -> impl Iterator<Item = PathBuf> {
    let system = TEMPORARY_DIRS.iter().map(PathBuf::from);
    named_temporary_dirs(env)
        .chain(system)
        .map(|dir| resolve(&dir))
}

/// The directories for temporary files that the environment names, as it names them.
pub fn named_temporary_dirs(env: &Env) -> impl Iterator<Item = PathBuf> {
    let named = ["TMPDIR", "TMP", "TEMP"].into_iter();
    let named = named.filter_map(|name| env.var(name).map(PathBuf::from));
    named.filter(|dir| dir.is_absolute())
}

/// Why a program is not run that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsafe {
    /// Every user may write this file or directory.
    WritableForAll(PathBuf),
    /// This file or directory belongs to another user.
    Foreign(PathBuf),
    /// Codex's sandbox lets its commands write below this directory.
    InSandbox(PathBuf),
}

impl fmt::Display for Unsafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WritableForAll(path) => {
                write!(f, "every user may write `{}`", path.display())
            }
            Self::Foreign(path) => write!(f, "`{}` belongs to another user", path.display()),
            Self::InSandbox(path) => {
                write!(
                    f,
                    "commands in Codex's sandbox may write `{}`",
                    path.display()
                )
            }
        }
    }
}

/// The directories below which commands in Codex's sandbox may write, links followed: those for temporary
/// files, the `writable_roots` of the user, the directory of the session of Codex that calls, and what its transcript
/// says that it may write besides.
pub(super) fn sandbox_roots(env: &Env) -> Vec<PathBuf> {
    let session = session(env);
    let transcript = session.as_ref().and_then(|it| it.transcript.as_deref());
    let noted = transcript.and_then(SandboxPolicy::noted);
    let noted = noted.map(|policy| policy.writable_roots).into_iter();
    let roots = writable_roots(env).into_iter().chain(noted).flatten();
    let roots = roots
        .filter(|root| root.is_absolute())
        .map(|root| resolve(&root))
        .chain(temporary_dirs(env));
    // A root that holds the system's programs means something else.
    let holds_system = |root: &Path| {
        SYSTEM_DIRS
            .iter()
            .any(|dir| Path::new(dir).starts_with(root))
    };
    // As of a workspace, there is none around the home directory.
    let holds_home = |root: &Path| {
        env.home()
            .is_some_and(|home| resolve(home).starts_with(root))
    };
    let directory = session.map(|session| resolve(&session.directory));
    roots
        .chain(directory.filter(|directory| !holds_home(directory)))
        .filter(|root| !holds_system(root))
        .collect()
}

/// The directory below which commands in Codex's sandbox may write `path`, if they may. What is in a `.codex` at its top
/// they may not.
pub fn open_to_sandbox(env: &Env, path: &Path) -> Option<PathBuf> {
    let path = resolve(path);
    let holds = |root: &PathBuf| {
        let inside = path.strip_prefix(root).ok();
        inside.is_some_and(|inside| !inside.starts_with(".codex"))
    };
    sandbox_roots(env).into_iter().find(holds)
}

/// The session of Codex that the environment names.
fn session(env: &Env) -> Option<SessionRecord> {
    SessionRecord::of(&DataDir::locate(env)?, &inherited(env)?)
}

/// `sandbox_workspace_write.writable_roots` of Codex's `config.toml`.
fn writable_roots(env: &Env) -> Option<Vec<PathBuf>> {
    let bytes = read_bounded(&codex_home(env)?.join("config.toml"), 4 << 20).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let config = text.parse::<toml_edit::DocumentMut>().ok()?;
    let roots = config
        .get("sandbox_workspace_write")?
        .get("writable_roots")?;
    let roots = roots.as_array()?.iter().filter_map(|root| root.as_str());
    let absolute = |root: &str| match (root.strip_prefix("~/"), env.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(root),
    };
    Some(roots.map(absolute).collect())
}

/// Checks a program: where it is named and where its links lead, and the directories above both.
pub(super) fn check(program: &Path, sandbox_roots: &[PathBuf]) -> Result<(), Unsafe> {
    let dir = program.parent().map(resolve).unwrap_or_default();
    check_real(&[&resolve(program), &dir], sandbox_roots)
}

/// Checks paths without links, and the directories above.
pub(super) fn check_real(paths: &[&Path], sandbox_roots: &[PathBuf]) -> Result<(), Unsafe> {
    for path in paths {
        if let Some(root) = sandbox_roots.iter().find(|root| path.starts_with(root)) {
            return Err(Unsafe::InSandbox(root.clone()));
        }
    }
    let owners = Owners::find();
    let mut paths = paths.iter();
    paths.try_for_each(|path| owners.check_with_parents(path))
}

/// Whose files are as good as ours.
struct Owners(#[cfg_attr(not(unix), expect(dead_code))] Vec<u32>);

impl Owners {
    /// We, root, and whoever has the system: in a user namespace root has another number.
    #[cfg(unix)]
    fn find() -> Self {
        use std::os::unix::fs::MetadataExt;
        let owner = |path: &str| Some(fs::metadata(path).ok()?.uid());
        let own = rustix::process::geteuid().as_raw();
        let system = ["/", "/usr"].into_iter().filter_map(owner);
        Self([own, 0].into_iter().chain(system).collect())
    }

    #[cfg(not(unix))]
    fn find() -> Self {
        Self(Vec::new())
    }

    fn check_with_parents(&self, path: &Path) -> Result<(), Unsafe> {
        let parent = path.parent();
        for place in path.ancestors() {
            let Ok(meta) = fs::metadata(place) else {
                continue;
            };
            let is_near = place == path || Some(place) == parent;
            self.check(place, &meta, is_near)?;
        }
        Ok(())
    }

    /// A group may write: that is how Homebrew and Debian share `/usr/local`, and everybody may have a
    /// group of their own.
    #[cfg(unix)]
    fn check(&self, place: &Path, meta: &Metadata, is_near: bool) -> Result<(), Unsafe> {
        use std::os::unix::fs::MetadataExt;
        const STICKY: u32 = 0o1000;
        if !self.0.contains(&meta.uid()) {
            return Err(Unsafe::Foreign(place.to_owned()));
        }
        // In a sticky directory further up, nobody can replace what is ours.
        let is_kept = !is_near && meta.mode() & STICKY != 0;
        match meta.mode() & 0o002 != 0 && !is_kept {
            true => Err(Unsafe::WritableForAll(place.to_owned())),
            false => Ok(()),
        }
    }

    #[cfg(not(unix))]
    fn check(&self, _: &Path, _: &Metadata, _: bool) -> Result<(), Unsafe> {
        Ok(())
    }
}
