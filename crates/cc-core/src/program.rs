//! Finding a program, never one that the workspace brought along.
//!
//! A checkout may be hostile: a program in it, or one found through a PATH entry that is relative or
//! lies in it, would run as the user.

mod places;
mod safety;

use std::env::{join_paths, split_paths};
use std::ffi::OsString;
use std::io::Read;
use std::mem;
use std::path::{Path, PathBuf};

use crate::Env;
use crate::fs::{open_regular, resolve};
use crate::paths::main_working_tree;

/// What a program's file may be called after its name, best first: npm installs a `.cmd`.
const SUFFIXES: &[&str] = if cfg!(windows) {
    &[".exe", ".cmd"]
} else {
    &[""]
};

use safety::SYSTEM_DIRS;
pub use safety::{Unsafe, named_temporary_dirs, open_to_sandbox, temporary_dirs};

/// Why a program was not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// There is none.
    #[error("no `{program}` was found{}", looked_in(looked_in_dirs))]
    NotFound {
        /// The name that was looked for.
        program: String,
        /// The directories searched.
        looked_in_dirs: Vec<PathBuf>,
    },
    /// There is none at the configured path.
    #[error("no `{program}` was found at `{}`", path.display())]
    NotAt {
        /// The name of the program.
        program: String,
        /// The path.
        path: PathBuf,
    },
    /// The only one lies in the workspace, which may not choose the programs that are run.
    #[error("`{}` lies inside the workspace and is not trusted", path.display())]
    InsideWorkspace {
        /// The refused file.
        path: PathBuf,
    },
    /// The only one lies where somebody else could have put it.
    #[error("`{}` is not used: {why}", path.display())]
    Unsafe {
        /// The refused file.
        path: PathBuf,
        /// Why.
        why: Unsafe,
    },
    /// It is a script whose interpreter is missing.
    #[error("`{}` is a script that needs `{interpreter}`: {why}", path.display())]
    NoInterpreter {
        /// The script.
        path: PathBuf,
        /// The program that its first line names.
        interpreter: String,
        /// Why that is not run.
        why: Box<LocateError>,
    },
    /// The only one may not be executed.
    #[error("`{}` is not an executable file", path.display())]
    NotExecutable {
        /// The refused file.
        path: PathBuf,
    },
}

fn looked_in(dirs: &[PathBuf]) -> String {
    match dirs {
        [] => ": PATH has no directory outside the workspace".into(),
        [one] => format!(" in `{}`", one.display()),
        many => format!(" in the {} directories of PATH", many.len()),
    }
}

/// Directories whose content may be anybody's, so that no program in them is run.
#[derive(Clone, Debug, Default)]
pub struct Fence {
    /// Each as it was named and with its links followed.
    roots: Vec<PathBuf>,
}

impl Fence {
    /// A fence around `workspace`, and the main working tree if it is a linked one. There is none around
    /// one that holds the home directory: everything the user installed lies there, and so do the
    /// start-up files of their shell.
    pub fn around(env: &Env, workspace: &Path) -> Self {
        let mut roots = Vec::new();
        let main = main_working_tree(workspace);
        for root in [Some(workspace), main.as_deref()].into_iter().flatten() {
            let fence = Self::strict(root);
            if !env.home().is_some_and(|home| fence.holds(home)) {
                roots.extend(fence.roots);
            }
        }
        Self { roots }
    }

    /// A fence around the current directory, unless that holds the home directory or the programs of the
    /// system.
    pub fn of_caller(env: &Env) -> Self {
        let fence = Self::strict(&env.cwd);
        let system = SYSTEM_DIRS.iter().map(Path::new);
        let mut needed = env.home().into_iter().chain(system);
        match needed.any(|dir| fence.holds(dir)) {
            true => Self::default(),
            false => fence,
        }
    }

    /// A fence around `root`, wherever the home directory lies.
    pub fn strict(root: &Path) -> Self {
        Self {
            roots: vec![resolve(root), root.to_owned()],
        }
    }

    /// Whether `path` lies inside, by its name or by where its links lead.
    pub fn holds(&self, path: &Path) -> bool {
        self.root_of(path).is_some()
    }

    /// The fenced directory that holds `path`.
    pub fn root_of(&self, path: &Path) -> Option<&Path> {
        self.root_of_resolved(path, &resolve(path))
    }

    /// The fenced directory that holds `path`, whose links lead to `real`.
    fn root_of_resolved(&self, path: &Path, real: &Path) -> Option<&Path> {
        let mut roots = self.roots.iter();
        let root = roots.find(|root| real.starts_with(root) || path.starts_with(root));
        root.map(PathBuf::as_path)
    }
}

