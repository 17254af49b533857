//! A rescue that cannot start, and one that is cut short.

use cc_core::Proc;
use cc_core::process::Signal;
use cc_tests::fake::{Run, Scenario};
#[cfg(unix)]
use cc_tests::{MessagesApi, Turn};
use cc_tests::{Sandbox, eventually};
use serde_json::json;
#[cfg(target_os = "linux")]
use std::fs;

#[cfg(target_os = "linux")]
use super::files;
use super::{ACCESS, SOON};

/// A PATH with `git`, Claude and a package manager, and nothing else.
#[cfg(target_os = "linux")]
fn without_a_sandbox(sandbox: &mut Sandbox) {
    sandbox.add_program("apt-get", "/bin/true".as_ref());
    sandbox.set_env("PATH", sandbox.bin());
}

#[test]
#[cfg(target_os = "linux")]
fn where_the_sandbox_is_missing_it_says_what_to_install() {
    let mut sandbox = Sandbox::fake(&Scenario::says("Done.")).with_change();
    without_a_sandbox(&mut sandbox);
    let refused = sandbox.cc(["rescue", "fix it"]).run().exits(3);
    assert!(
        refused.stderr.contains("needs bwrap and socat"),
        "{refused}"
    );
    assert!(
        refused
            .stderr
            .contains("sudo apt-get install -y bubblewrap socat"),
        "{refused}"
    );
    assert!(refused.stderr.contains("--no-sandbox"), "{refused}");
    assert!(sandbox.records().is_empty() && sandbox.claude_calls().is_empty());

    let reads = sandbox.cc(["rescue", "--read-only", "look"]).run();
    reads.success();
    let uncaged = sandbox
        .cc(["rescue", "--no-sandbox", "fix it"])
        .run()
        .success();
    assert!(uncaged.stderr.contains("No sandbox"), "{uncaged}");
    assert!(uncaged.stdout.contains("outside the sandbox"), "{uncaged}");
}

#[test]
#[cfg(target_os = "linux")]
fn where_the_sandbox_may_not_start_it_says_why() {
    let mut sandbox = Sandbox::fake(&Scenario::says("Done.")).with_change();
    without_a_sandbox(&mut sandbox);
    let said = "bwrap: setting up uid map: Permission denied";
    let script = format!("#!/bin/sh\necho '{said}' >&2\nexit 1\n");
    cc_executable::write(sandbox.bin().join("bwrap"), script);
    sandbox.add_program("socat", "/bin/true".as_ref());
    let refused = sandbox.cc(["rescue", "fix it"]).run().exits(3);
    assert!(refused.stderr.contains(said), "{refused}");
    assert!(refused.stderr.contains("--no-sandbox"), "{refused}");
    assert!(sandbox.records().is_empty() && sandbox.claude_calls().is_empty());
    let checked = sandbox.cc(["setup", "--check", "--json"]).run().json();
    assert_eq!(checked["sandbox"]["available"], false, "{checked:#}");
}

