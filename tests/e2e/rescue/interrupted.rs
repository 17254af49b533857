//! What comes in between while Git applies a change: a script in its place waits until it has happened.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::process::Signal;
use cc_tests::fake::{Run, Scenario};
use cc_tests::{Sandbox, eventually};

use super::SOON;
use super::isolated::{answering, isolated};

/// A git that waits in the first call of `subcommand` until it may go on.
struct SlowGit(PathBuf);

impl SlowGit {
    fn new(sandbox: &mut Sandbox, subcommand: &str) -> Self {
        let dir = sandbox.bin().join("slow");
        fs::create_dir(&dir).unwrap();
        let script = format!(
            "#!/bin/sh\nmarks={dir}\ncase \"$*\" in *--check*) ;; {subcommand}*)\n\
             if mkdir $marks/begun 2>/dev/null; then\n\
             while [ ! -e $marks/go ]; do sleep 0.02; done\n\
             echo warning: slow >&2\nfi;; esac\nexec {git} \"$@\"\n",
            dir = dir.display(),
            git = sandbox.bin().join("git").display(),
        );
        cc_executable::write(dir.join("git"), script);
        let bin = sandbox.bin();
        let path = [dir.as_path(), &bin, "/usr/bin".as_ref(), "/bin".as_ref()];
        sandbox.set_env("PATH", std::env::join_paths(path).unwrap());
        Self(dir)
    }

    fn wait_begun(&self) {
        let begun = || self.0.join("begun").exists().then_some(());
        eventually(SOON, "the slow call of git", begun);
    }

    fn go_on(&self) {
        fs::write(self.0.join("go"), "").unwrap();
    }
}

#[test]
fn an_apply_that_began_is_done_to_its_end_however_we_end() {
    for killed in [true, false] {
        let mut sandbox = answering();
        let (job, tree) = isolated(&sandbox);
        // More than fits into a pipe.
        let names: Vec<String> = (0..40).map(|number| format!("new-{number}")).collect();
        let content = "0123456789abcdef\n".repeat(1_000);
        for name in &names {
            fs::write(tree.join(name), &content).unwrap();
        }
        let slow = SlowGit::new(&mut sandbox, "apply");
        let apply = sandbox.cc(["apply", &job]).spawn();
        slow.wait_begun();
        match killed {
            true => apply.signal(Signal::Kill),
            false => apply.signal_group(Signal::Interrupt),
        }
        drop(apply.wait());
        slow.go_on();
        let is_there = |name: &String| {
            let file = fs::read_to_string(sandbox.repo().join(name));
            file.is_ok_and(|file| file == content)
        };
        let all = || names.iter().all(is_there).then_some(());
        eventually(SOON, "all files", all);
        sandbox.wait_quiet(SOON);
        let dir = sandbox.repo().join(".git");
        let left = fs::read_dir(dir).unwrap().flatten();
        let left = left.filter(|entry| entry.file_name().to_string_lossy().contains("tmp"));
        assert_eq!(left.count(), 0);
    }
}

#[test]
fn two_applies_at_once_lose_nothing() {
    let mut sandbox = answering();
    let line = |number: u32| format!("{number}\n");
    sandbox.write("far.txt", (0..100).map(line).collect::<String>());
    sandbox.commit("far");
    let jobs = [isolated(&sandbox), isolated(&sandbox)];
    for (number, (_, tree)) in [1, 99].into_iter().zip(&jobs) {
        let file = tree.join("far.txt");
        let text = fs::read_to_string(&file).unwrap();
        let changed = text.replace(&format!("\n{number}\n"), &format!("\nchanged-{number}\n"));
        fs::write(&file, changed).unwrap();
    }
    let slow = SlowGit::new(&mut sandbox, "apply");
    let first = sandbox.cc(["apply", &jobs[0].0]).spawn();
    slow.wait_begun();
    let mut second = sandbox.cc(["apply", &jobs[1].0]).spawn();
    assert!(!ends_soon(&mut second), "it waits for the first");
    slow.go_on();
    first.wait().success();
    second.wait().success();
    let far = sandbox.read("far.txt");
    assert!(far.contains("changed-1\n") && far.contains("changed-99\n"));
}

#[test]
fn what_is_being_taken_up_is_not_discarded() {
    let mut sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    sandbox.set_scenario(&Scenario::runs([Run::hangs()]));
    let slow = SlowGit::new(&mut sandbox, "config");
    let args = ["rescue", "--read-only", "--background", "--resume", &job];
    let resume = sandbox.cc(args.into_iter().chain(["go on"])).spawn();
    slow.wait_begun();
    let mut discard = sandbox.cc(["discard", &job, "--yes"]).spawn();
    assert!(!ends_soon(&mut discard), "it waits for the other call");
    slow.go_on();
    resume.wait().success();
    let refused = discard.wait().exits(2);
    assert!(
        refused.stderr.contains("is working in its worktree"),
        "{refused}"
    );
    assert!(tree.join(".git").exists());
    sandbox.cc(["cancel"]).run().success();
}

