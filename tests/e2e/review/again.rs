//! A second look after a review: at what changed since, and at what became of its findings.

use cc_tests::Sandbox;
use cc_tests::fake::{Run, Scenario};
use cc_tests::sandbox::Output;
use serde_json::{Value, json};

use super::prompt;

fn review(findings: Value) -> Run {
    let output = json!({
        "verdict": "needs-attention", "summary": "Looked.", "findings": findings, "next_steps": [],
    });
    Run::structured(output)
}

fn finding(title: &str) -> Value {
    json!({
        "severity": "high", "title": title, "body": "Every caller gets the difference.",
        "file": "src/lib.rs", "line_start": 2, "line_end": 2, "confidence": 0.9,
        "recommendation": "Put the `+` back.",
    })
}

fn call(sandbox: &Sandbox, args: &[&str]) -> Output {
    sandbox.cc(args).run()
}

/// The id in the JSON of a review.
fn id(report: &Value) -> &str {
    report["jobId"].as_str().expect("a review has a job")
}

#[test]
fn only_what_changed_since_is_shown_along_with_the_findings() {
    let runs = [
        review(json!([finding("`add` subtracts")])),
        review(json!([])),
        Run::says("Fixed."),
    ];
    let sandbox = Sandbox::fake(&Scenario::runs(runs)).with_change();
    sandbox.write("src/other.rs", "pub fn other() {}\n");
    let first = call(&sandbox, &["adversarial-review", "--json"]);
    let first = first.success().json();
    let first = id(&first);

    let nothing = call(&sandbox, &["review", "--since", first]).exits(2);
    assert!(
        nothing
            .stderr
            .contains(&format!("no changes since `{first}`")),
        "{nothing}"
    );

    sandbox.write("src/third.rs", "pub fn third() {}\n");
    let seen = call(&sandbox, &["scope", "--since", first]).success();
    assert!(seen.stdout.contains("src/third.rs"), "{seen}");
    assert!(!seen.stdout.contains("src/lib.rs"), "{seen}");
    let since = ["adversarial-review", "--since", first, "--json"];
    let second = call(&sandbox, &since).success().json();
    assert_eq!(second["target"]["since"], *first);
    let not_seen = second["notSeen"].to_string();
    assert!(
        not_seen.contains("2 files are unchanged since"),
        "{not_seen}"
    );
    let asked = prompt(&sandbox, 2);
    assert!(asked.contains("pub fn third()"), "{asked}");
    assert!(!asked.contains("pub fn other()"), "{asked}");
    assert!(asked.contains("`add` subtracts"), "{asked}");

    // What the second showed is known to a third, committed or not.
    sandbox.commit("All of it");
    sandbox.write("src/other.rs", "pub fn renamed() {}\n");
    call(&sandbox, &["review", "--since", id(&second)]).success();
    let asked = prompt(&sandbox, 3);
    assert!(asked.contains("pub fn renamed()"), "{asked}");
    assert!(!asked.contains("pub fn third()"), "{asked}");
    let shown = call(&sandbox, &["result"]).success();
    assert!(
        shown
            .stdout
            .contains(&format!("Review of changes since `{}`", id(&second))),
        "{shown}"
    );
}

#[test]
fn nobody_looks_again_after_what_was_no_finished_review() {
    let refused = Run::api_error(Some(400), "Bad request");
    let sandbox = Sandbox::fake(&Scenario::runs([refused])).with_change();
    call(&sandbox, &["review"]).exits(1);
    sandbox.set_scenario(&Scenario::says("Done."));
    call(&sandbox, &["rescue", "--read-only", "look"]).success();
    for record in sandbox.records() {
        let id = record["id"].as_str().unwrap();
        let refused = call(&sandbox, &["review", "--since", id]).exits(2);
        assert!(
            refused.stderr.contains("is not a finished review"),
            "{refused}"
        );
    }
    call(&sandbox, &["review", "--since", "review-none"]).exits(2);
    let both = ["review", "--since", "review-none", "--base", "main"];
    let refused = call(&sandbox, &both).exits(2);
    assert!(refused.stderr.contains("cannot be used with"), "{refused}");
    assert_eq!(sandbox.records().len(), 2);
}
