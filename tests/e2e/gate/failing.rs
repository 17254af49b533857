//! Whatever goes wrong in the gate itself lets the turn end, and says so.

use cc_core::process::Signal;
use cc_tests::Sandbox;
use cc_tests::fake::{Run, Scenario, Step};
use serde_json::json;

use super::*;

fn failing(run: Run) -> Session {
    Session::new(Sandbox::fake(&Scenario::runs([run])))
}

#[test]
fn only_a_valid_verdict_blocks() {
    let odd = [
        (
            "logged out",
            Run::api_error(None, "Not logged in · Please run /login"),
        ),
        (
            "quota",
            Run::api_error(
                Some(429),
                "You've hit your session limit · resets 3pm (UTC)",
            ),
        ),
        ("overloaded", Run::api_error(Some(529), "Overloaded")),
        ("no verdict", Run::says("I am not sure.")),
        (
            "another form",
            Run::structured(json!({"decision": "block"})),
        ),
        (
            "no reason",
            Run::structured(json!({"verdict": "block", "reason": ""})),
        ),
        (
            "within a sentence",
            Run::says("My verdict is BLOCK: it leaks"),
        ),
        ("killed", Run::started().step(Step::Kill)),
        (
            "garbage",
            Run::new().step(Step::Raw("}{\n\0".to_owned())).exits(3),
        ),
        ("silence", Run::new()),
    ];
    for (name, run) in odd {
        let session = failing(run);
        session.turn_with_edit();
        let answer = session
            .stop()
            .unwrap_or_else(|| panic!("{name}: nothing was said"));
        assert!(
            warning(&answer).starts_with("Review gate: this turn ends unchecked"),
            "{name}: {answer}"
        );
        let (last, record) = (session.last(), session.sandbox.record());
        assert_eq!(last["outcome"], "failed", "{name}");
        assert_eq!(last["jobId"], record["id"], "{name}");
        assert_eq!(last["costUsd"], record["costUsd"], "{name}");
        assert_eq!(session.history(), [last], "{name}");
        assert_eq!(session.stop_again(), None, "{name}: not tried again");
    }
}

#[test]
fn a_failure_names_the_way_out() {
    let check = |session: &Session, hint: &str| {
        session.turn_with_edit();
        let answer = session.stop().unwrap();
        assert!(warning(&answer).contains(hint), "{answer}");
    };
    let logged_out = failing(Run::api_error(None, "Not logged in · Please run /login"));
    check(&logged_out, "Log in: claude auth login");
    let broke = json!({"subtype": "success", "is_error": true, "api_error_status": 402});
    check(&failing(Run::started().result(broke)), "Add credit");
    let slow = failing(Run::hangs());
    slow.set("gate.timeout", "5s");
    check(&slow, "cc-cli config set gate.timeout 13m");
    let missing = failing(Run::new());
    let claude = format!("claude{}", std::env::consts::EXE_SUFFIX);
    // Renamed, not removed: on Windows the same program may run elsewhere.
    let claude = missing.sandbox.bin().join(claude);
    std::fs::rename(&claude, claude.with_extension("away")).unwrap();
    check(
        &missing,
        "Install Claude Code: npm install -g @anthropic-ai/claude-code",
    );
}

#[test]
fn the_setting_turns_it_round_but_traps_nobody() {
    let session = failing(Run::says("I am not sure."));
    session.set("gate.fail_closed", "true");
    session.turn_with_edit();
    let answer = session.stop().unwrap();
    let reason = reason(&answer);
    for part in ["could not check", " setup --disable-review-gate`"] {
        assert!(reason.contains(part), "{reason}");
    }
    session.sandbox.write("more.txt", "x");
    warning(&session.stop_again().unwrap());
}

#[test]
fn a_check_that_takes_too_long_is_ended_and_the_turn_ends() {
    let session = failing(Run::hangs());
    session.set("gate.timeout", "5s");
    session.turn_with_edit();
    let answer = session.stop().unwrap();
    assert!(warning(&answer).contains("ends unchecked"), "{answer}");
    session.sandbox.wait_quiet(SOON);
}

#[test]
fn when_the_host_kills_the_hook_claude_dies_too() {
    let session = failing(Run::hangs());
    session.turn_with_edit();
    for n in 1..=2 {
        let hook = session.sandbox.hook("stop", &session.input(json!({})));
        let mut hook = hook.spawn();
        session.sandbox.wait_for_run(n, SOON);
        hook.signal(Signal::Kill);
        session.sandbox.wait_quiet(SOON);
        assert!(hook.has_ended());
    }
    let status = session
        .sandbox
        .cc(["status", "--all", "--json"])
        .run()
        .success()
        .json();
    assert_eq!(status["latestFinished"]["status"], "failed", "{status}");
    assert_eq!(session.last()["outcome"], "unfinished");
    session.set("gate.max_per_session", "2");
    let answer = session.stop().unwrap();
    assert!(
        warning(&answer).contains("checked this session 2 times"),
        "what was cut short counts: {answer}"
    );
}

#[test]
fn without_claude_the_turn_ends_with_a_word() {
    let session = Session::new(Sandbox::new());
    session.turn_with_edit();
    let answer = session.stop().unwrap();
    assert!(
        warning(&answer).contains("no `claude` was found"),
        "{answer}"
    );
    assert!(
        session.sandbox.records().is_empty(),
        "no job is left behind"
    );
}

#[test]
fn settings_that_are_not_valid_are_reported_and_block_nothing() {
    let session = Session::with_verdicts(["block"]);
    std::fs::write(
        session.sandbox.data_dir().settings(),
        "[gate]\nfail_close = true\n",
    )
    .unwrap();
    session.turn_with_edit();
    let answer = session.stop().unwrap();
    assert!(warning(&answer).contains("line 2"), "{answer}");
}

#[test]
fn files_of_the_gate_that_cannot_be_used_block_nothing() {
    let session = Session::with_verdicts(["block"]);
    session.turn_with_edit();
    let baseline = session
        .sandbox
        .state_dir()
        .turn_baseline(&cc_core::SessionId::parse("s").unwrap());
    std::fs::write(&baseline, "{").unwrap();
    assert!(session.stop().is_some(), "all that is not committed counts");
    std::fs::remove_file(&baseline).unwrap();
    std::fs::create_dir(&baseline).unwrap();
    session.sandbox.write("more.txt", "x");
    let answer = session.stop().unwrap();
    assert!(
        warning(&answer).contains("turn-baseline"),
        "a block that nobody remembers could repeat: {answer}"
    );
}
