//! Every kind of file that a work tree can hold.

use std::collections::BTreeSet;
use std::fs;

use cc_git::{Context, FileChange, Reason, Scope, Selection};

use crate::lab::{Lab, file, general_reasons, listed, numbers, reason};

fn staged() -> Selection {
    Selection {
        scope: Scope::Staged,
        ..Selection::default()
    }
}

fn last_commit() -> Selection {
    Selection {
        commit: Some("HEAD".into()),
        ..Selection::default()
    }
}

fn counts(file: &FileChange) -> (Option<u64>, Option<u64>) {
    (file.additions, file.deletions)
}

/// The diff of one file as it stands in the context.
fn diff_of<'a>(context: &'a Context, header: &str) -> &'a str {
    let start = context
        .diff
        .find(header)
        .unwrap_or_else(|| panic!("{header} is not in {}", context.diff));
    let rest = &context.diff[start..];
    let end = rest[1..]
        .find("\ndiff --git ")
        .map_or(rest.len(), |end| end + 2);
    &rest[..end]
}

#[test]
fn renames_copies_and_deletions_are_distinguished() {
    let lab = Lab::new();
    lab.write("gone", "g\n");
    lab.commit("gone");
    lab.git(["mv", "a.txt", "b \"quoted\".txt"]);
    lab.remove("gone");
    let context = lab.auto();
    assert_eq!(listed(&context), [r#"R "b \"quoted\".txt""#, "D gone"]);
    let renamed = &context.files[0];
    assert_eq!(renamed.old_path.as_ref().unwrap().to_string(), "a.txt");
    assert_eq!((counts(renamed), renamed.shown), ((Some(0), Some(0)), true));
    assert!(
        context.diff.contains("rename from a.txt\n"),
        "{}",
        context.diff
    );
    assert!(
        context.stat().starts_with(" R a.txt => \"b \\\"quoted\\\".txt\" | +0 -0\n D gone | +0 -1\n 2 files changed, 0 insertions(+), 1 deletion(-), "),
        "{}",
        context.stat()
    );
}

#[test]
fn an_untracked_file_looks_as_if_git_had_been_told_of_it() {
    let lab = Lab::new();
    let names = [
        "plain",
        "two words",
        "é",
        "q\"uote",
        "one",
        "empty",
        "no-end",
        "crlf",
        "latin",
    ];
    lab.write("plain", numbers(1..=3));
    lab.write("two words", numbers(1..=2));
    lab.write("é", "x\n");
    lab.write("q\"uote", "x\ny");
    lab.write("one", "1\n");
    lab.write("empty", "");
    lab.write("no-end", "1");
    lab.write("crlf", "a\r\nb\r\n");
    lab.write("latin", b"caf\xe9\n");
    let untracked = lab.auto();
    lab.git(["add", "--intent-to-add", "."]);
    let intended = lab.auto();
    let without_ids = |context: &Context| -> BTreeSet<String> {
        let mut diffs = BTreeSet::new();
        for name in names {
            let name = file(
                context,
                &if name.contains('"') {
                    "\"q\\\"uote\"".into()
                } else {
                    name.to_owned()
                },
            );
            let path = name.path.to_string();
            let quoted = path.strip_prefix('"').unwrap_or(&path);
            let header = if path.starts_with('"') {
                format!("diff --git \"a/{quoted}")
            } else {
                format!("diff --git a/{quoted} ")
            };
            let lines = diff_of(context, &header).lines();
            let kept: Vec<&str> = lines.filter(|line| !line.starts_with("index ")).collect();
            diffs.insert(kept.join("\n").replace("two words\t", "two words"));
        }
        diffs
    };
    assert_eq!(without_ids(&untracked), without_ids(&intended));
    assert!(
        untracked
            .files
            .iter()
            .all(|file| file.letter() == '?' && file.shown)
    );
    assert!(
        intended
            .files
            .iter()
            .all(|file| file.letter() == 'A' && file.shown)
    );
    assert_eq!(untracked.totals.additions, intended.totals.additions);
    let error = lab.review(&staged()).unwrap_err();
    assert!(error.to_string().contains("no staged changes"), "{error}");
}

#[test]
#[cfg(unix)]
fn links_show_where_they_point_and_are_not_followed() {
    use std::os::unix::fs::symlink;
    let lab = Lab::new();
    lab.write("../secret", "hunter2\n");
    lab.write("../outside/x", "hunter2\n");
    symlink("../secret", lab.root.join("link")).unwrap();
    symlink("../outside", lab.root.join("dir")).unwrap();
    let context = lab.auto();
    assert_eq!(listed(&context), ["? dir", "? link"]);
    assert!(
        diff_of(&context, "diff --git a/link").contains("new file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+../secret\n\\ No newline"),
        "{}",
        context.diff
    );
    assert!(!context.diff.contains("hunter2"));
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_not_opened() {
    use std::os::unix::net::UnixListener;
    let lab = Lab::new();
    lab.write("b.txt", "b\n");
    lab.write("c.txt", "c\n");
    lab.commit("b");
    for name in ["a.txt", "c.txt"] {
        lab.remove(name);
    }
    fifo(&lab, "a.txt");
    let _socket = UnixListener::bind(lab.root.join("c.txt")).unwrap();
    fifo(&lab, "untracked");
    lab.write("b.txt", "changed\n");
    let context = lab.auto();
    // git itself does not list an untracked FIFO, and dies over a tracked one.
    assert_eq!(listed(&context), ["M b.txt", "M a.txt", "M c.txt"]);
    assert_eq!(reason(&context, "a.txt"), Some(&Reason::NotAFile));
    assert_eq!(reason(&context, "c.txt"), Some(&Reason::NotAFile));
    assert!(context.diff.contains("+changed"));
    assert_eq!(context.totals.files, 3);
    let only = Selection {
        paths: vec!["a.txt".into()],
        ..Selection::default()
    };
    assert_eq!(listed(&lab.review(&only).unwrap()), ["M a.txt"]);
}

#[cfg(unix)]
fn fifo(lab: &Lab, name: &str) {
    cc_executable::make_fifo(lab.root.join(name));
}

#[test]
#[cfg(unix)]
fn a_file_that_may_not_be_read_does_not_spoil_the_rest() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new();
    lab.write("b.txt", "b\n");
    lab.commit("b");
    for (name, content) in [
        ("a.txt", "secret\n"),
        ("b.txt", "changed\n"),
        ("new", "n\n"),
    ] {
        lab.write(name, content);
    }
    for name in ["a.txt", "new"] {
        let closed = fs::Permissions::from_mode(0o000);
        fs::set_permissions(lab.root.join(name), closed).unwrap();
    }
    if fs::File::open(lab.root.join("new")).is_ok() {
        return; // The superuser may read everything.
    }
    let context = lab.auto();
    assert_eq!(listed(&context), ["M b.txt", "M a.txt", "? new"]);
    for name in ["a.txt", "new"] {
        assert_eq!(reason(&context, name), Some(&Reason::Unreadable));
    }
}

#[test]
fn binaries_are_listed_and_not_shown() {
    let lab = Lab::new();
    lab.write("old.bin", b"\x00\x01");
    lab.write("hidden.txt", "text\n");
    lab.write(".gitattributes", "hidden.txt -diff\n");
    lab.commit("binary");
    lab.write("old.bin", b"\x00\x02");
    lab.write("new.bin", b"\x00\x03");
    lab.write("hidden.txt", "changed\n");
    lab.write("sub/hidden.txt", "untracked\n");
    let context = lab.auto();
    assert_eq!(
        listed(&context),
        ["M hidden.txt", "M old.bin", "? new.bin", "? sub/hidden.txt"]
    );
    for (name, expect) in [
        ("hidden.txt", Reason::NoDiff),
        ("old.bin", Reason::Binary),
        ("new.bin", Reason::Binary),
        ("sub/hidden.txt", Reason::NoDiff),
    ] {
        assert_eq!(reason(&context, name), Some(&expect), "{name}");
    }
    assert_eq!(counts(file(&context, "old.bin")), (None, None));
    assert_eq!(context.diff, "");
}

#[test]
#[cfg(unix)]
fn changes_of_mode_and_type_are_changes() {
    use std::os::unix::fs::symlink;
    let lab = Lab::new();
    lab.write("b.txt", "b\n");
    lab.write("empty", "");
    lab.commit("b");
    cc_executable::make_executable(lab.root.join("a.txt"));
    lab.remove("b.txt");
    symlink("a.txt", lab.root.join("b.txt")).unwrap();
    lab.remove("empty");
    lab.write("added-empty", "");
    lab.git(["add", "added-empty"]);
    let context = lab.auto();
    let mut rows = listed(&context);
    rows.sort();
    assert!(
        rows.contains(&"M a.txt".to_owned()) && rows.contains(&"T b.txt".to_owned()),
        "{rows:?}"
    );
    assert!(
        context.files.iter().all(|file| file.shown),
        "{:?}",
        context.not_seen
    );
    assert!(diff_of(&context, "diff --git a/a.txt").contains("new mode 100755"));
    assert_eq!(
        context.diff.matches("diff --git a/b.txt b/b.txt").count(),
        2
    );
    lab.commit("all of it");
    assert!(
        lab.review(&last_commit())
            .unwrap()
            .files
            .iter()
            .all(|file| file.shown)
    );
}

#[test]
fn a_conflict_is_shown_as_it_stands_in_the_work_tree() {
    let lab = Lab::new();
    lab.git(["switch", "--quiet", "-c", "other"]);
    lab.write("a.txt", "theirs\n");
    lab.write("clean", "c\n");
    lab.commit("theirs");
    lab.git(["switch", "--quiet", "main"]);
    lab.write("a.txt", "ours\n");
    lab.commit("ours");
    assert!(!lab.try_git(&lab.root, ["merge", "other"]).status.success());
    let context = lab.auto();
    assert_eq!(listed(&context), ["M a.txt", "A clean"]);
    assert!(context.diff.contains("+<<<<<<< HEAD"), "{}", context.diff);
    let context = lab.review(&staged()).unwrap();
    assert_eq!(listed(&context), ["U a.txt", "A clean"]);
    assert_eq!(reason(&context, "a.txt"), Some(&Reason::Unmerged));
    assert!(file(&context, "clean").shown);
}

#[test]
fn a_submodule_is_its_commit() {
    let lab = Lab::new();
    let other = Lab::new();
    let url = other.root.to_str().unwrap();
    lab.git(["submodule", "--quiet", "add", url, "sub"]);
    lab.commit("sub");
    let sub = lab.root.join("sub");
    lab.write("sub/a.txt", "dirty\n");
    lab.write("b", "b\n");
    let context = lab.auto();
    assert_eq!(listed(&context), ["? b"]);
    assert_eq!(general_reasons(&context), [Reason::SubmoduleWork]);
    lab.git_in(&sub, ["commit", "--quiet", "-a", "-m", "inside"]);
    let context = lab.auto();
    assert_eq!(listed(&context), ["M sub", "? b"]);
    assert_eq!(reason(&context, "sub"), Some(&Reason::Submodule));
    assert!(
        context.diff.contains("+Subproject commit "),
        "{}",
        context.diff
    );
    assert!(!context.diff.contains("dirty"));
    let inside = lab.discover_in("sub").unwrap();
    assert_eq!(inside.root(), sub);
}

#[test]
fn a_repository_inside_is_named_and_not_entered() {
    let lab = Lab::new();
    fs::create_dir(lab.root.join("inner")).unwrap();
    lab.git_in(&lab.root.join("inner"), ["init", "--quiet"]);
    lab.write("inner/x", "hunter2\n");
    let context = lab.auto();
    assert_eq!(listed(&context), ["? inner/"]);
    assert_eq!(reason(&context, "inner/"), Some(&Reason::NestedRepository));
    assert_eq!(context.diff, "");
}

#[test]
fn ignored_files_are_not_under_review() {
    let lab = Lab::new();
    lab.write(".gitignore", "*.log\n");
    lab.commit("ignore");
    lab.write("x.log", "x\n");
    lab.write("y", "y\n");
    assert_eq!(listed(&lab.auto()), ["? y"]);
}

#[test]
fn a_file_that_was_only_touched_has_not_changed() {
    let lab = Lab::new();
    lab.write("b.txt", "b\n");
    lab.commit("b");
    lab.write("b.txt", "c\n");
    let times = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    let touched = fs::File::options()
        .append(true)
        .open(lab.root.join("a.txt"))
        .unwrap();
    touched.set_times(times).unwrap();
    let context = lab.auto();
    assert_eq!(listed(&context), ["M b.txt"]);
    assert!(context.files[0].shown);
    assert_eq!(context.totals.files, 1);
}

/// One file for every byte that a name can hold, in every way in which a file gets listed.
#[test]
#[cfg(target_os = "linux")]
fn names_of_any_bytes_are_reported_without_loss() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let lab = Lab::unborn();
    let bytes: Vec<u8> = (1..=255).filter(|byte| *byte != b'/').collect();
    let name = |byte: u8| [b'n', byte, b'.', byte].to_vec();
    for &byte in &bytes {
        lab.write(OsStr::from_bytes(&name(byte)), format!("content {byte}\n"));
    }
    let check = |context: &Context, letter: char| {
        assert_eq!(context.files.len(), bytes.len());
        let shown: BTreeSet<String> = context
            .files
            .iter()
            .map(|file| file.path.to_string())
            .collect();
        assert_eq!(shown.len(), bytes.len(), "two names look the same");
        for file in &context.files {
            assert!(file.shown && file.letter() == letter, "{file:?}");
            assert!(
                !file.path.to_string().chars().any(char::is_control),
                "{file:?}"
            );
        }
        assert_eq!(context.diff.matches("diff --git ").count(), bytes.len());
    };
    check(&lab.auto(), '?');
    lab.git(["add", "--all"]);
    check(&lab.auto(), 'A');
    check(&lab.review(&staged()).unwrap(), 'A');
    lab.git(["commit", "--quiet", "-m", "all"]);
    check(&lab.review(&last_commit()).unwrap(), 'A');
    for &byte in &bytes {
        lab.write(OsStr::from_bytes(&name(byte)), "changed\n");
    }
    let context = lab.auto();
    check(&context, 'M');
    // What is shown leads back to the very file, one by one.
    let repository = lab.repository();
    for file in &context.files {
        let selection = Selection {
            commit: Some("HEAD".into()),
            ..Selection::default()
        };
        let target = repository.resolve(&selection).unwrap();
        let lines = repository
            .line_count(&target, &file.path.to_string())
            .unwrap();
        assert_eq!(
            lines.and_then(cc_git::Lines::known),
            Some(1),
            "{}",
            file.path
        );
    }
}
