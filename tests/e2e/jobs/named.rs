//! A job by its place in the list of `status`, wherever a command takes one.

use std::path::Path;

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};

use super::SOON;

fn sandbox() -> Sandbox {
    let finding = json!({
        "severity": "high", "title": "Leaks", "body": "b", "file": "src/lib.rs", "line_start": 1, "line_end": 1,
        "confidence": 0.9, "recommendation": "r",
    });
    let output = json!({
        "verdict": "needs-attention", "summary": "s", "next_steps": [], "findings": [finding],
    });
    Sandbox::fake(&Scenario::structured(output)).with_change()
}

/// The prompt of the latest run.
fn latest_prompt(sandbox: &Sandbox) -> String {
    let calls = sandbox.claude_calls();
    let run = calls.into_iter().rfind(|call| call.is_run());
    run.expect("a run").stdin
}

#[test]
fn a_review_is_named_by_its_place_where_its_findings_are_used() {
    let sandbox = sandbox();
    sandbox.cc(["adversarial-review"]).run().success();
    let review = sandbox.job().to_string();
    sandbox.write("src/lib.rs", "pub fn changed_since() {}\n");
    for place in ["last", "@1"] {
        let scope = ["scope", "--since", place, "--json"];
        sandbox.cc(scope).run().success();
    }
    let fix = [
        "rescue",
        "--from",
        "last",
        "--findings",
        "1",
        "--read-only",
        "--json",
    ];
    sandbox.cc(fix).run().success();
    assert!(latest_prompt(&sandbox).contains("Leaks"));
    // The rescue is the first of the list now.
    let again = ["review", "--since", "@2", "--json"];
    let again = sandbox.cc(again).run().success();
    assert!(latest_prompt(&sandbox).contains("Leaks"), "{again}");
    let none = sandbox.cc(["review", "--since", "@9"]).run().exits(2);
    assert!(none.stderr.contains("there is no job `@9`"), "{none}");
    // Its findings are offered, too.
    let words = ["--", "cc-cli", "rescue", "--from", "@3", "--findings", ""];
    let call = sandbox.cc(words).env("CC_COMPLETE", "fish");
    let offered = call.run().success().stdout;
    assert_eq!(offered, "1\thigh: Leaks\n", "{review}");
}

#[test]
fn a_rescue_is_continued_by_its_place_and_no_word_of_a_task_is_lost() {
    let sandbox = Sandbox::fake(&Scenario::says("Done.")).with_change();
    let rescue = |args: &[&str]| -> Value {
        let all = ["rescue", "--read-only", "--json"].iter().chain(args);
        sandbox.cc(all).run().success().json()
    };
    let thread = |report: &Value| report["threadId"].as_str().unwrap().to_owned();
    let first = rescue(&["one"]);
    let second = rescue(&["two"]);
    let resumed = |args: &[&str]| {
        rescue(args);
        let calls = sandbox.claude_calls();
        let run = calls.into_iter().rfind(|call| call.is_run()).unwrap();
        let task = run.stdin.clone();
        (run.flag("--resume").unwrap().to_owned(), task)
    };
    let (went_on, task) = resumed(&["--resume", "@2", "go on"]);
    assert_eq!(went_on, thread(&first));
    assert!(task.contains("go on") && !task.contains("@2"), "{task}");
    // The one that went on is the first of the list now.
    let (went_on, task) = resumed(&["--resume", "last", "more of it"]);
    assert_eq!(went_on, thread(&first));
    assert!(!task.contains("last"), "{task}");
    let (went_on, _) = resumed(&["--resume", "@3", "this one"]);
    assert_eq!(went_on, thread(&second));
    // A task that was not quoted.
    let (_, task) = resumed(&["--resume", "last", "row", "is", "dropped"]);
    assert!(task.contains("last row is dropped"), "{task}");
    let none = ["rescue", "--resume", "@9", "x"];
    let none = sandbox.cc(none).run().exits(2);
    assert!(none.stderr.contains("there is no job `@9`"), "{none}");
}

#[test]
fn commands_that_change_a_job_take_its_place() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::started()
        .step(Step::Write {
            path: "new.txt".into(),
            content: "new\n".into(),
        })
        .success("Done.", None)]))
    .with_change();
    let rescue = ["rescue", "--isolated", "--no-sandbox", "--json", "task"];
    let report = sandbox.cc(rescue).run().success().json();
    let tree = report["isolated"]["root"].as_str().unwrap();
    let diff = sandbox.cc(["apply", "last", "--diff"]).run().success();
    assert!(diff.stdout.contains("new.txt"), "{diff}");
    sandbox.cc(["apply", "@1"]).run().success();
    sandbox.cc(["discard", "@1", "--yes"]).run().success();
    assert!(!Path::new(tree).exists());
    for command in ["result", "logs", "wait", "status"] {
        sandbox.cc([command, "last"]).run().success();
        sandbox.cc([command, "@1"]).run().success();
    }
    sandbox.cc(["prune", "@1", "--yes"]).run().success();
    assert!(sandbox.records().is_empty());
    sandbox.set_scenario(&Scenario::runs([Run::hangs()]));
    sandbox.cc(["review", "--background"]).run().success();
    sandbox.wait_for_run(1, SOON);
    sandbox.cc(["cancel", "last"]).run().success();
    sandbox.cc(["wait", "@1"]).run().exits(4);
}
