//! Turns in repositories that are odd, or made to harm.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use cc_tests::Sandbox;
use cc_tests::fake::{Run, Scenario};
use serde_json::json;

use super::*;

fn fifo(sandbox: &Sandbox, path: &str) {
    cc_executable::make_fifo(sandbox.repo().join(path));
}

/// What Claude was asked about the turn just stopped.
fn asked(session: &Session) -> String {
    session.sandbox.wait_for_run(1, SOON).stdin
}

/// The turn is blocked, after Claude was shown this.
#[track_caller]
fn assert_blocked_over(session: &Session, part: &str) {
    assert!(session.stop().is_some(), "{}", session.last());
    let asked = asked(session);
    assert!(asked.contains(part), "{asked}");
}

#[test]
fn the_first_commit_of_a_repository_is_looked_at() {
    let scenario = Scenario::runs([Run::structured(
        json!({"verdict": "block", "reason": "it subtracts"}),
    )]);
    let session = Session {
        sandbox: Sandbox::fake(&scenario),
    };
    session.gate(true);
    session.prompt("start a project");
    session.sandbox.write("src/lib.rs", "pub fn first() {}\n");
    session.sandbox.commit("first");
    let answer = session.stop().expect("a block");
    assert!(reason(&answer).contains("it subtracts"), "{answer}");
    assert!(asked(&session).contains("pub fn first"));
}

#[test]
fn a_merge_with_conflicts_is_looked_at() {
    let session = Session::with_verdicts(["block"]);
    let sandbox = &session.sandbox;
    sandbox.git(["checkout", "-qb", "other"]);
    sandbox.write("src/lib.rs", "theirs\n");
    sandbox.commit("theirs");
    sandbox.git(["checkout", "-q", "main"]);
    sandbox.write("src/lib.rs", "ours\n");
    sandbox.commit("ours");
    let merge = sandbox
        .command(&sandbox.bin().join("git"))
        .args(["merge", "other"])
        .run();
    assert_ne!(merge.code(), Some(0), "{merge}");
    session.prompt("look at the conflict");
    assert_eq!(session.stop(), None, "nothing was edited");
    assert_eq!(session.checks(), 0);
    session.prompt("mend it");
    sandbox.write("src/lib.rs", "both // resolved\n");
    assert_blocked_over(&session, "// resolved");
}

#[test]
fn edits_in_a_submodule_are_looked_at() {
    let session = Session::with_verdicts(["block"]);
    let sandbox = &session.sandbox;
    let origin = sandbox.root().join("origin");
    fs::create_dir(&origin).unwrap();
    sandbox.git_in(&origin, ["init", "-q"]);
    fs::write(origin.join("a.txt"), "a\n").unwrap();
    sandbox.git_in(&origin, ["add", "."]);
    sandbox.git_in(&origin, ["commit", "-qm", "a"]);
    sandbox.git([
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        origin.to_str().unwrap(),
        "sub",
    ]);
    sandbox.commit("sub");
    session.prompt("do it");
    sandbox.write("sub/a.txt", "edited in sub\n");
    assert_blocked_over(&session, "\nsub/a.txt\n");
}

