//! A repository whose working tree git accepts, with protected calls.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cc_core::IoError;
use cc_core::fs::canonical;

use crate::pathspecs::Pathspecs;
use crate::process::join;
use crate::repo_path::os_path;
use crate::runner::{GitExit, Runner};
use crate::target::ObjectId;
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
    /// Whether the index is not the usual one but that of a hook's `git commit`.
    pub(crate) index_of_caller: bool,
    /// Whether the working tree is the user's home directory.
    pub(crate) is_home: bool,
    root: PathBuf,
    head: Head,
}

/// What HEAD points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A branch without commits.
    Unborn,
    /// A branch.
    Branch {
        /// The short name of the branch.
        name: String,
        /// Its last commit.
        id: ObjectId,
    },
    /// A commit, without a branch.
    Detached {
        /// The commit.
        id: ObjectId,
    },
}

impl Head {
    /// The commit; `None` if there is none yet.
    pub fn id(&self) -> Option<&ObjectId> {
        match self {
            Self::Unborn => None,
            Self::Branch { id, .. } | Self::Detached { id } => Some(id),
        }
    }

    /// The name for people: the branch, else the short commit, else `HEAD`.
    pub fn name(&self) -> String {
        match self {
            Self::Unborn => "HEAD".into(),
            Self::Branch { name, .. } => name.clone(),
            Self::Detached { id } => id.short().into(),
        }
    }
}

impl Repository {
    /// Finds the repository that `dir` is in; relative paths in a selection start from `dir`.
    ///
    /// Calls git twice, at the same time.
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

        let args = [
            "rev-parse",
            "--show-toplevel",
            "--is-shallow-repository",
            "--show-object-format",
            "HEAD",
            "--symbolic-full-name",
            "HEAD",
        ];
        let (output, found) = join(
            || runner.call(&args).output(),
            || hardening::read_config(&runner, git.home()),
        );
        let (output, exit) = output?;
        let facts = match RepositoryFacts::read(&output) {
            Some(facts) => facts,
            None if exit.stderr.contains("dubious ownership") => {
                return Err(Error::DubiousOwnership { root });
            }
            None if exit.stderr.contains("not a git repository")
                || exit.stderr.contains("must be run in a work tree") =>
            {
                return Err(not_a_repository());
            }
            None => return Err(exit.into_error()),
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
        let head = match facts.head {
            Some(head) => head,
            None => unborn(&runner, exit)?,
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

struct RepositoryFacts {
    top_level: PathBuf,
    shallow: bool,
    sha256: bool,
    head: Option<Head>,
}

impl RepositoryFacts {
    /// Parses the output from its end: only the first field, a path, can have line breaks.
    fn read(answer: &[u8]) -> Option<Self> {
        let lines: Vec<&[u8]> = answer
            .strip_suffix(b"\n")?
            .split(|&byte| byte == b'\n')
            .collect();
        // Without a commit, git echoes the last arguments, as far as it gets.
        let echo = [&b"HEAD"[..], b"--symbolic-full-name"];
        let unborn = lines
            .iter()
            .rev()
            .take_while(|line| echo.contains(line))
            .count();
        let (facts, head) = match lines.split_last_chunk::<2>() {
            Some((facts, [id, name])) if ObjectId::from_bytes(id).is_some() => {
                (facts, Some(head(ObjectId::from_bytes(id)?, name)))
            }
            _ => (&lines[..lines.len() - unborn], None),
        };
        let (top_level, [shallow, format]) = facts.split_last_chunk::<2>()?;
        if top_level.is_empty() {
            return None;
        }
        Some(Self {
            top_level: os_path(&top_level.join(&b'\n'))?,
            shallow: *shallow == b"true",
            sha256: match *format {
                b"sha1" => false,
                b"sha256" => true,
                _ => return None,
            },
            head,
        })
    }
}

fn head(id: ObjectId, full_name: &[u8]) -> Head {
    match full_name.strip_prefix(b"refs/heads/") {
        Some(name) => Head::Branch {
            name: crate::repo_path::escape_invalid(name),
            id,
        },
        None => Head::Detached { id },
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const ID: &str = "152999766a696214526f90b995978d4627c08724";

    fn check(answer: &str, expect: Option<(&str, Head)>) {
        let facts = RepositoryFacts::read(answer.as_bytes());
        let got = facts.map(|facts| (facts.top_level, facts.head.unwrap_or(Head::Unborn)));
        assert_eq!(
            got,
            expect.map(|(top, head)| (top.into(), head)),
            "{answer:?}"
        );
    }

    #[test]
    fn the_first_answer_is_read_from_its_end() {
        let id = ObjectId::from_bytes(ID.as_bytes()).unwrap();
        let on_branch = Head::Branch {
            name: "main".into(),
            id: id.clone(),
        };
        check(
            &format!("/a\nb\nfalse\nsha1\n{ID}\nrefs/heads/main\n"),
            Some(("/a\nb", on_branch)),
        );
        check(
            &format!("/a\nfalse\nsha1\n{ID}\nHEAD\n"),
            Some(("/a", Head::Detached { id })),
        );
        check("/a\ntrue\nsha256\nHEAD\n", Some(("/a", Head::Unborn)));
        check(
            "/a\nfalse\nsha1\nHEAD\n--symbolic-full-name\n",
            Some(("/a", Head::Unborn)),
        );
        check("", None);
        check("HEAD\n", None);
        check("/a\nfalse\nmd5\nHEAD\n", None);
    }
}
