//! Which conversation goes on, and which does not.

use cc_tests::Sandbox;
use cc_tests::fake::{Run, Scenario, Step};
use cc_tests::sandbox::Output;
use serde_json::{Value, json};

use super::SOON;

fn answering() -> Sandbox {
    Sandbox::fake(&Scenario::says("Done.")).with_change()
}

/// A call in a session of Codex.
fn call(sandbox: &Sandbox, session: &str, args: &[&str]) -> Output {
    sandbox.cc(args).env("CODEX_THREAD_ID", session).run()
}

fn rescued(sandbox: &Sandbox, session: &str, task: &str) -> String {
    let args = ["rescue", "--read-only", "--json", task];
    let report = call(sandbox, session, &args).success().json();
    report["jobId"].as_str().unwrap().to_owned()
}

fn candidate(sandbox: &Sandbox, session: &str) -> Value {
    let found = call(sandbox, session, &["resume-candidate", "--json"]);
    found.success().json()
}

/// The thread of a job.
fn thread(sandbox: &Sandbox, id: &str) -> Value {
    let records = sandbox.records();
    let record = records.iter().find(|record| record["id"] == id);
    record.expect("a record")["threadId"].clone()
}

/// The thread that Claude was told to go on with in its latest run.
fn resumed(sandbox: &Sandbox) -> Option<String> {
    let run = sandbox
        .claude_calls()
        .into_iter()
        .rfind(|call| call.is_run());
    run.expect("a run").flag("--resume").map(str::to_owned)
}

#[test]
fn the_latest_finished_rescue_of_this_session_goes_on_whatever_its_outcome() {
    let sandbox = answering();
    rescued(&sandbox, "mine", "one");
    let failing = Run::api_error(Some(529), "Overloaded");
    sandbox.set_scenario(&Scenario::runs([failing]));
    call(&sandbox, "mine", &["rescue", "--read-only", "two"]).exits(1);
    sandbox.set_scenario(&Scenario::says("Done."));
    rescued(&sandbox, "others", "three");

    let candidate = candidate(&sandbox, "mine");
    assert_eq!(candidate["candidate"]["status"], "failed", "{candidate:#}");
    let id = candidate["candidate"]["id"].as_str().unwrap();
    let go_on = ["rescue", "--read-only", "--resume", "--", "go on"];
    call(&sandbox, "mine", &go_on).success();
    assert_eq!(resumed(&sandbox).as_deref(), thread(&sandbox, id).as_str());

    let fresh = ["rescue", "--read-only", "--fresh", "anew"];
    call(&sandbox, "mine", &fresh).success();
    assert_eq!(resumed(&sandbox), None);
}

#[test]
fn a_job_can_be_named_and_its_session_does_not_matter_then() {
    let sandbox = answering();
    let first = rescued(&sandbox, "mine", "one");
    rescued(&sandbox, "mine", "two");
    let go_on = ["rescue", "--read-only", "--resume", &first, "go on"];
    call(&sandbox, "others", &go_on).success();
    assert_eq!(
        resumed(&sandbox).as_deref(),
        thread(&sandbox, &first).as_str()
    );
}

#[test]
fn the_command_that_a_report_names_goes_on() {
    let sandbox = answering();
    let first = rescued(&sandbox, "mine", "one");
    let report = call(&sandbox, "mine", &["result", &first]).success().stdout;
    let command = format!("`cc-cli rescue --resume {first} --read-only 'next instruction'`");
    assert!(report.contains(&command), "{report}");
    let args = [
        "rescue",
        "--no-sandbox",
        "--resume",
        &first,
        "next instruction",
    ];
    call(&sandbox, "mine", &args).success();
}

#[test]
fn what_was_taken_for_the_task_is_reported_first_and_which_job_goes_on() {
    let sandbox = answering();
    let first = rescued(&sandbox, "mine", "one");
    let expect = format!("[cc] Rescue continuing {first}: nojob and more");
    let args = ["rescue", "--read-only", "--resume", "nojob", "and", "more"];
    let waited = call(&sandbox, "mine", &args).success();
    assert!(waited.stderr.starts_with(&expect), "{waited}");
    let args = ["rescue", "--read-only", "--background", "--resume", "nojob"];
    let receipt = call(&sandbox, "mine", &args);
    let receipt = receipt.success().stdout;
    assert!(receipt.starts_with("Rescue continuing task-"), "{receipt}");
    assert!(
        receipt.contains(": nojob started in the background"),
        "{receipt}"
    );
}

#[test]
fn a_prefix_of_an_id_is_no_task() {
    for length in ["task".len(), "task-12".len()] {
        let sandbox = answering();
        let first = rescued(&sandbox, "mine", "one");
        let go_on = [
            "rescue",
            "--read-only",
            "--resume",
            &first[..length],
            "go on",
        ];
        call(&sandbox, "others", &go_on).success();
        assert_eq!(
            resumed(&sandbox).as_deref(),
            thread(&sandbox, &first).as_str()
        );
        let told = sandbox.claude_calls().pop().unwrap().stdin;
        assert_eq!(told.trim(), "go on");
    }
    // It must name one.
    let sandbox = answering();
    rescued(&sandbox, "mine", "one");
    rescued(&sandbox, "mine", "two");
    let go_on = ["rescue", "--read-only", "--resume", "task", "go on"];
    let said = call(&sandbox, "mine", &go_on).exits(2).stderr;
    assert!(said.contains("Use a longer prefix"), "{said}");
}

