//! The door: what a call may do that Codex lets out of its sandbox by our exec rules.
//!
//! Whoever steers Codex's model can make such a call, so it gets no power that the model does not have
//! in the sandbox, except for what the user allowed: work in the directory of the session and below.
//! The flags that there are behind the door belong to `cc-cli`.
//!
//! Start with [`open`].

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use cc_core::fs::{IoError, canonical, open_below};
use cc_core::paths::main_working_tree;
use cc_core::program::{named_temporary_dirs, open_to_sandbox};
use cc_core::session::{FileRules, SandboxPolicy, SessionRecord, inherited};
use cc_core::{DataDir, Env};
use cc_git::{closed_source, git_dirs, top_level};

use crate::project::{Caller, Project};
use crate::{Error, preflight};

/// Opens the workspace that holds the current directory, for a call of Codex's model.
///
/// # Errors
/// When the session is not known, or the current directory is outside of its directory.
pub fn open(env: &Env) -> Result<Project, Error> {
    let data = DataDir::locate(env).ok_or(Error::NoHome)?;
    let record = inherited(env).and_then(|session| SessionRecord::read(&data, &session));
    let Some(record) = record else {
        // Inside the sandbox that is the better answer: the call has to be made outside of it anyway.
        preflight::check(env)?;
        return Err(Error::UnknownSession);
    };
    // What is remembered could be made up.
    if let Some(root) = open_to_sandbox(env, data.root()) {
        let path = data.root().to_owned();
        return Err(Error::OpenData { path, root });
    }
    let cwd = canonical(&env.cwd)
        .map_err(|error| Error::Directory(IoError::at("read", &env.cwd)(error)))?;
    within(&record.directory, &cwd)?;
    let mut project = Project::open(env)?;
    // A link that took the place of the directory meanwhile would lead elsewhere.
    let root = project.store.workspace().root();
    if !cwd.starts_with(root) {
        return Err(Error::Outside {
            path: root.to_owned(),
            directory: record.directory,
        });
    }
    may_read(&record, root)?;
    project.caller = Caller::Codex(record);
    Ok(project)
}

/// Whether what is read for the working tree at `root` can be only what the session may read itself, where Codex's
/// profile of permissions restricts that.
///
/// # Errors
/// When it could be something else.
pub(crate) fn may_read(record: &SessionRecord, root: &Path) -> Result<(), Error> {
    let policy = record.transcript.as_deref().and_then(SandboxPolicy::noted);
    let rules = policy.and_then(|policy| policy.rules);
    let Some(rules) = rules.filter(FileRules::restrict_reading) else {
        return Ok(());
    };
    if let Some(path) = closed_source(root, |place| rules.may_read_all(place)) {
        return Err(Error::ClosedToSession { path });
    }
    // The sandbox protects the Git directory in which the session started. Another could lead elsewhere the next moment.
    match unknown_git_dirs(record, root).find(|dir| rules.may_write(dir)) {
        Some(path) => Err(Error::ChangeableBySession { path }),
        None => Ok(()),
    }
}

impl Project {
    /// Whether this call may have files of the workspace changed: through the door only what Codex's
    /// sandbox lets the session change itself.
    ///
    /// # Errors
    /// When it may not.
    pub fn may_write(&self) -> Result<(), Error> {
        let Caller::Codex(record) = &self.caller else {
            return Ok(());
        };
        preflight::check(&self.env)?;
        let mode = record.transcript.as_deref().and_then(SandboxPolicy::noted);
        let mode = mode.map(|policy| policy.mode);
        match mode.as_deref() {
            Some("danger-full-access") => Ok(()),
            Some("workspace-write") => {
                let root = self.store.workspace().root();
                within(&record.directory, root)?;
                is_own_repository(record, root)
            }
            Some(_) | None => Err(Error::ReadOnlySession {
                mode: mode.unwrap_or_else(|| "unknown".into()),
            }),
        }
    }

    /// Whether a path that the call names may be looked at: nothing outside of the session's directory
    /// through the door. The path need not exist.
    ///
    /// # Errors
    /// When it may not.
    pub fn may_name(&self, path: &Path) -> Result<(), Error> {
        match &self.caller {
            Caller::Person => Ok(()),
            Caller::Codex(record) => {
                within(&record.directory, &without_dots(&self.env.absolute(path)))
            }
        }
    }

    /// Opens the file that holds a task: through the door only a regular file in the workspace or in the
    /// directory for temporary files, without a link on the way.
    ///
    /// # Errors
    /// When it cannot be opened, or is refused.
    pub fn open_task(&self, path: &Path) -> Result<File, Error> {
        let path = self.env.absolute(path);
        let opened = match self.caller {
            Caller::Person => File::open(&path),
            Caller::Codex(_) => self.open_in_reach(&path),
        };
        opened.map_err(|source| Error::TaskFile { path, source })
    }

    fn open_in_reach(&self, path: &Path) -> io::Result<File> {
        let path = without_dots(path);
        let mut dirs = vec![self.store.workspace().root().to_owned()];
        dirs.extend(named_temporary_dirs(&self.env));
        dirs.extend(cfg!(unix).then(|| "/tmp".into()));
        // What a variable says in short names of Windows, or by a link, may be named in full.
        let in_full = dirs.iter().filter_map(|dir| canonical(dir).ok());
        for dir in dirs.iter().cloned().chain(in_full) {
            if let Ok(file) = path.strip_prefix(&dir) {
                return open_below(&dir, file);
            }
        }
        let why = "it is neither in the workspace nor in the directory for temporary files";
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    }
}

/// Refuses a working tree that only says that it belongs to a repository beyond the session's directory: jobs write
/// in its Git directory. A repository knows its linked worktrees, and that in which the session started is known.
fn is_own_repository(record: &SessionRecord, root: &Path) -> Result<(), Error> {
    if main_working_tree(root).is_some() {
        return Ok(());
    }
    unknown_git_dirs(record, root).try_for_each(|dir| within(&record.directory, &dir))
}

/// The Git directories of the repository at `root` that were not there when the session started.
fn unknown_git_dirs(record: &SessionRecord, root: &Path) -> impl Iterator<Item = PathBuf> {
    let is_known = |dir: &PathBuf| record.git_dirs.iter().any(|known| dir.starts_with(known));
    git_dirs(root).into_iter().filter(move |dir| !is_known(dir))
}

/// The Git directories of the repository that `directory` is in; those whose names are no text are left out.
pub fn git_dirs_of(directory: &Path) -> Vec<PathBuf> {
    let root = top_level(directory);
    let mut dirs = root.map(|root| git_dirs(&root)).unwrap_or_default();
    dirs.retain(|dir| dir.to_str().is_some());
    dirs
}

fn within(directory: &Path, path: &Path) -> Result<(), Error> {
    match path.starts_with(directory) {
        true => Ok(()),
        false => Err(Error::Outside {
            path: path.to_owned(),
            directory: directory.to_owned(),
        }),
    }
}

/// `path` with each `..` applied to the text: Git reads the paths of a review in the same way.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_applied_to_the_text() {
        assert_eq!(without_dots(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(without_dots(Path::new("/a/../../etc")), Path::new("/etc"));
    }
}
