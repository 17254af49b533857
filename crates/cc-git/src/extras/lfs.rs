//! Files in Git LFS: in a commit there is a pointer, the content is beside the objects of Git.
//!
//! The form of a pointer is that of the LFS specification, version 1.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{AbsentReason, Extras};
use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::Runner;
use crate::top_level::git_dirs;
use crate::working_file::{FileOpener, WorkingFile};
use crate::{Error, Repository, hardening};

/// Files of LFS.
const FILES: &str = ":(top,attr:filter=lfs)";

/// The largest pointer, in bytes.
const POINTER: u64 = 1 << 10;

/// What is brought along at most, in bytes.
const TOTAL: u64 = 8 << 30;

/// Settings with which a checkout writes pointers: it needs no program of LFS, and downloads nothing.
pub(crate) fn pointers() -> [(OsString, OsString); 3] {
    [("smudge", ""), ("process", ""), ("required", "false")]
        .map(|(key, value)| (format!("filter.lfs.{key}").into(), value.into()))
}

/// A filter that gives the pointer which the index has already. Git prefers `filter.lfs.process`, if there is
/// one.
const KNOWN_POINTER: &str = "f() { cat >/dev/null; git cat-file blob \":$1\"; }; f %f";

/// What a pointer says of the content.
struct Pointer {
    sha256: String,
    bytes: u64,
}

impl Pointer {
    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let rest = text.strip_prefix("version https://git-lfs.github.com/spec/v1\n")?;
        let field = |name: &str| rest.lines().find_map(|line| line.strip_prefix(name));
        let sha256 = field("oid sha256:")?;
        let is_id = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then_some(())?;
        Some(Self {
            sha256: sha256.to_owned(),
            bytes: field("size ")?.parse().ok()?,
        })
    }

    fn read(file: File) -> Option<Self> {
        let mut text = Vec::new();
        file.take(POINTER + 1).read_to_end(&mut text).ok()?;
        Self::parse(&text)
    }

    /// Where LFS keeps the content.
    fn object(&self, git_dir: &Path) -> PathBuf {
        let id = &self.sha256;
        let objects = git_dir.join("lfs/objects");
        objects.join(&id[..2]).join(&id[2..4]).join(id)
    }

    fn is_of(&self, file: &File) -> bool {
        let Ok(meta) = file.metadata() else {
            return false;
        };
        if meta.len() != self.bytes {
            return false;
        }
        let (mut digest, mut buffer) = (Sha256::new(), vec![0; 64 << 10]);
        let mut file = file;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => digest.update(&buffer[..count]),
                Err(_) => return false,
            }
        }
        let found: String = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        found == self.sha256
    }
}

impl Repository {
    /// Replaces the pointers in a checkout by their content, where that is on this machine.
    pub(super) fn bring_lfs_content(&self, root: &Path, extras: &mut Extras) {
        let Some(git_dir) = git_dirs(self.root()).pop() else {
            return;
        };
        // The attributes of the user's working tree are those of the checkout, or close to them.
        let args = ["ls-files", "-z", "--", FILES];
        let files = self.runner.long_call(&args).checked().unwrap_or_default();
        let mut opener = FileOpener::new(root);
        let (mut left, mut replaced) = (TOTAL, Vec::new());
        for path in records(&files).map(RepoPath::new) {
            let WorkingFile::Regular { file, .. } = opener.open(&path) else {
                continue;
            };
            let (Some(pointer), Some(place)) = (Pointer::read(file), path.below(root)) else {
                continue;
            };
            let object = pointer.object(&git_dir);
            let is_there = fs::metadata(&object).is_ok_and(|meta| meta.len() == pointer.bytes);
            if is_there && pointer.bytes <= left && replace(&object, &place).is_ok() {
                left -= pointer.bytes;
                extras.lfs_files += 1;
                replaced.extend([path.as_bytes(), b"\0"].concat());
            } else {
                extras.lacks(&path, AbsentReason::LfsContent);
            }
        }
        // Without it they only look changed to the Git in the checkout.
        let _ = self.note_unchanged(root, &replaced);
    }

