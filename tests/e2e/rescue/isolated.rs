//! Work trees of their own: what becomes of them when something comes in between.

use std::fs;
use std::path::{Path, PathBuf};

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, binaries};
use serde_json::json;

use super::SOON;

const THREAD: &str = "0b7e7c52-6a0e-4f4e-9c39-2f1f2b3c4d5e";

pub(super) fn answering() -> Sandbox {
    Sandbox::fake(&Scenario::says("Done.")).with_change()
}

/// A finished rescue in a work tree of its own: the job and the tree.
pub(super) fn isolated(sandbox: &Sandbox) -> (String, PathBuf) {
    let args = ["rescue", "--isolated", "--no-sandbox", "--json", "task"];
    let report = sandbox.cc(args).run().success().json();
    let root = report["isolated"]["root"].as_str().unwrap();
    (report["jobId"].as_str().unwrap().to_owned(), root.into())
}

/// Nothing of any work tree is left in the repository.
#[track_caller]
pub(super) fn assert_clean(sandbox: &Sandbox) {
    assert_eq!(sandbox.git(["branch", "--list", "cc/*"]), "");
    let trees = sandbox.git(["worktree", "list"]);
    assert_eq!(trees.lines().count(), 1, "{trees}");
}

#[test]
fn a_tree_that_was_emptied_or_replaced_takes_no_files_with_it() {
    let check = |name: &str, spoil: &dyn Fn(&Path)| {
        let sandbox = answering();
        let (job, tree) = isolated(&sandbox);
        fs::remove_dir_all(&tree).unwrap();
        spoil(&tree);
        let before = super::files(&sandbox.repo());
        let refused = sandbox.cc(["apply", &job]).run().exits(1);
        assert!(
            refused.stderr.contains(&format!("cc-cli discard {job}")),
            "{name}: {refused}"
        );
        assert_eq!(super::files(&sandbox.repo()), before, "{name}");
        let kept = sandbox
            .cc(["prune", "--yes", "--keep", "0", "--json"])
            .run()
            .json();
        assert_eq!(kept["removed"], json!([]), "{name}");
        sandbox.cc(["discard", &job, "--yes"]).run().success();
        assert_clean(&sandbox);
        sandbox.cc(["discard", &job, "--yes"]).run().exits(2);
        let pruned = sandbox
            .cc(["prune", "--yes", "--keep", "0", "--json"])
            .run()
            .json();
        assert_eq!(pruned["removed"], json!([job]), "{name}");
    };
    check("gone", &|_| {});
    check("emptied", &|tree| fs::create_dir(tree).unwrap());
    #[cfg(unix)]
    check("a link", &|tree| {
        std::os::unix::fs::symlink(tree.parent().unwrap(), tree).unwrap();
    });
}

/// The two sides change the same line of `src/lib.rs`; the other side has a new file, too.
pub(super) fn conflicting(sandbox: &Sandbox, tree: &Path) {
    let lib = tree.join("src/lib.rs");
    let text = fs::read_to_string(&lib).unwrap();
    fs::write(&lib, text.replace("a + b", "b + a")).unwrap();
    fs::write(tree.join("new.txt"), "new\n").unwrap();
    assert!(sandbox.read("src/lib.rs").contains("a - b"));
}

#[test]
fn the_advice_of_a_refused_apply_works_whatever_the_user_does_with_his_own_changes() {
    for commits in [true, false] {
        let sandbox = answering();
        let (job, tree) = isolated(&sandbox);
        conflicting(&sandbox, &tree);
        let refused = sandbox.cc(["apply", &job]).run().exits(1);
        assert!(refused.stderr.contains("Commit or stash"), "{refused}");
        let (_, advised) = refused.stderr.rsplit_once("cc-cli ").unwrap();
        let advised = || sandbox.cc(advised.split_whitespace()).run();
        let before = super::files(&sandbox.repo());
        let early = advised().exits(1);
        assert!(early.stderr.contains("nothing was changed"), "{early}");
        assert_eq!(super::files(&sandbox.repo()), before);
        assert!(sandbox.read("src/lib.rs").contains("a - b"));
        if commits {
            sandbox.commit("mine");
            let merged = advised().exits(1);
            assert!(merged.stderr.contains("src/lib.rs"), "{merged}");
            let lib = sandbox.read("src/lib.rs");
            let both = lib.contains("<<<<<<<") && lib.contains("a - b") && lib.contains("b + a");
            assert!(both, "{lib}");
        } else {
            sandbox.git(["stash", "--quiet"]);
            advised().success();
            assert!(sandbox.read("src/lib.rs").contains("b + a"));
        }
        assert_eq!(sandbox.read("new.txt"), "new\n");
    }
}

