//! From where is a job seen?

use std::path::PathBuf;

use cc_core::fs::create_private_dir;
use cc_tests::Sandbox;
use cc_tests::sandbox::Output;

use super::{SOON, answering, background, hanging};

/// A directory that has nothing to do with the repository.
fn elsewhere(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.root().join("elsewhere");
    create_private_dir(&dir).unwrap();
    dir
}

#[track_caller]
fn from(dir: &PathBuf, sandbox: &Sandbox, args: &[&str]) -> Output {
    sandbox.cc(args).cwd(dir).run()
}

#[test]
fn a_whole_id_works_from_anywhere() {
    let sandbox = hanging();
    let there = elsewhere(&sandbox);
    let call = |args: &[&str]| from(&there, &sandbox, args);
    let id = background(&sandbox);
    sandbox.wait_for_run(1, SOON);
    let status = call(&["status", &id, "--json"]).success().json();
    assert_eq!(status["job"]["status"], "running");
    let root = sandbox.repo().display().to_string();
    assert_eq!(status["workspaceRoot"], root.as_str());
    call(&["wait", &id, "--timeout-ms", "1"]).exits(124);
    let log = sandbox.cc(["logs", &id, "-f"]).cwd(&there).spawn();
    log.wait_for_stdout("So far so good.");
    // A prefix names a job of the workspace only.
    call(&["status", &id[..id.len() - 1]]).exits(2);
    call(&["cancel", &id]).success();
    log.wait().success();
    assert_eq!(sandbox.record()["status"], "cancelled");
    let result = call(&["result", &id]).success();
    assert!(result.stdout.contains("So far so good."), "{result}");
    assert!(sandbox.record()["resultViewedAt"].is_string());
}

#[test]
fn a_review_is_followed_and_its_findings_fixed_from_anywhere_by_its_whole_id() {
    let sandbox = answering();
    let review = background(&sandbox);
    sandbox.cc(["wait", &review]).run().success();
    let prefix = &review[..review.len() - 1];
    let tree = worktree(&sandbox);
    let other = elsewhere(&sandbox);
    let fix = |dir: &PathBuf, id: &str| {
        let fix = ["rescue", "--read-only", "--from", id, "--json"];
        from(dir, &sandbox, &fix)
    };
    for (dir, id) in [(&tree, prefix), (&tree, &review), (&other, &review)] {
        fix(dir, id).success();
        let run = sandbox.claude_calls().pop().unwrap();
        assert_eq!(run.cwd, *dir, "Claude works where it was asked to");
        assert!(run.stdin.contains("No findings."), "{}", run.stdin);
    }
    fix(&other, prefix).exits(2);
    for id in [prefix, &review] {
        for command in ["review", "scope"] {
            let since = from(&tree, &sandbox, &[command, "--since", id]).success();
            assert!(since.stdout.contains(&review), "{since}");
        }
    }
    let outside = from(&other, &sandbox, &["review", "--since", &review]).exits(2);
    assert!(outside.stderr.contains("Git repository"), "{outside}");
}

#[test]
fn a_whole_id_works_after_its_repository_is_gone() {
    let sandbox = answering();
    let there = elsewhere(&sandbox);
    let id = background(&sandbox);
    sandbox.cc(["wait", &id]).run().success();
    std::fs::rename(sandbox.repo(), sandbox.root().join("moved")).unwrap();
    for command in ["status", "result", "logs", "wait"] {
        let told = from(&there, &sandbox, &[command, &id]).success();
        assert!(!told.stdout.is_empty(), "{command}");
    }
}

#[test]
fn a_shell_without_a_session_takes_the_whole_workspace() {
    let sandbox = hanging();
    let start = || {
        let receipt = sandbox
            .cc(["review", "--background", "--json"])
            .env("CC_SESSION_ID", "a")
            .run();
        let id = receipt.success().json()["jobId"].clone();
        id.as_str().unwrap().to_owned()
    };
    let id = start();
    sandbox.wait_for_run(1, SOON);
    let status = sandbox.cc(["status"]).run().success();
    assert!(status.stdout.contains(&id), "{status}");
    assert!(!status.stdout.contains("other sessions"), "{status}");
    let json = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(json["running"][0]["id"], id.as_str());
    sandbox.cc(["cancel"]).run().success();
    let result = sandbox.cc(["result"]).run().success();
    assert!(result.stdout.contains("was cancelled"), "{result}");
}