    /// Has the index of a checkout know files by their size and time, without a change of its content.
    fn note_unchanged(&self, root: &Path, paths: &[u8]) -> Result<(), Error> {
        if paths.is_empty() {
            return Ok(());
        }
        let mut inside = Runner::new(&self.git, root, hardening::pinned());
        let found = hardening::read_config(&inside, &self.git)?;
        let git_dir = git_dirs(root).into_iter().next();
        let git_dir = git_dir.ok_or_else(|| Error::NotARepository {
            dir: root.to_owned(),
        })?;
        found.apply_to(&mut inside, self.git.views(), &git_dir)?;
        // A filter that does nothing must fail, or the content would be added as it is.
        inside.configure([("filter.lfs.required".into(), "true".into())]);
        let (_, process) = inside.call(&["config", "filter.lfs.process"]).output()?;
        if process.code == Some(1) {
            inside.configure([("filter.lfs.clean".into(), KNOWN_POINTER.into())]);
        }
        let call = inside.long_call(&["update-index", "-z", "--stdin"]);
        call.input(GitInput::Bytes(paths)).checked().map(drop)
    }
}

/// Gives a file the content of another one, and keeps its permissions.
fn replace(content: &Path, place: &Path) -> io::Result<()> {
    let permissions = fs::symlink_metadata(place)?.permissions();
    let dir = place.parent().unwrap_or(place);
    let mut new = tempfile::NamedTempFile::new_in(dir)?;
    io::copy(&mut File::open(content)?, new.as_file_mut())?;
    new.as_file().set_permissions(permissions)?;
    new.persist(place)?;
    Ok(())
}

/// The LFS files in the index of `inside` that have the content which their pointer names: they are unchanged,
/// also for a Git without LFS.
pub(crate) fn unchanged(inside: &Runner) -> Result<Vec<RepoPath>, Error> {
    let args = ["ls-files", "--stage", "-z", "--", FILES];
    let staged = inside.long_call(&args).checked()?;
    let entries: Vec<(&[u8], RepoPath)> = records(&staged)
        .filter_map(|entry| {
            // MODE ID STAGE TAB PATH
            let tab = entry.iter().position(|&byte| byte == b'\t')?;
            let id = entry[..tab].split(|&byte| byte == b' ').nth(1)?;
            Some((id, RepoPath::new(&entry[tab + 1..])))
        })
        .collect();
    let mut opener = FileOpener::new(inside.dir());
    let mut unchanged = Vec::new();
    for ((_, path), pointer) in entries.iter().zip(read_pointers(inside, &entries)?) {
        if let (Some(pointer), WorkingFile::Regular { file, .. }) = (pointer, opener.open(path))
            && pointer.is_of(&file)
        {
            unchanged.push(path.clone());
        }
    }
    Ok(unchanged)
}

/// The pointers of blobs; `None` for what is none.
fn read_pointers(
    inside: &Runner,
    entries: &[(&[u8], RepoPath)],
) -> Result<Vec<Option<Pointer>>, Error> {
    let ask = |format: &str, ids: &[&[u8]]| {
        let mut input = ids.join(&b'\n');
        input.push(b'\n');
        let args = ["cat-file", format];
        inside
            .long_call(&args)
            .input(GitInput::Bytes(&input))
            .checked()
    };
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&[u8]> = entries.iter().map(|(id, _)| *id).collect();
    let sizes = ask("--batch-check=%(objectsize)", &ids)?;
    let sizes = sizes.split(|&byte| byte == b'\n').map(|line| {
        let size = std::str::from_utf8(line).ok()?.parse::<usize>().ok()?;
        (size as u64 <= POINTER).then_some(size)
    });
    let small: Vec<(usize, &[u8], usize)> = sizes
        .zip(&ids)
        .enumerate()
        .filter_map(|(index, (size, id))| Some((index, *id, size?)))
        .collect();
    let mut pointers: Vec<Option<Pointer>> = ids.iter().map(|_| None).collect();
    let wanted: Vec<&[u8]> = small.iter().map(|(_, id, _)| *id).collect();
    if wanted.is_empty() {
        return Ok(pointers);
    }
    let contents = ask("--batch=%(objectsize)", &wanted)?;
    let mut rest = contents.as_slice();
    for (index, _, size) in small {
        // SIZE LF CONTENT LF
        let Some(start) = rest.iter().position(|&byte| byte == b'\n') else {
            break;
        };
        let Some(content) = rest.get(start + 1..start + 1 + size) else {
            break;
        };
        pointers[index] = Pointer::parse(content);
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    Ok(pointers)
}
