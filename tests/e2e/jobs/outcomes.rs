//! What is shown of a job, by how it stands or ended.

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::json;

use super::{SOON, background, hanging};

#[test]
fn a_job_that_runs() {
    let sandbox = hanging();
    let id = background(&sandbox);
    sandbox.cc(["logs", "-f"]).spawn().wait_for_stdout("says:");
    let status = sandbox.cc(["status"]).run();
    assert_snapshot!(sandbox.transcript(&status), @"
    exit 0
    --- stdout
    Running
      <review 1>  running  <n>s  Review of uncommitted changes  says: So far so good.
    ");
    let one = sandbox.cc(["status", &id]).run();
    assert_snapshot!(sandbox.transcript(&one), @"
    exit 0
    --- stdout
      ID        <review 1>
      Job       Review of uncommitted changes
      Status    running
      Started   <minute> (<n>s ago)
      Time      <n>s
      Reviewed  uncommitted changes · branch main at 960b4d50c5d9
      Summary   1 file, +1 −1

    Latest
      <time> Review of uncommitted changes started
      <time> Claude Code <claude> started, model claude-opus-5-5
      <time> says: So far so good.
    ");
    let result = sandbox.cc(["result", &id]).run();
    assert_snapshot!(sandbox.transcript(&result), @"
    exit 0
    --- stdout
    <review 1> is running (<n>s): Review of uncommitted changes
    It has no result yet. Wait for it: cc-cli wait <review 1>
    ");
    let latest = sandbox.cc(["result"]).run();
    assert_snapshot!(sandbox.transcript(&latest), @"
    exit 2
    --- stderr
    error: no job of this workspace has finished; still running: <review 1>
      hint: Wait for it: cc-cli wait <review 1>
    ");
    let page = sandbox.cc(["result", &id, "--format", "html"]).run();
    assert_snapshot!(sandbox.transcript(&page), @"
    exit 2
    --- stderr
    error: <review 1> has no report: it is running
      hint: Show it: cc-cli result <review 1>
    ");
    let json = sandbox.cc(["status", "--json"]).run().success().json();
    assert_eq!(json["running"][0]["status"], "running");
    assert_eq!(json["latestFinished"], json!(null));
    assert_eq!(sandbox.record()["resultViewedAt"], json!(null));
}

#[test]
fn a_job_that_was_cancelled() {
    let sandbox = hanging();
    let id = background(&sandbox);
    sandbox.cc(["logs", "-f"]).spawn().wait_for_stdout("says:");
    let cancelled = sandbox.cc(["cancel"]).run();
    assert_snapshot!(sandbox.transcript(&cancelled), @"
    exit 0
    --- stdout
    <review 1>: cancelled; nothing it started is left running.
    ");
    let result = sandbox.cc(["result"]).run();
    assert_snapshot!(sandbox.transcript(&result), @"
    exit 0
    --- stdout
    <review 1> was cancelled.

    Partial output:

    So far so good.
    ");
    let again = sandbox.cc(["cancel", &id]).run();
    assert_snapshot!(sandbox.transcript(&again), @"
    exit 2
    --- stderr
    error: job `<review 1>` has already ended: cancelled
      hint: Show the result: cc-cli result <review 1>
    ");
    let waited = sandbox.cc(["wait", &id]).run();
    assert_snapshot!(sandbox.transcript(&waited), @"
    exit 4
    --- stdout
    <review 1>  cancelled  1 file, +1 −1
    ");
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_job_that_failed() {
    let broken = Run::api_error(Some(500), "API Error: 500 api_error");
    let sandbox = Sandbox::fake(&Scenario::runs([broken])).with_change();
    let id = background(&sandbox);
    let waited = sandbox.cc(["wait", &id]).run();
    assert_snapshot!(sandbox.transcript(&waited), @"
    exit 1
    --- stdout
    <review 1>  failed  API Error: 500 api_error
    ");
    let status = sandbox.cc(["status"]).run();
    assert_snapshot!(sandbox.transcript(&status), @"
    exit 0
    --- stdout
    Finished
      <review 1>*  failed  <n>s ago  $0.01  Review of uncommitted changes  API Error: 500 api_error

    * not read yet: cc-cli result <review 1>

    Last 24 hours in this workspace: 1 job, 6.5k tokens in, 42 out, $0.01
    ");
    let one = sandbox.cc(["status", &id]).run();
    assert_snapshot!(sandbox.transcript(&one), @"
    exit 0
    --- stdout
      ID        <review 1>
      Job       Review of uncommitted changes
      Status    failed
      Started   <minute> (<n>s ago)
      Ended     <minute> (<n>s ago)
      Time      <n>s
      Reviewed  uncommitted changes · branch main at 960b4d50c5d9
      Summary   1 file, +1 −1
      Model     claude-opus-5-5
      Tokens    6.5k in, 42 out, $0.01
      Failure   API Error: 500 api_error
      Next      The service is overloaded. Try again in a few minutes.

    Show the result: cc-cli result <review 1>
    ");
    let result = sandbox.cc(["result"]).run();
    assert_snapshot!(sandbox.transcript(&result), @"
    exit 0
    --- stdout
    <review 1> failed: API Error: 500 api_error
      The service is overloaded. Try again in a few minutes.
    ");
    let sarif = sandbox.cc(["result", "--format", "sarif"]).run();
    assert_snapshot!(sandbox.transcript(&sarif), @"
    exit 2
    --- stderr
    error: <review 1> has no structured findings
      hint: A finished adversarial review has them, and a review that was started with --format sarif or --fail-on.
    ");
    assert!(sandbox.record()["resultViewedAt"].is_string());
}

#[test]
fn of_several_jobs_the_worst_decides_the_exit_code() {
    let runs = [
        Run::says("Fine."),
        Run::api_error(Some(500), "Broken."),
        Run::hangs(),
    ];
    let sandbox = Sandbox::fake(&Scenario::runs(runs)).with_change();
    let done = background(&sandbox);
    sandbox.cc(["wait", &done]).run().exits(0);
    let failed = background(&sandbox);
    sandbox.cc(["wait", &failed]).run().exits(1);
    let cancelled = background(&sandbox);
    sandbox.wait_for_run(3, SOON);
    sandbox.cc(["cancel"]).run().success();
    sandbox.cc(["wait", &done, &cancelled]).run().exits(4);
    let all = sandbox.cc(["wait", &done, &cancelled, &failed]).run();
    assert_snapshot!(sandbox.transcript(&all), @"
    exit 1
    --- stdout
    <review 1>  completed  Fine.
    <review 2>  cancelled  1 file, +1 −1
    <review 3>  failed  Broken.
    ");
    let status = sandbox.cc(["status", "--all"]).run().success();
    let latest_first = [&cancelled, &failed, &done];
    let places = latest_first.map(|id| status.stdout.find(id.as_str()).unwrap());
    assert!(places.is_sorted(), "{status}");
}

#[test]
fn a_review_that_takes_too_long() {
    let sandbox = hanging();
    let output = sandbox.cc(["review", "--timeout", "5s"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 1
    --- stdout
    Partial output:

    So far so good.
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    error: <review 1> failed: the run took longer than <n>s
      hint: Allow more time with --timeout, or ask for less at a time.
    ");
    let record = sandbox.record();
    assert_eq!(record["failure"]["class"], "timeout_total");
    sandbox.wait_quiet(SOON);
}
