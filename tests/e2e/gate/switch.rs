//! Where is the gate on?

use std::path::Path;

use cc_core::{SessionId, Workspace};
use cc_tests::{Sandbox, Scenario};
use serde_json::json;

fn sandbox() -> Sandbox {
    Sandbox::fake(&Scenario::says("Fine.")).with_change()
}

fn worktree(sandbox: &Sandbox, name: &str) -> std::path::PathBuf {
    let root = sandbox.root().join(name);
    sandbox.git(["worktree", "add", "--quiet", root.to_str().unwrap()]);
    root
}

/// Whether the gate is on in `dir`, as `status` says and as the hook does.
#[track_caller]
fn is_on(sandbox: &Sandbox, dir: &Path) -> bool {
    let status = sandbox.cc(["status", "--json"]).cwd(dir).run();
    let status = status.success().json();
    let on = status["needsReview"].as_bool().unwrap();
    assert_eq!(status["config"]["stopReviewGate"], on);
    let input = json!({"session_id": "s", "turn_id": "t", "cwd": dir, "prompt": "go on"});
    sandbox.hook("user-prompt-submit", &input).run().success();
    let state = sandbox
        .data_dir()
        .state(&Workspace::from_canonical(dir.to_owned()));
    let turn = state.turn_baseline(&SessionId::parse("s").unwrap());
    assert_eq!(turn.exists(), on, "{}", turn.display());
    let _ = std::fs::remove_file(turn);
    on
}

fn switch(sandbox: &Sandbox, dir: &Path, to: &str) {
    // It exits with 3 where something is not set up.
    let flag = format!("--{to}-review-gate");
    let told = sandbox.cc(["setup", &flag]).cwd(dir).run();
    assert!(told.stdout.contains("review gate"), "{told}");
}

#[test]
fn it_is_on_in_a_new_worktree_of_a_repository_where_it_is_on() {
    let sandbox = sandbox();
    let main = sandbox.repo();
    let old = worktree(&sandbox, "old");
    assert!(!is_on(&sandbox, &old));
    switch(&sandbox, &main, "enable");
    let new = worktree(&sandbox, "new");
    for dir in [&main, &old, &new] {
        assert!(is_on(&sandbox, dir), "{}", dir.display());
    }
    switch(&sandbox, &new, "disable");
    for dir in [&main, &old, &new] {
        assert!(!is_on(&sandbox, dir), "{}", dir.display());
    }
    switch(&sandbox, &old, "enable");
    let newest = worktree(&sandbox, "newest");
    for dir in [&main, &old, &new, &newest] {
        assert!(is_on(&sandbox, dir), "{}", dir.display());
    }
}

#[test]
fn a_worktree_that_was_switched_on_before_counts_for_its_repository() {
    let sandbox = sandbox();
    let (old, new) = (worktree(&sandbox, "old"), worktree(&sandbox, "new"));
    let state = sandbox.data_dir().state(&Workspace::from_canonical(old));
    cc_core::fs::create_private_dir(state.root()).unwrap();
    std::fs::write(state.config(), r#"{"version":1,"stopReviewGate":true}"#).unwrap();
    assert!(is_on(&sandbox, &new));
}

#[test]
fn a_setting_turns_it_on_everywhere_and_the_switch_is_on_top() {
    let sandbox = sandbox();
    let outside = sandbox.root().join("outside");
    cc_core::fs::create_private_dir(&outside).unwrap();
    sandbox.git_in(&outside, ["init", "--quiet"]);
    assert!(!is_on(&sandbox, &outside));
    sandbox
        .cc(["config", "set", "gate.enabled", "true"])
        .run()
        .success();
    assert!(is_on(&sandbox, &sandbox.repo()) && is_on(&sandbox, &outside));
    switch(&sandbox, &outside, "disable");
    assert!(is_on(&sandbox, &sandbox.repo()) && !is_on(&sandbox, &outside));
}
