//! A linked work tree: made, changed by somebody who may be hostile, brought over, removed.

use std::fs;
use std::path::{Path, PathBuf};

use cc_git::{Error, Patch, WorkTree};

use crate::hostile::trap;
use crate::lab::{Lab, numbers, snapshot};

impl Lab {
    fn tree_root(&self) -> PathBuf {
        self.base.join("data/trees/one")
    }

    fn add_tree(&self) -> Result<WorkTree, Error> {
        self.repository().add_work_tree(&self.tree_root(), "cc/one")
    }

    fn patch(&self, tree: &WorkTree) -> Patch {
        self.repository().work_tree_patch(tree).unwrap()
    }

    /// Brings everything over; the files that changed.
    fn bring_over(&self, tree: &WorkTree) -> Vec<String> {
        let patch = self.patch(tree);
        self.repository().apply_patch(&patch).unwrap();
        patch.files
    }

    /// What git remembers of work trees and branches.
    fn notes(&self) -> [String; 2] {
        [
            self.git(["worktree", "list", "--porcelain"]),
            self.git(["for-each-ref"]),
        ]
    }
}

/// Git's directory for a work tree.
fn git_dir(tree: &WorkTree) -> PathBuf {
    let link = fs::read_to_string(tree.root.join(".git")).unwrap();
    link.trim_end().strip_prefix("gitdir: ").unwrap().into()
}

/// The names and contents below a root, `.git` apart.
fn content(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let inside = |path: &Path| path.strip_prefix(root).unwrap().to_owned();
    snapshot(root)
        .into_iter()
        .map(|(path, (content, _))| (inside(&path), content))
        .filter(|(path, _)| !path.starts_with(".git"))
        .collect()
}

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
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(tree.root.join("run.sh"), executable).unwrap();
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
    let check = |name: &str, spoil: &dyn Fn(&Lab, &WorkTree)| {
        let lab = Lab::new();
        let tree = lab.add_tree().unwrap();
        spoil(&lab, &tree);
        let error = lab.repository().work_tree_patch(&tree).unwrap_err();
        assert!(
            matches!(error, Error::WorkTreeGone { .. }),
            "{name}: {error}"
        );
    };
    let remove = |tree: &WorkTree| fs::remove_dir_all(&tree.root).unwrap();
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
fn what_does_not_fit_changes_nothing() {
    let check = |name: &str, user: &dyn Fn(&Lab)| {
        let lab = Lab::new();
        let tree = lab.add_tree().unwrap();
        lab.write(tree.root.join("a.txt"), numbers(1..=11));
        lab.write(tree.root.join("aa-fits-and-comes-first"), "1\n");
        lab.write(tree.root.join("new/file"), "n\n");
        lab.write(tree.root.join("dir-or-file"), "n\n");
        user(&lab);
        let before = content(&lab.root);
        let patch = lab.patch(&tree);
        let error = lab.repository().apply_patch(&patch).unwrap_err();
        assert!(
            matches!(error, Error::DoesNotApply { .. }),
            "{name}: {error}"
        );
        assert!(content(&lab.root) == before, "{name}: a file was written");
    };
    check("the same lines", &|lab| lab.write("a.txt", numbers(2..=12)));
    check("a file that is gone", &|lab| lab.remove("a.txt"));
    check("a file in the way", &|lab| lab.write("new/file", "mine\n"));
    check("a file as directory", &|lab| lab.write("new", "mine\n"));
    check("a directory as file", &|lab| {
        lab.write("dir-or-file/mine", "m\n");
    });
    #[cfg(unix)]
    check("a link that leads out", &|lab| {
        fs::create_dir(lab.base.join("outside")).unwrap();
        std::os::unix::fs::symlink("../outside", lab.root.join("new")).unwrap();
    });
}

