//! The bounds that all repositories of a fingerprint share.

use super::Fingerprint;
use crate::Error;

/// The most paths that are kept one by one.
const LISTED: usize = 10_000;

/// The most repositories inside this one that are looked into.
const NESTED: usize = 32;

/// What is left of the bounds.
pub(super) struct Room {
    pub(super) paths: usize,
    pub(super) nested: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            paths: LISTED,
            nested: NESTED,
        }
    }

    /// What was found in a repository inside, after which none more is looked into if it hung: the
    /// next could take as long, and a turn waits for all of them.
    pub(super) fn after(&mut self, found: Result<Fingerprint, Error>) -> Option<Fingerprint> {
        if let Err(Error::Timeout { .. }) = found {
            self.nested = 0;
        }
        // A broken one, such as a fixture of a test, must not keep us from seeing the rest.
        found.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_inner_repository_that_hangs_is_the_last() {
        let mut room = Room::new();
        let broken = Error::Failed {
            command: "status".into(),
            stderr: String::new(),
        };
        assert_eq!(room.after(Err(broken)), None);
        assert_eq!(room.nested, NESTED);
        let hung = Error::Timeout {
            command: "status".into(),
            waited: Duration::from_secs(60),
        };
        assert_eq!(room.after(Err(hung)), None);
        assert_eq!(room.nested, 0);
    }
}
