//! Refs, read from the files of a repository as Git reads them.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use cc_core::fs::open_regular;

use crate::repo_path::os_path;
use crate::target::ObjectId;
use crate::top_level::{read_start, trim_end};

/// The largest file of packed refs that is read, in bytes. Git maps larger ones.
const PACKED_LIMIT: u64 = 16 << 20;

/// The refs that working trees share, where they are in files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refs<'a> {
    /// The Git directory that they share.
    pub(crate) shared: &'a Path,
    pub(crate) sha256: bool,
}

/// What a ref holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RefValue {
    Id(ObjectId),
    /// The full name of another ref.
    Name(Vec<u8>),
    Missing,
}

impl Refs<'_> {
    /// What a ref holds; `None` where that is not plain to see.
    pub(crate) fn read(&self, name: &[u8]) -> Option<RefValue> {
        if !is_plain(name) {
            return None;
        }
        let loose = self.shared.join(os_path(name)?);
        match loose.symlink_metadata() {
            // Git takes a link for a ref as well.
            Ok(meta) if meta.is_file() => self.parse(trim_end(&read_start(&loose)?)),
            Ok(meta) if !meta.is_dir() => None,
            Err(error)
                if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                None
            }
            _ => self.packed(name),
        }
    }

    fn parse(&self, text: &[u8]) -> Option<RefValue> {
        match text.strip_prefix(b"ref: ") {
            Some(name) => Some(RefValue::Name(name.to_owned())),
            None => whole_id(text, self.sha256).map(RefValue::Id),
        }
    }

    /// What the file of packed refs says of a ref: a line is an id, a space and the name.
    fn packed(&self, name: &[u8]) -> Option<RefValue> {
        let path = self.shared.join("packed-refs");
        let file: File = match open_regular(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Some(RefValue::Missing),
            file => file.ok()?,
        };
        let mut text = Vec::new();
        file.take(PACKED_LIMIT + 1).read_to_end(&mut text).ok()?;
        if text.len() as u64 > PACKED_LIMIT {
            return None;
        }
        let id_of = |line: &'_ [u8]| -> Option<Vec<u8>> {
            Some(line.strip_suffix(name)?.strip_suffix(b" ")?.to_owned())
        };
        match text.split(|&byte| byte == b'\n').find_map(id_of) {
            Some(id) => whole_id(&id, self.sha256).map(RefValue::Id),
            None => Some(RefValue::Missing),
        }
    }
}

/// Whether it is the name of a ref that is also a safe path.
fn is_plain(name: &[u8]) -> bool {
    let is_part = |part: &[u8]| !part.is_empty() && !part.starts_with(b".");
    name.starts_with(b"refs/")
        && name.split(|&byte| byte == b'/').all(is_part)
        && !name
            .iter()
            .any(|&byte| byte <= b' ' || byte == 0x7f || byte == b'\\')
}

/// An id of the length that the repository has.
pub(crate) fn whole_id(text: &[u8], sha256: bool) -> Option<ObjectId> {
    let length = if sha256 { 64 } else { 40 };
    ObjectId::from_bytes(text).filter(|_| text.len() == length)
}
