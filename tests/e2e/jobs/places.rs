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
fn a_whole_id_works_after_its_repository_is_gone() {
    let sandbox = answering();
    let there = elsewhere(&sandbox);
    let id = background(&sandbox);
    sandbox.cc(["wait", &id]).run().success();
    std::fs::remove_dir_all(sandbox.repo()).unwrap();
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
