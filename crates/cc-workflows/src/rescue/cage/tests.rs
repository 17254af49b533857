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

#[test]
fn a_directory_for_sockets_has_a_short_path() {
    let check = |dir: Option<&str>, expect: &str| {
        let vars = dir.map(|dir| ("TMPDIR", dir));
        let env = Env::fixed(Path::new("/w"), "/bin/cc", vars);
        assert_eq!(parent_of_temporary(&env), Path::new(expect));
    };
    let fits = format!("/{}", "d".repeat(PARENT_LIMIT - 1));
    let too_long = format!("{fits}d");
    check(None, "/tmp");
    check(Some("/var/tmp"), "/var/tmp");
    check(Some("of-the-workspace"), "/w/of-the-workspace");
    check(Some(&fits), &fits);
    check(Some(&too_long), "/tmp");
    // What is made there is as long as measured: ours, and Claude Code's socket in it.
    let ours = "/cc-123456".len();
    let socket = "/claude-http-0123456789abcdef.sock".len();
    assert!(fits.len() + ours + socket <= 103);
}

#[test]
fn what_was_kept_is_compared_by_somebody_else() {
    let lab = Lab::new();
    let root = lab.dir.path();
    symlink("elsewhere", root.join("link")).unwrap();
    let mut watch = ProtectedWatch {
        root: root.to_owned(),
        read_only: lab.paths.clone(),
        in_place: lab.dirs.clone(),
        absent: vec![root.join("git/commondir")],
        missing: vec![root.join("codex")],
        has_repository: true,
        before: PathSnapshot::default(),
    };
    watch.begin();
    let kept = tempfile::tempdir().unwrap();
    assert!(ProtectedWatch::load(kept.path()).is_none());
    watch.save(kept.path()).unwrap();
    let loaded = || ProtectedWatch::load(kept.path()).unwrap();
    assert_eq!(loaded().before, watch.before);
    assert!(loaded().changes().is_empty());
    fs::write(root.join("git/hooks/pre-commit"), "#!/bin/sh\nevil").unwrap();
    fs::write(root.join("git/commondir"), "../x").unwrap();
    assert_eq!(
        loaded().changes(),
        ["git/commondir", "git/hooks/pre-commit"]
    );
    assert!(!root.join("git/commondir").exists(), "it is put aside");
}
