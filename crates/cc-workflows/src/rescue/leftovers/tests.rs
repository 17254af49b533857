use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::*;

/// A time after everything that a test makes.
fn after() -> Time {
    Time::from_millis(i64::MAX / 2_000_000)
}

/// A repository with a working tree; in a linked worktree's case with one more.
struct Lab {
    _dir: tempfile::TempDir,
    root: PathBuf,
}

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join("repo");
        let lab = Self { _dir: dir, root };
        lab.write(".git/HEAD", "ref: refs/heads/main\n");
        for dir in [".git/objects/info", ".git/refs", ".git/info"] {
            lab.dir(dir);
        }
        lab
    }

    /// Adds a linked worktree and gives its root.
    fn link(&self) -> PathBuf {
        let own = self.root.join(".git/worktrees/linked");
        self.write(".git/worktrees/linked/HEAD", "ref: refs/heads/linked\n");
        self.write(".git/worktrees/linked/commondir", "../..\n");
        let linked = self.root.with_file_name("linked");
        fs::create_dir(&linked).unwrap();
        fs::write(linked.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        linked
    }

    fn dir(&self, name: &str) {
        fs::create_dir_all(self.root.join(name)).unwrap();
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn mask(&self, name: &str) {
        mask(&self.root.join(name));
    }

    fn note(&self) -> Vec<Leftovers> {
        Leftovers::note([self.root.as_path()])
    }

    fn listing(&self) -> BTreeSet<PathBuf> {
        listing(self.root.parent().unwrap())
    }
}

/// An empty file as bubblewrap makes it.
fn mask(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o444);
    options.open(path).unwrap();
}

fn listing(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(listing(&path));
        }
        found.insert(path);
    }
    found
}

#[test]
fn what_is_new_and_empty_goes_whatever_its_name() {
    let lab = Lab::new();
    lab.dir(".claude/skills/mine");
    let before = lab.listing();
    let noted = lab.note();
    for mask in [
        ".bashrc",
        ".mcp.json",
        ".a-name-of-tomorrow",
        ".claude/settings.json",
        ".claude/agents",
        ".claude/tomorrow.md",
        ".git/modules",
        ".git/config.lock",
        ".git/tomorrow",
        ".git/info/tomorrow",
    ] {
        lab.mask(mask);
    }
    for dir in [
        ".claude/.cc-writes",
        ".claude/tomorrow/inner",
        ".git/NOTES_MERGE_WORKTREE",
        ".git/glab-cli",
        ".git/remotes",
        ".git/info/.claude-sandbox-noreplace",
        ".git/objects/info/commit-graphs/.claude-sandbox-noreplace",
    ] {
        lab.dir(dir);
    }
    for file in [
        ".git/config.worktree",
        ".git/NOTES_OF_TOMORROW",
        ".git/objects/info/alternates",
    ] {
        lab.write(file, "");
    }
    Leftovers::tidy(&noted, &[], after());
    assert_eq!(lab.listing(), before);
}

#[test]
fn what_was_there_has_content_or_is_no_mask_stays() {
    let lab = Lab::new();
    lab.write(".zshrc", "");
    lab.mask(".profile");
    lab.mask(".claude/mine");
    lab.write(".git/shallow", "");
    lab.dir(".git/branches");
    let noted = lab.note();
    lab.write(".mcp.json", "{}");
    lab.write(".git/worktrees/mine/HEAD", "x");
    lab.dir(".git/worktrees/mine/refs");
    lab.write(".git/rebase-merge/interactive", "");
    lab.write(".claude/settings.json", "{}");
    lab.write(".claude/locked", "text");
    // What commands make on purpose.
    for name in [
        ".nojekyll",
        "pkg/__init__.py",
        "assets/.gitkeep",
        "notes.txt",
        ".claude/begun",
        ".git/MERGE_MSG",
    ] {
        lab.write(name, "");
    }
    lab.dir(".github");
    lab.mask("no-dot");
    lab.mask("src/.deep");
    let made = lab.root.join(".git/MERGE_MSG");
    let before = lab.listing();
    Leftovers::tidy(&noted, &[made], after());
    assert_eq!(lab.listing(), before);
}

#[test]
fn a_file_whose_mode_was_changed_later_is_no_mask() {
    let lab = Lab::new();
    let noted = lab.note();
    let path = lab.root.join(".locked");
    fs::write(&path, "").unwrap();
    let old = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    fs::File::open(&path).unwrap().set_times(old).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    Leftovers::tidy(&noted, &[], after());
    assert!(path.exists());
}

