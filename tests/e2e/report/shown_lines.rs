//! The lines that a finding is about, as they were when they were reviewed.

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};

use super::{answering, finding, html, review};

fn excerpts(sandbox: &Sandbox) -> Vec<Value> {
    let json = sandbox.cc(["result", "--json"]).run().success().json();
    let findings = json["storedJob"]["result"]["findings"].clone();
    let findings = findings.as_array().unwrap().iter();
    findings.map(|finding| finding["excerpt"].clone()).collect()
}

#[test]
fn five_lines_around_come_from_the_commit_that_was_reviewed() {
    let lines: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
    let sandbox = answering(&review(&[finding("src/long.rs", [10, 12], "b", "r")]));
    sandbox.write("src/long.rs", &(lines.join("\n") + "\n"));
    sandbox.git(["add", "-A"]);
    sandbox.git(["commit", "-qm", "Long"]);
    sandbox.write("src/long.rs", "other\n");
    sandbox
        .cc(["adversarial-review", "--commit", "HEAD"])
        .run()
        .success();
    assert_eq!(
        excerpts(&sandbox),
        [json!({"first": 5, "lines": lines[4..17]})]
    );
    let page = html(&sandbox);
    assert_eq!(page.matches("class=\"l hit\"").count(), 3, "{page}");
}

#[test]
fn a_file_that_changed_meanwhile_is_shown_as_the_diff_had_it() {
    let edit = Step::Write {
        path: "src/lib.rs".into(),
        content: "new\n".repeat(4),
    };
    let findings = [finding("src/lib.rs", [2, 2], "b", "r")];
    let answer = review(&findings);
    let run = Run::started().step(edit);
    let run = run.success(&answer.to_string(), Some(answer));
    let sandbox = Sandbox::fake(&Scenario::runs([run])).with_change();
    sandbox.cc(["adversarial-review"]).run().success();
    let lines = ["pub fn add(a: i32, b: i32) -> i32 {", "    a - b", "}"];
    assert_eq!(excerpts(&sandbox), [json!({"first": 1, "lines": lines})]);
}

/// Old Macs kept an accent apart from its letter; models write both as one character.
#[test]
fn an_accent_in_another_form_is_the_same_file() {
    let (apart, one) = ("src/cafe\u{301}.rs", "src/caf\u{e9}.rs");
    let sandbox = answering(&review(&[finding(one, [1, 1], "b", "r")]));
    sandbox.write(apart, "old\n");
    sandbox.commit("Add a name with an accent");
    sandbox.write(apart, "new\n");
    let names = ["-c", "core.quotePath=false", "diff", "--name-only"];
    let name = sandbox.git(names);
    sandbox.cc(["adversarial-review"]).run().success();
    let json = sandbox.cc(["result", "--json"]).run().success().json();
    let found = &json["storedJob"]["result"]["findings"][0];
    let place = (&found["file"], &found["location"]["check"]);
    assert_eq!(place, (&json!(name), &json!("found")), "{json}");
    assert_eq!(found["excerpt"]["lines"], json!(["new"]));
}

#[test]
fn what_a_review_is_not_shown_its_report_does_not_show() {
    let findings = [
        ".env",
        "src/lib.rs",
        "../../etc/passwd",
        "/etc/passwd",
        ".git/config",
    ];
    let findings = findings.map(|file| finding(file, [1, 1], "b", "r"));
    let sandbox = answering(&review(&findings));
    sandbox.write(".env", "TOKEN=abc\n");
    sandbox.cc(["adversarial-review"]).run().success();
    let excerpts = excerpts(&sandbox);
    let shown: Vec<bool> = excerpts.iter().map(Value::is_object).collect();
    assert_eq!(shown, [false, true, false, false, false], "{excerpts:?}");
}
