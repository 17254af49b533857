//! How a work tree is made, and what keeps it from being made.

use super::*;

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
#[cfg(unix)]
fn a_directory_may_be_named_through_a_link() {
    let lab = Lab::new();
    fs::create_dir(lab.base.join("data")).unwrap();
    std::os::unix::fs::symlink("data", lab.base.join("link")).unwrap();
    let before = lab.notes();
    let repository = lab.repository();
    let root = lab.base.join("link/tree");
    let tree = repository.add_worktree(&root, "cc/link").unwrap();
    lab.write(root.join("a.txt"), numbers(1..=11));
    assert_eq!(lab.bring_over(&tree), ["a.txt"]);
    repository.remove_worktree(&tree).unwrap();
    assert_eq!(lab.notes(), before);
}
