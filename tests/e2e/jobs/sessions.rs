//! Whose job is it?

use insta::assert_snapshot;

use super::{SOON, answering, background, hanging};

#[test]
fn a_job_belongs_to_the_session_it_was_started_in() {
    let sandbox = answering();
    for (name, session) in [
        ("CC_SESSION_ID", "a"),
        ("CODEX_SESSION_ID", "b"),
        ("CODEX_THREAD_ID", "c"),
    ] {
        sandbox.cc(["review"]).env(name, session).run().success();
        let status = sandbox
            .cc(["status", "--json"])
            .env(name, session)
            .run()
            .success()
            .json();
        assert_eq!(status["latestFinished"]["sessionId"], session);
        assert_eq!(status["recent"].as_array().unwrap().len(), 0, "{name}");
    }
    let all = sandbox
        .cc(["status", "--all", "--json"])
        .run()
        .success()
        .json();
    assert_eq!(all["recent"].as_array().unwrap().len(), 2);
}

#[test]
fn the_job_of_another_session_is_never_picked_by_accident() {
    let sandbox = answering();
    sandbox
        .cc(["review", "--background"])
        .env("CC_SESSION_ID", "a")
        .run()
        .success();
    let result = sandbox
        .cc(["result"])
        .env("CC_SESSION_ID", "b")
        .run()
        .exits(2);
    assert!(
        result
            .stderr
            .contains("no job of this session has finished"),
        "{}",
        result.stderr
    );
    assert!(result.stderr.contains("status --all"), "{}", result.stderr);
    let id = sandbox.job();
    sandbox
        .cc(["wait", id.as_str()])
        .env("CC_SESSION_ID", "b")
        .run()
        .success();
    sandbox
        .cc(["result", id.as_str()])
        .env("CC_SESSION_ID", "b")
        .run()
        .success();
}

#[test]
fn hooks_remember_the_session_and_announce_its_jobs_once() {
    let sandbox = answering();
    let event = |name: &str| {
        let input =
            serde_json::json!({"session_id": "s", "cwd": sandbox.repo(), "prompt": "go on"});
        sandbox.hook(name, &input).run().success()
    };
    assert_eq!(event("session-start").stdout, "");
    sandbox
        .cc(["review", "--view-state", "defer"])
        .run()
        .success();
    assert_eq!(sandbox.record()["sessionId"], "s");
    let news = event("user-prompt-submit").json();
    let text = news["hookSpecificOutput"]["additionalContext"]
        .as_str()
        .unwrap();
    assert!(text.contains("No findings."), "{text}");
    assert_eq!(event("user-prompt-submit").stdout, "");
    assert_eq!(event("stop").stdout, "");
    event("session-end");
    assert!(!sandbox.state_dir().current_session().exists());
}

#[test]
fn the_first_of_three_names_that_is_set_and_sound_tells_the_session() {
    let sandbox = answering();
    let owner = |env: &[(&str, &str)]| {
        let call = sandbox.cc(["review", "--background", "--json"]);
        let call = env
            .iter()
            .fold(call, |call, (name, id)| call.env(name, *id));
        let id = call.run().success().json()["jobId"].clone();
        sandbox.cc(["wait", id.as_str().unwrap()]).run().success();
        let records = sandbox.records();
        let record = records.iter().find(|record| record["id"] == id);
        record.unwrap()["sessionId"].clone()
    };
    let all = [
        ("CC_SESSION_ID", "a"),
        ("CODEX_SESSION_ID", "b"),
        ("CODEX_THREAD_ID", "c"),
    ];
    assert_eq!(owner(&all), "a");
    assert_eq!(owner(&all[1..]), "b");
    assert_eq!(owner(&all[2..]), "c");
    assert_eq!(owner(&[("CC_SESSION_ID", "../a"), all[2]]), "c");
    assert_eq!(owner(&[]), serde_json::Value::Null);
}

#[test]
fn nobody_cancels_the_job_of_another_session_by_accident() {
    let mut sandbox = hanging();
    sandbox.set_env("CODEX_THREAD_ID", "a");
    let id = background(&sandbox);
    sandbox.wait_for_run(1, SOON);
    sandbox.set_env("CODEX_THREAD_ID", "b");
    let cancel = sandbox.cc(["cancel"]).run();
    assert_snapshot!(sandbox.transcript(&cancel), @"
    exit 2
    --- stderr
    error: no job of this session is running
      hint: List all jobs of this workspace: cc-cli status --all
    ");
    let status = sandbox.cc(["status"]).run();
    assert_snapshot!(sandbox.transcript(&status), @"
    exit 0
    --- stdout
    No jobs of this session in this workspace.

    1 job of other sessions: cc-cli status --all
    ");
    let logs = sandbox.cc(["logs"]).run();
    assert_snapshot!(sandbox.transcript(&logs), @"
    exit 2
    --- stderr
    error: no job of this session has finished
      hint: Other sessions have 1 job here. List all jobs: cc-cli status --all
    ");
    assert_eq!(sandbox.record()["status"], "running");
    sandbox.cc(["cancel", &id]).run().success();
}
