//! What a sandboxed rescue must not write although it lies in the workspace: what Git, Codex, Claude Code or
//! an editor run outside of any sandbox, later and without a question.

mod snapshot;
mod watch;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cc_claude::Request;
use cc_core::Env;
use cc_git::{ProgramPaths, Shadow};

use crate::Project;
use crate::order::RescueSpec;
use crate::run::CannotRun;

use super::protected;
#[cfg(target_os = "linux")]
use super::sandbox::starter::{Closed, Starter};
use snapshot::PathSnapshot;
pub(crate) use watch::{ProtectedWatch, told};

/// The paths that are protected during one run.
#[derive(Debug)]
pub(super) struct Cage {
    /// The protected paths, and what was there before.
    watch: ProtectedWatch,
    /// What the user lets commands write all the same.
    unprotected: Vec<PathBuf>,
    /// What stands in for the repository's Git directory.
    pub(super) shadow: Option<Shadow>,
    #[cfg(target_os = "linux")]
    starter: Option<Starter>,
    /// For temporary files of this run alone: what Claude Code has below `/tmp`, all its runs share, and
    /// commands can write it. Removed with this.
    #[cfg(unix)]
    temporary: tempfile::TempDir,
}

impl Cage {
    /// Finds what to protect in the working tree that `request` works in, notes what it holds, and prepares
    /// the start of commands.
    ///
    /// # Errors
    /// When Git cannot tell what it runs there, or commands would have capabilities.
    pub(super) fn make(
        project: &Project,
        spec: &RescueSpec,
        request: &Request,
    ) -> Result<Self, CannotRun> {
        let root = &request.cwd;
        let mut cage = Self::of(&project.env, spec, root)?;
        if let (Some(tree), Some(dir)) = (&spec.isolated, &spec.shadow) {
            cage.shadow = Shadow::make(tree, dir)?;
        }
        #[cfg(target_os = "linux")]
        if let Some(dir) = &spec.starter {
            // Where it is not there, one version mounts a directory and the next a file.
            let _ = std::fs::create_dir(cage.own_dir());
            for dir in cage
                .unprotected
                .iter()
                .filter(|path| path.extension().is_none())
            {
                let _ = std::fs::create_dir(dir);
            }
            let closed = Closed {
                in_place: cage.watch.in_place.clone(),
                read_only: cage.watch.read_only.clone(),
                shadow: match &cage.shadow {
                    Some(shadow) => vec![shadow.dir().to_owned(), shadow.real().to_owned()],
                    None => Vec::new(),
                },
                shown: match &cage.shadow {
                    Some(shadow) => shadow
                        .shown()
                        .into_iter()
                        .flat_map(|(a, b)| [a, b])
                        .collect(),
                    None => Vec::new(),
                },
                opened: cage.unprotected.clone(),
                hidden: secrets(&project.env, request),
                emptied: project
                    .env
                    .home()
                    .map(|home| home.join(".npm/_logs"))
                    .into_iter()
                    .collect(),
                passed: spec.pass_env.clone(),
            };
            cage.starter = Some(Starter::make(&project.env, root, dir, &closed)?);
            cage.watch.save(dir)?;
        }
        Ok(cage)
    }

    /// Variables for Claude Code.
    pub(super) fn variables(&self) -> Vec<(OsString, OsString)> {
        #[cfg(unix)]
        return ["TMPDIR", "CLAUDE_CODE_TMPDIR"]
            .map(|name| (name.into(), self.temporary.path().into()))
            .into();
        #[cfg(not(unix))]
        Vec::new()
    }

    fn of(env: &Env, spec: &RescueSpec, root: &Path) -> Result<Self, CannotRun> {
        let ProgramPaths {
            mut read_only,
            mut absent,
            mut in_place,
        } = cc_git::program_paths(env, root)?;
        let has_repository = !in_place.is_empty();
        if spec.shadow.is_some() {
            // Commands see a shadow of the rest.
            for paths in [&mut read_only, &mut absent, &mut in_place] {
                paths.retain(|path| path.starts_with(root));
            }
        }
        let asked_in = spec.asked_in.iter().flat_map(|dir| dir.ancestors());
        // A session of Codex in a directory below reads what is there, too.
        let dirs = asked_in.map(|dir| root.join(dir)).chain([root.to_owned()]);
        read_only.extend(dirs.flat_map(|dir| protected::NAMES.map(|name| dir.join(name))));
        // What hooks and servers of the repository run where it is.
        read_only.extend(spec.trust.in_place().map(|name| root.join(name)));
        read_only.retain(|path| {
            let name = path.strip_prefix(root).unwrap_or(path);
            !spec.unprotected.iter().any(|free| name.starts_with(free))
        });
        let unprotected: Vec<_> = spec
            .unprotected
            .iter()
            .map(|name| root.join(name))
            .collect();
        // Where the workspace is the home directory, our own files are in it.
        let own = [&spec.starter, &spec.trust.plugin].into_iter().flatten();
        read_only.extend(own.filter(|dir| dir.starts_with(root)).cloned());
        // A link is protected with what it leads to.
        protected::add_targets(root, &mut read_only);
        read_only.sort();
        read_only.dedup();
        let maybe_missing = read_only.iter().chain(&unprotected);
        let mut watch = ProtectedWatch {
            root: root.to_owned(),
            missing: maybe_missing
                .filter_map(|path| first_missing(path))
                .collect(),
            has_repository,
            in_place: places(root, &in_place, &read_only),
            read_only,
            absent,
            before: PathSnapshot::default(),
        };
        watch.begin();
        Ok(Self {
            watch,
            unprotected,
            shadow: None,
            #[cfg(target_os = "linux")]
            starter: None,
            #[cfg(unix)]
            temporary: temporary(env)?,
        })
    }

