//! What changed in a work tree: all of it, and nothing else.

use super::*;

#[test]
fn changes_committed_or_not_come_over_and_the_index_stays() {
    let lab = Lab::new();
    lab.write("gone.txt", "g\n");
    lab.write("far.txt", numbers(1..=40));
    lab.write(".gitignore", "ignored\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    assert_eq!(content(&tree.root), content(&lab.root));

    let at = |path: &str| tree.root.join(path);
    lab.write(at("a.txt"), numbers(1..=11));
    lab.write(at("new/deep.txt"), "no line end");
    lab.git_in(&tree.root, ["add", "--all"]);
    lab.git_in(&tree.root, ["commit", "--quiet", "-m", "by somebody"]);
    lab.remove(at("gone.txt"));
    lab.write(at("bytes"), b"\0\xff\n\x01");
    lab.write(at("empty"), "");
    lab.write(at("far.txt"), numbers(1..=39));
    lab.write(at("ignored"), "i\n");
    // What the user does in the meantime and the patch does not touch.
    lab.write("far.txt", format!("0\n{}", numbers(1..=40)));
    lab.write("staged", "s\n");
    lab.git(["add", "staged"]);

    assert_eq!(
        lab.bring_over(&tree),
        [
            "a.txt",
            "bytes",
            "empty",
            "far.txt",
            "gone.txt",
            "new/deep.txt"
        ]
    );
    lab.write(at("far.txt"), format!("0\n{}", numbers(1..=39)));
    lab.write(at("staged"), "s\n");
    lab.remove(at("ignored"));
    assert_eq!(content(&lab.root), content(&tree.root));
    assert_eq!(lab.git(["diff", "--cached", "--name-only"]), "staged");
}

#[test]
fn a_work_tree_without_changes_has_an_empty_patch() {
    let lab = Lab::new();
    let tree = lab.add_tree().unwrap();
    lab.write(tree.root.join("a.txt"), numbers(1..=10));
    assert!(lab.patch(&tree).files.is_empty());
}

#[test]
#[cfg(unix)]
fn modes_links_and_names_of_any_bytes_come_over() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let lab = Lab::new();
    lab.write("run.sh", "#!/bin/sh\n");
    lab.write("kind", "file\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    cc_executable::make_executable(tree.root.join("run.sh"));
    lab.remove(tree.root.join("kind"));
    symlink("/nowhere/at all", tree.root.join("kind")).unwrap();
    let names: [&[u8]; 8] = [
        b"-n",
        b":(glob)*",
        b"a b\t\n\"\\c",
        b"b/../../x".strip_prefix(b"b/../../").unwrap(),
        b"caf\xe9",
        "é\u{202e}".as_bytes(),
        b" ",
        b"--output=x",
    ];
    for name in names {
        lab.write(tree.root.join(OsStr::from_bytes(name)), name);
    }

    let files = lab.bring_over(&tree);
    assert_eq!(files.len(), names.len() + 2);
    assert!(files.contains(&r#""a b\t\n\"\\c""#.to_owned()), "{files:?}");
    assert!(files.iter().all(|name| !name.contains(char::is_control)));
    for name in names {
        let path = lab.root.join(OsStr::from_bytes(name));
        assert_eq!(fs::read(&path).unwrap(), name, "{path:?}");
    }
    let mode = fs::metadata(lab.root.join("run.sh")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o111, 0o111);
    let target = fs::read_link(lab.root.join("kind")).unwrap();
    assert_eq!(target, Path::new("/nowhere/at all"));
}

#[test]
fn edits_that_git_is_told_to_overlook_come_over() {
    let lab = Lab::new();
    for name in ["assumed", "skipped", "both", "gone"] {
        lab.write(name, "1\n");
    }
    lab.write(".gitignore", "ignored*\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    let hide = |flag: &str, names: &[&str]| {
        lab.git_in(&tree.root, [&["update-index", flag], names].concat());
    };
    hide("--assume-unchanged", &["assumed", "both", "gone"]);
    hide("--skip-worktree", &["skipped", "both"]);
    for name in ["assumed", "skipped", "both", "ignored-and-added", "ignored"] {
        lab.write(tree.root.join(name), "2\n");
    }
    lab.git_in(&tree.root, ["add", "--force", "ignored-and-added"]);
    lab.remove(tree.root.join("gone"));
    lab.write(git_dir(&tree).join("index.lock"), "");
    let index = fs::read(git_dir(&tree).join("index")).unwrap();
    assert_eq!(
        lab.bring_over(&tree),
        ["assumed", "both", "gone", "ignored-and-added", "skipped"]
    );
    assert_eq!(fs::read(git_dir(&tree).join("index")).unwrap(), index);
}

#[test]
fn an_edit_in_the_moment_in_which_the_index_was_written_comes_over() {
    let lab = Lab::new();
    // Else the time at which the kernel saw the edit gives it away.
    lab.git(["config", "--global", "core.trustctime", "false"]);
    let tree = lab.add_tree().unwrap();
    let file = tree.root.join("a.txt");
    let moment = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    let at_that_moment = |path: &Path| {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(moment).unwrap();
    };
    at_that_moment(&file);
    lab.git_in(&tree.root, ["update-index", "--refresh"]);
    at_that_moment(&git_dir(&tree).join("index"));
    lab.write(&file, numbers(1..=10).replace("10", "01"));
    at_that_moment(&file);
    assert_eq!(lab.bring_over(&tree), ["a.txt"]);
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_not_deleted() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let lab = Lab::new();
        for name in ["in/1", "out/1", "out/2"] {
            lab.write(name, "1\n");
        }
        lab.commit("second");
        let tree = lab.add_tree().unwrap();
        lab.git_in(&tree.root, ["sparse-checkout", "init", "--cone", index]);
        lab.git_in(&tree.root, ["sparse-checkout", "set", "in"]);
        assert!(!tree.root.join("out").exists());
        for name in ["in/1", "out/2", "out/new"] {
            lab.write(tree.root.join(name), "2\n");
        }
        assert_eq!(lab.bring_over(&tree), ["in/1", "out/2", "out/new"]);
        assert_eq!(fs::read(lab.root.join("out/1")).unwrap(), b"1\n");
    }
}

#[test]
fn a_tree_that_is_not_as_it_was_made_deletes_nothing() {
    let check = |name: &str, spoil: &dyn Fn(&Lab, &Worktree)| {
        let lab = Lab::new();
        let tree = lab.add_tree().unwrap();
        spoil(&lab, &tree);
        let error = lab.repository().worktree_patch(&tree).unwrap_err();
        assert!(
            matches!(error, Error::WorktreeGone { .. }),
            "{name}: {error}"
        );
    };
    let remove = |tree: &Worktree| fs::remove_dir_all(&tree.root).unwrap();
    check("gone", &|_, tree| remove(tree));
    check("emptied", &|_, tree| {
        remove(tree);
        fs::create_dir(&tree.root).unwrap();
    });
    check("a file", &|_, tree| {
        remove(tree);
        fs::write(&tree.root, "").unwrap();
    });
    #[cfg(unix)]
    check("a link", &|lab, tree| {
        remove(tree);
        std::os::unix::fs::symlink(&lab.root, &tree.root).unwrap();
    });
}

#[test]
fn settings_of_the_user_do_not_change_the_patch() {
    let lab = Lab::new();
    lab.write(".gitattributes", "*.dos eol=crlf\n");
    lab.write("x.dos", "1\r\n2\r\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    lab.write(tree.root.join("x.dos"), "1\r\n2\r\n3 \r\n");
    lab.git_in(&tree.root, ["mv", "a.txt", "b.txt"]);
    let plain = lab.patch(&tree);
    for (name, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "0"),
        ("diff.renames", "copies"),
        ("diff.relative", "true"),
        ("diff.orderFile", "/nowhere/order"),
        ("diff.external", "/nowhere/diff"),
        ("diff.suppressBlankEmpty", "true"),
        ("color.ui", "always"),
        ("core.quotePath", "true"),
        ("core.autocrlf", "input"),
        ("core.safecrlf", "true"),
        ("core.whitespace", "cr-at-eol"),
        ("apply.whitespace", "error-all"),
        ("apply.ignoreWhitespace", "change"),
        ("worktree.guessRemote", "true"),
        ("checkout.defaultRemote", "origin"),
    ] {
        lab.git(["config", "--global", name, value]);
    }
    assert_eq!(lab.patch(&tree), plain);
    assert_eq!(lab.bring_over(&tree), ["a.txt", "b.txt", "x.dos"]);
    assert_eq!(
        fs::read(lab.root.join("x.dos")).unwrap(),
        b"1\r\n2\r\n3 \r\n"
    );
}

#[test]
#[cfg(unix)]
fn what_becomes_of_each_file_is_known() {
    let lab = Lab::new();
    lab.write("gone", "g\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    lab.remove(tree.root.join("gone"));
    lab.write(tree.root.join("run"), "#!/bin/sh\n");
    cc_executable::make_executable(tree.root.join("run"));
    for (name, target) in [("one", "/etc/passwd"), ("other", "a\nb 7"), ("third", "x")] {
        std::os::unix::fs::symlink(target, tree.root.join(name)).unwrap();
    }
    let patch = lab.patch(&tree);
    let entries: Vec<_> = patch
        .entries
        .iter()
        .map(|it| (it.path.to_string(), it.mode, it.target.clone()))
        .collect();
    let link = |target: &str| Some(PathBuf::from(target));
    let expect = [
        ("gone", 0, None),
        ("one", 0o120000, link("/etc/passwd")),
        ("other", 0o120000, link("a\nb 7")),
        ("run", 0o100755, None),
        ("third", 0o120000, link("x")),
    ];
    let expect = expect.map(|(name, mode, target)| (name.to_owned(), mode, target));
    assert_eq!(entries, expect);
    let removed: Vec<_> = patch
        .entries
        .iter()
        .map(|it| it.content.is_none())
        .collect();
    assert_eq!(removed, [true, false, false, false, false]);
}

#[test]
#[cfg(unix)]
fn names_that_lead_to_git_elsewhere_are_not_applied() {
    for name in [
        ".GIT/hooks/x",
        "sub/.Git /config",
        ".g\u{200c}it/x",
        "git~1/config",
    ] {
        let lab = Lab::new();
        let tree = lab.add_tree().unwrap();
        lab.write(tree.root.join(name), "x\n");
        lab.write(tree.root.join("plain"), "p\n");
        let patch = lab.patch(&tree);
        assert_eq!(names(&patch.files), ["plain"], "{name}");
        assert_eq!(patch.disguised.len(), 1, "{name}");
        let before = content(&lab.root);
        let error = lab.repository().apply_patch(&patch, false).unwrap_err();
        assert!(matches!(error, Error::NamesGitDirectory { .. }), "{error}");
        assert_eq!(content(&lab.root), before);
        lab.remove(tree.root.join(name));
        assert_eq!(lab.bring_over(&tree), ["plain"], "{name}");
    }
    // A patch that somebody made by hand is refused by Git.
    let lab = Lab::new();
    let tree = lab.add_tree().unwrap();
    lab.write(tree.root.join("plain"), "p\n");
    let mut patch = lab.patch(&tree);
    let text = String::from_utf8(patch.content).unwrap();
    patch.content = text.replace("plain", ".GIT/x").into_bytes();
    lab.repository().apply_patch(&patch, false).unwrap_err();
    assert!(!lab.root.join(".GIT").exists());
}

#[test]
#[cfg(unix)]
fn refs_and_executables_are_compared() {
    let lab = Lab::new();
    lab.write("bin/run", "#!/bin/sh\n");
    cc_executable::make_executable(lab.root.join("bin/run"));
    lab.write(".gitignore", "target\n");
    lab.commit("second");
    for name in ["moved", "gone"] {
        lab.git(["branch", name]);
    }
    let before = lab.repository().head_state().unwrap();
    let second = lab.git(["rev-parse", "HEAD"]);
    for name in ["bin/new", "docs/run", "docs/plain", "target/run"] {
        lab.write(lab.root.join(name), "#!/bin/sh\n");
    }
    for name in ["bin/new", "docs/run", "target/run"] {
        cc_executable::make_executable(lab.root.join(name));
    }
    lab.commit("third");
    cc_executable::make_executable(lab.root.join("docs/plain"));
    lab.git(["branch", "--force", "moved"]);
    lab.git(["branch", "--delete", "--force", "gone"]);
    lab.git(["tag", "v1"]);
    let after = lab.repository().head_state().unwrap();
    let executables = after.unusual_executables(&before);
    assert_eq!(names(&executables), ["docs/plain", "docs/run"]);
    let changes = after.changed_refs(&before);
    let third = lab.git(["rev-parse", "HEAD"]);
    let said: Vec<_> = changes
        .iter()
        .map(|it| (it.name.as_str(), it.before.as_ref(), it.after.as_ref()))
        .map(|(name, before, after)| {
            [
                Some(name),
                before.map(|it| it.as_str()),
                after.map(|it| it.as_str()),
            ]
        })
        .collect();
    let (second, third) = (second.as_str(), third.as_str());
    assert_eq!(
        said,
        [
            [Some("refs/heads/gone"), Some(second), None],
            [Some("refs/heads/moved"), Some(second), Some(third)],
            [Some("refs/tags/v1"), None, Some(third)],
        ]
    );
    assert!(before.changed_refs(&before).is_empty());
}
