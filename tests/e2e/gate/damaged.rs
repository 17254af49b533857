//! Damaged files of the gate never make it do less without a word.

use std::fs;

use super::*;

/// A session whose gate would let the turn pass, with an edit, and then this file.
fn with_damage(name: &str, content: &str) -> Session {
    let session = Session::with_verdicts(["allow"]);
    session.turn_with_edit();
    damage(&session, name, content);
    session
}

fn damage(session: &Session, name: &str, content: &str) {
    fs::write(session.sandbox.state_dir().root().join(name), content).unwrap();
}

const FILES: [(&str, &str, &str); 5] = [
    ("config.json", "", "--enable-review-gate"),
    ("config.json", "{\"version\": 1", "--enable-review-gate"),
    (
        "config.json",
        "{\"stopReviewGate\": \"no\"}",
        "--disable-review-gate",
    ),
    (
        "stop-review-history.jsonl",
        "{\"at\": ",
        "Move the file away",
    ),
    ("stop-review-history.jsonl", "\n[]\n", "Move the file away"),
];

#[test]
fn the_turn_ends_unchecked_and_the_user_is_told_the_way_out() {
    for (name, content, hint) in FILES {
        let session = with_damage(name, content);
        let answer = session.stop().unwrap();
        let told = warning(&answer);
        assert!(told.contains(&format!("{name}` is damaged")), "{answer}");
        assert!(told.contains(hint), "{answer}");
        assert_eq!(session.checks(), 0, "{name}");
    }
}

#[test]
fn fail_closed_blocks_the_turn() {
    for (name, content, _) in FILES {
        let session = with_damage(name, content);
        session.set("gate.fail_closed", "true");
        let answer = session.stop().unwrap();
        assert!(reason(&answer).contains("is damaged"), "{answer}");
    }
}

#[test]
fn the_switch_repairs_its_file_and_status_names_it() {
    for on in [true, false] {
        let session = with_damage("config.json", "{");
        let call = |args: &[&str]| session.sandbox.cc(args).run();
        let status = call(&["status"]).success();
        assert!(status.stderr.contains("config.json"), "{status}");
        let json = call(&["status", "--json"]).success().json();
        assert_eq!(json["config"]["stopReviewGate"], true, "as far as is known");
        let switch = if on {
            "--enable-review-gate"
        } else {
            "--disable-review-gate"
        };
        call(&["setup", switch]);
        let status = call(&["status", "--json"]).success().json();
        assert_eq!(status["config"]["stopReviewGate"], on);
        assert_eq!(status["skipped"], json!([]));
        session.prompt("more");
        session.sandbox.write("src/lib.rs", "// more\n");
        assert_eq!(session.stop(), None);
        assert_eq!(session.checks(), usize::from(on));
    }
}

#[test]
fn a_damaged_count_of_what_was_spent_stops_what_has_a_budget() {
    let session = with_damage("spent.json", "{\"review-1\": ");
    let sandbox = &session.sandbox;
    sandbox
        .cc(["rescue", "--read-only", "look"])
        .run()
        .success();
    session.set("budget.per_day_usd", "5");
    let refused = sandbox.cc(["rescue", "--read-only", "look"]).run().exits(1);
    assert!(
        refused.stderr.contains("spent.json` is damaged"),
        "{refused}"
    );
    let answer = session.stop().unwrap();
    assert!(
        warning(&answer).contains("spent.json` is damaged"),
        "{answer}"
    );
    let status = sandbox.cc(["status"]).run().success();
    assert!(status.stderr.contains("spent.json"), "{status}");
    // What counts is not removed while it could not be counted then.
    let pruned = sandbox.cc(["prune", "--yes", "--keep", "0"]).run().exits(1);
    assert!(pruned.stderr.contains("spent.json` is damaged"), "{pruned}");
    assert_eq!(sandbox.records().len(), 1);
    fs::remove_file(sandbox.state_dir().spent()).unwrap();
    sandbox
        .cc(["prune", "--yes", "--keep", "0"])
        .run()
        .success();
    assert!(sandbox.records().is_empty());
    sandbox
        .cc(["rescue", "--read-only", "look"])
        .run()
        .success();
}

#[test]
fn settings_that_are_not_valid_keep_the_gate_closed_that_fails_closed() {
    let broken = [
        ("[gate]\nfail_closed = true\n[gate", true),
        ("[gate]\nfail_closed = true\nno_such_setting = 1\n", true),
        ("[claude]\npath = \"\ngate.'fail_closed'=true\n", true),
        ("gate = { fail_closed = true, max_rounds = \"x\" }\n", true),
        ("[gate]\nfail_closed = false\n[gate", false),
        ("# fail_closed = true\n[gate", false),
    ];
    for (text, blocks) in broken {
        let session = Session::with_verdicts(["allow"]);
        session.turn_with_edit();
        fs::write(session.sandbox.data_dir().settings(), text).unwrap();
        let answer = session.stop().unwrap();
        let told = if blocks { reason } else { warning }(&answer);
        assert!(told.contains("config.toml"), "{text}: {answer}");
        assert_eq!(session.checks(), 0);
    }
    // What cannot be read at all may say so too.
    let session = Session::with_verdicts(["allow"]);
    session.turn_with_edit();
    fs::create_dir_all(session.sandbox.data_dir().settings()).unwrap();
    let answer = session.stop().unwrap();
    assert!(reason(&answer).contains("config.toml"), "{answer}");
    // It traps nobody.
    warning(&session.stop_again().unwrap());
}

#[test]
fn settings_that_are_not_valid_do_not_turn_the_gate_off() {
    for broken in ["\n[gate", "\n[claude]\nno_such_setting = 1\n"] {
        let session = Session::with_verdicts(["allow"]);
        session.set("gate.enabled", "true");
        let switch = session.sandbox.state_dir().config();
        fs::remove_file(switch).unwrap();
        session.turn_with_edit();
        let file = session.sandbox.data_dir().settings();
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text + broken).unwrap();
        let answer = session.stop().unwrap();
        let told = warning(&answer);
        assert!(told.contains("config.toml"), "{broken}: {answer}");
        assert_eq!(session.checks(), 0);
    }
}
