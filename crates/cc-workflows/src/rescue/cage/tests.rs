use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A directory with what a careful user has, and a note of it.
struct Lab {
    dir: tempfile::TempDir,
    paths: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
    before: PathSnapshot,
}

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("git/hooks")).unwrap();
        fs::write(at("git/config"), "[core]").unwrap();
        fs::write(at("git/hooks/pre-commit"), "#!/bin/sh").unwrap();
        let paths = vec![at("git/config"), at("git/hooks"), at("codex"), at("link")];
        let dirs = vec![at("git")];
        let before = PathSnapshot::take(&paths, &dirs);
        Self {
            dir,
            paths,
            dirs,
            before,
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&Path), expect: &[&str]) {
        let lab = Self::new();
        change(lab.dir.path());
        let changes = lab
            .before
            .changes(&PathSnapshot::take(&lab.paths, &lab.dirs));
        let expect: Vec<_> = expect
            .iter()
            .map(|name| lab.dir.path().join(name))
            .collect();
        assert_eq!(changes, expect);
    }
}

#[test]
fn what_was_written_made_or_replaced_is_found() {
    Lab::check(|_| {}, &[]);
    Lab::check(
        |dir| fs::write(dir.join("git/config"), "[core] x").unwrap(),
        &["git/config"],
    );
    Lab::check(
        |dir| {
            let hook = fs::File::open(dir.join("git/hooks/pre-commit")).unwrap();
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o744);
            hook.set_permissions(executable).unwrap();
        },
        &["git/hooks/pre-commit"],
    );
    Lab::check(
        |dir| {
            fs::create_dir_all(dir.join("codex/hooks")).unwrap();
            fs::write(dir.join("codex/hooks/x"), "x").unwrap();
        },
        &["codex/hooks/x"],
    );
    Lab::check(
        |dir| symlink("elsewhere", dir.join("link")).unwrap(),
        &["link"],
    );
    Lab::check(
        |dir| {
            fs::rename(dir.join("git"), dir.join("away")).unwrap();
            fs::create_dir_all(dir.join("git/hooks")).unwrap();
            fs::copy(dir.join("away/config"), dir.join("git/config")).unwrap();
            fs::copy(
                dir.join("away/hooks/pre-commit"),
                dir.join("git/hooks/pre-commit"),
            )
            .unwrap();
        },
        &["git"],
    );
    Lab::check(
        |dir| fs::remove_dir_all(dir.join("git")).unwrap(),
        &["git", "git/config", "git/hooks/pre-commit"],
    );
}

#[test]
fn what_is_empty_runs_nothing() {
    Lab::check(
        |dir| {
            fs::create_dir_all(dir.join("codex/hooks")).unwrap();
            fs::write(dir.join("link"), "").unwrap();
            fs::write(dir.join("git/hooks/empty"), "").unwrap();
        },
        &[],
    );
}

#[test]
fn every_directory_on_the_way_stays_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir_all(root.join(".git/worktrees/a")).unwrap();
    fs::create_dir_all(root.join("tools/git/hooks")).unwrap();
    let read_only = [
        ".git/config",
        ".git/worktrees/a",
        "none/hooks",
        "tools/git/hooks",
    ];
    let read_only = read_only.map(|name| root.join(name));
    let places = places(root, &[root.join(".git")], &read_only);
    let expect = [".git", ".git/worktrees", "tools", "tools/git"];
    assert_eq!(places, expect.map(|name| root.join(name)));
}
