//! How a work tree is removed, by whom it may be removed unasked, and what stays.

use super::*;

#[test]
fn removing_takes_everything_however_much_is_gone_already() {
    let check = |name: &str, spoil: &dyn Fn(&Lab, &Worktree)| {
        let lab = Lab::new();
        let before = lab.notes();
        let tree = lab.add_tree().unwrap();
        lab.write(tree.root.join("a.txt"), "changed\n");
        lab.write(tree.root.join("new"), "n\n");
        spoil(&lab, &tree);
        let repository = lab.repository();
        for _ in 0..2 {
            repository.remove_worktree(&tree).unwrap();
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
fn a_branch_that_is_in_use_is_reported_and_goes_later() {
    let lab = Lab::new();
    let tree = lab.add_tree().unwrap();
    lab.git_in(&tree.root, ["switch", "--quiet", "--detach"]);
    lab.git(["switch", "--quiet", "cc/one"]);
    let repository = lab.repository();
    for _ in 0..2 {
        let error = repository.remove_worktree(&tree).unwrap_err();
        match error {
            Error::BranchInUse { branch, dir } => {
                assert_eq!((branch.as_str(), dir), ("cc/one", lab.root.clone()));
            }
            other => panic!("{other}"),
        }
        assert!(repository.is_left_of(&tree).unwrap());
    }
    lab.git(["switch", "--quiet", "main"]);
    repository.remove_worktree(&tree).unwrap();
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
        let went = repository.remove_unused_worktree(&lab.tree_root(), "cc/one");
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
    lab.repository().remove_worktree(&tree).unwrap();
    symlink(lab.base.join("kept"), &tree.root).unwrap();
    lab.repository().remove_worktree(&tree).unwrap();
    assert!(lab.base.join("kept/file").exists());
    assert!(!tree.root.exists());
}
