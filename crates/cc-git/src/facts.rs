//! What has to be known of a repository at first: from its files where they are plain, else from Git.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::config_cache::RepositoryFormat;
use crate::head::Head;
use crate::repo_path::os_path;
use crate::runner::{GitExit, Runner};
use crate::target::ObjectId;
use crate::top_level::git_dirs;

/// What there is to know of a repository before anything is done in it.
pub(crate) struct RepositoryFacts {
    pub(crate) top_level: PathBuf,
    pub(crate) shallow: bool,
    pub(crate) sha256: bool,
    /// `None` where Git finds no commit.
    pub(crate) head: Option<Head>,
    /// How Git ended, where it was asked.
    pub(crate) call: Option<GitExit>,
}

impl RepositoryFacts {
    /// Asks Git, which checks whether the user may work here. How Git ended says why not.
    pub(crate) fn ask(runner: &Runner) -> Result<Result<Self, GitExit>, Error> {
        let args = [
            "rev-parse",
            "--show-toplevel",
            "--is-shallow-repository",
            "--show-object-format",
            "HEAD",
            "--symbolic-full-name",
            "HEAD",
        ];
        let (output, exit) = runner.call(&args).output()?;
        Ok(match Self::read(&output) {
            Some(facts) => Ok(Self {
                call: Some(exit),
                ..facts
            }),
            None => Err(exit),
        })
    }

    /// Reads them from the files of the repository with the working tree at `root`; `None` where Git could
    /// see them another way, or refuse to work here.
    pub(crate) fn of_files(root: &Path, format: RepositoryFormat) -> Option<Self> {
        let RepositoryFormat::Plain { sha256 } = format else {
            return None;
        };
        let dirs = git_dirs(root);
        let (own, shared) = (dirs.first()?, dirs.last()?);
        // Of others, Git wants to be told that they are trusted.
        if ![root, &root.join(".git"), own]
            .iter()
            .all(|path| is_own(path))
        {
            return None;
        }
        Some(Self {
            top_level: root.to_owned(),
            shallow: shared.join("shallow").exists(),
            sha256,
            head: Some(Head::of_files(own, shared, sha256)?),
            call: None,
        })
    }

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
                (facts, Some(Head::named(ObjectId::from_bytes(id)?, name)))
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
            call: None,
        })
    }
}

#[cfg(unix)]
fn is_own(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let meta = path.symlink_metadata();
    meta.is_ok_and(|meta| meta.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_own(_: &Path) -> bool {
    false
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
