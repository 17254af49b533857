//! What a checkout lacks of the user's working tree: brought along, or named.

use std::os::unix::fs::{PermissionsExt, symlink};

use cc_git::{AbsentReason, Extras};

use super::*;

fn bring(lab: &Lab, tree: &Worktree) -> Extras {
    lab.repository().bring_extras(&tree.root, &tree.base)
}

fn absent(extras: &Extras, reason: AbsentReason) -> Vec<String> {
    let absent = extras.absent.iter().filter(|it| it.reason == reason);
    absent.map(|it| it.path.to_string()).collect()
}

fn status(lab: &Lab, tree: &Worktree) -> String {
    lab.git_in(&tree.root, ["status", "--porcelain"])
}

#[test]
fn ignored_files_that_are_named_come_along_and_the_others_are_reported() {
    let lab = Lab::new();
    lab.write(".gitignore", ".env\nlocal/\nnode_modules/\n*.link\nlarge\n");
    lab.write(
        ".worktreeinclude",
        "# for every worktree\n.env\nlocal/**\n!local/skip.txt\n*.link\na.txt\nnotes.txt\n",
    );
    lab.commit("ignores");
    lab.write(".env", "TOKEN=1\n");
    fs::set_permissions(lab.root.join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    lab.write("local/deep/config.json", "{}\n");
    lab.write("local/skip.txt", "skip\n");
    lab.write("node_modules/x/index.js", "x\n");
    lab.write("notes.txt", "not ignored\n");
    symlink("/etc/passwd", lab.root.join("out.link")).unwrap();
    let tree = lab.add_tree().unwrap();
    let extras = bring(&lab, &tree);
    assert_eq!(names(&extras.included), [".env", "local/deep/config.json"]);
    assert_eq!(extras.included_total, 2);
    assert_eq!(absent(&extras, AbsentReason::NotCopied), ["out.link"]);
    let ignored = absent(&extras, AbsentReason::Ignored);
    assert!(ignored.contains(&"node_modules/".to_owned()), "{ignored:?}");
    let env = tree.root.join(".env");
    assert_eq!(fs::read_to_string(&env).unwrap(), "TOKEN=1\n");
    assert_eq!(env.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    for path in ["local/skip.txt", "notes.txt", "out.link", "node_modules"] {
        assert!(tree.root.join(path).symlink_metadata().is_err(), "{path}");
    }
    assert_eq!(status(&lab, &tree), "");
    // Also what Claude does with them stays there.
    lab.write(tree.root.join(".env"), "TOKEN=2\n");
    assert!(lab.patch(&tree).files.is_empty());
}

#[test]
fn nothing_is_written_through_a_link_of_the_commit() {
    let lab = Lab::new();
    let outside = lab.base.join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, lab.root.join("cache")).unwrap();
    lab.write(".gitignore", "cache/x\n");
    lab.write(".worktreeinclude", "x\n");
    lab.commit("a link");
    lab.remove("cache");
    lab.write("cache/x", "x\n");
    let tree = lab.add_tree().unwrap();
    let extras = bring(&lab, &tree);
    assert_eq!(absent(&extras, AbsentReason::NotCopied), ["cache/x"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn submodules_have_their_files_or_are_named() {
    let lab = Lab::new();
    let other = |name: &str, inner: Option<&str>| {
        let dir = lab.base.join(name);
        lab.git(["init", "--quiet", dir.to_str().unwrap()]);
        lab.write(dir.join("file.txt"), format!("{name}\n"));
        if let Some(inner) = inner {
            let url = lab.base.join(inner);
            lab.git_in(
                &dir,
                [
                    "submodule",
                    "add",
                    "--quiet",
                    url.to_str().unwrap(),
                    "inner",
                ],
            );
        }
        lab.git_in(&dir, ["add", "--all"]);
        lab.git_in(&dir, ["commit", "--quiet", "-m", name]);
        dir
    };
    other("leaf", None);
    let sub = other("sub", Some("leaf"));
    for path in ["libs/sub", "unused"] {
        lab.git(["submodule", "add", "--quiet", sub.to_str().unwrap(), path]);
    }
    lab.git([
        "submodule",
        "update",
        "--quiet",
        "--init",
        "--recursive",
        "libs/sub",
    ]);
    lab.commit("submodules");
    lab.git(["submodule", "deinit", "--quiet", "--force", "unused"]);
    // Another state is checked out than the one that is committed.
    lab.write("libs/sub/file.txt", "edited\n");
    let tree = lab.add_tree().unwrap();
    let extras = bring(&lab, &tree);
    assert_eq!(names(&extras.submodules), ["libs/sub", "libs/sub/inner"]);
    assert_eq!(absent(&extras, AbsentReason::Submodule), ["unused"]);
    let read = |path: &str| fs::read_to_string(tree.root.join(path)).unwrap();
    assert_eq!(read("libs/sub/file.txt"), "sub\n");
    assert_eq!(read("libs/sub/inner/file.txt"), "leaf\n");
    assert_eq!(status(&lab, &tree), "");
    lab.write(tree.root.join("libs/sub/file.txt"), "changed\n");
    assert!(lab.patch(&tree).files.is_empty());
    // What was lent is as before.
    assert_eq!(
        lab.git_in(&lab.root.join("libs/sub"), ["status", "--short"]),
        " M file.txt"
    );
}

/// A Git LFS as far as it matters: pointers in commits, contents beside the objects.
fn with_lfs(lab: &Lab) {
    let script = format!(
        r#"store={}/.git/lfs/objects; t=$(mktemp); cat >"$t"
if [ "$1" = clean ]; then
  if head -c 30 "$t" | grep -q '^version https://git-lfs'; then cat "$t"; rm "$t"; exit; fi
  id=$(sha256sum <"$t" | cut -c1-64); size=$(wc -c <"$t")
  dir=$store/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-4); mkdir -p "$dir"; mv "$t" "$dir/$id"
  printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %s\n' "$id" "$size"
else
  id=$(sed -n 's/^oid sha256://p' "$t")
  cat "$store/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-4)/$id"
fi"#,
        lab.root.display()
    );
    lab.write(lab.base.join("lfs.sh"), script);
    for (key, verb) in [("clean", "clean"), ("smudge", "smudge")] {
        let command = format!("sh {} {verb}", lab.base.join("lfs.sh").display());
        lab.git(["config", "--global", &format!("filter.lfs.{key}"), &command]);
    }
    lab.git(["config", "--global", "filter.lfs.required", "true"]);
    lab.write(".gitattributes", "*.bin filter=lfs -text\n");
    lab.write("one.bin", "one\0content\n");
    lab.write("two.bin", "two\0content\n");
    lab.commit("lfs");
}

#[test]
fn lfs_files_have_their_content_and_a_touched_one_is_no_change() {
    let lab = Lab::new();
    with_lfs(&lab);
    assert!(
        lab.git(["show", "HEAD:one.bin"])
            .starts_with("version https")
    );
    let tree = lab.add_tree().unwrap();
    let extras = bring(&lab, &tree);
    assert_eq!((extras.lfs_files, extras.absent.len()), (2, 0));
    let one = tree.root.join("one.bin");
    assert_eq!(fs::read(&one).unwrap(), b"one\0content\n");
    assert_eq!(status(&lab, &tree), "");
    lab.write(&one, "one\0content\n");
    assert_eq!(status(&lab, &tree), "");
    assert!(lab.patch(&tree).files.is_empty());
    lab.write(&one, "another\0content\n");
    assert_eq!(lab.bring_over(&tree), ["one.bin"]);
    assert_eq!(
        fs::read(lab.root.join("one.bin")).unwrap(),
        b"another\0content\n"
    );
}

#[test]
fn without_lfs_there_is_a_worktree_too_and_no_phantom_change() {
    let lab = Lab::new();
    with_lfs(&lab);
    let objects = lab.root.join(".git/lfs/objects");
    // The content of `two.bin` was never downloaded, and LFS is not set up.
    let two = lab.git(["show", "HEAD:two.bin"]);
    let id = two
        .lines()
        .nth(1)
        .unwrap()
        .strip_prefix("oid sha256:")
        .unwrap();
    fs::remove_file(objects.join(&id[..2]).join(&id[2..4]).join(id)).unwrap();
    lab.git(["config", "--global", "filter.lfs.smudge", "false"]);
    lab.git(["config", "--global", "filter.lfs.clean", "cat"]);
    let tree = lab.add_tree().unwrap();
    let extras = bring(&lab, &tree);
    assert_eq!(extras.lfs_files, 1);
    assert_eq!(absent(&extras, AbsentReason::LfsContent), ["two.bin"]);
    let read = |path: &str| fs::read(tree.root.join(path)).unwrap();
    assert_eq!(read("one.bin"), b"one\0content\n");
    assert!(read("two.bin").starts_with(b"version https"));
    for path in ["one.bin", "two.bin"] {
        lab.write(tree.root.join(path), read(path));
    }
    assert!(lab.patch(&tree).files.is_empty());
}

#[test]
fn repositories_that_were_made_in_a_worktree_are_seen() {
    let lab = Lab::new();
    let tree = lab.add_tree().unwrap();
    let links = || {
        let state = lab.repository().worktree_state(&tree).unwrap().unwrap();
        names(&state.links)
    };
    assert_eq!(links(), [""; 0]);
    for name in ["added", "committed", "left"] {
        let dir = tree.root.join(name);
        lab.git(["init", "--quiet", dir.to_str().unwrap()]);
        lab.git_in(&dir, ["commit", "--quiet", "--allow-empty", "-m", "x"]);
    }
    lab.git_in(&tree.root, ["add", "committed"]);
    lab.git_in(&tree.root, ["commit", "--quiet", "-m", "a link"]);
    lab.git_in(&tree.root, ["add", "added"]);
    assert_eq!(links(), ["added", "committed", "left"]);
    assert!(lab.patch(&tree).files.is_empty());
}