#[test]
fn a_conversation_goes_on_without_a_word() {
    let sandbox = answering();
    let first = rescued(&sandbox, "mine", "one");
    for how in [["--resume-last"].as_slice(), &["--resume", &first]] {
        let go_on = [&["rescue", "--read-only"][..], how].concat();
        call(&sandbox, "mine", &go_on).success();
        assert_eq!(
            resumed(&sandbox).as_deref(),
            thread(&sandbox, &first).as_str()
        );
        let told = sandbox.claude_calls().pop().unwrap().stdin;
        assert!(told.contains("Continue where you left off"), "{told}");
    }
    // Starting over needs a task, and the hint has what was given.
    let fresh = ["rescue", "--read-only", "--model", "haiku"];
    let said = call(&sandbox, "mine", &fresh).exits(2).stderr;
    let hint = "cc-cli rescue 'TASK' --read-only --model haiku";
    assert!(said.contains(hint), "{said}");
}

#[test]
fn a_conversation_that_is_in_use_is_named_with_how_to_wait() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::new().step(Step::Hang)])).with_change();
    let starts = ["rescue", "--read-only", "--background", "--json", "one"];
    let receipt = call(&sandbox, "mine", &starts).success().json();
    let id = receipt["jobId"].as_str().unwrap();
    sandbox.wait_for_run(1, SOON);
    // Its record names no thread yet: Claude has said nothing.
    for how in [["--resume-last"].as_slice(), &["--resume", id]] {
        let go_on = [&["rescue", "--read-only"][..], how, &["--", "on"]].concat();
        let said = call(&sandbox, "mine", &go_on).exits(2).stderr;
        let expected = format!("job `{id}` is working in this conversation");
        assert!(said.contains(&expected), "{said}");
        assert!(said.contains(&format!("cc-cli wait {id}")), "{said}");
    }
    call(&sandbox, "mine", &["cancel"]).success();
}

#[test]
fn the_candidate_and_the_resumption_always_agree() {
    let agree = |sandbox: &Sandbox, session: &str| {
        let candidate = candidate(sandbox, session);
        let runs = sandbox.claude_calls().len();
        let go_on = ["rescue", "--read-only", "--resume-last", "--", "go on"];
        let output = call(sandbox, session, &go_on);
        if candidate["available"] == true {
            let id = candidate["candidate"]["id"].as_str().unwrap();
            let output = output.success();
            assert_eq!(
                resumed(sandbox).as_deref(),
                thread(sandbox, id).as_str(),
                "{output}"
            );
        } else {
            let output = output.exits(2);
            let reason = candidate["reason"].as_str().unwrap();
            assert!(output.stderr.contains(reason), "{reason}: {output}");
            assert_eq!(sandbox.claude_calls().len(), runs, "nothing was run");
        }
        candidate["available"] == true
    };
    let sandbox = answering();
    assert!(!agree(&sandbox, "mine"), "nothing is there");
    call(&sandbox, "mine", &["review"]).success();
    assert!(!agree(&sandbox, "mine"), "a review is no rescue");
    rescued(&sandbox, "others", "one");
    assert!(!agree(&sandbox, "mine"), "it belongs to another session");
    rescued(&sandbox, "mine", "two");
    assert!(agree(&sandbox, "mine"));

    sandbox.set_scenario(&Scenario::runs([Run::hangs()]));
    let runs = [
        "rescue",
        "--read-only",
        "--background",
        "--resume",
        "--",
        "on",
    ];
    call(&sandbox, "mine", &runs).success();
    sandbox.wait_for_run(5, SOON);
    assert!(!agree(&sandbox, "mine"), "its thread is in use");
    call(&sandbox, "mine", &["cancel"]).success();
}

#[test]
fn of_two_calls_at_once_one_goes_on() {
    let sandbox = answering();
    let first = rescued(&sandbox, "mine", "one");
    sandbox.set_scenario(&Scenario::runs([Run::hangs()]));
    let go_on = |how: &[&str]| {
        let args = [
            &["rescue", "--read-only", "--background"][..],
            how,
            &["--", "on"],
        ]
        .concat();
        sandbox.cc(args).env("CODEX_THREAD_ID", "mine").spawn()
    };
    let calls = [
        go_on(&["--resume"]),
        go_on(&["--resume-last"]),
        go_on(&["--resume", &first]),
        go_on(&["--resume"]),
    ];
    let ended = calls.map(|call| call.wait());
    let went_on = ended.iter().filter(|output| output.code() == Some(0));
    assert_eq!(went_on.count(), 1, "{ended:#?}");
    let refused = |output: &&Output| output.stderr.contains("is working in this conversation");
    assert_eq!(ended.iter().filter(refused).count(), 3, "{ended:#?}");
    call(&sandbox, "mine", &["cancel"]).success();
}