#[test]
fn a_linked_worktree_reaches_the_repository_and_its_main_working_tree() {
    let lab = Lab::new();
    let linked = lab.link();
    let before = lab.listing();
    let noted = Leftovers::note([linked.as_path(), lab.root.as_path()]);
    for name in [".claude/agents", ".mcp.json"] {
        mask(&linked.join(name));
        lab.mask(name);
    }
    for name in [
        ".git/worktrees/linked/config.worktree",
        ".git/config.worktree",
    ] {
        lab.write(name, "");
    }
    for name in [
        ".git/worktrees/linked/glab-cli",
        ".git/glab-cli",
        ".git/info/.x",
        ".claude/.cc-writes",
    ] {
        lab.dir(name);
    }
    Leftovers::tidy(&noted, &[], after());
    assert_eq!(lab.listing(), before);
    let mut roots: Vec<_> = noted.iter().map(|one| (&one.root, &one.before)).collect();
    roots.dedup();
    assert_eq!(roots.len(), noted.len(), "each is noted once");
}

#[test]
fn nothing_goes_behind_a_symbolic_link() {
    let lab = Lab::new();
    lab.dir(".git/hooks");
    let noted = lab.note();
    let outside = lab.root.with_file_name("outside");
    for name in ["settings.json", "tomorrow", "info/mask"] {
        mask(&outside.join(name));
    }
    fs::create_dir(outside.join("empty")).unwrap();
    symlink(&outside, lab.root.join(".claude")).unwrap();
    fs::remove_dir(lab.root.join(".git/info")).unwrap();
    symlink(outside.join("info"), lab.root.join(".git/info")).unwrap();
    symlink(outside.join("empty"), lab.root.join(".git/remotes")).unwrap();
    symlink("nowhere", lab.root.join(".dangling")).unwrap();
    let before = lab.listing();
    Leftovers::tidy(&noted, &[], after());
    assert_eq!(lab.listing(), before);

    // Nor where a directory above became one.
    let moved = lab.root.with_file_name("moved");
    fs::rename(&lab.root, &moved).unwrap();
    mask(&moved.join(".mask"));
    symlink(&moved, &lab.root).unwrap();
    Leftovers::tidy(&noted, &[], after());
    assert!(moved.join(".mask").exists());
}

#[test]
fn a_pipe_holds_nothing_up_and_stays() {
    let lab = Lab::new();
    let noted = lab.note();
    let pipes = [".pipe", ".git/pipe", ".git/pipe.lock"].map(|name| lab.root.join(name));
    for pipe in &pipes {
        cc_executable::make_fifo(pipe);
    }
    Leftovers::tidy(&noted, &[], after());
    assert!(pipes.iter().all(|pipe| pipe.exists()));
}

#[test]
#[cfg(target_os = "linux")]
fn a_lock_goes_once_nobody_can_hold_it() {
    let lab = Lab::new();
    lab.write(".git/HEAD.lock", "");
    let noted = lab.note();
    for name in ["index.lock", "packed-refs.lock", "shallow.lock"] {
        lab.write(&format!(".git/{name}"), "half of it");
    }
    let held = fs::File::open(lab.root.join(".git/index.lock")).unwrap();
    let locks = || {
        let names = fs::read_dir(lab.root.join(".git")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.ends_with(".lock"))
            .collect::<BTreeSet<_>>()
    };
    // Git that works here may hold each of them, open or not.
    let git_dir = format!("--git-dir={}", lab.root.join(".git").display());
    for (dir, more) in [(lab.root.as_path(), None), ("/".as_ref(), Some(git_dir))] {
        let mut git = std::process::Command::new("git")
            .args(more)
            .args(["cat-file", "--batch"])
            .current_dir(dir)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        Leftovers::tidy(&noted, &[], after());
        assert_eq!(locks().len(), 4);
        drop(git.stdin.take());
        git.wait().unwrap();
    }
    // A process that another test starts has our files for a moment.
    let tidied_to = |left: &[&str]| {
        let left: BTreeSet<String> = left.iter().map(|name| (*name).to_owned()).collect();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while locks() != left && std::time::Instant::now() < end {
            Leftovers::tidy(&noted, &[], after());
        }
        assert_eq!(locks(), left);
    };
    tidied_to(&["HEAD.lock", "index.lock"]);
    drop(held);
    tidied_to(&["HEAD.lock"]);
}

