//! A directory of the user's own in memory: there is room when the disk is full, until the machine restarts.

use std::path::PathBuf;

/// The directories that belong to this user alone, the best first; with `create` each is made where it can be.
///
/// Only on Linux. None is below the temporary directory, where sandboxed commands of Codex can write.
#[cfg(target_os = "linux")]
#[must_use]
pub fn own(create: bool) -> Vec<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let places = [
        PathBuf::from(format!("/run/user/{user}")),
        "/dev/shm".into(),
    ];
    let places = places.into_iter().filter(|place| place.is_dir());
    let dirs = places.map(|place| place.join(format!("cc-{user}")));
    dirs.filter(|dir| {
        if create {
            // Whether it is there and ours is looked at next.
            let _ = crate::fs::create_private_dir(dir);
        }
        is_private(dir)
    })
    .collect()
}

/// None.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn own(_create: bool) -> Vec<PathBuf> {
    Vec::new()
}

/// Anybody can make a directory, or a link, beside ours.
#[cfg(target_os = "linux")]
fn is_private(dir: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(dir)
        .is_ok_and(|meta| meta.is_dir() && crate::fs::is_ours(&meta) && meta.mode() & 0o077 == 0)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_a_directory_of_our_own_that_nobody_else_may_enter_is_private() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("cc");
        assert!(!is_private(&dir));
        crate::fs::create_private_dir(&dir).unwrap();
        assert!(is_private(&dir));
        let link = outer.path().join("link");
        symlink(&dir, &link).unwrap();
        assert!(!is_private(&link));
        fs::set_permissions(&dir, Permissions::from_mode(0o710)).unwrap();
        assert!(!is_private(&dir));
    }
}
