//! What the sandbox leaves behind: the listings before and after are the same but for what Claude did.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cc_core::Proc;
use cc_core::process::Signal;
use cc_tests::fake::{Run, Scenario};
use cc_tests::{Block, MessagesApi, Sandbox, Turn, eventually, peers};
use serde_json::json;

use super::SOON;

/// What Claude and its commands make on purpose, all of it empty.
const ON_PURPOSE: [&str; 5] = [
    ".nojekyll",
    "empty.txt",
    "pkg",
    "pkg/__init__.py",
    "written.txt",
];

fn on_purpose() -> Turn {
    Turn::blocks([
        Block::tool("Write", json!({"file_path": "written.txt", "content": ""})),
        Block::tool(
            "Bash",
            json!({"command": "mkdir pkg && touch .nojekyll empty.txt pkg/__init__.py"}),
        ),
    ])
}

/// A repository in which the user has empty files too, and where Claude works in it.
struct Lab {
    sandbox: Sandbox,
    root: PathBuf,
}

impl Lab {
    fn new(api: &MessagesApi, linked: bool) -> Self {
        let sandbox = Sandbox::real(api).with_change();
        let root = sandbox.root().join("linked");
        let root = if linked {
            sandbox.git(["worktree", "add", "--quiet", root.to_str().unwrap()]);
            root
        } else {
            sandbox.repo()
        };
        for name in [".zshrc", ".git/MERGE_RR", ".git/objects/info/alternates"] {
            sandbox.write(name, "");
        }
        fs::write(root.join(".profile"), "").unwrap();
        Self { sandbox, root }
    }

    /// All that lies in the working trees and in Git's directories.
    fn listing(&self) -> BTreeSet<PathBuf> {
        let mut found = listing(&self.sandbox.repo());
        if self.root != self.sandbox.repo() {
            found.extend(listing(&self.root));
        }
        found
    }

    /// Claude, once one of its commands runs that does not end.
    fn hang(&self, api: &MessagesApi) -> Vec<Proc> {
        let hang = "touch begun; mkfifo held; read line < held";
        api.push([on_purpose(), Turn::tool("Bash", json!({"command": hang}))]);
        let rescue = self.sandbox.cc(["rescue", "--background", "hang"]);
        rescue.cwd(&self.root).run().success();
        let held = self.root.join("held");
        eventually(SOON, "the command", || held.exists().then_some(()));
        self.sandbox.processes()
    }

