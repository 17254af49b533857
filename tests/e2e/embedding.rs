//! The examples of the libraries, against the scripted Claude.

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, binaries};
use serde_json::{Value, json};

fn finding(title: &str, severity: &str) -> Value {
    json!({
        "severity": severity, "title": title, "body": "b", "file": "src/lib.rs", "line_start": 1, "line_end": 1,
        "confidence": 0.9, "recommendation": "r",
    })
}

fn review(findings: &[Value]) -> Run {
    let verdict = if findings.is_empty() {
        "approve"
    } else {
        "needs-attention"
    };
    Run::structured(json!({
        "verdict": verdict, "summary": "s", "next_steps": [], "findings": findings,
    }))
}

/// What an example prints in the sandbox.
fn example(sandbox: &Sandbox, name: &str, args: &[&str]) -> String {
    let program = binaries::example("cc-codex-workflows", name);
    sandbox.command(&program).args(args).run().success().stdout
}

fn two_commits(runs: impl IntoIterator<Item = Run>) -> Sandbox {
    let sandbox = Sandbox::fake(&Scenario::runs(runs));
    for number in 1..3 {
        sandbox.write("src/lib.rs", format!("pub fn add() -> u8 {{ {number} }}\n"));
        sandbox.commit("Change");
    }
    sandbox
}

#[test]
fn a_range_is_reviewed() {
    let sandbox = two_commits([review(&[
        finding("Subtracts", "high"),
        finding("Slow", "low"),
    ])]);
    let cli = sandbox.product_file("cc-cli").display().to_string();
    let printed = example(&sandbox, "review_range", &[&cli, "HEAD~1..HEAD"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("completed: "), "{printed}");
    assert_eq!(
        lines[1..],
        ["high: Subtracts (src/lib.rs:1)", "low: Slow (src/lib.rs:1)"]
    );
}

#[test]
fn the_first_bad_commit_is_found() {
    let sandbox = two_commits([
        review(&[finding("Slow", "low")]),
        review(&[finding("Loses data", "critical")]),
    ]);
    let cli = sandbox.product_file("cc-cli").display().to_string();
    let printed = example(&sandbox, "first_bad_commit", &[&cli, "HEAD~1", "HEAD"]);
    assert_eq!(printed, "HEAD~1: nothing severe\nHEAD: Loses data\n");
}

#[test]
fn running_jobs_are_watched_until_they_end() {
    let waits = Run::started()
        .tool("Read", json!({"file_path": "{cwd}/src/lib.rs"}))
        .step(Step::Await("go".into()))
        .success("Fine.", None);
    let sandbox = Sandbox::fake(&Scenario::runs([waits])).with_change();
    sandbox.cc(["review", "--background"]).run().success();
    let watcher = binaries::example("cc-codex-workflows", "watch_jobs");
    let watch = sandbox.command(&watcher).spawn();
    watch.wait_for_stdout("Tool Read src/lib.rs");
    sandbox.write("go", "");
    let printed = watch.wait().success().stdout;
    assert!(printed.ends_with("no job is running\n"), "{printed}");
}
