//! What the commands show of jobs.

use cc_tests::fake::{Run, Step};
use cc_tests::sandbox::Running;
use cc_tests::{Sandbox, Scenario, eventually};
use insta::assert_snapshot;
use serde_json::json;

use super::{SOON, answering, background, hanging, waiting_for_go};

#[test]
fn status_of_an_empty_workspace() {
    let sandbox = answering();
    let output = sandbox.cc(["status"]).run().success();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 0
    --- stdout
    No jobs in this workspace.
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
      <review 1>*  completed  <n>s ago  $0.01  Review of uncommitted changes  No findings.

    * not read yet: cc-cli result <review 1>

    Last 24 hours in this workspace: 1 job, 6.5k tokens in, 42 out, $0.01
    ");
    let result = sandbox.cc(["result"]).run().success();
    assert!(result.stdout.contains("No findings."));
    let read = sandbox.cc(["status"]).run().success();
    assert!(!read.stdout.contains("not read yet"), "{}", read.stdout);
    sandbox.cc(["review"]).run().success();
    let json = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(
        (
            &json["lastDay"]["jobs"],
            &json["lastDay"]["usage"]["outputTokens"],
            &json["lastDay"]["costUsd"],
        ),
        (&json!(2), &json!(84), &json!(0.01628))
    );
    let page = sandbox.tmp().join("page.html");
    let write = [
        "result",
        &id,
        "--format",
        "html",
        "-o",
        page.to_str().unwrap(),
    ];
    let written = sandbox.cc(write).run().success();
    assert!(written.stdout.is_empty() && written.stderr.contains("page.html"));
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("No findings."));
    let nowhere = ["result", &id, "--output", "/nowhere/page.html"];
    let failed = sandbox.cc(nowhere).run().exits(1);
    assert!(failed.stderr.contains("/nowhere/page.html"), "{failed}");
    let one = sandbox.cc(["status", &id]).run().success();
    assert_snapshot!(sandbox.transcript(&one), @"
    exit 0
    --- stdout
      ID        <review 1>
      Job       Review of uncommitted changes
      Status    completed
      Started   <minute> (<n>s ago)
      Ended     <minute> (<n>s ago)
      Time      <n>s
      Reviewed  uncommitted changes · branch main at 960b4d50c5d9
      Summary   No findings.
      Model     claude-opus-5-5
      Tokens    6.5k in, 42 out, $0.01

    Show the result: cc-cli result <review 1>
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
    let latest = sandbox.cc(["result"]).run().success();
    assert!(latest.stdout.contains("Fine."), "{latest}");
    let running = format!("{hanging} is still running. Wait for it: cc-cli wait {hanging}\n");
    assert_eq!(latest.stderr, running);
    let named = sandbox.cc(["result", &done]).run().success();
    assert_eq!(named.stderr, "");
    sandbox.cc(["cancel", &hanging]).run().success();
    sandbox.cc(["wait", &done, &hanging]).run().exits(4);
}

/// Waits until a call waits for a job: then it has the file open whose lock the worker holds.
fn wait_until_it_waits(call: &Running) {
    if cfg!(target_os = "linux") {
        let opened = format!("/proc/{}/fd", call.pid());
        eventually(SOON, "a call that waits for a job", || {
            let mut files = std::fs::read_dir(&opened).ok()?.flatten();
            let is_lock =
                |file: std::path::PathBuf| file.extension().is_some_and(|it| it == "alive");
            files
                .any(|file| std::fs::read_link(file.path()).is_ok_and(is_lock))
                .then_some(())
        });
    } else {
        // Nothing shows it there.
        std::thread::sleep(std::time::Duration::from_secs(3));
    }
}

#[test]
fn status_waits_for_the_only_job_that_runs() {
    let sandbox = waiting_for_go();
    let none = sandbox.cc(["status", "--wait"]).run().exits(2);
    let told = "no job of this workspace is running";
    assert!(none.stderr.contains(told), "{none}");
    let id = background(&sandbox);
    sandbox.wait_for_run(1, SOON);
    let short = ["status", "--wait", "--timeout-ms", "50", "--json"];
    let short = sandbox.cc(short).run().exits(124).json();
    assert_eq!(short["job"]["id"], json!(id));
    let waiting = sandbox.cc(["status", "--wait"]).spawn();
    wait_until_it_waits(&waiting);
    sandbox.write("go", "");
    let ended = waiting.wait().success();
    assert!(ended.stdout.contains(&id), "{ended}");
    sandbox.cc(["status", "--wait", "--all"]).run().exits(2);
}