    #[track_caller]
    fn assert_only_on_purpose(&self, before: &BTreeSet<PathBuf>, more: &[&str]) {
        let after = self.listing();
        let gone: Vec<_> = before.difference(&after).collect();
        assert!(gone.is_empty(), "gone: {gone:?}");
        let new: BTreeSet<_> = after.difference(before).cloned().collect();
        let made = ON_PURPOSE.iter().chain(more);
        assert_eq!(new, made.map(|name| self.root.join(name)).collect());
    }
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
fn an_ordinary_run_leaves_what_claude_made_and_no_more() {
    for linked in [false, true] {
        let api = MessagesApi::start([
            on_purpose(),
            Turn::tool("Bash", json!({"command": "true"})),
            Turn::text("Done."),
        ]);
        let lab = Lab::new(&api, linked);
        let before = lab.listing();
        let rescue = lab.sandbox.cc(["rescue", "make it"]).cwd(&lab.root);
        rescue.run().success();
        lab.assert_only_on_purpose(&before, &[]);
    }
}

#[test]
fn without_a_sandbox_nothing_is_left_either() {
    for how in ["--no-sandbox", "--read-only"] {
        let api = MessagesApi::start([on_purpose(), Turn::text("Done.")]);
        let lab = Lab::new(&api, false);
        let before = lab.listing();
        lab.sandbox.cc(["rescue", how, "task"]).run().success();
        match how {
            "--read-only" => assert_eq!(lab.listing(), before),
            _ => lab.assert_only_on_purpose(&before, &[]),
        }
    }
}

/// The processes whose command line contains a word.
fn with_word(processes: &[Proc], word: &str) -> Vec<Proc> {
    let has = |process: &&Proc| {
        let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        line.split(|byte| *byte == 0)
            .any(|it| it == word.as_bytes())
    };
    processes.iter().filter(has).cloned().collect()
}

/// Stops processes until they are killed.
fn pause(processes: &[Proc]) {
    for process in processes {
        let pid = rustix::process::Pid::from_raw(process.pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }
}

#[test]
fn a_claude_that_was_killed_leaves_no_masks() {
    for linked in [false, true] {
        let api = MessagesApi::start([]);
        let lab = Lab::new(&api, linked);
        let before = lab.listing();
        let processes = lab.hang(&api);
        let masks = [".mcp.json", ".bashrc"].map(|name| lab.root.join(name));
        assert!(masks.iter().all(|mask| mask.exists()), "masks are there");
        for claude in with_word(&processes, "--output-format") {
            claude.signal(Signal::Kill).unwrap();
        }
        lab.sandbox.wait_quiet(SOON);
        lab.assert_only_on_purpose(&before, &["begun", "held"]);
    }
}

/// Has a command hang, and kills the worker and Claude.
fn kill_all(lab: &Lab, api: &MessagesApi) {
    let processes = lab.hang(api);
    let both = ["worker", "--output-format"].map(|word| with_word(&processes, word));
    assert!(both.iter().all(|it| !it.is_empty()), "{processes:?}");
    // A worker that ends first has the kernel interrupt Claude, which then removes its masks.
    pause(&both[0]);
    for process in both.iter().rev().flatten() {
        process.signal(Signal::Kill).unwrap();
    }
    for process in both.iter().flatten() {
        let ended = || (!process.is_running()).then_some(());
        eventually(SOON, "the end of the worker and of Claude", ended);
    }
}

#[test]
fn what_a_killed_run_changed_is_found_by_the_next_reader() {
    let api = MessagesApi::start([]);
    let lab = Lab::new(&api, false);
    kill_all(&lab, &api);
    let steps = lab.root.join(".git/rebase-merge");
    fs::create_dir(&steps).unwrap();
    fs::write(steps.join("git-rebase-todo"), "exec x\n").unwrap();
    let status = lab.sandbox.cc(["status", "--json"]).cwd(&lab.root);
    let failure = &status.run().success().json()["latestFinished"]["failure"];
    assert_eq!(failure["class"], "protected", "{failure}");
    let detail = failure["detail"].as_str().unwrap();
    for word in [
        ".git/rebase-merge/git-rebase-todo",
        "ended without finishing",
    ] {
        assert!(detail.contains(word), "{detail}");
    }
    let starters = lab.sandbox.data_dir().root().join("sandbox");
    assert_eq!(fs::read_dir(starters).unwrap().count(), 0);
}

#[test]
fn the_next_reader_of_a_lost_job_removes_them() {
    for linked in [false, true] {
        let api = MessagesApi::start([]);
        let lab = Lab::new(&api, linked);
        let before = lab.listing();
        kill_all(&lab, &api);
        assert!(lab.root.join(".mcp.json").exists(), "masks are there");
        // As if a command of Claude's Git had been killed in the middle.
        let git_dir = lab
            .sandbox
            .git_in(&lab.root, ["rev-parse", "--absolute-git-dir"]);
        fs::write(Path::new(&git_dir).join("index.lock"), "half of it").unwrap();
        let status = lab.sandbox.cc(["status", "--json"]).cwd(&lab.root);
        let status = status.run().success().json();
        assert_eq!(status["latestFinished"]["status"], "failed", "{status}");
        lab.assert_only_on_purpose(&before, &["begun", "held"]);
    }
}

/// A sandbox of somebody else's that mounts over an empty file which bubblewrap makes for it.
fn another_sandbox(mask: &Path) -> Child {
    let bwrap = peers::sandbox_programs().unwrap().join("bwrap");
    let mut child = Command::new(bwrap)
        .args([
            "--die-with-parent",
            "--dev-bind",
            "/",
            "/",
            "--ro-bind",
            "/dev/null",
        ])
        .arg(mask)
        .args(["--", "/bin/sh", "-c", "echo ready; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut said)
        .unwrap();
    child
}

#[test]
fn a_mask_that_another_sandbox_needs_stays_until_that_has_ended() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::hangs(), Run::hangs()])).with_change();
    let mask = sandbox.repo().join(".mask");
    let begin = |n: usize| {
        let rescue = sandbox.cc(["rescue", "--background", "task"]);
        rescue.run().success();
        sandbox.wait_for_run(n, SOON);
    };
    begin(1);
    let mut other = another_sandbox(&mask);
    sandbox.cc(["cancel"]).run().success();
    assert!(mask.exists(), "made after the note, and in use at the end");
    begin(2);
    drop(other.stdin.take());
    other.wait().unwrap();
    sandbox.cc(["cancel"]).run().success();
    assert!(!mask.exists(), "in use at the note, and not at the end");
}

#[test]
fn a_directory_of_claude_that_leads_elsewhere_is_left_alone() {
    let api = MessagesApi::start([
        Turn::tool("Bash", json!({"command": "true"})),
        Turn::text("Done."),
    ]);
    let lab = Lab::new(&api, false);
    let outside = lab.sandbox.root().join("outside");
    fs::create_dir_all(outside.join("empty")).unwrap();
    fs::write(outside.join("settings.json"), "").unwrap();
    std::os::unix::fs::symlink(&outside, lab.root.join(".claude")).unwrap();
    let before = listing(&outside);
    lab.sandbox.cc(["rescue", "make it"]).run().success();
    assert!(listing(&outside).is_superset(&before));
}
