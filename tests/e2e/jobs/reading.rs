//! What the commands show of jobs.

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::json;

use super::{SOON, answering, background};

#[test]
fn status_of_an_empty_workspace() {
    let sandbox = answering();
    let output = sandbox.cc(["status"]).run().success();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 0
    --- stdout
    No jobs of this session in this workspace.
    ");
    let json = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(
        (
            &json["running"],
            &json["latestFinished"],
            &json["needsReview"]
        ),
        (&json!([]), &json!(null), &json!(false))
    );
    assert!(
        !sandbox.data_dir().root().exists(),
        "looking writes nothing"
    );
}

#[test]
fn a_background_job_is_announced_waited_for_and_read() {
    let sandbox = answering();
    let id = background(&sandbox);
    let waited = sandbox.cc(["wait", &id]).run().success();
    assert_snapshot!(sandbox.transcript(&waited), @"
    exit 0
    --- stdout
    <review 1>  completed  No findings.
    ");
    let unread = sandbox.cc(["status"]).run().success();
    assert_snapshot!(sandbox.transcript(&unread), @"
    exit 0
    --- stdout
    Finished
      <review 1>*  completed  <n>s ago  Review of uncommitted changes  No findings.

    * not read yet: cc-cli result <review 1>
    ");
    let result = sandbox.cc(["result"]).run().success();
    assert!(result.stdout.contains("No findings."));
    let read = sandbox.cc(["status"]).run().success();
    assert!(!read.stdout.contains("not read yet"), "{}", read.stdout);
    let one = sandbox.cc(["status", &id[..12]]).run().success();
    assert_snapshot!(sandbox.transcript(&one), @"
    exit 0
    --- stdout
      Job     <review 1>
      What    Review of uncommitted changes
      Status  done
      Time    <n>s
      About   No findings.
      Model   claude-opus-5-5
      Tokens  6.5k in, 42 out, $0.01

    See it with: cc-cli result <review 1>
    ");
}

#[test]
fn a_deferred_view_stays_unread() {
    let sandbox = answering();
    sandbox
        .cc(["review", "--view-state", "defer"])
        .run()
        .success();
    assert_eq!(sandbox.record()["resultViewedAt"], json!(null));
    sandbox.cc(["review"]).run().success();
    assert!(
        sandbox
            .records()
            .iter()
            .any(|record| record["resultViewedAt"].is_string())
    );
}

#[test]
fn waiting_has_exit_codes_and_takes_several_jobs() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::says("Fine."), Run::hangs()])).with_change();
    let done = background(&sandbox);
    sandbox.cc(["wait", &done]).run().exits(0);
    let hanging = background(&sandbox);
    sandbox.wait_for_run(2, SOON);
    let timed_out = sandbox
        .cc(["wait", &done, &hanging, "--timeout-ms", "50", "--json"])
        .run()
        .exits(124);
    assert_eq!(timed_out.json()["waitTimedOut"], true);
    let status = sandbox
        .cc(["status", &hanging, "--wait", "--timeout-ms", "50", "--json"])
        .run()
        .exits(124)
        .json();
    assert_eq!(
        (&status["waitTimedOut"], &status["timeoutMs"]),
        (&json!(true), &json!(50))
    );
    let active = sandbox
        .cc(["result", &hanging, "--json"])
        .run()
        .success()
        .json();
    assert_eq!(active["state"], "active");
    sandbox.cc(["cancel", &hanging]).run().success();
    sandbox.cc(["wait", &done, &hanging]).run().exits(4);
}

#[test]
fn a_reference_must_name_one_job() {
    let sandbox = answering();
    let first = background(&sandbox);
    let second = background(&sandbox);
    sandbox.cc(["wait", &first, &second]).run().success();
    let ambiguous = sandbox.cc(["result", "review-"]).run().exits(2);
    assert!(
        ambiguous.stderr.contains("`review-` could be"),
        "{}",
        ambiguous.stderr
    );
    let unknown = sandbox.cc(["result", "task-nope"]).run().exits(2);
    assert_snapshot!(sandbox.transcript(&unknown), @"
    exit 2
    --- stderr
    cc-cli: no job of this workspace has an id that begins with `task-nope`
      `cc-cli status --all` lists all jobs of this workspace.
    ");
}

#[test]
fn logs_are_shown_and_followed_to_the_end() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::started()
        .text("Looking.")
        .step(Step::Await("go".into()))
        .text("Done.")
        .success("Done.", None)]))
    .with_change();
    let id = background(&sandbox);
    let following = sandbox.cc(["logs", "--follow"]).spawn();
    following.wait_for_stdout("says: Looking.");
    sandbox.write("go", "");
    let followed = following.wait().success();
    let shown = sandbox.cc(["logs", &id]).run().success();
    assert_eq!(followed.stdout, shown.stdout);
    assert!(
        shown.stdout.trim_end().ends_with("completed"),
        "{}",
        shown.stdout
    );
    let path = sandbox.cc(["logs", &id, "--path"]).run().success();
    assert_eq!(
        std::fs::read_to_string(path.stdout.trim_end()).unwrap(),
        shown.stdout
    );
}

#[test]
fn damaged_records_are_named_and_older_ones_listed() {
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    sandbox.write_record("half", "{\"id\": \"half\"");
    let old = json!({
        "id": "review-old", "kind": "review", "jobClass": "review", "title": "Codex review", "status": "completed",
        "createdAt": "2026-01-01T10:00:00.000Z", "completedAt": "2026-01-01T10:05:00.000Z", "rendered": "All good.",
        "workspaceRoot": sandbox.repo(),
    });
    sandbox.write_record("review-old", old.to_string());
    let status = sandbox.cc(["status"]).run().success();
    assert!(
        status.stdout.contains("review-old") && status.stderr.contains("half.json"),
        "{status:?}"
    );
    let result = sandbox.cc(["result", "review-old"]).run().success();
    assert_eq!(result.stdout, "All good.\n");
}

#[test]
fn pruning_keeps_the_newest() {
    let sandbox = answering();
    for _ in 0..3 {
        sandbox.cc(["review"]).run().success();
    }
    let would = sandbox
        .cc(["prune", "--keep", "1", "--dry-run", "--json"])
        .run()
        .success()
        .json();
    assert_eq!(
        (
            would["removed"].as_array().unwrap().len(),
            sandbox.records().len()
        ),
        (2, 3)
    );
    sandbox.cc(["prune", "--keep", "1"]).run().success();
    assert_eq!(sandbox.records().len(), 1);
}

#[test]
fn an_answer_cannot_rule_the_terminal() {
    let sandbox =
        Sandbox::fake(&Scenario::says("Fine.\x1b[2J\x1b]0;owned\x07 \u{202e}x")).with_change();
    let output = sandbox.cc(["review"]).run().success();
    assert!(
        !output.stdout.contains(['\x1b', '\x07', '\u{202e}']),
        "{:?}",
        output.stdout
    );
}
