//! Finding the repository, as git would, and refusing what is none.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::Env;
use cc_git::{Error, Git, Head, top_level, workspace};

use crate::lab::{Lab, listed, search_path};

/// What git says for a directory; `None` where it says no.
fn top_level_of_git(lab: &Lab, dir: &Path) -> Option<PathBuf> {
    let output = lab.try_git(dir, ["rev-parse", "--show-toplevel"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let path = text.strip_suffix('\n')?;
    (output.status.success() && !path.is_empty()).then(|| path.into())
}

#[test]
fn the_walk_agrees_with_git() {
    let lab = Lab::new();
    lab.write("dir/deep/x", "x\n");
    lab.commit("dir");
    lab.git(["worktree", "add", "--quiet", "../linked"]);
    let other = Lab::new();
    lab.git([
        "submodule",
        "--quiet",
        "add",
        other.root.to_str().unwrap(),
        "sub",
    ]);
    lab.git_in(&lab.base, ["init", "--quiet", "--bare", "bare"]);
    lab.git_in(
        &lab.base,
        [
            "init",
            "--quiet",
            "--separate-git-dir=elsewhere",
            "separate",
        ],
    );
    lab.git_in(
        &lab.base,
        ["init", "--quiet", "--object-format=sha256", "sha256"],
    );
    lab.git_in(
        &lab.base,
        ["init", "--quiet", "--ref-format=reftable", "reftable"],
    );
    lab.git_in(&lab.base, ["init", "--quiet", "line\nbreak"]);
    lab.write("empty/.git/x", "not git's\n");
    lab.write("broken/.git", "gitdir: ../nowhere\n");
    lab.write("broken/dir/x", "x\n");
    lab.write("../nothing/x", "x\n");
    lab.write("../fake/.git/HEAD", "garbage\n");
    fs::create_dir_all(lab.base.join("fake/.git/objects")).unwrap();
    fs::create_dir_all(lab.base.join("fake/.git/refs")).unwrap();
    for (dir, expect) in [
        ("work", Some("work")),
        ("work/dir/deep", Some("work")),
        ("work/../work/dir", Some("work")),
        ("work/.git", None),
        ("work/.git/refs/heads", None),
        ("work/.git/worktrees/linked", None),
        ("work/sub", Some("work/sub")),
        ("work/.git/modules/sub", None),
        ("work/empty", Some("work")),
        ("work/broken/dir", None),
        ("linked/dir", Some("linked")),
        ("bare", None),
        ("bare/refs", None),
        ("separate", Some("separate")),
        ("elsewhere", None),
        ("sha256", Some("sha256")),
        ("reftable", Some("reftable")),
        ("line\nbreak", Some("line\nbreak")),
        ("nothing", None),
        ("fake", None),
    ] {
        let dir = lab.base.join(dir);
        let expect = expect.map(|top| lab.base.join(top));
        assert_eq!(top_level(&dir), expect, "{}", dir.display());
        // A git directory of a submodule knows its work tree; who stands in it is not in there.
        if !dir.starts_with(lab.root.join(".git/modules")) {
            assert_eq!(top_level_of_git(&lab, &dir), expect, "{}", dir.display());
        }
        let found = lab.discover_in(&dir);
        match expect {
            Some(root) => assert_eq!(found.unwrap().root(), root),
            None => assert!(
                matches!(found, Err(Error::NotARepository { .. })),
                "{}: {found:?}",
                dir.display()
            ),
        }
    }
    assert_eq!(top_level(&lab.base.join("gone")), None);
}

#[test]
#[cfg(unix)]
fn a_link_into_a_repository_is_the_repository() {
    let lab = Lab::new();
    lab.write("dir/x", "x\n");
    let link = lab.base.join("link");
    std::os::unix::fs::symlink(lab.root.join("dir"), &link).unwrap();
    assert_eq!(top_level(&link), Some(lab.root.clone()));
    assert_eq!(listed(&lab.auto()), ["? dir/x"]);
}

#[test]
fn a_workspace_is_the_top_level_or_the_directory() {
    let lab = Lab::new();
    lab.write("dir/x", "x\n");
    let root = |dir: &Path| workspace(dir).unwrap().root().to_owned();
    assert_eq!(root(&lab.root.join("dir")), lab.root);
    assert_eq!(root(&lab.home.join("../home")), lab.home);
    assert!(workspace(&lab.base.join("gone")).is_err());
}

#[test]
fn head_is_a_branch_a_commit_or_nothing() {
    let lab = Lab::unborn();
    assert_eq!(*lab.repository().head(), Head::Unborn);
    lab.write("x", "x\n");
    let id = lab.commit("first");
    let repository = lab.repository();
    assert!(matches!(repository.head(), Head::Branch { name, .. } if name == "main"));
    assert_eq!(repository.head().id().unwrap().as_str(), id);
    lab.git(["switch", "--quiet", "--detach"]);
    let repository = lab.repository();
    assert!(matches!(repository.head(), Head::Detached { id: at } if at.as_str() == id));
}

#[test]
fn a_broken_head_is_not_a_repository_without_commits() {
    let lab = Lab::new();
    lab.write(".git/refs/heads/main", "garbage\n");
    let error = lab.discover_in("").unwrap_err();
    assert!(matches!(error, Error::Failed { .. }), "{error}");
}

#[test]
fn a_work_tree_elsewhere_is_refused() {
    let lab = Lab::new();
    lab.write("../home/private", "hunter2\n");
    lab.git(["config", "core.worktree", lab.home.to_str().unwrap()]);
    let error = lab.discover_in("").unwrap_err();
    assert!(
        matches!(error, Error::WorkingTreeElsewhere { .. }),
        "{error}"
    );
    lab.git_in(
        &lab.base,
        [
            "config",
            "--file=work/.git/config",
            "--unset",
            "core.worktree",
        ],
    );
    lab.git(["config", "core.bare", "true"]);
    let error = lab.discover_in("").unwrap_err();
    assert!(matches!(error, Error::NotARepository { .. }), "{error}");
}

#[test]
#[cfg(unix)]
fn git_is_never_taken_from_the_repository_or_a_relative_directory() {
    use std::os::unix::fs::symlink;
    let lab = Lab::new();
    let marker = lab.base.join("marker");
    let script = format!("#!/bin/sh\ntouch {}\n", marker.display());
    for path in ["bin/git", "sub/bin/git"] {
        lab.write(path, &script);
        cc_executable::make_executable(lab.root.join(path));
    }
    lab.write("../home/bin/git", "not executable\n");
    symlink(lab.root.join("bin"), lab.base.join("link")).unwrap();
    let inside = lab.root.join("bin");
    let hostile = format!(
        ":.:bin:{}:{}:{}",
        inside.display(),
        lab.base.join("link").display(),
        lab.home.join("bin").display()
    );
    let locate = |path: &str| {
        let vars = [("PATH", path), ("HOME", lab.home.to_str().unwrap())];
        Git::locate(&Env::fixed(&lab.root, "/nowhere", vars))
    };
    assert!(matches!(locate(&hostile), Err(Error::GitMissing(_))));
    assert!(matches!(locate(""), Err(Error::GitMissing(_))));
    let git = locate(&format!("{hostile}:{}", search_path())).unwrap();
    assert!(git.path().is_absolute() && !git.path().starts_with(&lab.base));

    // Located from elsewhere, and only then pointed at the repository.
    let inside = lab.bin.path().join("work");
    fs::create_dir(&inside).unwrap();
    cc_executable::write(inside.join("git"), &script);
    let vars = [("PATH", inside.to_str().unwrap())];
    let git = Git::locate(&Env::fixed(&lab.home, "/nowhere", vars)).unwrap();
    assert!(git.path().starts_with(&inside));
    let error = cc_git::Repository::discover(git, &inside).unwrap_err();
    assert!(matches!(error, Error::GitMissing(_)), "{error}");
    assert!(!marker.exists());
}

#[test]
#[cfg(unix)]
fn a_git_that_ignores_settings_from_its_environment_is_refused() {
    let lab = Lab::new();
    let bin = lab.bin.path();
    let real = Git::locate(&lab.env()).unwrap();
    let script = format!(
        "#!/bin/sh\nunset GIT_CONFIG_COUNT\nexec {} \"$@\"\n",
        real.path().display()
    );
    cc_executable::write(bin.join("git"), script);
    let vars = [("PATH", bin.to_str().unwrap())];
    let git = Git::locate(&Env::fixed(&lab.root, "/nowhere", vars)).unwrap();
    let error = cc_git::Repository::discover(git, &lab.root).unwrap_err();
    assert!(matches!(error, Error::GitTooOld), "{error}");
}

#[test]
fn a_partial_clone_is_not_filled_behind_the_users_back() {
    let lab = Lab::new();
    lab.write("a.txt", "changed\n");
    lab.commit("second");
    lab.git(["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", lab.root.display());
    lab.git_in(
        &lab.base,
        [
            "clone",
            "--quiet",
            "--no-checkout",
            "--filter=blob:none",
            &url,
            "partial",
        ],
    );
    let repository = lab.discover_in("../partial").unwrap();
    let selection = cc_git::Selection {
        commit: Some("HEAD".into()),
        ..cc_git::Selection::default()
    };
    let target = repository.resolve(&selection).unwrap();
    let error = repository
        .collect(&target, &cc_git::ContextLimits::default())
        .unwrap_err();
    assert!(matches!(error, Error::MissingObjects { .. }), "{error}");
}
