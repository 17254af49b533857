//! How often the gate may work.

use super::*;

#[test]
fn a_turn_that_edits_on_is_blocked_as_often_as_the_setting_says() {
    let session = Session::with_verdicts(["block"]);
    session.set("gate.max_rounds", "2");
    session.turn_with_edit();
    assert!(session.stop().is_some());
    session.sandbox.write("second.txt", "x");
    assert!(reason(&session.stop_again().unwrap()).contains("it subtracts"));
    session.sandbox.write("third.txt", "x");
    let answer = session.stop_again().unwrap();
    assert!(
        warning(&answer).contains("blocked this turn 2 times"),
        "{answer}"
    );
    assert_eq!(session.checks(), 2);
    session.turn_with_edit();
    assert!(
        reason(&session.stop().unwrap()).contains("it subtracts"),
        "a new turn"
    );
}

#[test]
fn by_default_a_turn_is_blocked_once_whatever_it_does_then() {
    let session = Session::with_verdicts(["block"]);
    session.turn_with_edit();
    assert!(session.stop().is_some());
    session.sandbox.write("second.txt", "x");
    session.ends_after_one_block();
}

#[test]
fn a_continued_turn_that_nobody_remembers_is_never_blocked() {
    let session = Session::with_verdicts(["block"]);
    session.sandbox.write("src/lib.rs", "pub fn other() {}\n");
    warning(&session.stop_again().unwrap());
    assert_eq!(session.checks(), 0);
}

#[test]
fn a_session_and_a_day_have_so_many_checks() {
    let session = Session::with_verdicts(["allow"]);
    session.set("gate.max_per_session", "1");
    session.turn_with_edit();
    assert_eq!(session.stop(), None);
    session.turn_with_edit();
    let answer = session.stop().unwrap();
    assert!(
        warning(&answer).contains("gate.max_per_session"),
        "{answer}"
    );
    session.set("gate.max_per_session", "9");
    session.set("gate.max_per_day", "1");
    let answer = session.stop().unwrap();
    assert!(warning(&answer).contains("gate.max_per_day"), "{answer}");
    assert_eq!(session.checks(), 1);
    assert_eq!(session.last()["outcome"], "skipped");
}

#[test]
fn the_gate_rests_after_a_check() {
    let session = Session::with_verdicts(["allow"]);
    session.set("gate.cooldown", "1h");
    session.turn_with_edit();
    assert_eq!(session.stop(), None);
    session.turn_with_edit();
    let answer = session.stop().unwrap();
    assert!(warning(&answer).contains("gate.cooldown"), "{answer}");
}

#[test]
fn the_gate_runs_its_own_model_and_effort_within_its_own_budget() {
    let session = Session::with_verdicts(["allow"]);
    for (key, value) in [
        ("gate.model", "quick"),
        ("gate.effort", "low"),
        ("gate.max_budget_usd", "0.25"),
    ] {
        session.set(key, value);
    }
    session.turn_with_edit();
    session.stop();
    let call = session.sandbox.wait_for_run(1, SOON);
    let args = call.args.join(" ");
    for part in ["quick", "low", "0.25"] {
        assert!(args.contains(part), "{args}");
    }
}
