//! Whether a turn edited something: every edit is noticed, and nothing else.

mod bounds;
mod edits;
mod inside;
mod states;

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cc_core::{Clock, Time};
use cc_git::{Changes, Error, Fingerprint};

use crate::lab::{Lab, names, numbers, snapshot};

/// The files and states of a work tree that edits start from.
fn lab() -> Lab {
    let lab = Lab::new();
    for name in ["b.txt", "dir/c.txt", "staged", "edited", "gone"] {
        lab.write(name, format!("{name}\n"));
    }
    lab.commit("second");
    lab.write("staged", "staged\n2\n");
    lab.git(["add", "staged"]);
    lab.write("edited", "edited\n2\n");
    lab.remove("gone");
    lab.write("new", "new\n");
    lab
}

fn take(lab: &Lab) -> Fingerprint {
    take_after(lab, None)
}

/// Takes a fingerprint, and it comes back from the disk.
fn take_after(lab: &Lab, previous: Option<&Fingerprint>) -> Fingerprint {
    take_at(lab, previous, Clock::System.now())
}

fn take_at(lab: &Lab, previous: Option<&Fingerprint>, now: Time) -> Fingerprint {
    let fingerprint = lab.repository().fingerprint(previous, now).unwrap();
    let text = serde_json::to_string(&fingerprint).unwrap();
    let read: Fingerprint = serde_json::from_str(&text).unwrap();
    assert_eq!(read, fingerprint);
    read
}

/// What an edit changes by the fingerprints around it, whether or not digests are used again.
#[track_caller]
fn changes(lab: &Lab, edit: impl FnOnce()) -> Option<Changes> {
    let before = take(lab);
    assert_eq!(take_after(lab, Some(&before)).changes_since(&before), None);
    edit();
    let after = take_after(lab, Some(&before));
    let changes = after.changes_since(&before);
    assert_eq!(take(lab).changes_since(&before), changes);
    assert_eq!(before.changes_since(&after), changes, "the other way round");
    changes
}

/// An edit that leaves HEAD alone, and the files that it changes.
#[track_caller]
fn check(lab: &Lab, edit: impl FnOnce(), files: &[&str]) {
    let changes = changes(lab, edit).expect("an edit is a change");
    assert_eq!((names(&changes.files), changes.more), (owned(files), 0));
    assert!(!changes.head_moved);
}

fn owned(files: &[&str]) -> Vec<String> {
    files.iter().map(|&file| file.to_owned()).collect()
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}
