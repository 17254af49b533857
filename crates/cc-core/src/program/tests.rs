use std::fs;

use super::*;
#[cfg(unix)]
use crate::session::SessionRecord;
#[cfg(unix)]
use crate::{DataDir, SessionId};

/// A directory tree with a workspace `w`, a home `h` and two directories for programs.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let dir = cc_executable::dir();
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
        cc_executable::write(&path, "");
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
        SearchPath::outside(&self.env(entries), &self.path("w")).find("claude")
    }
}

/// The file of a program `claude`.
const NAME: &str = if cfg!(windows) {
    "claude.exe"
} else {
    "claude"
};

#[test]
fn the_first_one_on_path_wins() {
    let tree = Tree::new();
    let second = tree.program(&format!("b/{NAME}"));
    assert_eq!(tree.locate(&["a", "b"]), Ok(second));
    let first = tree.program(&format!("a/{NAME}"));
    assert_eq!(tree.locate(&["a", "b"]), Ok(first));
}

/// npm puts three files into one directory: for shells of Unix, for `cmd`, for PowerShell.
#[test]
#[cfg(windows)]
fn what_npm_and_installers_put_there_is_found_whatever_pathext_says() {
    let tree = Tree::new();
    for name in ["claude", "claude.ps1", "claude.bat"] {
        tree.program(&format!("a/{name}"));
    }
    assert!(matches!(
        tree.locate(&["a"]),
        Err(LocateError::NotFound { .. })
    ));
    let script = tree.program("a/claude.cmd");
    assert_eq!(tree.locate(&["a"]), Ok(script.clone()));
    for pathext in [".BAT", ".JS;.PS1", ""] {
        let vars = [("PATHEXT".into(), pathext.into())];
        let env = tree.env(&["a"]).with_vars(vars);
        let found = SearchPath::outside(&env, &tree.path("w")).find("claude");
        assert_eq!(found, Ok(script.clone()), "{pathext}");
    }
    let program = tree.program("a/CLAUDE.EXE");
    let found = tree.locate(&["a"]).unwrap();
    assert_eq!(
        fs::canonicalize(found).unwrap(),
        fs::canonicalize(program).unwrap()
    );
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
fn what_was_searched_is_named() {
    let tree = Tree::new();
    assert_eq!(
        tree.locate(&["a", "", "b"]),
        Err(LocateError::NotFound {
            program: "claude".into(),
            looked_in_dirs: vec![tree.path("a"), tree.path("b")]
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
    assert_eq!(
        SearchPath::outside(&env, &tree.path("h")).find("claude"),
        Ok(good)
    );
    let strict = SearchPath::of(&env).without(Fence::strict(&tree.path("h")));
    assert!(strict.find("claude").is_err(), "where that is asked for");
}

#[test]
fn a_directory_that_is_not_there_yet_is_fenced_by_its_parents() {
    let tree = Tree::new();
    let search = SearchPath::outside(&tree.env(&["w/later/bin", "a/later"]), &tree.path("w"));
    assert!(search.dirs().eq([tree.path("a/later")]));
}

#[test]
fn a_child_gets_only_what_is_searched() {
    let tree = Tree::new();
    let path_of =
        |entries: &[&str]| SearchPath::outside(&tree.env(entries), &tree.path("w")).to_var();
    let dirs = [tree.path("a"), tree.path("b")];
    let joined = std::env::join_paths(dirs).unwrap();
    assert_eq!(path_of(&["", "a", "bin", "w/bin", "b"]), Some(joined));
    assert_eq!(path_of(&["", ".", "w"]), None);
}

#[test]
fn a_later_fence_takes_out_more() {
    let tree = Tree::new();
    let first = tree.program(&format!("a/{NAME}"));
    let second = tree.program(&format!("b/{NAME}"));
    let search = SearchPath::of(&tree.env(&["a", "b"]));
    assert_eq!(search.find("claude"), Ok(first.clone()));
    let search = search.without(Fence::strict(&tree.path("a")));
    assert_eq!(search.find("claude"), Ok(second));
    let search = search.without(Fence::strict(&tree.path("b")));
    assert_eq!(
        search.find("claude"),
        Err(LocateError::InsideWorkspace { path: first })
    );
}

#[test]
#[cfg(unix)]
fn places_are_absolute_and_the_newest_version_comes_first() {
    let tree = Tree::new();
    for version in ["v9.11.2", "v22.1.0", "v10.0.0", "v22.10.0"] {
        fs::create_dir_all(tree.path(&format!("h/.nvm/versions/node/{version}/bin"))).unwrap();
    }
    fs::write(tree.path("h/.npmrc"), "prefix=\"${HOME}/npm\"\n").unwrap();
    let relative = ["VOLTA_HOME", "PNPM_HOME", "APPDATA"];
    let relative = relative.map(|name| (OsString::from(name), OsString::from("w")));
    let env = tree.env(&[]).with_vars(relative);
    let places = places::all(&env);
    assert!(places.iter().all(|dir| dir.is_absolute()), "{places:?}");
    assert!(places.contains(&tree.path("h/npm/bin")), "{places:?}");
    let nvm = tree.path("h/.nvm/versions/node");
    let versions: Vec<_> = places
        .iter()
        .filter_map(|dir| dir.strip_prefix(&nvm).ok())
        .collect();
    let newest_first = ["v22.10.0/bin", "v22.1.0/bin", "v10.0.0/bin", "v9.11.2/bin"];
    assert_eq!(versions, newest_first.map(Path::new));
}

#[test]
fn a_search_path_gets_a_directory_once_and_none_from_inside() {
    let tree = Tree::new();
    let search = SearchPath::outside(&tree.env(&["a"]), &tree.path("w"));
    let search = search
        .starting_with(&tree.path("b"))
        .ending_with(&tree.path("a"));
    let search = search.starting_with(&tree.path("w/bin"));
    let search = search
        .ending_with(&tree.path("h"))
        .starting_with(Path::new("c"));
    assert!(
        search
            .dirs()
            .eq(["b", "a", "h"].map(|name| tree.path(name)))
    );
}

#[test]
fn the_interpreter_of_a_script_is_read_from_its_first_line() {
    let tree = Tree::new();
    for (text, expect) in [
        ("#!/usr/bin/env node\nx", Some("node")),
        ("#!/usr/bin/env -S node --flag\n", Some("node")),
        ("#! /usr/bin/env A=b node", Some("node")),
        ("#!/bin/sh\n", Some("/bin/sh")),
        ("#!\n", None),
        ("\u{7f}ELF", None),
        ("", None),
    ] {
        fs::write(tree.path("a/script"), text).unwrap();
        let found = interpreter(&tree.path("a/script"));
        assert_eq!(found.as_deref(), expect, "{text:?}");
    }
    assert_eq!(interpreter(&tree.path("a")), None, "a directory");
}

#[test]
#[cfg(unix)]
fn what_the_caller_or_the_main_working_tree_brings_is_refused_too() {
    let dir = cc_executable::dir();
    let base = dir.path().canonicalize().unwrap();
    let (main, linked, here) = (base.join("main"), base.join("linked"), base.join("here"));
    let entry = main.join(".git/worktrees/linked");
    for dir in [&entry, &linked, &here.join("bin"), &main.join("bin")] {
        std::fs::create_dir_all(dir).unwrap();
    }
    std::fs::write(
        linked.join(".git"),
        format!("gitdir: {}\n", entry.display()),
    )
    .unwrap();
    let path = [here.join("bin"), main.join("bin"), "/usr/bin".into()];
    let path = std::env::join_paths(path).unwrap();
    let dirs = |cwd: &Path| {
        let env = Env::fixed(cwd, "/cc-cli", [("PATH", &path)]);
        SearchPath::outside(&env, &linked).dirs().count()
    };
    assert_eq!(dirs(&here), 2, "nothing of the caller");
    assert_eq!(
        dirs(Path::new("/usr")),
        3,
        "the programs of the system stay"
    );
    // Only a main tree that names the linked one counts: any directory could be named.
    std::fs::write(
        entry.join("gitdir"),
        format!("{}\n", linked.join(".git").display()),
    )
    .unwrap();
    assert_eq!(dirs(&here), 1);
    assert_eq!(dirs(&linked), 2);
}

#[test]
#[cfg(unix)]
fn a_program_that_somebody_else_could_have_put_there_is_skipped_and_named() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new();
    let (first, second) = (tree.program("a/claude"), tree.program("b/claude"));
    let search = || SearchPath::outside(&tree.env(&["a", "b"]), &tree.path("w"));
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(tree.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    assert_eq!(search().find("claude"), Ok(first.clone()));
    for (name, bits) in [("a", 0o777), ("a", 0o1777), ("a/claude", 0o777)] {
        mode(name, bits);
        assert_eq!(
            search().find("claude"),
            Ok(second.clone()),
            "{name} {bits:o}"
        );
        mode(name, 0o755);
    }
    mode("a", 0o775);
    assert_eq!(
        search().find("claude"),
        Ok(first.clone()),
        "a group is fine"
    );
    mode("a", 0o777);
    let children = search().to_var().unwrap();
    assert_eq!(children, tree.path("b").into_os_string());
    fs::remove_file(&second).unwrap();
    // A link out of a safe directory is as safe as what it leads to.
    std::os::unix::fs::symlink(&first, &second).unwrap();
    let error = SearchPath::outside(&tree.env(&["b"]), &tree.path("w")).find("claude");
    let told = error.unwrap_err().to_string();
    assert!(told.contains("is not used: every user may write"), "{told}");
    assert_eq!(
        search().accept(second.clone()),
        Ok(second),
        "named by the user"
    );
}

/// What becomes of a `claude` in a directory, whoever looks for it.
#[cfg(unix)]
#[track_caller]
fn check(tree: &Tree, dir: &Path, vars: &[(&str, PathBuf)], expect: Result<(), &str>) {
    let program = dir.join(NAME);
    if !program.exists() {
        fs::create_dir_all(dir).unwrap();
        cc_executable::write(&program, "");
    }
    let vars = vars
        .iter()
        .map(|(name, value)| ((*name).into(), value.into()));
    let vars = vars.chain([("PATH".into(), dir.into())]);
    let env = tree.env(&[]).with_vars(vars);
    let workspace = tree.path("w");
    // Git is looked for without a workspace, Codex by the installer, what is not on PATH where installers put it.
    let elsewhere = env.with_vars([("PNPM_HOME".into(), dir.into()), ("PATH".into(), "".into())]);
    let searches = [
        SearchPath::outside(&env, &workspace),
        SearchPath::of(&env).leaving_out(&Fence::of_caller(&env)),
        SearchPath::of(&env).without(Fence::strict(&workspace)),
        SearchPath::elsewhere(&elsewhere, &workspace),
    ];
    for search in searches {
        let child_gets = search
            .to_var()
            .is_some_and(|path| split_paths(&path).any(|one| one == dir));
        assert_eq!(child_gets, expect.is_ok(), "{search:?}");
        let seen = search.accept_found(program.clone());
        for found in [search.find("claude"), seen] {
            match (found, expect) {
                (Ok(path), Ok(())) => assert_eq!(path, program),
                (Err(error), Err(told)) => {
                    let error = error.to_string();
                    assert!(
                        error.contains(told) && error.contains("is not used"),
                        "{error}"
                    );
                }
                (found, _) => panic!("{found:?} instead of {expect:?} of {search:?}"),
            }
        }
        assert_eq!(
            search.accept(program.clone()).as_ref(),
            Ok(&program),
            "named"
        );
    }
}

#[test]
#[cfg(unix)]
fn no_program_is_taken_from_where_a_sandbox_or_another_user_can_write() {
    const SANDBOX: Result<(), &str> = Err("commands in Codex's sandbox may write");
    let tree = Tree::new();
    for root in ["/tmp", "/var/tmp", "/dev/shm"] {
        if let Ok(dir) = tempfile::tempdir_in(root) {
            check(&tree, dir.path(), &[], SANDBOX);
            check(&tree, &dir.path().join("x/bin"), &[], SANDBOX);
            // Nor through a link, from a place or of a file.
            std::os::unix::fs::symlink(dir.path(), tree.path("link")).unwrap();
            check(&tree, &tree.path("link"), &[], SANDBOX);
            fs::remove_file(tree.path("link")).unwrap();
            let file = tree.path("b").join(NAME);
            std::os::unix::fs::symlink(dir.path().join(NAME), &file).unwrap();
            let found = tree.locate(&["b"]);
            assert!(
                matches!(found, Err(LocateError::Unsafe { .. })),
                "{found:?}"
            );
            fs::remove_file(file).unwrap();
            // A home there is as open as the rest of it.
            let home = ("HOME", dir.path().to_owned());
            check(&tree, &dir.path().join(".local/bin"), &[home], SANDBOX);
        }
    }
    let a = tree.path("a");
    check(&tree, &a, &[], Ok(()));
    for name in ["TMPDIR", "TMP", "TEMP"] {
        check(&tree, &a, &[(name, a.clone())], SANDBOX);
        check(&tree, &a.join("x"), &[(name, a.clone())], SANDBOX);
    }
    let codex = tree.path("h/.codex");
    let roots = |roots: &str| {
        fs::create_dir_all(&codex).unwrap();
        let text = format!("[sandbox_workspace_write]\nwritable_roots = [{roots}]\n");
        fs::write(codex.join("config.toml"), text).unwrap();
    };
    roots(&format!("{a:?}"));
    check(&tree, &a, &[], SANDBOX);
    roots("\"~/mine\"");
    check(&tree, &tree.path("h/mine/bin"), &[], SANDBOX);
    check(&tree, &a, &[], Ok(()));
    // Codex started above the workspace: its sandbox writes everywhere below.
    let data = DataDir::at(codex.join("plugins/data/cc"));
    let session = SessionId::parse("s1").unwrap();
    let mut record = SessionRecord {
        directory: a.clone(),
        transcript: None,
        git_dirs: Vec::new(),
        ended: true,
    };
    record.save(&data, &session).unwrap();
    check(
        &tree,
        &a.join("tools"),
        &[("CODEX_THREAD_ID", "s1".into())],
        SANDBOX,
    );
    check(&tree, &a, &[("CODEX_THREAD_ID", "s2".into())], Ok(()));
    record.directory = tree.0.path().to_owned();
    record.save(&data, &session).unwrap();
    check(&tree, &a, &[("CODEX_THREAD_ID", "s1".into())], Ok(()));
}

#[test]
#[cfg(unix)]
fn programs_of_package_and_version_managers_are_found() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new();
    for place in [
        "h/.nvm/versions/node/v22.1.0/bin",
        "h/.npm-global/bin",
        "h/.local/share/mise/shims",
    ] {
        check(&tree, &tree.path(place), &[], Ok(()));
        fs::remove_dir_all(tree.path(place)).unwrap();
    }
    let mode = |name: &str, mode: u32| {
        let path = tree.path(name);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    // Homebrew's directories belong to a group; the store of Nix is sticky besides, and a profile links to it.
    mode("brew/bin", 0o775);
    check(&tree, &tree.path("brew/bin"), &[], Ok(()));
    mode("nix/store", 0o1775);
    let store = tree.path("nix/store/0c-claude-code/bin");
    check(&tree, &store, &[], Ok(()));
    std::os::unix::fs::symlink(&store, tree.path("nix/profile")).unwrap();
    check(&tree, &tree.path("nix/profile"), &[], Ok(()));
    // In a sticky directory for all nobody can replace a directory of ours, but everybody can add a program.
    mode("shared", 0o1777);
    check(&tree, &tree.path("shared/mine/bin"), &[], Ok(()));
    check(
        &tree,
        &tree.path("shared"),
        &[],
        Err("every user may write"),
    );
    mode("shared", 0o777);
    check(
        &tree,
        &tree.path("shared/mine/bin"),
        &[],
        Err("every user may write"),
    );
}

#[test]
#[cfg(unix)]
fn what_lies_beside_a_named_program_is_taken_too() {
    let tree = Tree::new();
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let node = dir.path().join("node");
    cc_executable::write(&node, "");
    let search = || SearchPath::outside(&tree.env(&["a"]), &tree.path("w"));
    assert!(search().starting_with(dir.path()).find("node").is_err());
    let search = search().starting_with_named(dir.path());
    assert_eq!(search.find("node"), Ok(node));
    let w = tree.program(&format!("w/bin/{NAME}"));
    let search = search.starting_with_named(w.parent().unwrap());
    assert!(search.find("claude").is_err(), "not in a fence");
}

#[test]
#[cfg(unix)]
fn where_codexs_sandbox_writes_no_program_is_found() {
    let tree = Tree::new();
    let (first, second) = (tree.program("a/git"), tree.program("b/git"));
    let codex = tree.path("h/.codex");
    fs::create_dir_all(&codex).unwrap();
    let find = |vars: &[(&str, PathBuf)]| {
        let mut env = tree.env(&["a", "b"]);
        let vars = vars
            .iter()
            .map(|(name, value)| ((*name).into(), value.into()));
        env = env.with_vars(vars);
        SearchPath::outside(&env, &tree.path("w")).find("git")
    };
    assert_eq!(find(&[]), Ok(first.clone()));
    assert_eq!(find(&[("TMPDIR", tree.path("a"))]), Ok(second.clone()));
    assert_eq!(
        find(&[("TMPDIR", "/".into())]),
        Ok(first),
        "no directory for temporary files"
    );
    let roots = format!(
        "[sandbox_workspace_write]\nwritable_roots = [{:?}, \"~/x\"]\n",
        tree.path("a")
    );
    fs::write(codex.join("config.toml"), roots).unwrap();
    assert_eq!(find(&[]), Ok(second));
}
