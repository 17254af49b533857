//! The hooks by direct calls, with input and in places that no host should give them.

use std::time::Duration;

use cc_tests::fake::{Run, Scenario};
use cc_tests::{Sandbox, eventually};
use serde_json::{Value, json};

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(120);

const EVENTS: [&str; 4] = ["session-start", "user-prompt-submit", "stop", "session-end"];

fn input(sandbox: &Sandbox, session: &str) -> Value {
    json!({"session_id": session, "turn_id": "t", "cwd": sandbox.repo(), "prompt": "go on"})
}

#[test]
#[cfg(target_os = "linux")]
fn three_hundred_mebibytes_of_input_are_refused_in_little_memory() {
    let sandbox = Sandbox::new();
    let mut huge = br#"{"session_id": "s", "prompt": ""#.to_vec();
    huge.resize(300 << 20, b'x');
    huge.extend(br#""}"#);
    for event in EVENTS {
        let hook = sandbox.product_file("cc-hooks");
        // 64 MiB of addresses: much less than the input, and more than a small program has.
        let limited = format!("ulimit -v 65536; exec {} {event}", hook.display());
        let call = sandbox.command("/bin/sh".as_ref()).args(["-c", &limited]);
        let output = call.stdin(huge.clone()).run().exits(1);
        assert_eq!(output.stdout, "", "{event}");
        assert_eq!(output.stderr.lines().count(), 1, "{event}: {output}");
        assert!(output.stderr.contains("1048576 bytes"), "{event}: {output}");
    }
}

#[test]
fn input_that_comes_slowly_and_never_ends_is_answered() {
    let sandbox = Sandbox::new();
    let mut input = input(&sandbox, "s");
    input["prompt"] = "x".repeat(400 << 10).into();
    let text = input.to_string();
    let (first, second) = text.split_at(text.len() / 2);
    let hook = sandbox.hook("session-start", &Value::Null).stdin("");
    let mut hook = hook.stdin_stays_open().spawn();
    // More than a pipe holds: once all is said, the hook has read of it and may not have answered.
    hook.say(first);
    hook.say(second);
    eventually(SOON, "an answer before the pipe is closed", || {
        hook.has_ended().then_some(())
    });
    assert!(sandbox.state_dir().current_session().exists());
}

#[test]
#[cfg(unix)]
fn the_claude_of_the_session_serves_commands_whose_path_has_none() {
    let sandbox = Sandbox::fake(&cc_tests::Scenario::says("No findings.")).with_change();
    let session = json!({"session_id": "s", "cwd": sandbox.repo()});
    sandbox.hook("session-start", &session).run().success();
    let review = || sandbox.cc(["review"]).env("PATH", "/usr/bin:/bin");
    review().run().success();
    std::fs::remove_file(sandbox.state_dir().current_session()).unwrap();
    review().run().exits(3);
}

#[test]
fn fields_of_other_types_are_passed_over() {
    let sandbox = Sandbox::new();
    let odd = [
        json!({"session_id": "s", "cwd": 7, "prompt": {"a": 1}, "turn_id": null, "stop_hook_active": "yes"}),
        json!({"session_id": "s", "cwd": sandbox.repo(), "new": {"deep": [1, 2, {"er": null}]}}),
    ];
    for input in &odd {
        for event in EVENTS {
            let output = sandbox.hook(event, input).run().success();
            assert_eq!(output.stdout, "", "{event}: {input}");
        }
    }
}

#[test]
fn input_without_a_usable_session_is_refused_in_one_line() {
    let sandbox = Sandbox::new();
    let nameless = [
        json!({}),
        json!({"cwd": sandbox.repo()}),
        json!({"session_id": ["s"], "cwd": sandbox.repo()}),
        json!({"session_id": "../../s", "cwd": sandbox.repo()}),
        json!({"session_id": "s".repeat(10_000), "cwd": sandbox.repo()}),
    ];
    let told = "cc-hooks: the input names no session: it has no usable `session_id`\n";
    for input in &nameless {
        for event in EVENTS {
            let output = sandbox.hook(event, input).run().exits(1);
            let said = (output.stdout.as_str(), output.stderr.as_str());
            assert_eq!(said, ("", told), "{event}: {input}");
        }
    }
    assert!(!sandbox.data_dir().root().exists());
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_full_or_read_only_disk_no_turn_is_blocked_and_every_answer_is_valid() {
    let claude = Run::structured(json!({"verdict": "block", "reason": "it subtracts"}));
    let sandbox = Sandbox::fake(&Scenario::runs([claude])).with_change();
    sandbox
        .cc(["setup", "--enable-review-gate"])
        .run()
        .success();
    sandbox.cc(["review", "--background"]).run().success();
    sandbox.wait_for_status("completed", SOON);
    sandbox.wait_quiet(SOON);
    let (data, hook) = (sandbox.data_dir(), sandbox.product_file("cc-hooks"));
    let script = sandbox.root().join("disk.sh");
    for (spoil, why) in [
        (
            "dd if=/dev/zero of=\"$1/filler\" bs=4k 2>/dev/null || true",
            "No space left",
        ),
        ("mount -o remount,bind,ro \"$1\"", "Read-only file system"),
    ] {
        let text = format!(
            "set -e\n\
             cp -a \"$1\" \"$TMPDIR/data\"\n\
             mount -t tmpfs -o size=1m none \"$1\"\n\
             cp -a \"$TMPDIR/data/.\" \"$1\"\n\
             {spoil}\n\
             exec \"$2\" \"$3\"\n"
        );
        std::fs::write(&script, text).unwrap();
        for event in EVENTS {
            let unshare = sandbox.command("/usr/bin/unshare".as_ref());
            let unshare = unshare.args(["-rm".as_ref(), "/bin/sh".as_ref(), script.as_os_str()]);
            let unshare = unshare.args([data.root(), &hook, event.as_ref()]);
            let output = unshare.stdin(input(&sandbox, "s").to_string()).run();
            std::fs::remove_dir_all(sandbox.tmp().join("data")).unwrap();
            assert!(matches!(output.code(), Some(0 | 1)), "{event}: {output}");
            if event == "session-start" {
                assert!(output.stderr.contains(why), "{output}");
            }
            if event == "stop" {
                let told = output.json()["systemMessage"].to_string();
                assert!(
                    told.contains("Review gate") && told.contains(why),
                    "{output}"
                );
            }
            if !output.stdout.is_empty() {
                assert_eq!(output.json()["decision"], Value::Null, "{event}: {output}");
            }
        }
    }
    let runs = sandbox.claude_calls();
    let runs = runs.iter().filter(|call| call.is_run());
    assert_eq!(
        runs.count(),
        1,
        "a check that cannot be kept is not paid for"
    );
}

#[test]
fn jobs_outlive_their_session_unless_the_setting_says_otherwise() {
    let hangs = Scenario::runs([Run::hangs()]);
    let sandbox = Sandbox::fake(&hangs).with_change();
    let job = |session: &str| {
        let review = sandbox.cc(["review", "--background", "--json"]);
        let review = review.env("CODEX_THREAD_ID", session).run().success();
        review.json()["jobId"].as_str().unwrap().to_owned()
    };
    let (mine, others) = (job("mine"), job("others"));
    let status = |id: &str| {
        let records = sandbox.records();
        let record = records.iter().find(|record| record["id"] == id);
        record.expect("a record")["status"].clone()
    };
    let runs = |id: &str| (status(id) == "running").then_some(());
    eventually(SOON, "both at work", || {
        runs(&mine).and_then(|()| runs(&others))
    });

    sandbox.wait_for_run(2, SOON);
    let at_work = sandbox.processes();
    let end = || sandbox.hook("session-end", &input(&sandbox, "mine"));
    end().run().success();
    // Whoever cancels it is started by the hook, and runs until all of the job has ended.
    eventually(SOON, "nobody at work but the jobs", || {
        let now = sandbox.processes();
        now.iter().all(|proc| at_work.contains(proc)).then_some(())
    });
    assert_eq!(status(&mine), "running", "it lives on by default");

    let set = ["config", "set", "jobs.cancel_on_session_end", "true"];
    sandbox.cc(set).run().success();
    end().run().success();
    eventually(SOON, "the end of the session's job", || {
        (status(&mine) == "cancelled").then_some(())
    });
    assert_eq!(status(&others), "running");
    sandbox.cc(["cancel", &others]).run().success();
    sandbox.wait_quiet(SOON);
}

#[test]
fn a_directory_that_cannot_be_used_is_a_failure_in_one_line() {
    let sandbox = Sandbox::new();
    let gone = sandbox.root().join("gone");
    let long = "x".repeat(100_000);
    for cwd in [
        gone.to_str().unwrap(),
        "a\0b",
        "a\nb\u{1b}[2J",
        &long,
        "/dev/null",
        "",
    ] {
        for event in EVENTS {
            let input = json!({"session_id": "s", "cwd": cwd, "prompt": "go on"});
            let output = sandbox.hook(event, &input).run();
            let about = format!("{event} in {:.20}: {output:.300}", cwd);
            assert!(matches!(output.code(), Some(0 | 1)), "{about}");
            assert_eq!(output.stdout, "", "{about}");
            let lines = output.stderr.lines().count();
            assert_eq!(lines, usize::from(output.code() == Some(1)), "{about}");
            assert!(output.stderr.len() < 5_000, "{about}");
            assert!(!output.stderr.contains('\u{1b}'), "{about}");
        }
    }
}

#[test]
fn a_job_whose_worker_died_is_announced_as_failed_once() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::hangs()])).with_change();
    let review = sandbox.cc(["review", "--background"]);
    review.env("CODEX_THREAD_ID", "mine").run().success();
    sandbox.wait_for_run(1, SOON);
    let prompt = || {
        let hook = sandbox.hook("user-prompt-submit", &input(&sandbox, "mine"));
        hook.run().success().stdout
    };
    assert_eq!(prompt(), "", "it runs");
    let pid = sandbox.record()["pid"].as_u64().expect("a worker");
    let worker = cc_core::Proc::of(u32::try_from(pid).unwrap()).expect("it runs");
    worker.signal(cc_core::process::Signal::Kill).unwrap();
    eventually(SOON, "its end", || (!worker.is_running()).then_some(()));
    let news = prompt();
    let told = format!("{} failed: ", sandbox.job());
    assert!(news.contains(&told), "{news}");
    assert_eq!(sandbox.record()["status"], "failed");
    assert_eq!(prompt(), "");
    sandbox.wait_quiet(SOON);
}

#[test]
fn prompts_at_once_announce_each_job_once_and_none_that_is_read_meanwhile() {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    let jobs: Vec<String> = (0..3)
        .map(|_| {
            let review = sandbox.cc(["review", "--view-state", "defer", "--json"]);
            let review = review.env("CODEX_THREAD_ID", "mine").run().success();
            review.json()["jobId"].as_str().unwrap().to_owned()
        })
        .collect();
    let hooks: Vec<_> = (0..4)
        .map(|_| sandbox.hook("user-prompt-submit", &input(&sandbox, "mine")))
        .map(|hook| hook.spawn())
        .collect();
    let told: String = hooks
        .into_iter()
        .map(|hook| hook.wait().success().stdout)
        .collect();
    for job in &jobs {
        assert_eq!(told.matches(job.as_str()).count(), 1, "{told}");
    }
    let read = sandbox.cc(["review", "--view-state", "defer", "--json"]);
    let read = read.env("CODEX_THREAD_ID", "mine").run().success().json();
    let result = ["result", read["jobId"].as_str().unwrap()];
    sandbox.cc(result).run().success();
    let hook = sandbox.hook("user-prompt-submit", &input(&sandbox, "mine"));
    assert_eq!(hook.run().success().stdout, "");
}