#[test]
fn files_and_directories_may_change_places() {
    let lab = Lab::new();
    lab.write("file", "f\n");
    lab.write("dir/deep/1", "1\n");
    lab.write("dir/2", "2\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    let at = |path: &str| tree.root.join(path);
    lab.remove(at("file"));
    lab.write(at("file/new"), "n\n");
    fs::remove_dir_all(at("dir")).unwrap();
    lab.write(at("dir"), "d\n");
    lab.write("dir/deep/mine", "m\n");
    let before = content(&lab.root);
    let patch = lab.patch(&tree);
    let error = lab.repository().apply_patch(&patch).unwrap_err();
    assert!(error.to_string().contains("`dir/deep/mine`"), "{error}");
    assert_eq!(content(&lab.root), before);
    lab.remove("dir/deep/mine");
    lab.bring_over(&tree);
    assert_eq!(content(&lab.root), content(&tree.root));
}

#[test]
fn what_the_user_has_already_is_neither_used_nor_removed() {
    let lab = Lab::new();
    lab.git(["branch", "cc/one"]);
    let before = lab.notes();
    lab.add_tree().unwrap_err();
    assert!(!lab.tree_root().exists());
    assert_eq!(lab.notes(), before);

    lab.git(["branch", "-D", "cc/one"]);
    let before = lab.notes();
    lab.write(lab.tree_root().join("mine"), "m\n");
    lab.add_tree().unwrap_err();
    assert!(lab.tree_root().join("mine").exists());
    fs::remove_file(lab.tree_root().join("mine")).unwrap();
    lab.add_tree().unwrap_err();
    assert!(lab.tree_root().exists(), "an empty directory is not ours");
    assert_eq!(lab.notes(), before);
    fs::remove_dir(lab.tree_root()).unwrap();
    lab.add_tree().unwrap();
}

#[test]
fn a_checkout_that_fails_leaves_nothing_behind() {
    let lab = Lab::new();
    lab.write(".gitattributes", "a.txt filter=broken\n");
    lab.commit("second");
    let before = (lab.notes(), snapshot(&lab.root.join(".git")).len());
    for (name, value) in [("smudge", "false"), ("required", "true")] {
        lab.git([
            "config",
            "--global",
            &format!("filter.broken.{name}"),
            value,
        ]);
    }
    let error = lab.add_tree().unwrap_err();
    assert!(matches!(error, Error::Failed { .. }), "{error}");
    assert!(!lab.tree_root().exists());
    assert_eq!(lab.notes(), before.0);
    assert!(!lab.root.join(".git/worktrees/one").exists());
}

#[test]
fn without_commits_there_is_nothing_to_begin_at() {
    let lab = Lab::unborn();
    assert!(matches!(lab.add_tree(), Err(Error::NoCommits)));
    assert!(!lab.tree_root().exists());
}

#[test]
fn removing_takes_everything_however_much_is_gone_already() {
    let check = |name: &str, spoil: &dyn Fn(&Lab, &WorkTree)| {
        let lab = Lab::new();
        let before = lab.notes();
        let tree = lab.add_tree().unwrap();
        lab.write(tree.root.join("a.txt"), "changed\n");
        lab.write(tree.root.join("new"), "n\n");
        spoil(&lab, &tree);
        let repository = lab.repository();
        for _ in 0..2 {
            repository.remove_work_tree(&tree).unwrap();
            assert!(!tree.root.exists(), "{name}");
            assert_eq!(lab.notes(), before, "{name}");
        }
        lab.add_tree().unwrap();
    };
    check("dirty", &|_, _| {});
    check("locked", &|lab, tree| {
        let root = tree.root.to_str().unwrap();
        lab.git(["worktree", "lock", root]);
    });
    check("the directory", &|_, tree| {
        fs::remove_dir_all(&tree.root).unwrap()
    });
    check("the .git file", &|lab, tree| {
        lab.remove(tree.root.join(".git"))
    });
    check("all but the branch", &|lab, tree| {
        let root = tree.root.to_str().unwrap();
        lab.git(["worktree", "remove", "--force", root]);
    });
    check("on another branch", &|lab, tree| {
        lab.git_in(&tree.root, ["switch", "--quiet", "--detach", "main"]);
        lab.git(["branch", "-D", "cc/one"]);
    });
}

#[test]
fn a_branch_that_is_in_use_is_told_and_goes_later() {
    let lab = Lab::new();
    let tree = lab.add_tree().unwrap();
    lab.git_in(&tree.root, ["switch", "--quiet", "--detach"]);
    lab.git(["switch", "--quiet", "cc/one"]);
    let repository = lab.repository();
    for _ in 0..2 {
        let error = repository.remove_work_tree(&tree).unwrap_err();
        match error {
            Error::BranchInUse { branch, dir } => {
                assert_eq!((branch.as_str(), dir), ("cc/one", lab.root.clone()));
            }
            other => panic!("{other}"),
        }
        assert!(repository.is_left_of(&tree).unwrap());
    }
    lab.git(["switch", "--quiet", "main"]);
    repository.remove_work_tree(&tree).unwrap();
    assert!(!repository.is_left_of(&tree).unwrap());
    assert_eq!(lab.git(["branch", "--list", "cc/*"]), "");
}

/// Where the making of a work tree may be cut short, and what may have become of it since.
#[test]
fn only_a_work_tree_that_nobody_used_goes_unasked() {
    let check = |name: &str, goes: bool, make: &dyn Fn(&Lab)| {
        let lab = Lab::new();
        make(&lab);
        let notes = || {
            [
                lab.git(["for-each-ref", "refs/heads/cc"]),
                lab.git(["worktree", "list"]),
            ]
        };
        let before = notes();
        let repository = lab.repository();
        let went = repository.remove_unused_work_tree(&lab.tree_root(), "cc/one");
        assert_eq!(went.unwrap(), goes, "{name}");
        assert_eq!(!lab.tree_root().exists(), goes, "{name}");
        let [branch, trees] = notes();
        if goes {
            assert_eq!((branch.as_str(), trees.lines().count()), ("", 1), "{name}");
        } else {
            assert_eq!([branch, trees], before, "{name}");
        }
    };
    let made = |lab: &Lab| lab.add_tree().unwrap();
    check("a directory", true, &|lab| {
        fs::create_dir_all(lab.tree_root()).unwrap();
    });
    check("a directory and a branch", true, &|lab| {
        fs::create_dir_all(lab.tree_root()).unwrap();
        lab.git(["branch", "cc/one"]);
    });
    check("the whole", true, &|lab| drop(made(lab)));
    check("half a checkout", true, &|lab| {
        let tree = made(lab);
        lab.write(git_dir(&tree).join("locked"), "initializing");
        lab.write(tree.root.join("a.txt"), "1\n");
        lab.remove(git_dir(&tree).join("index"));
    });
    check("a commit of the user beside it", true, &|lab| {
        made(lab);
        lab.commit("second");
    });
    check("an edit", false, &|lab| {
        lab.write(made(lab).root.join("a.txt"), "1\n");
    });
    check("a new file", false, &|lab| {
        lab.write(made(lab).root.join("new"), "1\n");
    });
    check("a commit", false, &|lab| {
        let args = ["commit", "--quiet", "--allow-empty", "-m", "mine"];
        lab.git_in(&made(lab).root, args);
    });
    check("a commit, and only the branch is left", false, &|lab| {
        let tree = made(lab);
        let args = ["commit", "--quiet", "--allow-empty", "-m", "mine"];
        lab.git_in(&tree.root, args);
        lab.git(["worktree", "remove", tree.root.to_str().unwrap()]);
        fs::create_dir(&tree.root).unwrap();
    });
    check("files without a .git", false, &|lab| {
        lab.remove(made(lab).root.join(".git"));
    });
    check("of another repository", false, &|lab| {
        let other = lab.base.join("other");
        lab.git(["clone", "--quiet", ".", other.to_str().unwrap()]);
        fs::create_dir_all(lab.tree_root().parent().unwrap()).unwrap();
        let tree = lab.tree_root();
        let args = ["worktree", "add", "--quiet", "-b", "cc/one"];
        let args = args.into_iter().chain([tree.to_str().unwrap()]);
        lab.git_in(&other, args);
        lab.git(["branch", "cc/one"]);
    });
    check("a repository of its own", false, &|lab| {
        let tree = lab.tree_root();
        lab.git(["clone", "--quiet", ".", tree.to_str().unwrap()]);
    });
}

#[test]
#[cfg(unix)]
fn removing_does_not_follow_links() {
    use std::os::unix::fs::symlink;
    let lab = Lab::new();
    let tree = lab.add_tree().unwrap();
    lab.write("../kept/file", "k\n");
    symlink(lab.base.join("kept"), tree.root.join("inside")).unwrap();
    lab.repository().remove_work_tree(&tree).unwrap();
    symlink(lab.base.join("kept"), &tree.root).unwrap();
    lab.repository().remove_work_tree(&tree).unwrap();
    assert!(lab.base.join("kept/file").exists());
    assert!(!tree.root.exists());
}

#[test]
#[cfg(unix)]
fn an_altered_git_file_is_not_followed() {
    let check = |name: &str, alter: &dyn Fn(&Lab, &WorkTree, &str)| {
        let lab = Lab::new();
        let tree = lab.add_tree().unwrap();
        lab.write(tree.root.join("a.txt"), numbers(1..=11));
        let trap = trap(&lab);
        lab.remove(tree.root.join(".git"));
        alter(&lab, &tree, &trap);
        lab.write(tree.root.join(".gitattributes"), "*.txt filter=evil\n");
        let marker = lab.base.join("marker");
        let _ = fs::remove_file(&marker);
        assert_eq!(lab.bring_over(&tree), [".gitattributes", "a.txt"], "{name}");
        assert!(!marker.exists(), "{name}: the trap was sprung");
        lab.try_git(&tree.root, ["add", "--all"]);
        assert!(marker.exists(), "{name}: plain git does not fall into it");
        lab.repository().remove_work_tree(&tree).unwrap();
        assert!(!tree.root.exists());
    };
    let set_trap = |lab: &Lab, dir: &Path, trap: &str| {
        lab.git_in(dir, ["init", "--quiet", "."]);
        lab.git_in(dir, ["config", "filter.evil.clean", trap]);
        lab.git_in(dir, ["config", "core.fsmonitor", trap]);
    };
    check("another repository", &|lab, tree, trap| {
        let evil = lab.base.join("evil");
        fs::create_dir(&evil).unwrap();
        set_trap(lab, &evil, trap);
        let line = format!("gitdir: {}/.git\n", evil.display());
        lab.write(tree.root.join(".git"), line);
    });
    check("a directory", &|lab, tree, trap| {
        set_trap(lab, &tree.root, trap);
    });
}

#[test]
#[cfg(unix)]
fn nothing_that_a_repository_configures_is_run() {
    let check = |name: &str, set: &dyn Fn(&Lab, &str)| {
        let lab = Lab::new();
        lab.write(".gitattributes", "*.txt filter=evil diff=evil\n");
        lab.commit("second");
        let trap = trap(&lab);
        set(&lab, &trap);
        let marker = lab.base.join("marker");
        let _ = fs::remove_file(&marker);
        let tree = lab.add_tree().unwrap();
        lab.write(tree.root.join("a.txt"), numbers(1..=11));
        lab.write(tree.root.join("b.txt"), "b\n");
        assert_eq!(lab.bring_over(&tree), ["a.txt", "b.txt"], "{name}");
        lab.repository().remove_work_tree(&tree).unwrap();
        assert!(!marker.exists(), "{name} was run");

        let other = lab.base.join("other").to_str().unwrap().to_owned();
        lab.try_git(&lab.root, ["worktree", "add", &other]);
        lab.try_git(&lab.root, ["diff", "HEAD"]);
        lab.try_git(&lab.root, ["add", "--all"]);
        assert!(marker.exists(), "{name} is no trap");
    };
    for key in [
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.fsmonitor",
    ] {
        check(key, &|lab, trap| {
            lab.git(["config", key, trap]);
        });
    }
    check("a required filter", &|lab, trap| {
        lab.git(["config", "filter.evil.required", "true"]);
        lab.git(["config", "filter.evil.smudge", trap]);
    });
    check("a setting of the work tree alone", &|lab, trap| {
        lab.git(["config", "extensions.worktreeConfig", "true"]);
        lab.git(["config", "--worktree", "filter.evil.clean", trap]);
    });
    for hook in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
    ] {
        check(hook, &|lab, trap| {
            fs::copy(trap, lab.root.join(".git/hooks").join(hook)).unwrap();
        });
    }
}