#[test]
fn that_uncommitted_changes_are_left_out_is_reported_where_there_are_any() {
    let sandbox = answering();
    let rescue = || {
        let args = ["rescue", "--isolated", "--no-sandbox", "task"];
        let rescue = sandbox.cc(args).run().success();
        let told = rescue
            .stderr
            .contains("starts at HEAD, without your uncommitted changes");
        let report = rescue.stdout.contains("without your uncommitted changes");
        (told, report)
    };
    assert_eq!(rescue(), (true, true));
    sandbox.commit("mine");
    assert_eq!(rescue(), (false, false));
    sandbox.write("new.txt", "new");
    assert_eq!(rescue(), (true, true));
}

#[test]
fn what_was_applied_already_is_reported_as_such_also_once_it_is_committed() {
    let sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    fs::write(tree.join("new.txt"), "new\n").unwrap();
    sandbox.cc(["apply", &job]).run().success();
    for _ in 0..2 {
        let again = sandbox.cc(["apply", "--json", &job]).run().success().json();
        crate::report::schema::check("apply", &again);
        assert_eq!(again["alreadyApplied"], true, "{again}");
        assert_eq!(again["applied"], json!([]));
        sandbox.commit("all");
    }
    let discarded = sandbox
        .cc(["discard", &job, "--yes", "--json"])
        .run()
        .success()
        .json();
    crate::report::schema::check("discard", &discarded);
}

#[test]
fn a_branch_that_is_in_use_can_be_discarded_later() {
    let sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    let branch = sandbox.git_in(&tree, ["branch", "--show-current"]);
    sandbox.git_in(&tree, ["switch", "--quiet", "--detach"]);
    sandbox.git(["switch", "--quiet", &branch]);
    let refused = sandbox.cc(["discard", &job, "--yes"]).run().exits(1);
    assert!(
        refused.stderr.contains("Switch to another branch"),
        "{refused}"
    );
    let kept = sandbox
        .cc(["prune", "--yes", "--keep", "0", "--json"])
        .run()
        .json();
    assert_eq!(kept["removed"], json!([]));
    sandbox.git(["switch", "--quiet", "main"]);
    sandbox.cc(["discard", &job, "--yes"]).run().success();
    assert_clean(&sandbox);
}

#[test]
fn without_a_commit_it_says_what_to_do() {
    let sandbox = Sandbox::fake(&Scenario::says("Done."));
    let args = ["rescue", "--isolated", "--no-sandbox", "task"];
    let refused = sandbox.cc(args).run().exits(2);
    assert!(
        refused.stderr.contains("A worktree needs a commit"),
        "{refused}"
    );
    assert!(!refused.stderr.contains("--scope"), "{refused}");
}

#[test]
fn pruning_sweeps_what_a_killed_call_began_and_nothing_else() {
    let sandbox = answering();
    let (_, named) = isolated(&sandbox);
    let trees = named.parent().unwrap();
    let make = |thread: &str, is_old: bool| {
        let root = trees.join(thread);
        let branch = format!("cc/{thread}");
        let args = ["worktree", "add", "--quiet", "-b", &branch];
        sandbox.git(args.into_iter().chain([root.to_str().unwrap()]));
        if is_old {
            make_old(&root);
        }
    };
    make_old(&named);
    make(THREAD, true);
    make("elsewhere", true);
    make("young", false);
    sandbox.git(["branch", "cc/mine"]);
    let elsewhere = sandbox.data_dir().states().join("elsewhere/jobs");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::write(elsewhere.join("a.json"), "{\"thread\":\"elsewhere\"").unwrap();

    let prune = || {
        let args = ["prune", "--yes", "--keep", "0", "--json"];
        sandbox.cc(args).run().success().json()["workTrees"].clone()
    };
    let before = sandbox.git(["branch", "--list", "cc/*"]).lines().count();
    assert_eq!(prune(), json!(1));
    assert!(!trees.join(THREAD).exists());
    let branches = sandbox.git(["branch", "--list", "cc/*"]);
    assert_eq!(branches.lines().count(), before - 1, "{branches}");
    assert!(!branches.contains(THREAD), "{branches}");
    assert_eq!(prune(), json!(0));
}