/// Whether a call ends although it should wait; long enough for one that does not.
fn ends_soon(call: &mut cc_tests::sandbox::Running) -> bool {
    let begun = std::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_secs(2) {
        if call.has_ended() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    false
}

/// Ends an `apply` and its Git with SIGKILL, before Git writes.
fn kill_while_applying(sandbox: &mut Sandbox, job: &str) {
    let slow = SlowGit::new(sandbox, "apply");
    let apply = sandbox.cc(["apply", job]).spawn();
    slow.wait_begun();
    apply.signal(Signal::Kill);
    drop(apply.wait());
    for proc in sandbox.processes() {
        let _ = proc.signal(Signal::Kill);
    }
    sandbox.wait_quiet(SOON);
}

#[test]
fn an_apply_that_was_killed_before_it_wrote_is_done_by_the_next_one() {
    let mut sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    fs::write(tree.join("README.md"), "# changed\n").unwrap();
    fs::write(tree.join("new.txt"), "new\n").unwrap();
    kill_while_applying(&mut sandbox, &job);
    assert_eq!(sandbox.read("README.md"), "# demo\n");
    assert_eq!(kept(&sandbox.repo()).len(), 1);

    // As if Git had been killed in the middle, and the user had gone on.
    fs::write(sandbox.repo().join("new.txt"), "mine\n").unwrap();
    fs::remove_file(sandbox.repo().join("README.md")).unwrap();
    let refused = sandbox.cc(["apply", &job]).run().exits(1);
    let dir = &kept(&sandbox.repo())[0];
    assert!(refused.stderr.contains("was interrupted"), "{refused}");
    assert!(refused.stderr.contains(dir.to_str().unwrap()), "{refused}");
    let original = fs::read_to_string(dir.join("files/README.md")).unwrap();
    assert_eq!(original, "# demo\n");
    assert_eq!(sandbox.read("new.txt"), "mine\n");

    fs::remove_file(sandbox.repo().join("new.txt")).unwrap();
    sandbox.cc(["apply", &job]).run().success();
    assert_eq!(sandbox.read("README.md"), "# changed\n");
    assert!(kept(&sandbox.repo()).is_empty());
}

/// Killed at each moment between its files, with the next one done, cut off or missing.
#[test]
fn an_apply_that_was_killed_between_its_files_is_done_by_the_next_one() {
    let changed = "# changed\n".repeat(100);
    for (readme, new) in [
        (Some("# demo\n"), Some("new\n")),
        (Some(&changed[..70]), Some("new\n")),
        (Some(&changed), None),
        (Some(&changed), Some("")),
        (None, Some("new\n")),
        (None, None),
    ] {
        let mut sandbox = answering();
        let (job, tree) = isolated(&sandbox);
        fs::write(tree.join("README.md"), &changed).unwrap();
        fs::create_dir(tree.join("deep")).unwrap();
        fs::write(tree.join("deep/new.txt"), "new\n").unwrap();
        kill_while_applying(&mut sandbox, &job);
        fs::create_dir(sandbox.repo().join("deep")).unwrap();
        for (name, content) in [("README.md", readme), ("deep/new.txt", new)] {
            let file = sandbox.repo().join(name);
            drop(fs::remove_file(&file));
            if let Some(content) = content {
                fs::write(file, content).unwrap();
            }
        }
        sandbox.cc(["apply", &job]).run().success();
        assert_eq!(sandbox.read("README.md"), changed, "{readme:?} {new:?}");
        assert_eq!(sandbox.read("deep/new.txt"), "new\n", "{readme:?} {new:?}");
        assert!(kept(&sandbox.repo()).is_empty(), "{readme:?} {new:?}");
    }
}

/// The directories with the originals of an apply.
fn kept(repo: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(repo.join(".git")).unwrap().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_ours = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("cc-apply-")
    };
    paths.filter(is_ours).collect()
}

#[test]
fn what_stands_in_the_way_at_the_last_moment_is_kept() {
    let mut sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    fs::write(tree.join("new.txt"), "new\n").unwrap();
    fs::write(tree.join("README.md"), "# changed\n").unwrap();
    let slow = SlowGit::new(&mut sandbox, "apply");
    let apply = sandbox.cc(["apply", &job]).spawn();
    slow.wait_begun();
    sandbox.write("new.txt", "mine\n");
    slow.go_on();
    let refused = apply.wait().exits(1);
    assert!(refused.stderr.contains("nothing was changed"), "{refused}");
    assert_eq!(sandbox.read("new.txt"), "mine\n");
    assert_eq!(sandbox.read("README.md"), "# demo\n");
    eventually(SOON, "no originals", || {
        kept(&sandbox.repo()).is_empty().then_some(())
    });
}
