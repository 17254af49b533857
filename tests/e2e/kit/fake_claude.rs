//! The scripted fake Claude and the sandbox that ends what it leaves behind.

use std::time::{Duration, Instant};

#[cfg(unix)]
use cc_core::process::Signal;
use cc_tests::fake::{Run, Step};
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::json;

const SOON: Duration = Duration::from_secs(120);

fn run<'a>(sandbox: &'a Sandbox, more: &[&str]) -> Cmd<'a> {
    sandbox
        .claude(["-p"].iter().chain(more))
        .stdin("the prompt")
}

#[test]
fn it_plays_its_runs_in_order_and_notes_its_calls() {
    let sandbox = Sandbox::fake(&Scenario::runs([
        Run::says("First."),
        Run::structured(json!({"verdict": "approve"})),
    ]));
    let first = run(&sandbox, &["--session-id", "11111111-2222"])
        .run()
        .success();
    assert_eq!(first.json_lines()[2]["result"], "First.");
    assert_eq!(first.json_lines()[2]["session_id"], "11111111-2222");
    assert_eq!(
        first.json_lines()[0]["cwd"],
        sandbox.repo().to_str().unwrap()
    );
    for _ in 0..2 {
        let later = run(&sandbox, &[]).run().success();
        assert_eq!(
            later.json_lines()[2]["structured_output"]["verdict"],
            "approve"
        );
    }
    let call = sandbox.wait_for_run(1, SOON);
    assert_eq!(
        (call.stdin.as_str(), call.flag("--session-id")),
        ("the prompt", Some("11111111-2222"))
    );
    assert_eq!(call.env["HOME"], sandbox.home().to_str().unwrap());
    assert_eq!(sandbox.claude_calls().len(), 3);
}

#[test]
fn it_answers_probes() {
    let sandbox = Sandbox::fake(&Scenario::says("").version("2.1.260"));
    let version = sandbox.claude(["--version"]).run().success();
    assert_eq!(version.stdout, "2.1.260 (Claude Code)\n");
    let status = sandbox.claude(["auth", "status"]).run().success();
    assert_eq!(status.json()["loggedIn"], true);
    sandbox.set_scenario(&Scenario::logged_out());
    let status = sandbox.claude(["auth", "status"]).run().exits(1);
    assert_eq!(status.json()["loggedIn"], false);
    assert_eq!(
        run(&sandbox, &[]).run().exits(1).json_lines()[1]["is_error"],
        true
    );
    sandbox.claude(["doctor"]).run().exits(1);
}

#[test]
fn a_flood_has_the_length_that_was_asked_for() {
    let steps = Run::new()
        .step(Step::Deltas {
            total: 1 << 20,
            each: 4096,
        })
        .step(Step::LongLine(3 << 20))
        .step(Step::StderrFlood(1 << 20))
        .exits(3);
    let output = run(&Sandbox::fake(&Scenario::runs([steps])), &[])
        .run()
        .exits(3);
    let lines = output.json_lines();
    let delta = lines[0]["event"]["delta"]["text"].as_str().unwrap().len();
    assert_eq!((lines.len(), delta), (257, 4096));
    assert_eq!(lines[256]["filler"].as_str().unwrap().len(), 3 << 20);
    assert_eq!(output.stderr.len(), 1 << 20);
}

#[test]
fn it_waits_for_the_test_and_edits_files() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::started()
        .step(Step::Await("go".into()))
        .step(Step::Write {
            path: "src/new.rs".into(),
            content: "fn new() {}\n".into(),
        })
        .step(Step::Kill)]));
    let running = run(&sandbox, &[]).spawn();
    running.wait_for_stdout("init");
    sandbox.write("go", "");
    running.wait().killed();
    assert_eq!(sandbox.read("src/new.rs"), "fn new() {}\n");
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_it_like_the_real_one() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::hangs()]));
    let running = run(&sandbox, &[]).spawn();
    running.wait_for_stdout("init");
    running.signal(Signal::Interrupt);
    let output = running.wait().success();
    assert_eq!(output.json_lines()[1]["subtype"], "error_during_execution");
}

#[test]
#[cfg(unix)]
fn it_can_ignore_signals_and_close_its_output_early() {
    let silent = Run::hangs().ignoring_signals();
    let sandbox = Sandbox::fake(&Scenario::runs([silent]));
    let mut running = run(&sandbox, &[]).spawn();
    running.wait_for_stdout("init");
    running.signal(Signal::Interrupt);
    running.signal_group(Signal::Terminate);
    let closing = Run::started()
        .step(Step::CloseStdout)
        .step(Step::Stderr("closed".into()));
    sandbox.set_scenario(&Scenario::runs([closing.step(Step::Hang)]));
    let other = run(&sandbox, &[]).spawn();
    other.wait_for_stderr("closed");
    assert!(!running.has_ended(), "the signals were sent long ago");
    running.signal(Signal::Kill);
    assert_eq!(running.wait().code(), None);
}

#[test]
#[cfg(target_os = "linux")]
fn a_sandbox_leaves_no_process_behind() {
    let leaving = Run::hangs().ignoring_signals();
    let grandchild = Step::Grandchild {
        holds_output: false,
    };
    let leaving = Run {
        steps: [vec![grandchild], leaving.steps].concat(),
        ..leaving
    };
    let sandbox = Sandbox::fake(&Scenario::runs([leaving]));
    let running = run(&sandbox, &[]).spawn();
    running.wait_for_stdout("init");
    running.signal(Signal::Kill);
    running.wait().killed();
    let grandchild = sandbox.grandchildren().remove(0);
    assert_eq!(sandbox.processes(), std::slice::from_ref(&grandchild));
    drop(sandbox);
    assert!(!grandchild.is_running());
}

#[test]
fn an_output_that_somebody_holds_open_is_reported() {
    let holding = Run::new().step(Step::Grandchild { holds_output: true });
    let sandbox = Sandbox::fake(&Scenario::runs([holding]));
    let mut running = run(&sandbox, &[]).timeout(Duration::from_millis(1)).spawn();
    eventually(SOON, "the end of the run", || {
        running.has_ended().then_some(())
    });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| running.wait()));
    let message = panic.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("its output is still open"), "{message}");
}

#[test]
#[cfg(unix)]
fn nobody_may_read_the_output() {
    let sandbox = Sandbox::fake(&Scenario::says("Unheard."));
    run(&sandbox, &[]).broken_stdout().run().exits(141);
}

#[test]
fn a_program_that_does_not_end_fails_the_test() {
    let sandbox = Sandbox::fake(&Scenario::runs([Run::hangs()]));
    let begun = Instant::now();
    let hanging = run(&sandbox, &[]).timeout(Duration::from_millis(200));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hanging.run()));
    let message = panic.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("did not end within 200ms"), "{message}");
    assert!(begun.elapsed() < SOON);
    if cfg!(target_os = "linux") {
        assert_eq!(sandbox.processes(), []);
    }
}

#[test]
fn the_same_steps_give_the_same_commit() {
    let ids = [(); 2].map(|()| Sandbox::new().with_change().git(["rev-parse", "HEAD"]));
    assert_eq!(ids[0], ids[1]);
}