/// A directory that programs are taken from.
#[derive(Clone, Debug)]
struct Entry {
    /// As it is named.
    dir: PathBuf,
    /// Where its links lead.
    real: PathBuf,
}

impl Entry {
    fn new(dir: PathBuf) -> Self {
        let real = resolve(&dir);
        Self { dir, real }
    }

    fn is_in(&self, fence: &Fence) -> bool {
        fence.root_of_resolved(&self.dir, &self.real).is_some()
    }
}

/// The directories of PATH that programs are taken from: absolute ones outside of all fences.
#[derive(Clone, Debug)]
pub struct SearchPath {
    entries: Vec<Entry>,
    /// The entries left out, made absolute; only to name a refused program.
    left_out: Vec<PathBuf>,
    fence: Fence,
    /// Directories below which commands in Codex's sandbox may write.
    sandbox_roots: Vec<PathBuf>,
    /// The directory of a program that the user named: what lies beside it is as good.
    named: Option<PathBuf>,
}

impl SearchPath {
    /// The search path for programs that a call in `workspace` may run.
    pub fn outside(env: &Env, workspace: &Path) -> Self {
        Self::of(env)
            .leaving_out(&Fence::of_caller(env))
            .without(Fence::around(env, workspace))
    }

    /// Where installers put programs for the user, for what is not on PATH: that of a desktop or a
    /// service is short.
    pub fn elsewhere(env: &Env, workspace: &Path) -> Self {
        let places = Self {
            entries: places::all(env).into_iter().map(Entry::new).collect(),
            left_out: Vec::new(),
            fence: Fence::default(),
            sandbox_roots: safety::sandbox_roots(env),
            named: None,
        };
        places
            .leaving_out(&Fence::of_caller(env))
            .without(Fence::around(env, workspace))
    }

    /// The absolute entries of PATH. Empty and relative ones mean whatever lies in the current directory.
    pub fn of(env: &Env) -> Self {
        let dirs = env.var("PATH").into_iter().flat_map(split_paths);
        let (dirs, relative): (Vec<_>, Vec<_>) = dirs.partition(|dir| dir.is_absolute());
        Self {
            entries: dirs.into_iter().map(Entry::new).collect(),
            left_out: relative.iter().map(|dir| env.absolute(dir)).collect(),
            fence: Fence::default(),
            sandbox_roots: safety::sandbox_roots(env),
            named: None,
        }
    }

    /// A search path that finds nothing inside `fence`.
    #[must_use]
    pub fn without(self, fence: Fence) -> Self {
        if self.is_without(&fence) {
            return self;
        }
        let mut search = self.leaving_out(&fence);
        search.fence.roots.extend(fence.roots);
        search
    }

    /// Whether it is sure to find nothing inside `fence`.
    pub fn is_without(&self, fence: &Fence) -> bool {
        let known = &self.fence.roots;
        fence.roots.iter().all(|root| known.contains(root))
    }

    /// A search path without the entries inside `fence`; what lies there may still be named by its path.
    #[must_use]
    pub fn leaving_out(mut self, fence: &Fence) -> Self {
        let entries = mem::take(&mut self.entries).into_iter();
        let (inside, outside): (Vec<_>, _) = entries.partition(|entry| entry.is_in(fence));
        self.entries = outside;
        self.left_out
            .extend(inside.into_iter().map(|entry| entry.dir));
        self
    }

    /// A search path with `dir` as its first, unless it is one of them or lies inside a fence.
    #[must_use]
    pub fn starting_with(self, dir: &Path) -> Self {
        self.with(dir, 0)
    }

    /// A search path with `dir`, that of a program which the user named, as its first: it is trusted wherever it lies, unless
    /// that is inside a fence.
    #[must_use]
    pub fn starting_with_named(mut self, dir: &Path) -> Self {
        self.named = Some(dir.to_owned()).filter(|dir| !self.fence.holds(dir));
        self.starting_with(dir)
    }

    /// A search path with `dir` as its last, unless it is one of them or lies inside a fence.
    #[must_use]
    pub fn ending_with(self, dir: &Path) -> Self {
        let end = self.entries.len();
        self.with(dir, end)
    }

    fn with(mut self, dir: &Path, at: usize) -> Self {
        let is_new = !self.entries.iter().any(|known| known.dir == dir);
        if is_new && dir.is_absolute() {
            let entry = Entry::new(dir.to_owned());
            if !entry.is_in(&self.fence) {
                self.entries.insert(at, entry);
            }
        }
        self
    }