fn make_old(path: &Path) {
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let mut options = fs::File::options();
    options.read(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        const FILE_WRITE_ATTRIBUTES: u32 = 0x100;
        const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
        options.access_mode(FILE_WRITE_ATTRIBUTES);
        options.custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    }
    let dir = options.open(path).unwrap();
    dir.set_modified(long_ago).unwrap();
}

#[test]
fn a_job_that_could_not_be_stopped_is_in_the_way_until_it_is() {
    let sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    let mut survivor = std::process::Command::new(binaries::fake_claude())
        .arg("--grandchild")
        .spawn()
        .unwrap();
    let proc = cc_core::Proc::of(survivor.id()).unwrap();
    let mut record = sandbox.record();
    record["status"] = json!("cancel_failed");
    record["survivors"] = json!([proc]);
    let path = sandbox.state_dir().jobs().join(format!("{job}.json"));
    fs::write(path, record.to_string()).unwrap();
    let next = format!("cc-cli cancel {job}");
    for call in [
        &["apply", &job][..],
        &["discard", &job, "--yes"],
        &["rescue", super::ACCESS, "--resume", &job, "go on"],
    ] {
        let refused = sandbox.cc(call).run().exits(2);
        assert!(refused.stderr.contains(&next), "{refused}");
    }
    let result = sandbox.cc(["result", &job]).run().success();
    assert!(result.stdout.contains(&next), "{result}");
    sandbox.cc(["cancel", &job]).run().success();
    assert!(!proc.is_running());
    survivor.wait().unwrap();
    sandbox.cc(["discard", &job, "--yes"]).run().success();
    assert!(!tree.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn names_of_any_bytes_are_no_obstacle() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"ba\xffd");
    let rescues = |sandbox: &Sandbox, cwd: &Path, data: &Path| {
        for how in ["--read-only", "--write", "--isolated"] {
            let args = ["rescue", "--no-sandbox", "--json", how, "task"];
            let args = args.into_iter().filter(|arg| *arg != "--write");
            let args = args.filter(|arg| how != "--read-only" || *arg != "--no-sandbox");
            let report = sandbox.cc(args).cwd(cwd).run().success().json();
            if how != "--isolated" {
                continue;
            }
            let job = report["jobId"].as_str().unwrap();
            let mut trees = fs::read_dir(data.join("worktrees")).unwrap();
            let tree = trees.next().unwrap().unwrap().path();
            fs::write(tree.join("new"), "n\n").unwrap();
            sandbox.cc(["apply", job]).cwd(cwd).run().success();
            assert_eq!(fs::read(cwd.join("new")).unwrap(), b"n\n");
            sandbox
                .cc(["discard", job, "--yes"])
                .cwd(cwd)
                .run()
                .success();
            assert!(!tree.exists());
        }
    };

    let sandbox = answering();
    fs::create_dir(sandbox.repo().join(".claude")).unwrap();
    fs::write(sandbox.repo().join(".claude").join(odd), "").unwrap();
    rescues(&sandbox, &sandbox.repo(), sandbox.data_dir().root());
    assert!(sandbox.repo().join(".claude").join(odd).exists());

    let sandbox = answering();
    let repo = sandbox.root().join(odd);
    fs::rename(sandbox.repo(), &repo).unwrap();
    rescues(&sandbox, &repo, sandbox.data_dir().root());

    let mut sandbox = answering();
    let home = sandbox.root().join(odd);
    fs::create_dir(&home).unwrap();
    sandbox.set_env("CODEX_HOME", &home);
    let data = home.join("plugins/data/cc");
    rescues(&sandbox, &sandbox.repo(), &data);
}