/// A work tree with a configuration of its own, set by whoever works there.
#[test]
#[cfg(unix)]
fn settings_made_in_the_work_tree_are_not_run() {
    let lab = Lab::new();
    let trap = trap(&lab);
    lab.git(["config", "extensions.worktreeConfig", "true"]);
    let tree = lab.add_tree().unwrap();
    for key in ["filter.evil.clean", "diff.external", "core.fsmonitor"] {
        lab.git_in(&tree.root, ["config", "--worktree", key, &trap]);
    }
    lab.write(tree.root.join(".gitattributes"), "*.txt filter=evil\n");
    lab.write(tree.root.join("a.txt"), numbers(1..=11));
    assert_eq!(lab.bring_over(&tree), [".gitattributes", "a.txt"]);
    assert!(!lab.base.join("marker").exists());
    lab.git_in(&tree.root, ["add", "--renormalize", "."]);
    assert!(lab.base.join("marker").exists(), "it is no trap");
}

#[test]
#[cfg(unix)]
fn repositories_inside_are_left_out_and_run_nothing() {
    let lab = Lab::new();
    let module = Lab::new();
    module.write(".gitattributes", "*.txt filter=evil\n");
    module.commit("second");
    let url = module.root.to_str().unwrap();
    lab.git(["submodule", "--quiet", "add", url, "module"]);
    lab.commit("a submodule");
    let tree = lab.add_tree().unwrap();
    let inside = tree.root.join("module");
    assert_eq!(fs::read_dir(&inside).unwrap().count(), 0);

    lab.git_in(&tree.root, ["clone", "--quiet", url, "module"]);
    lab.git_in(&tree.root, ["init", "--quiet", "unborn"]);
    lab.git_in(&tree.root, ["clone", "--quiet", url, "born"]);
    let trap = trap(&lab);
    lab.git_in(&inside, ["config", "filter.evil.clean", &trap]);
    // Of the same length, so that only the content tells, and git asks the filter for it.
    lab.write(inside.join("a.txt"), numbers(1..=10).replace("10", "01"));
    lab.write(tree.root.join("unborn/file"), "u\n");
    lab.write(tree.root.join("plain"), "p\n");
    assert_eq!(lab.bring_over(&tree), ["plain"]);
    assert!(!lab.base.join("marker").exists());
    lab.git_in(&tree.root, ["add", "--all", "module"]);
    assert!(lab.base.join("marker").exists(), "it is no trap");

    lab.git_in(&inside, ["commit", "--quiet", "--allow-empty", "-m", "x"]);
    lab.git_in(&tree.root, ["add", "module"]);
    lab.git_in(&tree.root, ["commit", "--quiet", "-m", "moved"]);
    assert_eq!(lab.patch(&tree).files, ["plain"]);
    lab.repository().remove_work_tree(&tree).unwrap();
    assert!(!tree.root.exists());
}

#[test]
#[cfg(unix)]
fn a_repository_started_in_a_tracked_directory_hides_nothing() {
    let lab = Lab::new();
    lab.write("dir/file", "1\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    lab.git_in(&tree.root.join("dir"), ["init", "--quiet", "."]);
    lab.write(tree.root.join("dir/file"), "2\n");
    lab.write(tree.root.join("dir/new"), "n\n");
    assert_eq!(lab.bring_over(&tree), ["dir/file", "dir/new"]);
}

#[test]
#[cfg(unix)]
fn a_directory_may_be_named_through_a_link() {
    let lab = Lab::new();
    fs::create_dir(lab.base.join("data")).unwrap();
    std::os::unix::fs::symlink("data", lab.base.join("link")).unwrap();
    let before = lab.notes();
    let repository = lab.repository();
    let root = lab.base.join("link/tree");
    let tree = repository.add_work_tree(&root, "cc/link").unwrap();
    lab.write(root.join("a.txt"), numbers(1..=11));
    assert_eq!(lab.bring_over(&tree), ["a.txt"]);
    repository.remove_work_tree(&tree).unwrap();
    assert_eq!(lab.notes(), before);
}