#[test]
fn edits_in_an_inner_repository_are_looked_at() {
    let session = Session::with_verdicts(["block"]);
    let sandbox = &session.sandbox;
    let inner = sandbox.repo().join("inner");
    fs::create_dir(&inner).unwrap();
    sandbox.git_in(&inner, ["init", "-q"]);
    fs::write(inner.join("a.txt"), "a\n").unwrap();
    sandbox.git_in(&inner, ["add", "."]);
    sandbox.git_in(&inner, ["commit", "-qm", "a"]);
    session.prompt("do it");
    sandbox.write("inner/a.txt", "edited in inner\n");
    sandbox.write("src/lib.rs", "edited outside\n");
    assert!(session.stop().is_some(), "{}", session.last());
    let asked = asked(&session);
    for part in ["\ninner/a.txt\n", "+edited outside"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
}

#[test]
fn an_overlooked_file_is_looked_at() {
    let session = Session::with_verdicts(["block"]);
    let sandbox = &session.sandbox;
    sandbox.git(["update-index", "--assume-unchanged", "src/lib.rs"]);
    session.prompt("do it");
    sandbox.write("src/lib.rs", "edited, overlooked\n");
    assert_blocked_over(&session, "\nsrc/lib.rs\n");
}

#[test]
fn what_the_turn_threw_away_is_looked_at() {
    let session = Session::with_verdicts(["block"]);
    session.sandbox.write("src/lib.rs", "work of the user\n");
    session.prompt("tidy up");
    session.sandbox.git(["checkout", "-q", "."]);
    assert_blocked_over(&session, "\nsrc/lib.rs\n");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let session = Session::with_verdicts(["allow"]);
    let sandbox = &session.sandbox;
    sandbox.write("pipe", "x");
    sandbox.commit("pipe");
    session.prompt("do it");
    fs::remove_file(sandbox.repo().join("pipe")).unwrap();
    fifo(sandbox, "pipe");
    fifo(sandbox, "new pipe");
    let _socket = UnixListener::bind(sandbox.repo().join("socket")).unwrap();
    symlink("/dev/zero", sandbox.repo().join("endless")).unwrap();
    symlink("nowhere", sandbox.repo().join("dangling")).unwrap();
    symlink(".", sandbox.repo().join("round")).unwrap();
    assert_eq!(session.stop(), None);
    assert_eq!(session.last()["outcome"], "allowed", "{}", session.last());
    session.prompt("go on");
    assert_eq!(session.stop(), None);
    assert_eq!(session.checks(), 1, "{}", session.last());
}

#[test]
fn a_huge_file_is_named_and_not_read() {
    let session = Session::with_verdicts(["allow"]);
    session.prompt("do it");
    let huge = fs::File::create(session.sandbox.repo().join("huge")).unwrap();
    huge.set_len(20 << 30).unwrap();
    assert_eq!(session.stop(), None);
    let asked = asked(&session);
    assert!(asked.contains("huge") && asked.len() < 5_000, "{asked}");
}

#[test]
fn names_that_mean_something_to_git_are_taken_literally() {
    for name in [
        ":(exclude)*",
        "*",
        "-n",
        ":!x",
        ":",
        "[ab]",
        " ",
        "\\",
        "a\tb",
    ] {
        let session = Session::with_verdicts(["block"]);
        session.sandbox.write("before.txt", "of an earlier turn\n");
        session.prompt("do it");
        session.sandbox.write(name, "edited now\n");
        assert!(session.stop().is_some(), "{name}: {}", session.last());
        let asked = asked(&session);
        assert!(asked.contains("edited now"), "{name}: {asked}");
        // A name that Git quotes is not worth a second way to say it: all of the change is shown.
        let is_plain = !name.contains(['\\', '\t']);
        assert_eq!(
            asked.contains("of an earlier turn"),
            !is_plain,
            "{name}: {asked}"
        );
    }
}

#[test]
fn a_name_that_is_not_utf8_is_looked_at() {
    use std::os::unix::ffi::OsStrExt;
    let session = Session::with_verdicts(["block"]);
    let name = std::ffi::OsStr::from_bytes(b"a\xff\nb");
    session.prompt("do it");
    fs::write(session.sandbox.repo().join(name), "edited now\n").unwrap();
    assert_blocked_over(&session, "edited now");
}

#[test]
fn a_linked_work_tree_has_the_gate_of_its_repository() {
    let session = Session::with_verdicts(["block"]);
    let sandbox = &session.sandbox;
    let linked = sandbox.root().join("linked");
    sandbox.git(["worktree", "add", "-q", linked.to_str().unwrap()]);
    let input = json!({"session_id": "s", "turn_id": "t", "cwd": linked, "prompt": "do it"});
    let hook = |event: &str| sandbox.hook(event, &input).run().success().stdout;
    hook("user-prompt-submit");
    fs::write(linked.join("src/lib.rs"), "edited in linked\n").unwrap();
    assert!(hook("stop").contains("block"));
    assert!(asked(&session).contains("edited in linked"));
}

#[test]
fn a_held_index_lock_is_no_obstacle() {
    let session = Session::with_verdicts(["block"]);
    session.turn_with_edit();
    session.sandbox.write(".git/index.lock", "");
    assert!(session.stop().is_some(), "{}", session.last());
}

#[test]
fn going_back_to_an_older_commit_is_seen() {
    let session = Session::with_verdicts(["block"]);
    session.sandbox.write("src/lib.rs", "second\n");
    session.sandbox.commit("second");
    session.prompt("undo it");
    session.sandbox.git(["reset", "-q", "--hard", "HEAD~1"]);
    assert_blocked_over(&session, "-second");
}

#[test]
fn an_amended_commit_is_seen() {
    let session = Session::with_verdicts(["block"]);
    session.sandbox.write("src/lib.rs", "second\n");
    session.sandbox.commit("second");
    session.prompt("amend it");
    session.sandbox.write("src/lib.rs", "third\n");
    session.sandbox.git(["commit", "-qam", "third", "--amend"]);
    assert!(session.stop().is_some(), "{}", session.last());
    let asked = asked(&session);
    assert!(
        asked.contains("-second") && asked.contains("+third"),
        "{asked}"
    );
}

#[test]
fn what_the_session_may_not_read_is_not_checked() {
    let session = Session::with_verdicts(["block"]);
    let names = json!({"type": "glob_pattern", "pattern": session.sandbox.repo().join("*.env")});
    let rules = json!([
        {"path": {"type": "special", "value": {"kind": "root"}}, "access": "read"},
        {"path": names, "access": "deny"},
    ]);
    let policy = json!({"kind": "restricted", "entries": rules});
    let turn = json!({"sandbox_policy": {"type": "workspace-write"}, "file_system_sandbox_policy": policy});
    let line = format!(r#"{{"type":"turn_context","payload":{turn}}}"#);
    let transcript = session.sandbox.root().join("transcript.jsonl");
    fs::write(&transcript, line).unwrap();
    let begins = session.input(json!({"prompt": "do it", "transcript_path": transcript}));
    let prompt = session.sandbox.hook("user-prompt-submit", &begins);
    prompt.run().success();
    session.sandbox.write("src/lib.rs", "// edited\n");
    let answer = session.stop().expect("a warning");
    let told = warning(&answer);
    assert!(told.contains("may not read all of"), "{answer}");
    assert!(told.contains("ends unchecked"), "{answer}");
    assert_eq!(session.checks(), 0);
}