    /// The directories, in the order of PATH.
    fn dirs(&self) -> impl Iterator<Item = &Path> {
        self.entries.iter().map(|entry| entry.dir.as_path())
    }

    /// The value of PATH for a child; `None` where no directory is left.
    pub fn to_var(&self) -> Option<OsString> {
        let is_safe = |entry: &&Entry| {
            let is_named = self.named.as_deref() == Some(&entry.dir);
            is_named || safety::check_real(&[&entry.real], &self.sandbox_roots).is_ok()
        };
        let safe = self.entries.iter().filter(is_safe).map(|entry| &entry.dir);
        let joined = join_paths(safe).ok()?;
        (!joined.is_empty()).then_some(joined)
    }

    /// The first executable file of that name, as an absolute path whose links are not followed:
    /// launchers look at the name they are called by.
    ///
    /// # Errors
    /// When there is none, or every candidate was refused; names the first refused one.
    pub fn find(&self, program: &str) -> Result<PathBuf, LocateError> {
        let mut refused = None;
        for path in candidates(self.dirs(), program).filter(|path| path.exists()) {
            match self.accept_found(path) {
                Ok(path) => return Ok(path),
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        let inside = || {
            let left_out = self.left_out.iter().map(PathBuf::as_path);
            let mut paths = candidates(left_out, program);
            let path = paths.find(|path| self.fence.holds(path) && path.is_file())?;
            Some(LocateError::InsideWorkspace { path })
        };
        Err(refused
            .or_else(inside)
            .unwrap_or_else(|| LocateError::NotFound {
                program: program.to_owned(),
                looked_in_dirs: self.dirs().map(Path::to_owned).collect(),
            }))
    }

    /// Gives back the path of a program that exists and that nobody named, if it may be run and only we and the system
    /// could put it there.
    ///
    /// # Errors
    /// When it lies inside a fence, is not executable, or somebody else could have put it there.
    pub fn accept_found(&self, path: PathBuf) -> Result<PathBuf, LocateError> {
        let path = self.accept(path)?;
        match self.check(&path) {
            Ok(()) => Ok(path),
            Err(why) => Err(LocateError::Unsafe { path, why }),
        }
    }

    fn check(&self, path: &Path) -> Result<(), Unsafe> {
        match path.parent() {
            dir if dir == self.named.as_deref() => Ok(()),
            _ => safety::check(path, &self.sandbox_roots),
        }
    }

    /// Gives back the path of a program that the user named and that exists, if it may be run.
    ///
    /// # Errors
    /// When it lies inside a fence or is not executable.
    pub fn accept(&self, path: PathBuf) -> Result<PathBuf, LocateError> {
        if self.fence.holds(&path) {
            return Err(LocateError::InsideWorkspace { path });
        }
        executable(path)
    }
}

/// Gives back the path of an executable file.
///
/// # Errors
/// [`LocateError::NotExecutable`] for everything else.
pub fn executable(path: PathBuf) -> Result<PathBuf, LocateError> {
    if is_executable(&path) {
        Ok(path)
    } else {
        Err(LocateError::NotExecutable { path })
    }
}

/// The interpreter that a script names in its first line: a path, or the name that `env` looks up on
/// PATH. `None` for other files.
pub fn interpreter(script: &Path) -> Option<String> {
    let mut head = Vec::new();
    let file = open_regular(script).ok()?;
    file.take(256).read_to_end(&mut head).ok()?;
    let line = head
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_whitespace();
    let first = words.next()?;
    if Path::new(first).file_name()? != "env" {
        return Some(first.to_owned());
    }
    let named = |word: &&str| !word.starts_with('-') && !word.contains('=');
    words.find(named).map(str::to_owned)
}

/// The files that `program` may be, by directory.
fn candidates<'a>(
    dirs: impl Iterator<Item = &'a Path>,
    program: &str,
) -> impl Iterator<Item = PathBuf> {
    // On Windows a name may say its suffix itself: `git.exe`.
    let suffixes: &[&str] = if Path::new(program).extension().is_some() {
        &[""]
    } else {
        SUFFIXES
    };
    let names = suffixes.iter().map(|suffix| format!("{program}{suffix}"));
    let names: Vec<String> = names.collect();
    let paths = move |dir: &Path| names.iter().map(|name| dir.join(name)).collect::<Vec<_>>();
    dirs.flat_map(paths)
}

/// Whether we may execute it, as the operating system decides when it is started.
#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests;