#[test]
fn a_change_can_be_seen_and_is_discarded_only_after_a_yes() {
    let sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    fs::write(tree.join("new.txt"), "new\n").unwrap();
    let shown = sandbox.cc(["apply", &job, "--diff"]).run().success();
    assert!(shown.stdout.contains("+++ b/new.txt\n"), "{shown}");
    assert!(!sandbox.repo().join("new.txt").exists());
    let refused = sandbox.cc(vec!["discard", &job]).run().exits(2);
    assert!(
        refused.stderr.contains("never applied (1 file)"),
        "{refused}"
    );
    assert!(tree.join("new.txt").exists());
    sandbox.cc(["apply", &job]).run().success();
    // Nothing would be lost now; what asks still asks, so that a script needs no second form.
    let refused = sandbox.cc(vec!["discard", &job]).run().exits(2);
    let hint = format!("Discard it: cc-cli discard {job} --yes");
    assert!(refused.stderr.contains("nobody can be asked"), "{refused}");
    assert!(refused.stderr.contains(&hint), "{refused}");
    assert!(tree.exists());
    sandbox.cc(["discard", &job, "--yes"]).run().success();
    assert_clean(&sandbox);
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_the_question_says_what_would_be_lost() {
    let sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    let answer = |question: &str, key: &str| {
        let mut screen = sandbox.cc(["discard", &job]).at_terminal(80, 24);
        screen.wait_for(question);
        screen.press(key);
        let (code, shown) = screen.wait();
        assert_eq!(code, Some(0), "{shown}");
        shown
    };
    fs::write(tree.join("new.txt"), "new\n").unwrap();
    let kept = answer("was never applied (1 file). Discard it?", "n\n");
    assert!(kept.contains("Nothing was discarded."), "{kept}");
    sandbox.cc(["apply", &job]).run().success();
    let kept = answer("No change of", "\n");
    assert!(kept.contains("Nothing was discarded."), "{kept}");
    assert!(tree.exists());
    let gone = answer("[y/N]", "y\n");
    assert!(gone.contains("Removed the worktree"), "{gone}");
    assert_clean(&sandbox);
}

#[test]
fn what_the_worktree_has_and_lacks_is_reported_to_the_user_and_to_claude() {
    let sandbox = answering();
    let go = sandbox.root().join("go");
    let waits = Run::started().step(Step::Await(go.clone()));
    let waits = waits.text("Done.").success("Done.", None);
    sandbox.set_scenario(&Scenario::runs([waits]));
    sandbox.write(".gitignore", ".env\nnode_modules/\n");
    sandbox.write(".worktreeinclude", ".env\n");
    sandbox.commit("ignores");
    sandbox.write(".env", "TOKEN=1\n");
    sandbox.write("node_modules/x/index.js", "x\n");
    let args = ["rescue", "--isolated", "--no-sandbox", "task"];
    let rescue = sandbox.cc(args).spawn();
    let tree = sandbox.wait_for_run(1, SOON).cwd;
    assert!(tree.join(".env").exists() && !tree.join("node_modules").exists());
    sandbox.git_in(&tree, ["init", "--quiet", "nested"]);
    let author = ["-c", "user.name=a", "-c", "user.email=b"];
    let commit = ["commit", "--quiet", "--allow-empty", "--message=x"];
    let commit = author.into_iter().chain(commit);
    sandbox.git_in(&tree.join("nested"), commit);
    fs::write(go, "").unwrap();
    let output = rescue.wait().success();
    let result = sandbox.cc(["result"]).run().success();
    let notes = sandbox.claude_calls()[0].args.join(" ");
    for line in [
        "`.env`, as `.worktreeinclude` says",
        "`node_modules/` (ignored by Git; `.worktreeinclude` can name it)",
    ] {
        assert!(output.stderr.contains(line), "{line}: {output}");
        assert!(result.stdout.contains(line), "{line}: {result}");
        assert!(notes.contains(line), "{line}: {notes}");
    }
    let links = "whose files are not part of the change\n\n- `nested`";
    assert!(result.stdout.contains(links), "{result}");
    let json = sandbox.cc(["result", "--json"]).run().json().to_string();
    assert!(json.contains(r#""included":[".env"]"#), "{json}");
    assert!(!json.contains("TOKEN"), "{json}");
}
