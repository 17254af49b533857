//! What a failed test prints: one screen that says what failed.

use std::panic::{self, AssertUnwindSafe};

use cc_tests::fake::Run;
use cc_tests::sandbox::Output;
use cc_tests::{Sandbox, Scenario};

/// The panic message of `check`, which fails.
fn message<T>(check: impl FnOnce() -> T) -> String {
    match panic::catch_unwind(AssertUnwindSafe(check)) {
        Ok(_) => panic!("the check passed"),
        Err(payload) => *payload.downcast::<String>().unwrap(),
    }
}

/// A program that prints 1,000 lines, one of them very long, and fails.
fn talkative(sandbox: &Sandbox) -> Output {
    let script = "seq 1 1000; head -c 100000 /dev/zero | tr '\\0' x; echo; echo last >&2; exit 7";
    let shell = sandbox.command("/bin/sh".as_ref());
    shell.args(["-c", script]).run()
}

#[test]
fn a_wrong_exit_code_or_output_fits_on_one_screen() {
    let sandbox = Sandbox::new();
    let output = talkative(&sandbox);
    let messages = [
        message(|| output.clone().success()),
        message(|| output.json()),
        message(|| output.clone().exits(1)),
    ];
    for message in messages {
        assert!(message.contains("sh -c seq 1 1000"), "{message}");
        assert!(message.contains("exit status: 7"), "{message}");
        assert!(
            message.contains("\n  1000\n"),
            "the end is shown: {message}"
        );
        assert!(message.contains("\n  last\n"), "{message}");
        assert!(!message.contains("\n  900\n"), "the beginning is cut");
        assert!(message.lines().count() <= 30, "{message}");
        assert!(message.lines().all(|line| line.len() < 320), "{message}");
    }
}

#[test]
fn each_job_gets_one_line_with_its_failure() {
    let detail = format!("API Error: 500 {}", "very long ".repeat(100));
    let broken = Run::api_error(Some(500), &detail);
    let runs = Scenario::runs([Run::says("Fine."), broken]);
    let sandbox = Sandbox::fake(&runs).with_change();
    sandbox.cc(["review"]).run().success();
    sandbox.cc(["review"]).run().exits(1);
    sandbox.write_record("review-damaged", "{");
    let jobs = sandbox.describe_jobs();
    let lines: Vec<&str> = jobs.lines().collect();
    assert_eq!(lines.len(), 3, "{jobs}");
    let line = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(line(": completed"), "{jobs}");
    assert!(
        line(": failed, overloaded: API Error: 500 very long"),
        "{jobs}"
    );
    assert!(line("review-damaged: not JSON"), "{jobs}");
    assert!(lines.iter().all(|line| line.len() < 250), "{jobs}");
}