#[test]
fn no_other_thread_goes_on() {
    let sandbox = answering();
    call(&sandbox, "mine", &["review"]).success();
    let review = sandbox.record()["id"].as_str().unwrap().to_owned();
    let refused = |sandbox: &Sandbox, id: &str| {
        let go_on = ["rescue", "--read-only", "--resume", id, "go on"];
        call(sandbox, "mine", &go_on).exits(2).stderr
    };
    let said = refused(&sandbox, &review);
    assert!(said.contains("only a rescue can be continued"), "{said}");
    let said = refused(&sandbox, "task-nowhere");
    assert!(said.contains("task-nowhere"), "{said}");

    let task = rescued(&sandbox, "mine", "one");
    let other = sandbox.root().join("other");
    std::fs::create_dir(&other).unwrap();
    sandbox.git_in(&other, ["init", "-q"]);
    // A prefix means a job of this repository.
    let part = &task[..task.len() - 1];
    let elsewhere = sandbox.cc(["rescue", "--read-only", "--resume", part, "go on"]);
    elsewhere.cwd(&other).run().exits(2);
}

#[test]
fn a_rescue_that_is_named_from_elsewhere_goes_on_where_it_began() {
    let sandbox = answering();
    let task = rescued(&sandbox, "mine", "one");
    let elsewhere = sandbox.root().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let go_on = sandbox.cc(["rescue", "--read-only", "--resume", &task, "go on"]);
    let told = go_on.cwd(&elsewhere).run().success();
    let run = sandbox.claude_calls().pop().unwrap();
    assert_eq!(run.flag("--resume"), thread(&sandbox, &task).as_str());
    assert_eq!(run.cwd, sandbox.repo());
    let place = format!("Continues where it began: {}\n", sandbox.repo().display());
    assert!(told.stderr.starts_with(&place), "{told}");
    assert_eq!(sandbox.records().len(), 2, "the new job belongs there too");
}

#[test]
fn a_shell_without_a_session_goes_on_with_the_latest_of_the_workspace() {
    let sandbox = answering();
    let none = sandbox.cc(["resume-candidate"]).run().success();
    let said = "Nothing to continue: no rescue of this workspace can be continued.\n";
    assert_eq!(none.stdout, said);
    rescued(&sandbox, "mine", "one");
    let latest = rescued(&sandbox, "others", "two");
    let found = sandbox.cc(["resume-candidate", "--json"]).run().success();
    assert_eq!(found.json()["candidate"]["id"], latest.as_str());
    let go_on = ["rescue", "--read-only", "--resume-last", "--", "go on"];
    sandbox.cc(go_on).run().success();
    assert_eq!(
        resumed(&sandbox).as_deref(),
        thread(&sandbox, &latest).as_str()
    );
}

#[test]
fn the_findings_of_a_review_become_the_task() {
    let finding = |title: &str| {
        json!({
            "severity": "high", "title": title, "body": format!("{title} in full"),
            "file": "src/lib.rs", "line_start": 1, "line_end": 2, "confidence": 0.9,
            "recommendation": format!("Mend {title}"),
        })
    };
    let findings = ["alpha", "beta", "gamma"].map(finding);
    let review = json!({
        "verdict": "needs-attention", "summary": "Three.", "findings": findings, "next_steps": [],
    });
    let sandbox = Sandbox::fake(&Scenario::structured(review)).with_change();
    call(&sandbox, "mine", &["adversarial-review"]).success();
    let id = sandbox.record()["id"].as_str().unwrap().to_owned();
    let from = |more: &[&str]| {
        let base = ["rescue", "--read-only", "--from", &id];
        call(&sandbox, "mine", &[&base[..], more].concat())
    };
    let told = || sandbox.claude_calls().pop().unwrap().stdin;
    let titled = |more: &[&str], title: &str| {
        let started = from(more).success();
        let shown = started.stderr.lines().next().unwrap().to_owned();
        assert!(
            shown.starts_with(&format!("[cc] Rescue: {title}: job ")),
            "{shown}"
        );
    };
    titled(&[], &format!("findings of {id}"));
    for title in ["alpha", "beta", "gamma"] {
        assert!(told().contains(&format!("{title} in full")), "{}", told());
    }
    titled(&["--findings", "2"], &format!("finding 2 of {id}"));
    titled(&["--findings", "1,3"], &format!("findings 1, 3 of {id}"));
    titled(&["--findings", "1,3", "mind the tests"], "mind the tests");
    assert!(told().contains("alpha") && !told().contains("beta") && told().contains("gamma"));
    assert!(told().starts_with("mind the tests"), "{}", told());
    for wrong in ["0", "4", "x"] {
        let refused = from(&["--findings", wrong]).exits(2);
        assert!(refused.stderr.contains(wrong), "{refused}");
    }
    let task = rescued(&sandbox, "mine", "plain");
    let not_a_review = ["rescue", "--read-only", "--from", &task];
    call(&sandbox, "mine", &not_a_review).exits(2);
}
