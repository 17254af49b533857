//! A repository whose working tree git accepts, with protected calls.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cc_core::IoError;
use cc_core::fs::canonical;
use cc_core::parallel::join;

use crate::config_cache::RepositoryFormat;
use crate::facts::RepositoryFacts;
use crate::head::Head;
use crate::pathspecs::Pathspecs;
use crate::runner::{GitExit, Runner};
use crate::top_level::{git_dirs, top_level};
use crate::{Error, Git, hardening};

/// A repository with a working tree.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(crate) git: Git,
    pub(crate) runner: Runner,
    pub(crate) cwd: PathBuf,
    pub(crate) shallow: bool,
    pub(crate) sha256: bool,
    pub(crate) init_default_branch: Option<String>,
    /// Whether its refs are in files.
    pub(crate) is_plain: bool,
    /// Whether the index is not the usual one but that of a hook's `git commit`.
    pub(crate) index_of_caller: bool,
    /// Whether the working tree is the user's home directory.
    pub(crate) is_home: bool,
    root: PathBuf,
    head: Head,
}

impl Repository {
    /// Finds the repository that `dir` is in; relative paths in a selection start from `dir`.
    ///
    /// Calls git twice, at the same time; not at all where what it said of the configuration is kept.
    ///
    /// # Errors
    /// [`Error::NotARepository`], [`Error::WorkingTreeElsewhere`], [`Error::DubiousOwnership`],
    /// [`Error::GitMissing`], [`Error::GitTooOld`], or the error of a failed call.
    pub fn discover(git: Git, dir: &Path) -> Result<Self, Error> {
        let cwd = canonical(dir).map_err(IoError::at("open directory", dir))?;
        let not_a_repository = || Error::NotARepository {
            dir: dir.to_owned(),
        };
        let root = top_level(&cwd).ok_or_else(not_a_repository)?;
        let git = git.outside(&root)?;
        let mut runner = Runner::new(&git, &root, hardening::pinned());

        let kept = hardening::kept_config(&runner, &git);
        let plain = kept
            .as_ref()
            .and_then(|found| RepositoryFacts::of_files(&root, found.format));
        let (facts, found) = match (plain, kept) {
            (Some(facts), Some(found)) => (facts, Ok(found)),
            (_, kept) => {
                let ask = || RepositoryFacts::ask(&runner);
                let (asked, found) = match kept {
                    Some(found) => (ask(), Ok(found)),
                    None => join(ask, || hardening::read_config(&runner, &git)),
                };
                let is_outside = |exit: &GitExit| {
                    let signs = ["not a git repository", "must be run in a work tree"];
                    signs.iter().any(|sign| exit.stderr.contains(sign))
                };
                match asked? {
                    Ok(facts) => (facts, found),
                    Err(exit) if exit.stderr.contains("dubious ownership") => {
                        return Err(Error::DubiousOwnership { root });
                    }
                    Err(exit) if is_outside(&exit) => return Err(not_a_repository()),
                    Err(exit) => return Err(exit.into_error()),
                }
            }
        };
        // A relative or missing directory cannot be the root.
        let work_tree = canonical(&facts.top_level).unwrap_or(facts.top_level);
        if work_tree != root {
            return Err(Error::WorkingTreeElsewhere { root, work_tree });
        }
        let found = found?;
        let git_dir = git_dirs(&root).into_iter().next();
        let git_dir = git_dir.ok_or_else(not_a_repository)?;
        found.apply_to(&mut runner, git.views(), &git_dir)?;
        let head = match (facts.head, facts.call) {
            (None, Some(exit)) => unborn(&runner, exit)?,
            (head, _) => head.unwrap_or(Head::Unborn),
        };
        let is_home = git
            .home()
            .is_some_and(|home| canonical(home).is_ok_and(|home| home == root));
        Ok(Self {
            index_of_caller: false,
            is_home,
            git,
            runner,
            cwd,
            shallow: facts.shallow,
            sha256: facts.sha256,
            init_default_branch: found.default_branch,
            is_plain: matches!(found.format, RepositoryFormat::Plain { .. }),
            root,
            head,
        })
    }

    /// The canonical root of the working tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The Git directory that the working trees share.
    pub(crate) fn shared_dir(&self) -> Result<PathBuf, Error> {
        let dir = git_dirs(&self.root).pop();
        dir.ok_or_else(|| Error::NotARepository {
            dir: self.root.clone(),
        })
    }

    /// Whether there are attributes besides the files of the working tree: the repository's own, or the
    /// user's in their usual place.
    pub(crate) fn has_attributes_outside(&self) -> bool {
        let own = git_dirs(&self.root).pop();
        let own = own.map(|dir| dir.join("info/attributes"));
        let home = self.git.home();
        let user = home.map(|home| home.join(".config/git/attributes"));
        own.into_iter().chain(user).any(|file| file.is_file())
    }

    /// `--` and the pathspecs, without our notes, for a call of Git at the root.
    pub(crate) fn pathspec_args(&self, pathspecs: &Pathspecs) -> Vec<OsString> {
        let mut args = pathspecs.args();
        if let Some(notes) = self.git.notes().excluding_pathspec(&self.root) {
            if pathspecs.is_empty() {
                args.push(":(top)".into());
            }
            args.push(notes);
        }
        args
    }

    /// HEAD when the repository was discovered.
    pub fn head(&self) -> &Head {
        &self.head
    }
}

/// Distinguishes a HEAD without commits from a broken one: with a broken HEAD, all files would look
/// new.
fn unborn(runner: &Runner, rev_parse: GitExit) -> Result<Head, Error> {
    let (branch, exit) = runner.call(&["symbolic-ref", "--quiet", "HEAD"]).output()?;
    if exit.code != Some(0) {
        return Err(rev_parse.into_error());
    }
    let branch = String::from_utf8_lossy(&branch);
    let args = [
        "for-each-ref",
        "--format=%(refname)",
        "--",
        branch.trim_end(),
    ];
    let (refs, exit) = runner.call(&args).output()?;
    if exit.code == Some(0) && exit.stderr.is_empty() && refs.is_empty() {
        Ok(Head::Unborn)
    } else {
        Err(exit.into_error())
    }
}
