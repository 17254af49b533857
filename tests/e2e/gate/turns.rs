//! Which turn is meant, where prompts and ends of turns do not alternate.

use serde_json::json;

use super::*;

#[test]
fn a_prompt_within_a_turn_leaves_its_beginning_and_its_rounds_alone() {
    let session = Session::with_verdicts(["block"]);
    session.turn_with_edit();
    session.prompt("and hurry");
    assert!(session.stop().is_some(), "edited before the second prompt");
    session.sandbox.write("second.txt", "x");
    session.prompt("are you done?");
    session.ends_after_one_block();
}

#[test]
fn a_prompt_of_the_users_own_within_a_turn_that_deals_with_claude_has_it_checked() {
    let session = Session::with_verdicts(["block"]);
    session.prompt("$cc:status");
    session.prompt("and mend it");
    session.sandbox.write("src/lib.rs", "pub fn mended() {}\n");
    session.prompt("$cc:status");
    assert!(session.stop().is_some());
}

#[test]
fn a_turn_that_nobody_saw_begin_takes_nothing_over_but_the_files() {
    let session = Session::with_verdicts(["block", "block", "allow"]);
    session.sandbox.write("before.txt", "of an earlier turn\n");
    session.turn_with_edit();
    assert!(session.stop().is_some());
    session.sandbox.write("src/next.rs", "pub fn next() {}\n");
    let next = json!({"turn_id": "t2", "last_assistant_message": "Done."});
    let answer = session.stop_with(next).expect("a turn of its own");
    assert!(reason(&answer).contains("it subtracts"));
    let asked = session.sandbox.wait_for_run(2, SOON).stdin;
    assert!(asked.contains("pub fn next"), "{asked}");
    assert!(!asked.contains("before.txt"), "{asked}");

    session.prompt("$cc:rescue mend it");
    session.sandbox.write("src/third.rs", "pub fn third() {}\n");
    assert_eq!(session.stop_with(json!({"turn_id": "t3"})), None);
    assert_eq!(session.checks(), 3, "not suppressed: {}", session.last());
    session.sandbox.write("src/third.rs", "pub fn more() {}\n");
    let continued = json!({"turn_id": "t4", "stop_hook_active": true});
    warning(&session.stop_with(continued).unwrap());
}

#[test]
fn the_turn_that_switches_the_gate_on_is_not_checked() {
    let session = Session::with_verdicts(["block"]);
    session.gate(false);
    session.prompt("$cc:setup --enable-review-gate");
    session.sandbox.write("src/lib.rs", "pub fn open() {}\n");
    let enable = || {
        let setup = session.sandbox.cc(["setup", "--enable-review-gate"]);
        setup.env("CODEX_THREAD_ID", "s").run().success();
    };
    enable();
    assert_eq!(session.stop(), None, "what was edited before it was on");
    session.turn_with_edit();
    enable();
    assert!(session.stop().is_some(), "it was on already");
    assert_eq!(session.checks(), 1);
}
