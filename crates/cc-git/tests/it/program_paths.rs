//! What decides which programs Git runs, in the forms that a working tree can have.

use std::fs;
use std::path::{Path, PathBuf};

use cc_git::{ProgramPaths, program_paths};

use crate::lab::Lab;

fn found(lab: &Lab, root: &Path) -> ProgramPaths {
    program_paths(&lab.env(), root).unwrap()
}

#[track_caller]
fn assert_has(paths: &[PathBuf], root: &Path, names: &[&str]) {
    for name in names {
        let path = root.join(name);
        assert!(paths.contains(&path), "{name} is not among {paths:#?}");
    }
}

#[test]
fn in_a_repository_its_own_files_and_those_that_its_configuration_names() {
    let lab = Lab::new();
    for path in ["tools/hooks/pre-commit", "tools/clean", "src/a.c"] {
        lab.write(path, "x\n");
    }
    fs::write(lab.root.join("team.config"), "[alias]\n\tx = !src/a.c\n").unwrap();
    for (key, value) in [
        ("core.hooksPath", "tools/hooks"),
        ("filter.x.clean", "python3 tools/clean %f"),
        ("include.path", "../team.config"),
        ("core.fsmonitor", "./watch"),
    ] {
        lab.git(["config", key, value]);
    }
    let paths = found(&lab, &lab.root);
    let own = [".git/config", ".git/hooks", ".git/info", ".git/modules"];
    assert_has(&paths.read_only, &lab.root, &own);
    let named = ["tools/hooks", "tools/clean", "watch", "src/a.c"];
    assert_has(&paths.read_only, &lab.root, &named);
    assert_has(
        &paths.absent,
        &lab.root,
        &[".git/commondir", ".git/rebase-merge"],
    );
    assert_has(&paths.in_place, &lab.root, &[".git"]);
    assert!(!paths.read_only.contains(&lab.root.join("a.txt")));
}

#[test]
fn outside_of_a_repository_only_that_it_does_not_become_one() {
    let lab = Lab::empty();
    let paths = found(&lab, &lab.root);
    let expect = ProgramPaths {
        read_only: vec![lab.root.join(".git")],
        ..ProgramPaths::default()
    };
    assert_eq!(paths, expect);
}

#[test]
fn of_worktrees_those_beside_and_of_submodules_where_they_lead() {
    let lab = Lab::new();
    let link = lab.git(["rev-parse", "HEAD"]);
    let link = format!("160000,{},sub", link.trim());
    lab.git(["update-index", "--add", "--cacheinfo", &link]);
    let (one, two) = (lab.base.join("one"), lab.base.join("two"));
    for tree in [&one, &two] {
        lab.git([
            "worktree",
            "add",
            "--quiet",
            "--detach",
            tree.to_str().unwrap(),
        ]);
    }
    let main = found(&lab, &lab.root);
    assert_has(&main.read_only, &lab.root, &["sub/.git", ".git/worktrees"]);
    let paths = found(&lab, &one);
    assert_has(&paths.read_only, &one, &[".git"]);
    let shared = [".git/config", ".git/hooks", ".git/worktrees/two"];
    assert_has(&paths.read_only, &lab.root, &shared);
    let in_place = [".git", ".git/worktrees/one", ".git/worktrees"];
    assert_has(&paths.in_place, &lab.root, &in_place);
}
