//! Whose job is it?

use super::answering;

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