/// A worktree of the repository, as Codex makes them, with a change of its own.
fn worktree(sandbox: &Sandbox) -> PathBuf {
    let root = sandbox.root().join("worktree");
    sandbox.git(["worktree", "add", "--quiet", root.to_str().unwrap()]);
    std::fs::write(root.join("README.md"), "# changed\n").unwrap();
    root
}

fn background_in(dir: &PathBuf, sandbox: &Sandbox) -> String {
    let receipt = from(dir, sandbox, &["review", "--background", "--json"]);
    let id = receipt.success().json()["jobId"].clone();
    id.as_str().unwrap().to_owned()
}

#[test]
fn a_job_is_seen_in_every_worktree_of_its_repository() {
    let sandbox = hanging();
    let tree = worktree(&sandbox);
    let main = sandbox.repo();
    for (here, there) in [(&tree, &main), (&main, &tree)] {
        let id = background_in(here, &sandbox);
        let status = from(there, &sandbox, &["status", "--json"]);
        let running = status.success().json()["running"].clone();
        assert_eq!(running[0]["id"], id.as_str());
        assert_eq!(running[0]["workspaceRoot"], here.to_str().unwrap());
        let prefix = &id[..id.len() - 1];
        from(there, &sandbox, &["status", prefix]).success();
        from(there, &sandbox, &["cancel"]).success();
        let result = from(there, &sandbox, &["result"]).success();
        assert!(result.stdout.contains(&id), "{result}");
    }
    let json = from(&main, &sandbox, &["status", "--json"]).success();
    assert_eq!(json.json()["lastDay"]["jobs"], 2);
}

#[test]
fn another_repository_does_not_see_it() {
    let sandbox = answering();
    let other = elsewhere(&sandbox);
    sandbox.git_in(&other, ["init", "--quiet"]);
    sandbox.cc(["review"]).run().success();
    let told = from(&other, &sandbox, &["status"]).success();
    assert_eq!(told.stdout, "No jobs in this workspace.\n");
}

#[test]
fn a_job_of_a_worktree_outlives_it() {
    let sandbox = answering();
    let tree = worktree(&sandbox);
    let id = background_in(&tree, &sandbox);
    sandbox.cc(["wait", &id]).run().success();
    sandbox.git(["worktree", "remove", "--force", tree.to_str().unwrap()]);
    let status = sandbox.cc(["status"]).run().success();
    assert!(status.stdout.contains(&id), "{status}");
    let result = sandbox.cc(["result"]).run().success();
    assert!(result.stdout.contains("No findings."), "{result}");
    // Another repository that takes its place is another place.
    std::fs::create_dir(&tree).unwrap();
    sandbox.git_in(&tree, ["init", "--quiet"]);
    let status = sandbox.cc(["status"]).run().success();
    assert_eq!(status.stdout, "No jobs in this workspace.\n");
}

#[test]
fn jobs_from_before_repositories_were_remembered_are_seen_too() {
    let sandbox = answering();
    let tree = worktree(&sandbox);
    let id = background_in(&tree, &sandbox);
    sandbox.cc(["wait", &id]).run().success();
    let remembered = sandbox.data_dir().root().join("repositories");
    std::fs::remove_dir_all(remembered).unwrap();
    let status = sandbox.cc(["status"]).run().success();
    assert!(status.stdout.contains(&id), "{status}");
}

#[test]
fn a_job_of_another_worktree_is_announced_in_its_session() {
    let sandbox = answering();
    let tree = worktree(&sandbox);
    let review = sandbox.cc(["review", "--view-state", "defer"]).cwd(&tree);
    review.env("CC_SESSION_ID", "s").run().success();
    let input = serde_json::json!({"session_id": "s", "cwd": sandbox.repo(), "prompt": "go on"});
    let event = || sandbox.hook("user-prompt-submit", &input).run().success();
    assert!(event().stdout.contains("No findings."));
    assert_eq!(event().stdout, "");
}