#[test]
fn status_does_not_choose_among_several_jobs_to_wait_for() {
    let sandbox = hanging();
    let ids = [background(&sandbox), background(&sandbox)];
    let several = sandbox.cc(["status", "--wait"]).run().exits(2);
    for told in [&ids[0], &ids[1], "Pass one of these job ids."] {
        assert!(several.stderr.contains(told), "{told}: {several}");
    }
    ids.iter().for_each(|id| {
        sandbox.cc(["cancel", id]).run().success();
    });
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
    error: no job of this workspace has an id that starts with `task-nope`
      hint: List all jobs of this workspace: cc-cli status --all
    ");
}

#[test]
fn the_beginning_of_an_id_will_do_and_a_whole_id_always_does() {
    let sandbox = waiting_for_go();
    let id = background(&sandbox);
    let waiting = sandbox.cc(["wait", &id[..id.len() - 2]]).spawn();
    sandbox.wait_for_run(1, SOON);
    sandbox.write("go", "");
    let waited = waiting.wait().success();
    assert_eq!(waited.stdout, format!("{id}  completed  Fine.\n"));
    for name in ["review-old", "review-older"] {
        sandbox.write_record(name, older_record(&sandbox, name));
    }
    let exact = sandbox.cc(["result", "review-old"]).run().success();
    assert_eq!(exact.stdout, "All good, says review-old.\n");
    let ambiguous = sandbox.cc(["result", "review-ol"]).run();
    assert_snapshot!(sandbox.transcript(&ambiguous), @"
    exit 2
    --- stderr
    error: `review-ol` could be `review-older`, `review-old`
      hint: Use a longer prefix.
    ");
}

/// A finished job as the plugin before this one wrote it, without `schemaVersion`.
fn older_record(sandbox: &Sandbox, id: &str) -> String {
    let record = json!({
        "id": id, "kind": "review", "jobClass": "review", "title": "Codex review", "status": "completed",
        "createdAt": "2026-01-01T10:00:00.000Z", "completedAt": "2026-01-01T10:05:00.000Z",
        "rendered": format!("All good, says {id}."), "workspaceRoot": sandbox.repo(),
    });
    record.to_string()
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
    // The file is in UTC; people read their own time.
    let path = sandbox.cc(["logs", &id, "--path"]).run().success();
    let file = std::fs::read_to_string(path.stdout.trim_end()).unwrap();
    let (utc, text) = file.lines().next().unwrap().split_once(' ').unwrap();
    let utc: cc_core::Time = serde_json::from_value(utc.into()).unwrap();
    let east = sandbox.cc(["logs", &id]).env("TZ", "Asia/Tokyo").run();
    let nine = utc
        .plus(std::time::Duration::from_secs(9 * 3_600))
        .to_string();
    let nine = nine[..19].replace('T', " ");
    let first = east.success().stdout.lines().next().unwrap().to_owned();
    assert_eq!(first, format!("{nine} {text}"));
    assert_eq!(file.lines().count(), shown.stdout.lines().count());
}

#[test]
fn damaged_records_are_named_and_older_ones_listed() {
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    sandbox.write_record("half", "{\"id\": \"half\"");
    sandbox.write_record("review-old", older_record(&sandbox, "review-old"));
    let status = sandbox.cc(["status"]).run().success();
    let listed = |line: &str| line.trim_start().starts_with("review-old* ");
    assert!(status.stdout.lines().any(listed), "{status}");
    assert_snapshot!(sandbox.redact(&status.stderr), @"skipped `<root>/codex/plugins/data/cc/state/<workspace>/jobs/half.json`: not a job record: EOF while parsing an object at line 1 column 13");
    let json = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(json["recent"][0]["id"], "review-old");
    let skipped = json["skipped"][0]["path"].as_str().unwrap();
    assert!(skipped.ends_with("half.json"), "{skipped}");
    let result = sandbox.cc(["result", "review-old"]).run().success();
    assert_eq!(result.stdout, "All good, says review-old.\n");
    let half = sandbox.state_dir().jobs().join("half.json");
    assert!(half.exists(), "a damaged record is left alone");
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
    let newest = sandbox.cc(["status", "--json"]).run().success().json();
    let pruned = sandbox.cc(["prune", "--keep", "1", "--yes"]).run();
    assert_snapshot!(sandbox.transcript(&pruned), @"
    exit 0
    --- stdout
    Removed 2 finished jobs
      <review 1>
      <review 2>
    ");
    assert_eq!(sandbox.record()["id"], newest["latestFinished"]["id"]);
}

#[test]
fn what_nobody_has_read_is_only_removed_by_its_name() {
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    let read = sandbox.job().to_string();
    let unread = super::background(&sandbox);
    sandbox.cc(["wait", &unread]).run().success();
    let refused = sandbox.cc(["prune", "--keep", "0"]).run();
    assert_snapshot!(sandbox.transcript(&refused), @"
    exit 2
    --- stderr
    error: this removes 1 finished job, and nobody can be asked
      hint: See which: cc-cli prune --dry-run. Remove them: cc-cli prune --yes
    ");
    assert_eq!(sandbox.records().len(), 2);
    let pruned = sandbox.cc(["prune", "--keep", "0", "--yes"]).run();
    assert_snapshot!(sandbox.transcript(&pruned), @"
    exit 0
    --- stdout
    Removed 1 finished job
      <review 1>
    --- stderr
    Kept 1 result, not read yet. To remove one, name it: cc-cli prune JOB
    ");
    assert_eq!(sandbox.record()["id"], unread.as_str());
    sandbox.cc(["status", &read]).run().exits(2);
    let args = ["prune", &unread, &unread, "--yes", "--json"];
    let named = sandbox.cc(args).run().success().json();
    assert_eq!(named["removed"], json!([unread]));
    // Nothing to remove is no question.
    sandbox.cc(["prune", "--keep", "0"]).run().success();
}

#[test]
fn a_job_that_runs_is_not_pruned_by_its_name() {
    let sandbox = super::hanging();
    let id = super::background(&sandbox);
    let refused = sandbox.cc(["prune", &id, "--yes"]).run();
    assert_snapshot!(sandbox.transcript(&refused), @"
    exit 2
    --- stderr
    error: <review 1> has not ended
      hint: Stop it first: cc-cli cancel <review 1>
    ");
    sandbox.cc(["cancel", &id]).run().success();
    sandbox.cc(["prune", &id, "--yes"]).run().success();
    assert!(sandbox.records().is_empty());
}

#[test]
fn without_an_id_the_running_job_is_meant() {
    let sandbox = super::waiting_for_go();
    let none = sandbox.cc(["wait"]).run();
    assert_snapshot!(sandbox.transcript(&none), @"
    exit 2
    --- stderr
    error: no job of this workspace is running
      hint: List all jobs of this workspace: cc-cli status --all
    ");
    let first = super::background(&sandbox);
    let args = ["wait", "--timeout-ms", "1"];
    let waited = sandbox.cc(args).run().exits(124);
    assert!(waited.stdout.starts_with(&first), "{waited}");
    sandbox.write("go", "");
    sandbox.cc(["wait", &first]).run().success();
    sandbox.set_scenario(&Scenario::runs([cc_tests::fake::Run::hangs()]));
    let second = super::background(&sandbox);
    let third = super::background(&sandbox);
    let several = sandbox.cc(args).run();
    assert_snapshot!(sandbox.transcript(&several), @"
    exit 2
    --- stderr
    error: several jobs of this workspace are running: `<review 1>`, `<review 2>`
      hint: Pass one of these job ids.
    ");
    let path = sandbox.cc(["logs", "--path"]).run().success().stdout;
    assert!(path.contains(&third), "{path}");
    sandbox.cc(["cancel", &third]).run().success();
    let path = sandbox.cc(["logs", "--path"]).run().success().stdout;
    assert!(path.contains(&second), "{path}");
    sandbox.cc(["cancel"]).run().success();
}

#[test]
fn an_answer_cannot_rule_the_terminal() {
    let said = "Fine.\x1b[2J\x1b]0;owned\x07 \u{202e}x\u{9b}y";
    let sandbox = Sandbox::fake(&Scenario::says(said)).with_change();
    sandbox.cc(["review"]).run().success();
    for args in [
        &["result"][..],
        &["result", "--json"],
        &["result", "--format", "html"],
        &["status"],
        &["status", "review-"],
        &["logs"],
    ] {
        let shown = sandbox.cc(args).run().success();
        assert!(
            !shown
                .stdout
                .contains(['\x1b', '\x07', '\u{202e}', '\u{9b}']),
            "{args:?}: {:?}",
            shown.stdout
        );
    }
    let shown = sandbox.cc(["result"]).run();
    assert_snapshot!(sandbox.transcript(&shown), @"
    exit 0
    --- stdout
    # Review of uncommitted changes

    Fine.�[2J�]0;owned� �x�y

    ---
    Reviewed: uncommitted changes · branch `main` at `960b4d50c5d9`
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 6.5k tokens in, 42 out · $0.01 · <n>s
    ");
    let json = sandbox.cc(["result", "--json"]).run().json();
    let stored = &json["storedJob"]["result"]["claude"]["stdout"];
    assert_eq!(stored, said, "escaped, not lost");
}

#[test]
#[cfg(unix)]
fn damaged_records_of_any_kind_stop_nothing_and_are_named_by_their_ids() {
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    let id = sandbox.job();
    let record = sandbox.record();
    let jobs = sandbox.state_dir().jobs();
    std::fs::create_dir(jobs.join("review-dir.json")).unwrap();
    sandbox.write_record("review-empty", "");
    sandbox.write_record("review-half", "{\"id\": \"review-half\"");
    sandbox.write_record("review-bytes", [0xff; 3_000]);
    sandbox.write_record("review-deep", "[".repeat(500_000));
    sandbox.write_record("review-large", vec![b' '; 33 << 20]);
    std::os::unix::fs::symlink("review-loop.json", jobs.join("review-loop.json")).unwrap();
    // Sound, but too long in every place.
    let mut long = record.clone();
    long["id"] = json!("review-long");
    for field in ["title", "summary", "phase", "kindLabel"] {
        long[field] = json!("x".repeat(65_536));
    }
    sandbox.write_record("review-long", long.to_string());
    for args in [
        &["status"][..],
        &["status", "--all"],
        &["status", "--json"],
        &["status", "review-long"],
        &["result"],
        &["result", id.as_str()],
        &["prune", "--dry-run"],
        &["prune"],
        &["resume-candidate"],
    ] {
        sandbox.cc(args).run().success();
    }
    let status = sandbox.cc(["status", "--json"]).run().json();
    let skipped = status["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 7, "{skipped:#?}");
    // A pruning leaves alone what it cannot read.
    let elsewhere = sandbox.root().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for name in ["dir", "empty", "half", "bytes", "deep", "large", "loop"] {
        let id = format!("review-{name}");
        for dir in [sandbox.repo(), elsewhere.clone()] {
            for command in ["result", "status", "cancel", "logs", "wait"] {
                let told = sandbox.cc([command, &id]).cwd(&dir).run();
                assert!(matches!(told.code(), Some(1 | 3)), "{told}");
                assert!(told.stderr.contains(&format!("{id}.json")), "{told}");
            }
        }
    }
}

#[test]
fn a_broken_directory_of_a_sibling_hides_no_jobs() {
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    let tree = sandbox.root().join("tree");
    sandbox.git(["worktree", "add", "--quiet", tree.to_str().unwrap()]);
    let there = cc_core::Workspace::from_canonical(tree);
    let jobs = sandbox.data_dir().state(&there).jobs();
    std::fs::create_dir_all(jobs.parent().unwrap()).unwrap();
    std::fs::write(&jobs, "no directory").unwrap();
    let status = sandbox.cc(["status"]).run().success();
    assert!(status.stdout.contains(sandbox.job().as_str()), "{status}");
    assert!(status.stderr.contains("skipped"), "{status}");
    sandbox.cc(["result"]).run().success();
}