/// Starts a rescue whose command waits in the sandbox; kills what `victim` names; the repository is
/// as it was.
#[cfg(target_os = "linux")]
fn killed(victim: &str) {
    let api = MessagesApi::start([Turn::tool(
        "Bash",
        json!({"command": "touch begun; sleep 600"}),
    )]);
    let sandbox = Sandbox::real(&api).with_change();
    let before = files(&sandbox.repo());
    sandbox
        .cc(["rescue", "--background", "wait"])
        .run()
        .success();
    let begun = sandbox.repo().join("begun");
    eventually(SOON, "the command", || begun.exists().then_some(()));
    let record = sandbox.record();
    let pid = record[victim].as_u64().expect("a process in the record");
    let process = Proc::of(u32::try_from(pid).unwrap()).expect("it runs");
    process.signal(Signal::Kill).unwrap();
    eventually(SOON, "the end of the job", || {
        sandbox.cc(["status"]).run().success();
        (sandbox.record()["status"] == "failed").then_some(())
    });
    let class = sandbox.record()["failure"]["class"].clone();
    assert!(class == "lost" || class == "killed", "{victim}: {class}");
    sandbox.wait_quiet(SOON);
    fs::remove_file(begun).unwrap();
    assert_eq!(files(&sandbox.repo()), before, "{victim}");
    sandbox.git(["config", "user.nickname", "still works"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_worker_killed_in_the_middle_of_a_command_leaves_a_clean_repository() {
    killed("pid");
}

#[test]
#[cfg(target_os = "linux")]
fn a_claude_killed_in_the_middle_of_a_command_leaves_a_clean_repository() {
    killed("claudePid");
}

// The real Claude is installed for Unix alone.
#[test]
#[cfg(unix)]
fn a_budget_ends_the_run_of_the_real_claude() {
    let dear = json!({"input_tokens": 1_000_000, "output_tokens": 100_000});
    let look = Turn::tool("Read", json!({"file_path": "src/lib.rs"}));
    let api = MessagesApi::start([look.usage(dear).forever()]);
    let sandbox = Sandbox::real(&api).with_change();
    let call = ["rescue", "--read-only", "--max-budget-usd", "0.5", "look"];
    let output = sandbox.cc(call).run().exits(1);
    assert_eq!(sandbox.record()["failure"]["class"], "budget", "{output}");
    assert!(sandbox.record()["costUsd"].as_f64().unwrap() > 0.5);
    assert!(output.stderr.contains("budget"), "{output}");
}

#[test]
fn a_day_has_a_budget_over_all_jobs() {
    let sandbox = Sandbox::fake(&Scenario::says("Done.")).with_change();
    let set = ["config", "set", "budget.per_day_usd", "0.01"];
    sandbox.cc(set).run().success();
    sandbox.cc(["rescue", "--read-only", "one"]).run().success();
    // The second gets what is left, and with it the day is spent.
    sandbox.cc(["review"]).run().success();
    let run = sandbox.claude_calls().pop().unwrap();
    let left: f64 = run.flag("--max-budget-usd").unwrap().parse().unwrap();
    assert!(left > 0.0 && left < 0.01, "{left}");
    // What is forgotten was spent all the same.
    let last_day = || sandbox.cc(["status", "--json"]).run().success().json()["lastDay"].clone();
    let before = last_day();
    sandbox
        .cc(["prune", "--yes", "--keep", "0"])
        .run()
        .success();
    assert_eq!(sandbox.records().len(), 0);
    assert_eq!(last_day(), before);
    let calls = sandbox.claude_calls().len();
    for command in ["review", "rescue"] {
        let call = sandbox.cc([command]).stdin("three");
        let refused = call.run().exits(1);
        assert!(refused.stderr.contains("budget.per_day_usd"), "{refused}");
    }
    assert_eq!(sandbox.claude_calls().len(), calls);
}

#[test]
fn what_a_running_job_may_spend_is_reserved_until_it_ends() {
    let sandbox = Sandbox::fake(&Scenario::runs([1, 2, 3, 4].map(|_| Run::hangs())));
    let sandbox = sandbox.with_change();
    let set = ["config", "set", "budget.per_day_usd", "10"];
    sandbox.cc(set).run().success();
    let start = |limit: &[&str]| {
        let call = ["rescue", "--read-only", "--background", "--json"];
        sandbox.cc(call).args(limit).args(["look"]).run()
    };
    let first = start(&["--max-budget-usd", "4"]).success().json();
    sandbox.wait_for_run(1, SOON);
    // Without a limit of its own a job leaves half of the rest to others; with one it may take all of it.
    start(&[]).success();
    sandbox.wait_for_run(2, SOON);
    start(&["--max-budget-usd", "9"]).success();
    sandbox.wait_for_run(3, SOON);
    let limits = || -> Vec<String> {
        let calls = sandbox.claude_calls();
        let runs = calls.iter().filter(|call| call.is_run());
        runs.map(|run| run.flag("--max-budget-usd").unwrap().to_owned())
            .collect()
    };
    assert_eq!(limits(), ["4", "3", "3"]);
    for limit in [&[][..], &["--max-budget-usd", "0.1"]] {
        let refused = start(limit).exits(1);
        assert!(
            refused
                .stderr
                .contains("those that run may spend $10.00 more"),
            "{refused}"
        );
    }
    let review = sandbox.cc(["review"]).run().exits(1);
    assert!(review.stderr.contains("may spend"), "{review}");
    // A worker that is killed keeps nothing.
    let id = first["jobId"].as_str().unwrap();
    let record = sandbox
        .records()
        .into_iter()
        .find(|record| record["id"] == id)
        .unwrap();
    let worker = record["pid"].as_u64().unwrap().try_into().unwrap();
    let worker = Proc::of(worker).expect("it runs");
    worker.signal(Signal::Kill).unwrap();
    eventually(SOON, "its reservation ends", || {
        let next = start(&[]);
        (next.code() == Some(0)).then_some(())
    });
    sandbox.wait_for_run(4, SOON);
    assert_eq!(limits()[3], "2");
    let running = sandbox.cc(["status", "--json"]).run().json();
    for job in running["running"].as_array().unwrap() {
        let cancel = ["cancel", job["id"].as_str().unwrap()];
        sandbox.cc(cancel).run().success();
    }
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_record_lists_what_was_changed_and_refused_also_where_that_is_nothing() {
    let sandbox = Sandbox::fake(&Scenario::says("Done.")).with_change();
    sandbox
        .cc(["rescue", "--read-only", "look"])
        .run()
        .success();
    for name in ["touchedFiles", "permissionDenials"] {
        assert_eq!(sandbox.record()[name], json!([]));
    }
}

#[test]
fn claude_does_not_start_another() {
    let sandbox = Sandbox::fake(&Scenario::says("Done.")).with_change();
    let nested = sandbox.cc(["rescue", "again"]).env("CC_NESTED", "1");
    let nested = nested.run().exits(3);
    assert!(nested.stderr.contains("does not start another"), "{nested}");
    assert!(sandbox.records().is_empty());
}

#[test]
fn the_child_gets_no_session_and_no_secret_of_others() {
    let mut sandbox = Sandbox::fake(&Scenario::runs([Run::says("Done.")])).with_change();
    let needless = [
        "CLAUDECODE",
        "OPENAI_API_KEY",
        "GITHUB_TOKEN",
        "NODE_OPTIONS",
        "DB_PASSWORD",
    ];
    for name in needless {
        sandbox.set_env(name, "secret");
    }
    sandbox.set_env("ANTHROPIC_API_KEY", "sk-made-up");
    sandbox.cc(["rescue", ACCESS, "look"]).run().success();
    let run = sandbox.wait_for_run(1, SOON);
    for name in needless {
        assert!(!run.env.contains_key(name), "{name}");
    }
    assert_eq!(run.env["ANTHROPIC_API_KEY"], "sk-made-up");
    assert_eq!(run.env["CC_NESTED"], "1");
}
