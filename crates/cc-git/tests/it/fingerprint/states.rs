//! Repositories that are not as most are.

use super::*;

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
    assert!(names(&merged.unwrap().files).contains(&"edited".to_owned()));
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
fn what_is_no_work_tree_is_reported() {
    let lab = Lab::empty();
    let none = |dir: &str| matches!(lab.discover_in(dir), Err(Error::NotARepository { .. }));
    assert!(none(""));
    lab.git(["init", "--quiet", "--bare", "bare"]);
    assert!(none("bare"));
}
