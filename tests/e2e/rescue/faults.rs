//! Nothing is lost where `apply` or `discard` is killed, or the disk is full.

use std::fs;
use std::time::{Duration, Instant};

use cc_core::process::Signal;
use cc_tests::Sandbox;

use super::SOON;
use super::isolated::{answering, assert_clean, conflicting, isolated};

/// Files of a working tree, so many that removing them takes a while.
fn many_files(sandbox: &Sandbox) {
    for number in 0..400 {
        let path = format!("many/{}/{number}.txt", number % 20);
        sandbox.write(&path, format!("{number}\n"));
    }
    sandbox.commit("many");
}

/// Small numbers that are the same in each run, for one seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

#[test]
fn a_killed_discard_never_looks_like_a_change_that_deletes_files() {
    // Programs start slowly on Windows.
    const ROUNDS: usize = if cfg!(windows) { 6 } else { 12 };
    let sandbox = answering();
    many_files(&sandbox);
    let user = super::files(&sandbox.repo());
    let (job, _) = isolated(&sandbox);
    let begun = Instant::now();
    sandbox.cc(["discard", &job, "--yes"]).run().success();
    let mut whole = u64::try_from(begun.elapsed().as_millis()).unwrap();

    let mut numbers = Numbers(20_261_127);
    let mut killed = 0;
    for round in 0..ROUNDS {
        let (job, tree) = isolated(&sandbox);
        fs::write(tree.join("new.txt"), "new\n").unwrap();
        let discard = sandbox.cc(["discard", &job, "--yes"]).spawn();
        let moment = numbers.below(whole.max(1));
        std::thread::sleep(Duration::from_millis(moment));
        discard.signal(Signal::Kill);
        // Wine gives no exit code of a program that was killed.
        match discard.wait().stdout.contains("Removed the worktree") {
            // It is faster now.
            true => whole = moment,
            false => killed += 1,
        }
        sandbox.wait_quiet(SOON);
        let is_whole = tree.join(".git").exists();
        let applied = sandbox.cc(["apply", &job]).run();
        let mut now = super::files(&sandbox.repo());
        let has_new = now.remove("new.txt");
        assert_eq!(applied.code() == Some(0), is_whole, "{round}: {applied}");
        assert_eq!(has_new, is_whole, "{round}: {applied}");
        let gone: Vec<&String> = user
            .difference(&now)
            .filter(|file| !file.starts_with(".git"))
            .collect();
        assert!(gone.is_empty(), "{round}: {gone:?}: {applied}");
        let status = sandbox.git(["status", "--porcelain", "--untracked-files=no"]);
        assert_eq!(status, "", "{round}");
        if has_new {
            fs::remove_file(sandbox.repo().join("new.txt")).unwrap();
        }
        // Another one ends it; where it was done already, there is nothing to discard.
        let again = sandbox.cc(["discard", &job, "--yes"]).run();
        assert!(matches!(again.code(), Some(0 | 2)), "{round}: {again}");
        assert_clean(&sandbox);
        let trees = sandbox.data_dir().root().join("worktrees");
        assert_eq!(fs::read_dir(trees).unwrap().count(), 0, "{round}");
    }
    assert!(killed > 0, "no discard was killed in {whole} ms");
}

#[test]
fn a_merge_into_an_unfinished_merge_is_refused_and_changes_nothing() {
    let unfinished = |sandbox: &Sandbox, how: &str| {
        let lib = |body: &str| format!("pub fn add(a: i32, b: i32) -> i32 {{\n    {body}\n}}\n");
        sandbox.git(["checkout", "--quiet", "--", "."]);
        sandbox.git(["checkout", "--quiet", "-b", "other"]);
        sandbox.write("src/lib.rs", lib("a * b"));
        sandbox.commit("theirs");
        sandbox.git(["checkout", "--quiet", "main"]);
        if how == "stash" {
            sandbox.write("src/lib.rs", lib("a / b"));
            sandbox.git(["stash", "--quiet"]);
        }
        sandbox.write("src/lib.rs", lib("a % b"));
        sandbox.commit("ours");
        let args: &[&str] = match how {
            "stash" => &["stash", "pop"],
            "revert" => &["revert", "HEAD~1"],
            how => &[how, "other"],
        };
        let conflict = sandbox.try_git(&sandbox.repo(), args);
        assert!(!conflict.status.success(), "{how}");
    };
    for (how, expect) in [
        ("merge", "a merge is in progress"),
        ("cherry-pick", "a cherry-pick is in progress"),
        ("rebase", "a rebase is in progress"),
        ("stash", "`src/lib.rs` has unresolved conflicts"),
    ] {
        let sandbox = answering();
        let (job, tree) = isolated(&sandbox);
        conflicting(&sandbox, &tree);
        unfinished(&sandbox, how);
        let before = (super::files(&sandbox.repo()), sandbox.read("src/lib.rs"));
        let index = sandbox.git(["ls-files", "--stage"]);
        let refused = sandbox.cc(["apply", "--merge", &job]).run().exits(1);
        assert!(refused.stderr.contains(expect), "{how}: {refused}");
        assert!(refused.stderr.contains("nothing was changed"), "{refused}");
        assert_eq!(refused.stdout, "", "{how}");
        let after = (super::files(&sandbox.repo()), sandbox.read("src/lib.rs"));
        assert!(after == before, "{how}");
        assert_eq!(sandbox.git(["ls-files", "--stage"]), index, "{how}");
    }
}

