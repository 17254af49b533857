use std::fs;

use super::*;

/// A directory tree with a workspace `w`, a home `h` and two directories for programs.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["w/bin", "h", "a", "b"] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::File::create(&path).unwrap();
        executable(&path);
        path
    }

    fn env(&self, entries: &[&str]) -> Env {
        let entries = entries.iter().map(|entry| match *entry {
            "" | "." | "bin" => PathBuf::from(entry),
            inside => self.path(inside),
        });
        let path = std::env::join_paths(entries).unwrap();
        let home = self.path("h").into_os_string();
        let vars = [
            ("PATH", path),
            ("HOME", home.clone()),
            ("USERPROFILE", home),
        ];
        Env::fixed(self.path("w"), "/bin/cc", vars)
    }

    fn locate(&self, entries: &[&str]) -> Result<PathBuf, LocateError> {
        Claude::locate(&self.env(entries), &self.path("w"), None).map(|claude| claude.path)
    }
}

#[cfg(unix)]
fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn executable(_: &Path) {}

const NAME: &str = NAMES[0];

#[test]
fn the_first_one_on_path_wins() {
    let tree = Tree::new();
    let second = tree.program(&format!("b/{NAME}"));
    assert_eq!(tree.locate(&["a", "b"]), Ok(second));
    let first = tree.program(&format!("a/{NAME}"));
    assert_eq!(tree.locate(&["a", "b"]), Ok(first));
}

#[test]
fn entries_the_workspace_has_a_hand_in_are_skipped() {
    let tree = Tree::new();
    let inside = tree.program(&format!("w/bin/{NAME}"));
    tree.program(&format!("w/{NAME}"));
    let good = tree.program(&format!("b/{NAME}"));
    assert_eq!(tree.locate(&["", ".", "bin", "w/bin", "w", "b"]), Ok(good));
    assert_eq!(
        tree.locate(&["w/bin"]),
        Err(LocateError::InsideWorkspace { path: inside })
    );
}

#[test]
fn what_was_searched_is_told() {
    let tree = Tree::new();
    assert_eq!(
        tree.locate(&["a", "", "b"]),
        Err(LocateError::NotFound {
            looked_in_dirs: vec![tree.path("a"), tree.path("b")]
        })
    );
}

#[test]
fn a_configured_path_is_judged_alike() {
    let tree = Tree::new();
    let locate = |path: &Path| {
        Claude::locate(&tree.env(&[]), &tree.path("w"), Some(path)).map(|claude| claude.path)
    };
    let good = tree.program("a/other-name");
    assert_eq!(locate(&good), Ok(good.clone()));
    let missing = tree.path("a/missing");
    assert_eq!(
        locate(&missing),
        Err(LocateError::NotFound {
            looked_in_dirs: vec![missing.clone()]
        })
    );
    let inside = tree.program("w/claude");
    let refused = Err(LocateError::InsideWorkspace { path: inside });
    assert_eq!(locate(Path::new("claude")), refused, "relative to the cwd");
    assert_eq!(
        locate(&tree.path("a")),
        Err(LocateError::NotExecutable {
            path: tree.path("a")
        })
    );
}

#[cfg(unix)]
#[test]
fn links_into_the_workspace_are_followed() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new();
    tree.program("w/bin/claude");
    symlink(tree.path("w/bin"), tree.path("linked-dir")).unwrap();
    symlink(tree.path("w/bin/claude"), tree.path("a/claude")).unwrap();
    symlink(tree.path("w"), tree.path("workspace-by-another-name")).unwrap();
    for entry in ["linked-dir", "a", "workspace-by-another-name/bin"] {
        let found = tree.locate(&[entry]);
        assert!(
            matches!(found, Err(LocateError::InsideWorkspace { .. })),
            "{entry}: {found:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_the_right_to_execute_is_passed_over() {
    let tree = Tree::new();
    fs::File::create(tree.path("a/claude")).unwrap();
    assert_eq!(
        tree.locate(&["a"]),
        Err(LocateError::NotExecutable {
            path: tree.path("a/claude")
        })
    );
    let good = tree.program("b/claude");
    assert_eq!(tree.locate(&["a", "b"]), Ok(good));
}

#[test]
fn a_workspace_that_holds_the_home_has_no_fence() {
    let tree = Tree::new();
    let good = tree.program(&format!("h/{NAME}"));
    let env = tree.env(&["h"]);
    let at_home = Claude::locate(&env, &tree.path("h"), None).map(|claude| claude.path);
    assert_eq!(at_home, Ok(good));
}

#[test]
fn a_directory_that_is_not_there_yet_is_fenced_by_its_parents() {
    let tree = Tree::new();
    let env = tree.env(&["w/later/bin", "a/later"]);
    let fence = Fence::new(&env, &tree.path("w"));
    assert_eq!(fence.search_path(&env), [tree.path("a/later")]);
}
