//! A Git that runs hooks which its configuration names (2.54 and newer).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_tests::fake::{Run, Step};
use cc_tests::{MessagesApi, Sandbox, Scenario, Turn, peers};
use serde_json::json;

/// Every event that Git knows hooks for, as far as one of our calls could come to it.
const EVENTS: [&str; 9] = [
    "post-index-change",
    "reference-transaction",
    "post-checkout",
    "post-commit",
    "pre-commit",
    "prepare-commit-msg",
    "post-rewrite",
    "pre-auto-gc",
    "applypatch-msg",
];

fn mark(sandbox: &Sandbox) -> PathBuf {
    sandbox.root().join("hooked")
}

/// A repository and a user whose configurations name a program for every event.
fn hooked(sandbox: &Sandbox) {
    let git = peers::newer_git().unwrap_or_else(|error| panic!("{error}"));
    drop(fs::remove_file(sandbox.bin().join("git")));
    sandbox.add_program("git", &git);
    let command = format!("touch '{}'", mark(sandbox).display());
    for file in [
        sandbox.repo().join(".git/config"),
        sandbox.home().join(".gitconfig"),
    ] {
        let mut text = fs::read_to_string(&file).unwrap_or_default();
        text.push_str(&format!("[hook \"planted\"]\n\tcommand = {command}\n"));
        text.extend(EVENTS.map(|event| format!("\tevent = {event}\n")));
        fs::write(file, text).unwrap();
    }
}

/// Nothing was run. Then the plain Git runs it, so that the trap is one.
#[track_caller]
fn assert_nothing_ran(sandbox: &Sandbox, call: &str) {
    assert!(!mark(sandbox).exists(), "{call} ran a hook");
}

fn spring(sandbox: &Sandbox, dir: &Path) {
    // Git writes the index again for a file that was touched and has not changed.
    let readme = fs::File::options().append(true).open(dir.join("README.md"));
    let readme = readme.unwrap();
    let modified = readme.metadata().unwrap().modified().unwrap();
    readme
        .set_modified(modified + Duration::from_secs(1))
        .unwrap();
    let git = peers::newer_git().unwrap();
    let mut command = std::process::Command::new(git);
    command
        .args(["status"])
        .current_dir(dir)
        .env("HOME", sandbox.home());
    assert!(command.output().unwrap().status.success());
    assert!(mark(sandbox).exists(), "plain git runs no hook");
    fs::remove_file(mark(sandbox)).unwrap();
}

#[test]
fn no_command_runs_a_hook_of_the_configuration() {
    let verdict = json!({"verdict": "allow", "reason": ""});
    let sandbox = Sandbox::fake(&Scenario::structured(verdict)).with_change();
    hooked(&sandbox);
    spring(&sandbox, &sandbox.repo());
    for args in [
        &["scope"][..],
        &["review"],
        &["adversarial-review"],
        &["review", "--scope", "staged", "--", "src"],
        &["rescue", "--read-only", "look"],
        &["status"],
    ] {
        drop(sandbox.cc(args).run());
        assert_nothing_ran(&sandbox, args[0]);
    }
    sandbox
        .cc(["setup", "--enable-review-gate"])
        .run()
        .success();
    let input = json!({"session_id": "s", "turn_id": "t", "cwd": sandbox.repo(), "prompt": "go"});
    sandbox.hook("user-prompt-submit", &input).run().success();
    sandbox.write("src/lib.rs", "// edited\n");
    sandbox.hook("stop", &input).run().success();
    assert_nothing_ran(&sandbox, "the gate");
    spring(&sandbox, &sandbox.repo());
}

#[test]
fn no_step_of_an_isolated_rescue_runs_one() {
    let edit = Step::Write {
        path: "made.txt".into(),
        content: "made\n".into(),
    };
    let run = Run::started().step(edit).success("Made it.", None);
    let sandbox = Sandbox::fake(&Scenario::runs([run])).with_change();
    sandbox.commit("all");
    hooked(&sandbox);
    let rescue = ["rescue", "--isolated", "--no-sandbox", "make a file"];
    sandbox.cc(rescue).run().success();
    assert_nothing_ran(&sandbox, "rescue --isolated");
    let job = sandbox.job();
    sandbox.cc(["apply", job.as_str()]).run().success();
    assert_eq!(sandbox.read("made.txt"), "made\n");
    assert_nothing_ran(&sandbox, "apply");
    sandbox
        .cc(["discard", job.as_str(), "--yes"])
        .run()
        .success();
    assert_nothing_ran(&sandbox, "discard");
    spring(&sandbox, &sandbox.repo());
}

#[test]
fn no_lookup_of_a_reviewer_runs_one() {
    let git = |tool: &str, input| Turn::tool(format!("mcp__git__{tool}"), input);
    let api = MessagesApi::start([
        git("status", json!({})),
        git("diff", json!({})),
        git("diff", json!({"staged": true})),
        git("log", json!({"stat": true})),
        git("show", json!({})),
        git("blame", json!({"path": "src/lib.rs"})),
        git("grep", json!({"pattern": "add"})),
        git("ls-files", json!({"untracked": true})),
        Turn::text("Looked."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    hooked(&sandbox);
    let index = fs::read(sandbox.repo().join(".git/index")).unwrap();
    sandbox.cc(["review"]).run().success();
    assert_nothing_ran(&sandbox, "review");
    let results = api.requests().pop().unwrap().tool_results();
    assert!(results[0].contains(" M src/lib.rs"), "{results:?}");
    assert!(results[5].contains("a - b"), "{results:?}");
    assert_eq!(fs::read(sandbox.repo().join(".git/index")).unwrap(), index);
    spring(&sandbox, &sandbox.repo());
}

#[test]
fn an_isolated_rescue_in_a_repository_with_a_reftable_is_refused_before_any_cost() {
    let api = MessagesApi::start([]);
    let sandbox = Sandbox::real(&api).with_change();
    let git = peers::newer_git().unwrap();
    drop(fs::remove_file(sandbox.bin().join("git")));
    sandbox.add_program("git", &git);
    sandbox.git(["stash", "--quiet", "--include-untracked"]);
    sandbox.git(["stash", "drop", "--quiet"]);
    sandbox.git(["refs", "migrate", "--ref-format=reftable"]);
    let refused = sandbox.cc(["rescue", "--isolated", "do it"]).run().exits(2);
    assert!(refused.stderr.contains("reftable"), "{refused}");
    assert!(refused.stderr.contains("Leave out --isolated"), "{refused}");
    assert!(api.requests().is_empty());
    let trees = sandbox.data_dir().root().join("worktrees");
    assert_eq!(fs::read_dir(trees).into_iter().flatten().count(), 0);
    // Without isolation it works there.
    api.push([Turn::text("Done.")]);
    sandbox.cc(["rescue", "do it"]).run().success();
}
