//! What people and their tools do to files, the index and commits.

use super::*;

#[cfg(unix)]
fn make_plain(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn no_edit_is_no_change() {
    assert_eq!(changes(&lab(), || ()), None);
    assert_eq!(changes(&Lab::new(), || ()), None);
}

#[test]
fn content_of_files_in_every_state() {
    let lab = lab();
    for name in ["a.txt", "dir/c.txt", "staged", "edited", "new"] {
        // Of the same length, and again: what is changed already changes further.
        for content in ["1234567\n", "7654321\n"] {
            check(&lab, || lab.write(name, content), &[name]);
        }
    }
    check(&lab, || lab.write("edited", "edited\n"), &["edited"]);
}

#[test]
fn files_that_come_and_go() {
    let lab = lab();
    check(&lab, || lab.write("deep/er/new", ""), &["deep/er/new"]);
    check(&lab, || lab.write("deep/er/new2", ""), &["deep/er/new2"]);
    check(&lab, || lab.remove("deep/er/new"), &["deep/er/new"]);
    check(&lab, || lab.remove("b.txt"), &["b.txt"]);
    check(&lab, || lab.remove("staged"), &["staged"]);
    check(&lab, || lab.remove("new"), &["new"]);
    check(&lab, || lab.write("gone", "gone\n"), &["gone"]);
    let move_it =
        |from: &str, to: &str| fs::rename(lab.root.join(from), lab.root.join(to)).unwrap();
    check(&lab, || move_it("a.txt", "z.txt"), &["a.txt", "z.txt"]);
    check(&lab, || move_it("edited", "moved"), &["edited", "moved"]);
}

#[test]
fn what_is_staged() {
    let lab = lab();
    check(&lab, || drop(lab.git(["add", "edited"])), &["edited"]);
    check(&lab, || drop(lab.git(["add", "new"])), &["new"]);
    check(&lab, || drop(lab.git(["rm", "--quiet", "gone"])), &["gone"]);
    check(
        &lab,
        || drop(lab.git(["reset", "--quiet", "--", "staged"])),
        &["staged"],
    );
    check(
        &lab,
        || drop(lab.git(["mv", "a.txt", "z"])),
        &["a.txt", "z"],
    );
    let intent = || drop(lab.git(["rm", "--quiet", "--cached", "b.txt"]));
    check(&lab, intent, &["b.txt"]);
}

#[test]
fn a_commit_moves_head() {
    let lab = lab();
    let commit = |args: &[&str]| {
        let commit = ["commit", "--quiet", "--allow-empty", "-m", "x"];
        lab.git(commit.iter().chain(args));
    };
    let changes_by = |args: &[&str]| changes(&lab, || commit(args)).unwrap();
    let committed = changes_by(&["--all"]);
    assert_eq!(names(&committed.files), ["edited", "gone", "staged"]);
    assert!(committed.head_moved);
    let empty = changes_by(&[]);
    assert!(empty.files.is_empty() && empty.head_moved);
    assert!(changes_by(&["--amend", "-m", "y"]).head_moved);
    let edited = changes(&lab, || {
        lab.write("b.txt", "x");
        commit(&["--all"]);
    });
    assert!(edited.unwrap().head_moved);
    let elsewhere = changes(&lab, || {
        drop(lab.git(["checkout", "--quiet", "-b", "other"]))
    });
    assert_eq!(
        elsewhere, None,
        "another name for the same commit is no edit"
    );
    let back = changes(&lab, || {
        drop(lab.git(["reset", "--quiet", "--soft", "HEAD~1"]))
    });
    assert_eq!(names(&back.unwrap().files), ["b.txt"]);
}

#[test]
fn a_touch_is_no_edit() {
    let lab = lab();
    let touched = || {
        for name in ["a.txt", "staged", "edited", "new"] {
            set_modified(&lab.root.join(name), UNIX_EPOCH + Duration::from_secs(9));
        }
    };
    assert_eq!(changes(&lab, touched), None);
    let written = || lab.write("edited", "edited\n2\n");
    assert_eq!(changes(&lab, written), None);
    let replaced = || {
        lab.write("other", "new\n");
        fs::rename(lab.root.join("other"), lab.root.join("new")).unwrap();
    };
    assert_eq!(changes(&lab, replaced), None);
}

#[test]
fn ignored_files_are_not_watched() {
    let lab = lab();
    lab.write(".gitignore", "*.log\n");
    assert_eq!(changes(&lab, || lab.write("x.log", "x")), None);
    check(
        &lab,
        || lab.write(".gitignore", ""),
        &[".gitignore", "x.log"],
    );
}

#[test]
#[cfg(unix)]
fn modes_and_links() {
    use std::os::unix::fs::symlink;
    let lab = lab();
    for name in ["a.txt", "staged", "edited", "new"] {
        let path = lab.root.join(name);
        check(&lab, || cc_executable::make_executable(&path), &[name]);
        check(&lab, || make_plain(&path), &[name]);
    }
    let link = |target: &str, name: &str| {
        let path = lab.root.join(name);
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path).unwrap();
        }
        symlink(target, path).unwrap();
    };
    check(&lab, || link("a.txt", "link"), &["link"]);
    check(&lab, || link("b.txt", "link"), &["link"]);
    check(&lab, || link("nowhere", "a.txt"), &["a.txt"]);
    check(&lab, || link("new", "b.txt"), &["b.txt"]);
    check(&lab, || link("edited", "b.txt"), &["b.txt"]);
    // Of the same bytes as the target of the link.
    check(
        &lab,
        || {
            lab.remove("link");
            lab.write("link", "b.txt");
        },
        &["link"],
    );
    // A directory behind a link is no directory of this repository.
    fs::rename(lab.root.join("dir"), lab.base.join("dir")).unwrap();
    check(&lab, || link("../dir", "dir"), &["dir"]);
    let behind = || lab.write("../dir/c.txt", "c\n");
    assert_eq!(changes(&lab, behind), None);
}

#[test]
#[cfg(unix)]
fn names_of_any_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let names: [(&[u8], &str); 7] = [
        (b"caf\xe9", r#""caf\351""#),
        (b"line\nbreak", r#""line\nbreak""#),
        (b"-rf", "-rf"),
        (b" lead and trail ", " lead and trail "),
        (b"\"q\"", r#""\"q\"""#),
        (b":(top)x", ":(top)x"),
        ("日本".as_bytes(), "日本"),
    ];
    for tracked in [false, true] {
        let lab = lab();
        for (name, shown) in names {
            let name = OsStr::from_bytes(name);
            check(&lab, || lab.write(name, "1"), &[shown]);
            if tracked {
                lab.commit("more");
            }
            check(&lab, || lab.write(name, "2"), &[shown]);
            check(&lab, || lab.write(name, "3"), &[shown]);
            check(&lab, || lab.remove(name), &[shown]);
        }
    }
}