    /// What Claude Code is told to keep commands and its own tools from writing.
    ///
    /// On Linux not its own directory: it mounts over the files in it, and 2.1.197 cannot if all of it is
    /// read-only. That directory is closed when a command starts.
    pub(super) fn denied(&self) -> Vec<PathBuf> {
        let own = self.own_dir();
        let is_closed = |path: &&PathBuf| cfg!(target_os = "linux") && **path == own;
        let denied = self.watch.read_only.iter().filter(|path| !is_closed(path));
        denied.cloned().collect()
    }

    /// The directory in which Claude Code keeps files of the working tree.
    fn own_dir(&self) -> PathBuf {
        self.watch.root.join(".claude")
    }

    /// Whether commands that ran were not started by our own `bwrap`.
    pub(super) fn was_avoided(&self) -> bool {
        #[cfg(target_os = "linux")]
        if let Some(starter) = &self.starter {
            return !starter.was_used();
        }
        false
    }

    /// What of it changed since the beginning.
    pub(super) fn changes(&self) -> Vec<String> {
        self.watch.changes()
    }

    /// Directories that must stay where they are.
    pub(super) fn in_place(&self) -> &[PathBuf] {
        &self.watch.in_place
    }

    /// What Claude is told of it.
    pub(super) fn note(&self) -> String {
        let is_git = |path: &&PathBuf| path.components().any(|part| part.as_os_str() == ".git");
        let named = self.watch.read_only.iter().filter(|path| !is_git(path));
        let names: Vec<_> = named.take(40).map(|path| self.watch.name(path)).collect();
        let open: Vec<_> = self
            .unprotected
            .iter()
            .map(|path| self.watch.name(path))
            .collect();
        let open = match open.is_empty() {
            true => String::new(),
            false => format!(
                " Your commands can write {}, your other tools cannot.",
                open.join(", ")
            ),
        };
        format!(
            "You cannot write Git's configuration and hooks, nor {}: programs outside of your sandbox run \
             what is there. Do not try another way. If the task needs it, say at the end what is to be \
             changed there, and that `cc-cli config set rescue.unprotected_paths NAME` lets commands of a \
             rescue write such a path, if the user runs that.{open}",
            names.join(", ")
        )
    }
}

/// Files with logins and keys that only Claude Code itself needs.
#[cfg(target_os = "linux")]
fn secrets(env: &Env, request: &Request) -> Vec<PathBuf> {
    let config = match env.var("CLAUDE_CONFIG_DIR") {
        Some(dir) => Some(env.absolute(Path::new(dir))),
        None => env.home().map(|home| home.join(".claude")),
    };
    let login = config.map(|dir| dir.join(".credentials.json"));
    login
        .into_iter()
        .chain(request.settings_file.clone())
        .collect()
}

/// The longest path below which Claude Code's sockets can be made, in bytes: operating systems take 103, of which
/// our directory's name and theirs take 46 (measured on 2.1.332).
#[cfg(unix)]
const PARENT_LIMIT: usize = 103 - 46;

/// A directory that is accessible only to the user; its path is short, since sockets are made in it.
#[cfg(unix)]
pub(crate) fn temporary(env: &Env) -> Result<tempfile::TempDir, cc_core::IoError> {
    let parent = parent_of_temporary(env);
    let made = tempfile::Builder::new().prefix("cc-").tempdir_in(&parent);
    made.map_err(cc_core::IoError::at("make a directory in", &parent))
}

/// The user's directory for temporary files, unless its path is too long for sockets.
#[cfg(unix)]
fn parent_of_temporary(env: &Env) -> PathBuf {
    let of_user = env
        .var("TMPDIR")
        .map(|dir| env.absolute(Path::new(dir)))
        .filter(|dir| dir.as_os_str().len() <= PARENT_LIMIT);
    of_user.unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// The first part of a path that does not exist; `None` if all of it does.
fn first_missing(path: &Path) -> Option<PathBuf> {
    let is_missing = |path: &&Path| path.symlink_metadata().is_err();
    path.ancestors()
        .take_while(is_missing)
        .last()
        .map(Path::to_owned)
}

/// `git` and every directory on the way to a protected path that could be moved away, each once.
fn places(root: &Path, git: &[PathBuf], read_only: &[PathBuf]) -> Vec<PathBuf> {
    let is_open = |dir: &Path| {
        let in_git = git.iter().any(|git| dir != git && dir.starts_with(git));
        (dir != root && dir.starts_with(root)) || in_git
    };
    let is_covered = |dir: &Path| read_only.iter().any(|path| dir.starts_with(path));
    let is_dir = |dir: &Path| dir.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let between = read_only.iter().flat_map(|path| path.ancestors().skip(1));
    let mut places: Vec<PathBuf> = between
        .filter(|dir| is_open(dir))
        .chain(git.iter().map(PathBuf::as_path))
        .filter(|dir| is_dir(dir) && !is_covered(dir))
        .map(Path::to_owned)
        .collect();
    places.sort();
    places.dedup();
    places
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