/// One begins before another ends, so that Git always works here: none of them is there all the time.
#[test]
#[cfg(target_os = "linux")]
fn calls_of_git_that_come_and_go_do_not_keep_a_lock() {
    let lab = Lab::new();
    let noted = lab.note();
    lab.write(".git/index.lock", "half of it");
    let dir = cc_executable::dir();
    let git = dir.path().join("git-works");
    // Gone by the second look after it began.
    cc_executable::write(&git, "#!/bin/sh\nsleep 0.15\n:\n");
    let call = || {
        let mut call = std::process::Command::new(&git);
        call.current_dir(&lab.root).spawn().unwrap()
    };
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let done = &is_done;
    let mut calls = vec![call()];
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                calls.push(call());
                std::thread::sleep(std::time::Duration::from_millis(50));
                calls.retain_mut(|call| call.try_wait().unwrap().is_none());
            }
            for mut call in calls {
                call.wait().unwrap();
            }
        });
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while lab.root.join(".git/index.lock").exists() && std::time::Instant::now() < end {
            Leftovers::tidy(&noted, &[], after());
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(!lab.root.join(".git/index.lock").exists());
}

#[test]
fn a_directory_with_too_many_names_is_left_alone_and_a_full_working_tree_is_not() {
    let lab = Lab::new();
    for n in 0..NAMES {
        lab.write(&format!("file-{n}"), "");
        lab.write(&format!(".git/name-{n}"), "");
    }
    let noted = lab.note();
    lab.mask(".bashrc");
    lab.mask(".git/modules");
    Leftovers::tidy(&noted, &[], after());
    assert!(!lab.root.join(".bashrc").exists());
    assert!(lab.root.join(".git/modules").exists());
    assert!(
        serde_json::to_vec(&noted).unwrap().len() < 2000,
        "records stay small"
    );
}

#[test]
fn a_note_can_be_kept_in_a_record() {
    let lab = Lab::new();
    lab.write(".git/config", "x");
    let before = lab.listing();
    let text = serde_json::to_string(&lab.note()).unwrap();
    lab.mask(".git/modules");
    lab.dir(".claude/.cc-writes");
    let noted: Vec<Leftovers> = serde_json::from_str(&text).unwrap();
    Leftovers::tidy(&noted, &[], after());
    assert_eq!(lab.listing(), before);
}

#[test]
fn a_record_of_an_earlier_version_is_read_and_tidied() {
    let lab = Lab::new();
    lab.write(".zshrc", "");
    let before = lab.listing();
    let root = lab.root.to_str().unwrap();
    let absent = serde_json::json!([
        {"root": root, "beside": [format!("{root}/.claude/mine")], "absent": [
            ".bashrc", ".claude/.cc-writes", ".claude", "notes.txt", "../outside", ".mcp.json"]},
        {"root": format!("{root}/.git"), "absent": [
            "config.lock", "config.worktree", "info/.claude-sandbox-noreplace", "worktrees"]},
    ]);
    let noted: Vec<Leftovers> = serde_json::from_value(absent).unwrap();
    lab.write(".bashrc", "");
    lab.mask(".claude/a-new-name");
    for dir in [
        ".claude/.cc-writes",
        ".git/info/.claude-sandbox-noreplace",
        ".git/worktrees",
    ] {
        lab.dir(dir);
    }
    lab.mask(".git/config.lock");
    Leftovers::tidy(&noted, &[], after());
    assert_eq!(lab.listing(), before);

    fs::write(lab.root.with_file_name("outside"), "").unwrap();
    for (name, content) in [
        ("notes.txt", ""),
        (".mcp.json", "{}"),
        (".claude/begun", ""),
    ] {
        lab.write(name, content);
    }
    lab.mask(".claude/mine");
    lab.write(".git/worktrees/mine/HEAD", "x");
    let before = lab.listing();
    Leftovers::tidy(&noted, &[], after());
    assert_eq!(lab.listing(), before);
}

#[test]
fn what_was_made_once_claude_was_up_is_no_placeholder() {
    let lab = Lab::new();
    let noted = lab.note();
    let made = [".git/rr-cache", ".git/worktrees/linked"];
    for dir in made {
        lab.dir(dir);
    }
    // As `git worktree lock` writes it.
    lab.write(".git/worktrees/linked/locked", "");
    lab.write(".git/FETCH_HEAD", "");
    lab.mask(".git/mask");
    let listing = lab.listing();
    Leftovers::tidy(&noted, &[], Time::from_millis(0));
    let mut expect = listing.clone();
    expect.retain(|path| !path.ends_with(".git/mask"));
    assert_eq!(lab.listing(), expect);
    assert_ne!(expect, listing, "masks go whenever they were made");
}

#[test]
fn what_cannot_be_listed_is_not_taken_for_empty() {
    let lab = Lab::new();
    // A file where a directory is expected cannot be listed either.
    lab.write(".claude", "");
    let noted = lab.note();
    fs::remove_file(lab.root.join(".claude")).unwrap();
    lab.dir(".claude/agents");
    Leftovers::tidy(&noted, &[], after());
    assert!(lab.root.join(".claude/agents").exists());
}
