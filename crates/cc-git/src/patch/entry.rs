//! What a patch does to each file, by modes and ids.

use std::path::PathBuf;

use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::{RepoPath, os_path};
use crate::runner::Runner;
use crate::{Error, ObjectId};

/// What a patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchEntry {
    /// The file.
    pub path: RepoPath,
    /// Git's mode of it afterwards: `100644`, `100755` for an executable, `120000` for a symbolic link; `0`
    /// for a file that is removed.
    pub mode: u32,
    /// Its content afterwards.
    pub content: Option<ObjectId>,
    /// What it links to, if it is a symbolic link whose target is a path.
    pub target: Option<PathBuf>,
}

impl PatchEntry {
    /// Whether the file is removed.
    pub fn is_removal(&self) -> bool {
        self.mode == 0
    }

    /// Whether it is a symbolic link afterwards.
    pub fn is_link(&self) -> bool {
        self.mode == LINK
    }
}

/// Reads the output of `git diff --raw --no-abbrev -z`, and the targets of its links.
pub(super) fn read(inside: &Runner, raw: &[u8]) -> Result<Vec<PatchEntry>, Error> {
    let mut fields = records(raw);
    let mut entries = Vec::new();
    while let (Some(what), Some(path)) = (fields.next(), fields.next()) {
        let (mode, content) = after(what);
        entries.push(PatchEntry {
            path: RepoPath::new(path),
            mode,
            content: content.filter(|_| mode != 0),
            target: None,
        });
    }
    let links = || entries.iter().filter(|entry| entry.is_link());
    let ids: Vec<_> = links().filter_map(|link| link.content.clone()).collect();
    let mut targets = targets(inside, &ids)?.into_iter();
    for entry in entries.iter_mut().filter(|entry| entry.is_link()) {
        entry.target = targets.next().flatten();
    }
    Ok(entries)
}

/// The mode and the id afterwards in `:100644 100755 ID ID M`.
fn after(what: &[u8]) -> (u32, Option<ObjectId>) {
    let mut words = what.split(|&byte| byte == b' ').skip(1);
    let (mode, content) = (words.next(), words.nth(1));
    let mode = mode.and_then(|mode| std::str::from_utf8(mode).ok());
    let mode = mode.and_then(|mode| u32::from_str_radix(mode, 8).ok());
    (
        mode.unwrap_or_default(),
        content.and_then(ObjectId::from_bytes),
    )
}

/// The contents of `links`, one after the other; `None` for one that is no path.
fn targets(inside: &Runner, links: &[ObjectId]) -> Result<Vec<Option<PathBuf>>, Error> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let asked: String = links.iter().map(|id| format!("{id}\n")).collect();
    let call = inside.long_call(&["cat-file", "--batch"]);
    let output = call.input(GitInput::Bytes(asked.as_bytes())).checked()?;
    let mut rest = &output[..];
    let mut next = || {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let head = std::str::from_utf8(&rest[..end]).ok()?;
        let size: usize = head.rsplit(' ').next()?.parse().ok()?;
        let target = rest.get(end + 1..)?.get(..size)?;
        rest = rest.get(end + 1 + size + 1..)?;
        os_path(target)
    };
    Ok(links.iter().map(|_| next()).collect())
}

/// The mode of a symbolic link.
const LINK: u32 = 0o120000;
