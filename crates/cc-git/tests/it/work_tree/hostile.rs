//! Work trees and repositories that are made to harm.

use super::*;
use crate::hostile::trap;

#[test]
#[cfg(unix)]
fn an_altered_git_file_is_not_followed() {
    let check = |name: &str, alter: &dyn Fn(&Lab, &Worktree, &str)| {
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
        lab.repository().remove_worktree(&tree).unwrap();
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
        lab.repository().remove_worktree(&tree).unwrap();
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
    assert_eq!(names(&lab.patch(&tree).files), ["plain"]);
    lab.repository().remove_worktree(&tree).unwrap();
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