/// Applies a change on a small file system, with more and more room: what `apply` says is so.
#[test]
#[cfg(target_os = "linux")]
fn on_a_full_disk_an_apply_changes_all_files_or_none() {
    const SCRIPT: &str = r#"set -e
repo=$1; cc=$2; job=$3; merge=$4
sum() { (cd "$repo" && find . -path ./.git -prune -o \( -type f -o -type l \) -print | LC_ALL=C sort | xargs sha256sum | sha256sum); }
cp -a "$repo" "$TMPDIR/repo"
mount -t tmpfs -o size=4m none "$repo"
for room in 0 16 64 160 320 512 576 640 704 768 832 896 1024 2048; do
  find "$repo" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  cp -a "$TMPDIR/repo/." "$repo"
  before=$(sum)
  dd if=/dev/zero of="$repo/.git/filler" bs=4k 2>/dev/null || true
  truncate -s -${room}k "$repo/.git/filler"
  code=0
  "$cc" apply $merge "$job" >"$TMPDIR/out" 2>"$TMPDIR/err" || code=$?
  after=$(sum)
  state=changed; [ "$before" = "$after" ] && state=same
  left=$(ls "$repo/.git" | grep -c cc-apply- || true)
  echo "$room $code $state $left $(tr '\n' ' ' <"$TMPDIR/err")"
done
"#;
    for merge in ["", "--merge"] {
        let sandbox = answering();
        for number in 0..20 {
            sandbox.write(
                &format!("old/{number}.txt"),
                format!("{number}\n").repeat(20),
            );
        }
        sandbox.commit("old");
        let (job, tree) = isolated(&sandbox);
        for number in 0..20 {
            let line = format!("{number} changed\n");
            fs::write(tree.join(format!("old/{number}.txt")), line.repeat(1_500)).unwrap();
            fs::create_dir_all(tree.join("new/deep")).unwrap();
            fs::write(tree.join(format!("new/deep/{number}.txt")), line).unwrap();
        }
        fs::remove_file(tree.join("README.md")).unwrap();
        if !merge.is_empty() {
            // It applies only by a merge.
            let near = fs::read_to_string(tree.join("old/0.txt")).unwrap();
            fs::write(tree.join("old/0.txt"), near).unwrap();
            let lib = fs::read_to_string(tree.join("src/lib.rs")).unwrap();
            fs::write(tree.join("src/lib.rs"), format!("{lib}// end\n")).unwrap();
            let mine = format!("{lib}// start\n").replace("a - b", "a + b");
            sandbox.write("src/lib.rs", mine);
            sandbox.commit("mine");
        }
        let script = sandbox.root().join("disk.sh");
        fs::write(&script, SCRIPT).unwrap();
        let unshare = sandbox.command("/usr/bin/unshare".as_ref());
        let unshare = unshare.args(["-rm".as_ref(), "/bin/sh".as_ref(), script.as_os_str()]);
        let cc = sandbox.product_file("cc-cli");
        let unshare = unshare.args([sandbox.repo().as_os_str(), cc.as_os_str()]);
        let told = unshare
            .args([&job, merge])
            .timeout(SOON * 4)
            .run()
            .success();
        let mut rounds = Vec::new();
        for line in told.stdout.lines() {
            let fields: Vec<&str> = line.splitn(5, ' ').collect();
            let [room, code, state, left, error] = fields[..] else {
                panic!("{line}");
            };
            let is_merged = error.contains("merge conflicts");
            let expect = match code == "0" || is_merged {
                true => "changed",
                false => "same",
            };
            assert_eq!(state, expect, "{room}: {line}");
            assert_eq!(left, "0", "{line}");
            assert!(
                code == "0" || is_merged || error.contains("No space left"),
                "{line}"
            );
            rounds.push((state.to_owned(), error.contains("as before")));
        }
        assert_eq!(rounds.len(), 14, "{told}");
        assert!(rounds.iter().any(|(_, as_before)| *as_before), "{told}");
        assert_eq!(rounds[0].0, "same", "{told}");
        assert_eq!(rounds[13].0, "changed", "{told}");
    }
}

#[test]
fn files_that_were_only_touched_are_merged() {
    let sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    conflicting(&sandbox, &tree);
    fs::remove_file(tree.join("README.md")).unwrap();
    sandbox.commit("mine");
    // Longer ago than the time that an index without nanoseconds can distinguish.
    std::thread::sleep(Duration::from_millis(1_100));
    for path in ["README.md", "src/lib.rs"] {
        sandbox.write(path, sandbox.read(path));
    }
    let merged = sandbox.cc(["apply", "--merge", &job]).run().exits(1);
    assert!(
        merged.stderr.contains("merge conflicts in src/lib.rs"),
        "{merged}"
    );
    assert!(merged.stdout.contains("with conflicts"), "{merged}");
    assert!(!sandbox.repo().join("README.md").exists());
    assert!(sandbox.read("src/lib.rs").contains("<<<<<<<"));
}
