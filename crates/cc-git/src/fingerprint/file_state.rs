//! The state of a file: enough to detect a change, and to avoid reading it again.

use std::fmt;

use cc_core::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::file_stamp::FileStamp;

/// What is at a path of the working tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum FileState {
    /// As in the index; not read.
    AsIndexed,
    Missing,
    File(RegularFile),
    /// A symbolic link, with the digest of its target.
    Link(ContentDigest),
    /// Neither a file nor a link, or unreachable.
    Other,
}

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RegularFile {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) executable: bool,
    pub(super) stamp: FileStamp,
    /// `None` if the file is too large or cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<ContentDigest>,
}

/// The first half of the SHA-256 of a content.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct ContentDigest([u8; 16]);

impl FileState {
    /// Whether this equals an earlier state, recorded at `taken`.
    pub(super) fn is_same_as(&self, earlier: &Self, taken: Time) -> bool {
        let (Self::File(now), Self::File(then)) = (self, earlier) else {
            return self == earlier;
        };
        let is_same = match (now.digest, then.digest) {
            (Some(now), Some(then)) => now == then,
            _ => now.stamp == then.stamp && now.stamp.is_settled(taken),
        };
        is_same && now.executable == then.executable
    }

    /// Whether a state recorded at `taken` can be compared later: not if only the stamp of the file is
    /// known, and it was too recent.
    pub(super) fn is_settled(&self, taken: Time) -> bool {
        match self {
            Self::File(file) => file.digest.is_some() || file.stamp.is_settled(taken),
            _ => true,
        }
    }

    /// Adds everything that is compared to `hash`.
    pub(super) fn feed(&self, hash: &mut Sha256) {
        match self {
            Self::AsIndexed => hash.update(b"i"),
            Self::Missing => hash.update(b"m"),
            Self::Other => hash.update(b"o"),
            Self::Link(digest) => {
                hash.update(b"l");
                hash.update(digest.0);
            }
            Self::File(file) => {
                hash.update(if file.executable { b"x" } else { b"f" });
                match file.digest {
                    Some(digest) => {
                        hash.update(b"d");
                        hash.update(digest.0);
                    }
                    None => {
                        hash.update(b"s");
                        file.stamp.feed(hash);
                    }
                }
            }
        }
    }
}

impl ContentDigest {
    pub(super) fn of(hash: Sha256) -> Self {
        let whole: [u8; 32] = hash.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        Self(half)
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl From<ContentDigest> for String {
    fn from(digest: ContentDigest) -> String {
        format!("{:032x}", u128::from_be_bytes(digest.0))
    }
}

/// The text is not a digest.
#[derive(Debug, thiserror::Error)]
#[error("not a digest")]
pub(super) struct InvalidDigest;

impl TryFrom<String> for ContentDigest {
    type Error = InvalidDigest;
    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        let number = u128::from_str_radix(&text, 16).map_err(|_| InvalidDigest)?;
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKEN: i64 = 1_000_000;

    fn file(executable: bool, changed: i64, content: Option<&str>) -> FileState {
        FileState::File(RegularFile {
            executable,
            stamp: FileStamp::at_millis(changed),
            digest: content.map(|content| ContentDigest::of(Sha256::new().chain_update(content))),
        })
    }

    #[test]
    fn content_decides_and_a_stamp_only_where_it_was_not_fresh() {
        let (old, fresh) = (TAKEN - 10_000, TAKEN - 1_000);
        for (now, then, same) in [
            (file(false, 5, Some("a")), file(false, 6, Some("a")), true),
            (file(false, 5, Some("a")), file(false, 5, Some("b")), false),
            (file(true, 5, Some("a")), file(false, 5, Some("a")), false),
            (file(false, old, None), file(false, old, None), true),
            (file(false, old, None), file(false, old, Some("a")), true),
            (file(false, fresh, None), file(false, fresh, None), false),
            (file(false, old, None), file(false, old + 1, None), false),
            (
                file(false, TAKEN + 1, None),
                file(false, TAKEN + 1, None),
                false,
            ),
            (FileState::Missing, FileState::Missing, true),
            (FileState::Missing, FileState::Other, false),
            (FileState::AsIndexed, file(false, old, None), false),
        ] {
            let found = now.is_same_as(&then, Time::from_millis(TAKEN));
            assert_eq!(found, same, "{now:?} {then:?}");
        }
    }

    #[test]
    fn what_was_seen_survives_its_json() {
        for seen in [
            FileState::AsIndexed,
            FileState::Missing,
            FileState::Other,
            file(true, 5, Some("a")),
            file(false, 5, None),
            FileState::Link(ContentDigest::of(Sha256::new())),
        ] {
            let text = serde_json::to_string(&seen).unwrap();
            assert_eq!(
                serde_json::from_str::<FileState>(&text).unwrap(),
                seen,
                "{text}"
            );
        }
    }
}
