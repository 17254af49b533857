//! Whether a turn edited something: every edit is noticed, and nothing else.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cc_core::{Clock, Time};
use cc_git::{Changes, Error, Fingerprint};

use crate::lab::{Lab, numbers, snapshot};

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
    assert_eq!(
        (changes.files.as_slice(), changes.more),
        (owned(files).as_slice(), 0)
    );
    assert!(!changes.head_moved);
}

fn owned(files: &[&str]) -> Vec<String> {
    files.iter().map(|&file| file.to_owned()).collect()
}

#[cfg(unix)]
fn set_executable(path: &Path, executable: bool) {
    use std::os::unix::fs::PermissionsExt;
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
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
    assert_eq!(committed.files, ["edited", "gone", "staged"]);
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
    assert_eq!(back.unwrap().files, ["b.txt"]);
}

#[test]
fn the_commits_made_since_are_a_range() {
    let lab = Lab::unborn();
    let unborn = take(&lab);
    lab.write("a.txt", "a\n");
    let first = lab.commit("first");
    let born = take(&lab);
    let range = born.commits_since(&unborn).unwrap();
    let selection = cc_git::Selection {
        range: Some(range),
        ..Default::default()
    };
    let context = lab.review(&selection).unwrap();
    assert_eq!(context.diff.matches("+a").count(), 1, "{}", context.diff);
    assert_eq!(born.commits_since(&born), None);
    assert_eq!(unborn.commits_since(&born), None);
    lab.commit("second");
    let range = take(&lab).commits_since(&born);
    assert_eq!(range, Some(format!("{first}..HEAD")));
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
        check(&lab, || set_executable(&path, true), &[name]);
        check(&lab, || set_executable(&path, false), &[name]);
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

#[test]
fn an_unmerged_index() {
    let lab = lab();
    lab.commit("third");
    lab.git(["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    lab.write("edited", "side\n");
    lab.commit("side");
    let merged = changes(&lab, || {
        assert!(!lab.try_git(&lab.root, ["merge", "main"]).status.success());
    });
    assert!(merged.unwrap().files.contains(&"edited".to_owned()));
    assert_eq!(changes(&lab, || ()), None);
    check(&lab, || lab.write("edited", "solved\n"), &["edited"]);
    check(&lab, || drop(lab.git(["add", "edited"])), &["edited"]);
}

#[test]
fn a_repository_without_commits() {
    let lab = Lab::unborn();
    assert_eq!(changes(&lab, || ()), None);
    check(&lab, || lab.write("a", "1"), &["a"]);
    check(&lab, || lab.write("a", "2"), &["a"]);
    check(&lab, || drop(lab.git(["add", "a"])), &["a"]);
    let first = changes(&lab, || drop(lab.commit("first"))).unwrap();
    assert!(first.head_moved);
}

#[test]
fn files_that_git_is_told_to_overlook() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let lab = lab();
        lab.git(["update-index", flag, "a.txt", "staged"]);
        assert_eq!(changes(&lab, || ()), None);
        for content in ["1\n", "2\n"] {
            check(&lab, || lab.write("a.txt", content), &["a.txt"]);
            check(&lab, || lab.write("staged", content), &["staged"]);
        }
        check(&lab, || lab.remove("a.txt"), &["a.txt"]);
    }
}

#[test]
fn a_sparse_checkout() {
    let lab = Lab::new();
    for name in ["in/a", "out/b", "out/deep/c", "outer"] {
        lab.write(name, "1\n");
    }
    lab.commit("second");
    let narrowed = || drop(lab.git(["sparse-checkout", "set", "--no-cone", "in/"]));
    assert_eq!(changes(&lab, narrowed), None, "nothing was edited");
    check(&lab, || lab.write("in/a", "2\n"), &["in/a"]);
    check(&lab, || lab.write("out/b", "2\n"), &["out/b"]);
    check(&lab, || lab.write("out/b", "3\n"), &["out/b"]);
    check(&lab, || lab.write("out/new", "2\n"), &["out/new"]);
    check(&lab, || lab.write("outer", "2\n"), &["outer"]);
}

#[test]
fn repositories_inside_this_one() {
    let (lab, other) = (Lab::new(), Lab::new());
    let url = other.root.to_str().unwrap();
    lab.git(["submodule", "--quiet", "add", url, "sub"]);
    lab.commit("with a submodule");
    lab.git(["init", "--quiet", "nested"]);
    assert_eq!(changes(&lab, || ()), None);
    for dir in ["sub", "nested"] {
        let inside = |name: &str| format!("{dir}/{name}");
        for content in ["1\n", "2\n"] {
            check(
                &lab,
                || lab.write(inside("a.txt"), content),
                &[&inside("a.txt")],
            );
            check(
                &lab,
                || lab.write(inside("new"), content),
                &[&inside("new")],
            );
        }
        let root = lab.root.join(dir);
        let committed = changes(&lab, || {
            lab.git_in(&root, ["add", "--all"]);
            lab.git_in(&root, ["commit", "--quiet", "-m", "inside"]);
        });
        let committed = committed.unwrap();
        assert!(committed.files.contains(&dir.to_owned()) && !committed.head_moved);
    }
    let gone = || fs::remove_dir_all(lab.root.join("nested")).unwrap();
    check(&lab, gone, &["nested"]);
    lab.git(["submodule", "--quiet", "deinit", "--force", "sub"]);
    assert_eq!(changes(&lab, || ()), None);
}

#[test]
#[cfg(unix)]
fn programs_of_a_repository_inside_are_not_run() {
    let (lab, other) = (Lab::new(), Lab::new());
    let marker = lab.base.join("marker");
    lab.git([
        "submodule",
        "--quiet",
        "add",
        other.root.to_str().unwrap(),
        "sub",
    ]);
    lab.commit("with a submodule");
    let sub = lab.root.join("sub");
    let program = format!("touch {}; cat", marker.display());
    for name in ["filter.x.clean", "filter.x.process", "core.fsmonitor"] {
        lab.git_in(&sub, ["config", name, &program]);
    }
    lab.git_in(&sub, ["config", "filter.x.required", "true"]);
    lab.write("sub/.gitattributes", "* filter=x\n");
    let text = numbers(1..=10).replace('1', "2");
    check(&lab, || lab.write("sub/a.txt", text), &["sub/a.txt"]);
    assert!(!marker.exists());
    lab.try_git(&lab.root, ["status"]);
    assert!(marker.exists(), "plain git does not fall into the trap");
}

#[test]
fn nothing_is_written() {
    let lab = lab();
    set_modified(&lab.root.join("a.txt"), UNIX_EPOCH);
    let before = snapshot(&lab.root);
    let first = take(&lab);
    take_after(&lab, Some(&first));
    assert!(snapshot(&lab.root) == before);
    lab.git(["status"]);
    assert!(
        snapshot(&lab.root) != before,
        "plain git refreshes the index"
    );
}

#[test]
fn digests_are_used_again_only_where_the_stamp_was_not_fresh() {
    let lab = lab();
    let now = Clock::System.now();
    let old = take_at(&lab, None, now.plus(Duration::from_secs(60)));
    let fresh = take_at(&lab, None, now);
    // A digest that no file has shows whether it was used again.
    let forged = |fingerprint: &Fingerprint| {
        let mut json = serde_json::to_value(fingerprint).unwrap();
        let entries = json["paths"]["each"].as_array_mut().unwrap();
        let entry = entries.iter_mut().find(|entry| entry["path"] == "new");
        entry.unwrap()["seen"]["file"]["digest"] = "0".repeat(32).into();
        serde_json::from_value::<Fingerprint>(json).unwrap()
    };
    let (old, fresh) = (forged(&old), forged(&fresh));
    assert_eq!(take_after(&lab, Some(&old)).changes_since(&old), None);
    let reread = take_after(&lab, Some(&fresh)).changes_since(&fresh);
    assert_eq!(reread.unwrap().files, ["new"]);
    // Another file of the same name, size and time is read whatever the time.
    lab.remove("new");
    lab.write("new", "NEW\n");
    let reread = take_after(&lab, Some(&old)).changes_since(&old);
    assert_eq!(reread.unwrap().files, ["new"]);
}

#[test]
#[cfg(unix)]
fn the_index_is_read_again_only_where_it_is_another_one() {
    let lab = lab().with_calls_noted();
    let later = Clock::System.now().plus(Duration::from_secs(60));
    let repository = lab.repository();
    let next = |previous: Option<&Fingerprint>| {
        lab.calls();
        let fingerprint = repository.fingerprint(previous, later).unwrap();
        (fingerprint, lab.calls().contains(&"ls-files".to_owned()))
    };
    let (first, read) = next(None);
    assert!(read);
    let (second, read) = next(Some(&first));
    assert!(!read && second == first);
    lab.git(["update-index", "--assume-unchanged", "a.txt"]);
    let (third, read) = next(Some(&second));
    assert!(read);
    lab.write("a.txt", "x");
    let (fourth, read) = next(Some(&third));
    assert!(!read);
    assert_eq!(fourth.changes_since(&third).unwrap().files, ["a.txt"]);
    // A fresh index could become another one and look the same.
    let (fresh, _) = (
        repository.fingerprint(None, Clock::System.now()).unwrap(),
        lab.calls(),
    );
    assert!(next(Some(&fresh)).1);
}

#[test]
fn writes_within_the_same_tick_are_noticed() {
    let lab = lab();
    let modified = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in ["edited", "new", "a.txt"] {
        let path = lab.root.join(name);
        let mut before = take(&lab);
        for round in 0..20u8 {
            // In place, of the same size and time of modification, as fast as it goes.
            fs::write(&path, [b'a' + round; 4]).unwrap();
            set_modified(&path, modified);
            let after = take_after(&lab, Some(&before));
            let changes = after.changes_since(&before);
            assert_eq!(changes.unwrap().files, [name], "round {round}");
            before = after;
        }
    }
}

#[test]
fn a_large_file_is_known_by_its_stamp() {
    let lab = lab();
    let path = lab.root.join("large");
    let large = File::create(&path).unwrap();
    large.set_len(40 << 20).unwrap();
    let later = Clock::System.now().plus(Duration::from_secs(60));
    let before = take_at(&lab, None, later);
    assert_eq!(
        take_at(&lab, Some(&before), later).changes_since(&before),
        None
    );
    set_modified(&path, UNIX_EPOCH);
    let after = take_at(&lab, Some(&before), later);
    assert_eq!(after.changes_since(&before).unwrap().files, ["large"]);
    // One that was just written could change again and look the same.
    let fresh = take(&lab);
    assert_eq!(take(&lab).changes_since(&fresh).unwrap().files, ["large"]);
}

#[test]
fn too_many_files_shrink_to_a_digest() {
    let lab = lab();
    for number in 0..10_001 {
        lab.write(format!("many/{number}"), "1");
    }
    let nameless = |edit: &dyn Fn()| {
        let changes = changes(&lab, edit).expect("an edit is a change");
        assert_eq!(changes, Changes::default());
    };
    assert_eq!(changes(&lab, || ()), None);
    let text = serde_json::to_string(&take(&lab)).unwrap();
    assert!(text.len() < 300, "{text}");
    nameless(&|| lab.write("many/7", "2"));
    nameless(&|| lab.write("many/more", "2"));
    nameless(&|| drop(lab.git(["add", "many/8"])));
    let fewer = || fs::remove_dir_all(lab.root.join("many")).unwrap();
    nameless(&fewer);
}

#[test]
fn many_changes_are_counted() {
    let lab = lab();
    let many = || {
        for number in 0..130 {
            lab.write(format!("many/{number:03}"), "1");
        }
    };
    let changes = changes(&lab, many).unwrap();
    assert_eq!((changes.files.len(), changes.more), (100, 30));
    assert_eq!(changes.files[99], "many/099");
}

#[test]
fn what_is_no_work_tree_is_told() {
    let lab = Lab::empty();
    let none = |dir: &str| matches!(lab.discover_in(dir), Err(Error::NotARepository { .. }));
    assert!(none(""));
    lab.git(["init", "--quiet", "--bare", "bare"]);
    assert!(none("bare"));
}

#[test]
fn only_so_many_repositories_inside_are_looked_into() {
    let lab = Lab::new();
    for n in 0..40 {
        let inner = format!("inner{n:02}");
        fs::create_dir(lab.root.join(&inner)).unwrap();
        lab.git_in(&lab.root.join(&inner), ["init", "--quiet"]);
        lab.write(format!("{inner}/new"), "new\n");
    }
    let before = take(&lab);
    lab.write("inner31/new", "edited\n");
    lab.write("inner32/new", "edited\n");
    let changes = take(&lab).changes_since(&before).unwrap();
    assert_eq!(changes.files, ["inner31/new"]);
}

#[test]
fn a_broken_repository_inside_hides_nothing_else() {
    let lab = Lab::new();
    fs::create_dir(lab.root.join("inner")).unwrap();
    lab.git_in(&lab.root.join("inner"), ["init", "--quiet"]);
    lab.write("inner/new", "new\n");
    let whole = take(&lab);
    lab.write("inner/.git/index", "no index");
    let broken = take(&lab);
    assert_eq!(broken.changes_since(&whole).unwrap().files, ["inner"]);
    lab.write("a.txt", "edited\n");
    let changes = take(&lab).changes_since(&broken).unwrap();
    assert_eq!(changes.files, ["a.txt"]);
}
