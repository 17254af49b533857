//! What shows that a file has changed without reading it.

use std::fs::Metadata;
use std::time::Duration;

use cc_core::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The precision of the times of some file systems, and how far clocks may differ: a file that changed
/// this recently can change again without a change of its times.
const FRESH: Duration = Duration::from_secs(2);

/// Size, times and inode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileStamp(u64, Nanos, Nanos, u64);

/// Nanoseconds since the Unix epoch.
type Nanos = i64;

impl FileStamp {
    #[cfg(unix)]
    pub(crate) fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        // Times out of range are clamped; a changed file still has a different ctime.
        let nanos =
            |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self(
            meta.size(),
            nanos(meta.mtime(), meta.mtime_nsec()),
            nanos(meta.ctime(), meta.ctime_nsec()),
            meta.ino(),
        )
    }

    /// Without a ctime and an inode, the creation time is used, as git does.
    #[cfg(not(unix))]
    pub(crate) fn of(meta: &Metadata) -> Self {
        let nanos = |time: std::io::Result<std::time::SystemTime>| {
            let since = time.ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_nanos()).ok()
        };
        let modified = nanos(meta.modified()).unwrap_or(i64::MAX);
        let created = nanos(meta.created()).unwrap_or(i64::MAX);
        Self(meta.len(), modified, created, 0)
    }

    /// That of a file that changed then.
    #[cfg(test)]
    pub(crate) fn at_millis(changed: i64) -> Self {
        Self(1, changed * 1_000_000, changed * 1_000_000, 7)
    }

    /// Adds all of it to `hash`.
    pub(crate) fn feed(&self, hash: &mut Sha256) {
        let Self(size, modified, changed, inode) = *self;
        hash.update(size.to_le_bytes());
        hash.update(modified.to_le_bytes());
        hash.update(changed.to_le_bytes());
        hash.update(inode.to_le_bytes());
    }

    /// Whether the file was old enough at `taken` for a later change to show in the stamp.
    pub(crate) fn is_settled(&self, taken: Time) -> bool {
        let latest = if cfg!(unix) {
            self.2
        } else {
            self.1.max(self.2)
        };
        let fresh = i64::try_from(FRESH.as_nanos()).unwrap_or(i64::MAX);
        latest.saturating_add(fresh) < taken.as_millis().saturating_mul(1_000_000)
    }
}
