//! Lines of reviewed files.

use cc_git::{Error, Lines, Repository, Scope, Selection, Target};

use crate::lab::{Lab, numbers};

fn target(repository: &Repository, scope: Scope, commit: Option<&str>) -> Target {
    let selection = Selection {
        scope,
        commit: commit.map(Into::into),
        ..Selection::default()
    };
    repository.resolve(&selection).unwrap()
}

#[track_caller]
fn check(repository: &Repository, target: &Target, path: &str, lines: Option<u64>) {
    let found = repository.line_count(target, path).unwrap();
    assert_eq!(found, lines.map(Lines::Counted), "{path}");
}

#[test]
fn each_side_has_its_own_lines() {
    let lab = Lab::new();
    lab.write("dir/b", "no end");
    lab.commit("b");
    lab.write("a.txt", numbers(1..=11));
    lab.write("staged", "1\n2\n");
    lab.git(["add", "--all"]);
    lab.write("a.txt", numbers(1..=12));
    lab.write("empty", "");
    lab.write("line\nbreak", "1\n");
    let repository = lab.repository();
    let commit = target(&repository, Scope::Auto, Some("HEAD"));
    let staged = target(&repository, Scope::Staged, None);
    let tree = target(&repository, Scope::WorkingTree, None);
    for (path, in_commit, in_index, in_tree) in [
        ("a.txt", Some(10), Some(11), Some(12)),
        ("./dir//b", Some(1), Some(1), Some(1)),
        ("staged", None, Some(2), Some(2)),
        ("empty", None, None, Some(0)),
        (r#""line\nbreak""#, None, None, Some(1)),
        ("line\nbreak", None, None, Some(1)),
        ("gone", None, None, None),
        ("a.txt/x", None, None, None),
        ("dir", None, None, None),
        ("", None, None, None),
        (".", None, None, None),
        (".git/config", None, None, None),
        ("dir/.GIT/x", None, None, None),
    ] {
        check(&repository, &commit, path, in_commit);
        check(&repository, &staged, path, in_index);
        check(&repository, &tree, path, in_tree);
    }
    lab.commit("all");
    let commit = target(&repository, Scope::Auto, Some("HEAD"));
    check(&repository, &commit, r#""line\nbreak""#, Some(1));
}

#[test]
fn a_file_in_conflict_has_the_lines_of_our_side() {
    let lab = Lab::new();
    lab.git(["switch", "--quiet", "-c", "other"]);
    lab.write("a.txt", "theirs\n");
    lab.commit("theirs");
    lab.git(["switch", "--quiet", "main"]);
    lab.write("a.txt", "our\nside\n");
    lab.commit("ours");
    assert!(!lab.try_git(&lab.root, ["merge", "other"]).status.success());
    let repository = lab.repository();
    let staged = target(&repository, Scope::Staged, None);
    check(&repository, &staged, "a.txt", Some(2));
}

#[test]
fn paths_that_lead_out_are_refused() {
    let lab = Lab::new();
    let repository = lab.repository();
    for scope in [Scope::WorkingTree, Scope::Staged] {
        let target = target(&repository, scope, None);
        for path in [
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a.txt/..",
            "a\0b",
            r#""\056./x""#,
        ] {
            let error = repository.line_count(&target, path).unwrap_err();
            assert!(
                matches!(error, Error::PathOutside { .. }),
                "{path:?}: {error}"
            );
        }
    }
}

#[test]
#[cfg(unix)]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let lab = Lab::new();
    lab.write("../secret/file", numbers(1..=5));
    symlink("../secret/file", lab.root.join("link")).unwrap();
    symlink("../secret", lab.root.join("dir")).unwrap();
    symlink("a.txt", lab.root.join("inside")).unwrap();
    let repository = lab.repository();
    let tree = target(&repository, Scope::WorkingTree, None);
    check(&repository, &tree, "link", Some(1));
    check(&repository, &tree, "inside", Some(1));
    check(&repository, &tree, "dir/file", None);
    lab.commit("links");
    let commit = target(&repository, Scope::Auto, Some("HEAD"));
    check(&repository, &commit, "link", Some(1));
    check(&repository, &commit, "dir/file", None);
}

#[test]
fn a_huge_file_is_there_and_not_counted() {
    let lab = Lab::new();
    let file = std::fs::File::create(lab.root.join("huge")).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    let repository = lab.repository();
    let tree = target(&repository, Scope::WorkingTree, None);
    let found = repository.line_count(&tree, "huge").unwrap();
    assert_eq!(found, Some(Lines::Unknown));
    assert!(found.unwrap().may_have(7));
    assert!(Lines::Counted(7).may_have(7) && !Lines::Counted(7).may_have(8));
    assert!(!Lines::Unknown.may_have(0));
    file.set_len(64 << 20).unwrap();
    check(&repository, &tree, "huge", Some(1));
}
