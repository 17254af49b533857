//! Reads the files that may have changed; a file with a known stamp is not read again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use cc_core::parallel::join;
use sha2::{Digest as _, Sha256};

use super::file_state::{ContentDigest, FileState, RegularFile};
use super::status::{LEFT_OUT, StatusEntry};
use super::{Fingerprint, PathState, PathStates};
use crate::file_stamp::FileStamp;
use crate::repo_path::RepoPath;
use crate::working_file::{FileOpener, WorkingFile};

/// Larger files are compared by their stamp, in bytes.
const LARGE: u64 = 32 << 20;

/// The most that is read in total, in bytes.
const READ_LIMIT: u64 = 512 << 20;

/// The size of one read, in bytes.
const PIECE: usize = 64 << 10;

/// The number of files from which a second thread is used.
const WORTH_A_THREAD: usize = 128;

/// Files whose content is known from an earlier fingerprint as long as their stamp is the same.
#[derive(Default)]
pub(super) struct KnownFiles<'a>(HashMap<&'a RepoPath, &'a RegularFile>);

impl<'a> KnownFiles<'a> {
    pub(super) fn of(earlier: &'a Fingerprint) -> Self {
        let PathStates::Each(entries) = &earlier.paths else {
            return Self::default();
        };
        let files = entries.iter().filter_map(|entry| match &entry.seen {
            FileState::File(file)
                if file.digest.is_some() && file.stamp.is_settled(earlier.taken) =>
            {
                Some((&entry.path, file))
            }
            _ => None,
        });
        Self(files.collect())
    }
}

/// Inspects all listed paths, on two threads if there are many.
pub(super) fn inspect_all(
    root: &Path,
    listed: Vec<StatusEntry>,
    known: &KnownFiles,
) -> Vec<PathState> {
    let inspector = StateReader {
        root,
        known,
        left: AtomicU64::new(READ_LIMIT),
    };
    let mut first = listed;
    if first.len() < WORTH_A_THREAD {
        return inspector.at_each(first);
    }
    let second = first.split_off(first.len() / 2);
    let (mut entries, more) = join(|| inspector.at_each(first), || inspector.at_each(second));
    entries.extend(more);
    entries
}

struct StateReader<'a> {
    root: &'a Path,
    known: &'a KnownFiles<'a>,
    /// Bytes that may still be read.
    left: AtomicU64,
}

impl StateReader<'_> {
    fn at_each(&self, listed: Vec<StatusEntry>) -> Vec<PathState> {
        let mut files = FileOpener::new(self.root);
        let mut entries = Vec::with_capacity(listed.len());
        // A sparse checkout leaves out whole directories; each is checked once.
        let mut missing: Option<Vec<u8>> = None;
        for StatusEntry { path, state, look } in listed {
            let left_out = state == LEFT_OUT;
            if left_out
                && missing
                    .as_ref()
                    .is_some_and(|dir| path.as_bytes().starts_with(dir))
            {
                continue;
            }
            let seen = if look {
                self.at(&path, &mut files)
            } else {
                FileState::AsIndexed
            };
            if left_out && seen == FileState::Missing {
                missing = self.missing_dir(&path);
                continue;
            }
            entries.push(PathState { path, state, seen });
        }
        entries
    }

    fn at(&self, path: &RepoPath, files: &mut FileOpener<'_>) -> FileState {
        let Some(place) = path.below(self.root) else {
            return FileState::Other;
        };
        // If a link on the way leads elsewhere, a file with the same stamp is still the same file.
        if let Some(&known) = self.known.0.get(path)
            && fs::symlink_metadata(&place).is_ok_and(|meta| FileStamp::of(&meta) == known.stamp)
        {
            return FileState::File(known.clone());
        }
        let file = |executable, meta: &fs::Metadata, digest| {
            let stamp = FileStamp::of(meta);
            FileState::File(RegularFile {
                executable,
                stamp,
                digest,
            })
        };
        match files.open(path) {
            WorkingFile::Regular {
                file: open,
                executable,
            } => match open.metadata() {
                Ok(meta) => file(executable, &meta, self.digest(open, meta.len())),
                Err(_) => FileState::Other,
            },
            WorkingFile::Link(target) => {
                FileState::Link(ContentDigest::of(Sha256::new().chain_update(target)))
            }
            WorkingFile::Missing => FileState::Missing,
            WorkingFile::Other => FileState::Other,
            WorkingFile::Unreadable => match fs::symlink_metadata(&place) {
                Ok(meta) => file(false, &meta, None),
                Err(_) => FileState::Other,
            },
        }
    }

    /// The digest of a file; `None` if it is too large or cannot be read.
    fn digest(&self, file: File, size: u64) -> Option<ContentDigest> {
        let take = |left: u64| left.checked_sub(size);
        if size > LARGE
            || self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_err()
        {
            return None;
        }
        read_to_digest(file, size).ok().flatten()
    }

    /// The outermost missing directory on the path of a missing file, with a slash at its end.
    fn missing_dir(&self, path: &RepoPath) -> Option<Vec<u8>> {
        let bytes = path.as_bytes();
        let slashes = (0..bytes.len()).filter(|&at| bytes[at] == b'/');
        slashes
            .map(|at| &bytes[..=at])
            .find(|dir| {
                let place = RepoPath::new(&dir[..dir.len() - 1]).below(self.root);
                place.is_some_and(|place| {
                    fs::symlink_metadata(place)
                        .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
                })
            })
            .map(<[u8]>::to_vec)
    }
}

/// The digest of a file; `None` if its size has changed.
fn read_to_digest(mut file: File, size: u64) -> io::Result<Option<ContentDigest>> {
    let mut hash = Sha256::new();
    // One byte more than the file has, so that a small file and its end need one read.
    let mut buffer = vec![0; usize::try_from(size + 1).map_or(PIECE, |all| all.min(PIECE))];
    let mut total = 0;
    while total <= size {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                total += count as u64;
                hash.update(&buffer[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((total == size).then(|| ContentDigest::of(hash)))
}
