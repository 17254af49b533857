//! What changes during a turn and is not its doing: other sessions, and Git.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::Clock;
use cc_tests::sandbox::Output;
use regex::Regex;
use serde_json::{Value, json};

use super::*;

/// A session of Codex, which writes down what its tools do as the real one does.
struct Codex<'a> {
    sandbox: &'a Sandbox,
    id: &'a str,
    dir: PathBuf,
    transcript: PathBuf,
    turn: RefCell<u32>,
}

/// Two sessions in the repository.
fn two_sessions(sandbox: &Sandbox) -> (Codex<'_>, Codex<'_>) {
    (Codex::new(sandbox, "a"), Codex::new(sandbox, "b"))
}

impl<'a> Codex<'a> {
    fn new(sandbox: &'a Sandbox, id: &'a str) -> Self {
        Self::within(sandbox, id, sandbox.repo())
    }

    fn within(sandbox: &'a Sandbox, id: &'a str, dir: PathBuf) -> Self {
        let sessions = sandbox.codex_home().join("sessions");
        fs::create_dir_all(&sessions).unwrap();
        Self {
            sandbox,
            id,
            dir,
            transcript: sessions.join(format!("rollout-{id}.jsonl")),
            turn: RefCell::new(0),
        }
    }

    fn hook(&self, event: &str, more: Value) -> Output {
        let turn = format!("{}-{}", self.id, self.turn.borrow());
        let mut input = json!({
            "session_id": self.id, "turn_id": turn, "cwd": self.dir, "transcript_path": self.transcript,
        });
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        self.sandbox.hook(event, &input).run().success()
    }

    fn note(&self, kind: &str, payload: Value) {
        let at = Clock::System.now();
        // In the order of the real one.
        let line = format!(r#"{{"timestamp":"{at}","type":"{kind}","payload":{payload}}}"#);
        let mut file = fs::File::options()
            .append(true)
            .create(true)
            .open(&self.transcript)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }

    fn prompt(&self) -> &Self {
        pause();
        *self.turn.borrow_mut() += 1;
        self.hook("user-prompt-submit", json!({"prompt": "do it"}));
        let turn = format!("{}-{}", self.id, self.turn.borrow());
        self.note("turn_context", json!({"turn_id": turn, "cwd": self.dir}));
        self
    }

    /// A tool is called, and has not answered yet.
    fn calls(&self, id: &str, command: &str) -> &Self {
        let arguments = json!({"cmd": command}).to_string();
        self.note(
            "response_item",
            json!({"type": "function_call", "name": "exec_command", "arguments": arguments, "call_id": id}),
        );
        self
    }

    fn answers(&self, id: &str) -> &Self {
        self.note(
            "response_item",
            json!({"type": "function_call_output", "call_id": id, "output": "ok"}),
        );
        self
    }

    /// A tool runs this in a shell.
    fn runs(&self, command: &str) -> &Self {
        pause();
        self.calls("c", command);
        let shell = self.sandbox.command("/bin/sh".as_ref());
        shell.args(["-c", command]).cwd(&self.dir).run().success();
        self.answers("c");
        pause();
        self
    }

    fn stop(&self) -> Option<Value> {
        let said = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]});
        self.note("response_item", said);
        let output = self.hook("stop", json!({"last_assistant_message": "Done."}));
        (!output.stdout.is_empty()).then(|| output.json())
    }
}

/// Makes the times in a file, and its own, those of a day in January.
fn age(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    let day = Regex::new(r"\b\d{4}-\d{2}-\d{2}T").unwrap();
    fs::write(file, &*day.replace_all(&text, "2026-01-01T")).unwrap();
    let january = std::time::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let times = fs::FileTimes::new().set_modified(january);
    let file = fs::File::options().append(true).open(file).unwrap();
    file.set_times(times).unwrap();
}

/// Longer than times of files are imprecise.
fn pause() {
    std::thread::sleep(Duration::from_millis(80));
}

fn blocking() -> Session {
    let session = Session::with_verdicts(["block", "block", "block"]);
    session.sandbox.write("a.txt", "a\n");
    session.sandbox.write("b.txt", "b\n");
    session.sandbox.commit("More");
    session
}

/// What Claude was asked in its run of that number.
fn asked(session: &Session, run: usize) -> String {
    session.sandbox.wait_for_run(run, SOON).stdin
}

#[test]
fn a_turn_that_only_asks_is_not_blocked_for_what_another_session_edits() {
    let session = blocking();
    let (asking, editing) = two_sessions(&session.sandbox);
    editing.prompt();
    asking.prompt();
    editing.runs("echo more >> b.txt");
    assert_eq!(asking.stop(), None);
    // It looked at files meanwhile.
    asking.prompt().runs("cat a.txt");
    editing.runs("echo more >> b.txt");
    assert_eq!(asking.stop(), None);
    assert_eq!(session.checks(), 0, "{}", session.last());
    assert!(
        session.last()["reason"]
            .as_str()
            .unwrap()
            .contains("not done by this turn")
    );
    let answer = editing.stop().expect("its own edit");
    assert!(reason(&answer).contains("it subtracts"));
}

#[test]
fn what_the_user_edits_while_a_turn_only_asks_is_no_edit_of_it() {
    let session = blocking();
    let asking = Codex::new(&session.sandbox, "a");
    asking.prompt();
    pause();
    session.sandbox.write("a.txt", "by hand\n");
    assert_eq!(asking.stop(), None);
    asking.prompt().runs("echo more >> b.txt");
    assert!(asking.stop().is_some());
    let prompt = asked(&session, 1);
    assert!(
        prompt.contains("b.txt") && !prompt.contains("by hand"),
        "{prompt}"
    );
}

#[test]
fn two_sessions_answer_each_for_their_own_files() {
    let session = blocking();
    let (one, two) = two_sessions(&session.sandbox);
    one.prompt();
    two.prompt();
    one.runs("echo of-one >> a.txt");
    // While a long command of the other one runs.
    one.calls("long", "make test");
    two.runs("echo of-two >> b.txt");
    one.answers("long");
    assert!(one.stop().is_some());
    assert!(two.stop().is_some());
    for (run, own, other) in [(1, "of-one", "of-two"), (2, "of-two", "of-one")] {
        let prompt = asked(&session, run);
        assert!(prompt.contains(own) && !prompt.contains(other), "{prompt}");
    }
}

#[test]
fn where_two_sessions_edit_the_same_file_at_once_nobody_is_blocked_for_it() {
    let session = blocking();
    let (one, two) = two_sessions(&session.sandbox);
    one.prompt();
    two.prompt();
    two.calls("x", "sed -i s/a/b/ a.txt");
    one.runs("echo more >> a.txt");
    two.answers("x");
    for codex in [&one, &two] {
        let answer = codex.stop().expect("a warning");
        let told = warning(&answer);
        for part in ["not checked", "a.txt", "$cc:review"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    assert_eq!(session.checks(), 0);
    // What is its own is checked all the same.
    one.prompt();
    two.prompt();
    two.calls("y", "sed -i s/a/b/ a.txt");
    one.runs("echo more >> a.txt; echo of-one >> b.txt");
    two.answers("y");
    let answer = one.stop().expect("a block");
    reason(&answer);
    let prompt = asked(&session, 1);
    assert!(
        prompt.contains("of-one") && !prompt.contains("a.txt"),
        "{prompt}"
    );
}

#[test]
fn sessions_that_write_nothing_down_are_distinguished_by_their_turns() {
    let session = blocking();
    let other = session.input(json!({"session_id": "other", "prompt": "go"}));
    let hook = |event: &str| session.sandbox.hook(event, &other).run().success();
    hook("user-prompt-submit");
    session.turn_with_edit();
    let answer = session.stop().expect("a warning");
    let told = warning(&answer);
    assert!(
        told.contains("session other") && told.contains("src/lib.rs"),
        "{told}"
    );
    assert_eq!(session.checks(), 0);
    // Its turn was the last one an hour ago: it has crashed.
    let file = session
        .sandbox
        .state_dir()
        .turn_baseline(&cc_core::SessionId::parse("other").unwrap());
    age(&file);
    let next = session.input(json!({"turn_id": "t2", "prompt": "more"}));
    let prompt = session.sandbox.hook("user-prompt-submit", &next);
    prompt.run().success();
    session.sandbox.write("src/lib.rs", "pub fn other() {}\n");
    assert!(session.stop_with(json!({"turn_id": "t2"})).is_some());
    assert_eq!(session.checks(), 1);
}

#[test]
fn a_session_that_crashed_in_a_call_long_ago_silences_nobody() {
    let session = blocking();
    let (dead, alive) = two_sessions(&session.sandbox);
    dead.prompt().calls("never", "make a.txt");
    age(&dead.transcript);
    alive.prompt().runs("echo more >> a.txt");
    reason(&alive.stop().expect("a block"));
}

#[test]
fn a_session_that_has_ended_meanwhile_keeps_what_it_did() {
    let session = blocking();
    let (one, two) = two_sessions(&session.sandbox);
    one.prompt().runs("cat a.txt");
    two.prompt().runs("echo of-two >> b.txt");
    two.hook("session-end", json!({}));
    assert_eq!(one.stop(), None);
    assert_eq!(session.checks(), 0, "{}", session.last());
}

/// One turn that runs these commands; what Claude was asked, if anything.
fn turn(session: &Session, codex: &Codex<'_>, command: &str) -> Option<String> {
    let before = session.checks();
    codex.prompt().runs(command);
    codex.stop();
    match session.checks() - before {
        0 => None,
        _ => Some(asked(session, before + 1)),
    }
}

/// A branch with a commit of its own, while the current one has moved on.
fn with_branch(session: &Session, name: &str) {
    let sandbox = &session.sandbox;
    sandbox.git(["switch", "--quiet", "-c", name]);
    sandbox.write(&format!("{name}.txt"), "there-before\n");
    sandbox.commit(&format!("On {name}"));
    sandbox.git(["switch", "--quiet", "main"]);
}

#[test]
fn what_git_brings_is_not_the_turns_work_and_what_it_commits_is() {
    let session = Session::with_verdicts(["allow"; 20]);
    let codex = Codex::new(&session.sandbox, "a");
    with_branch(&session, "topic");
    let turn = |command: &str| turn(&session, &codex, command);
    assert_eq!(turn("git switch topic"), None, "a switch");
    assert_eq!(
        turn("git switch main && git merge topic"),
        None,
        "a fast-forward"
    );
    with_branch(&session, "side");
    session.sandbox.write("main.txt", "main\n");
    session.sandbox.commit("On main");
    assert_eq!(turn("git merge --no-edit side"), None, "a merge");
    with_branch(&session, "old");
    session.sandbox.write("main.txt", "moved\n");
    session.sandbox.commit("Moved");
    assert_eq!(turn("git switch old && git rebase main"), None, "a rebase");
    let reset = "git branch kept && git reset --hard main";
    assert_eq!(turn(reset), None, "a reset");
    let asked = turn("git reset --hard kept && git branch -D kept && git reset --hard main");
    assert_eq!(asked, None, "there and back");
    let asked = turn("git switch main && echo own > own.txt && git add -A && git commit -m Own");
    let asked = asked.expect("a commit of its own");
    assert!(
        asked.contains("+own") && !asked.contains("there-before"),
        "{asked}"
    );
    // After a switch only what is on top.
    let asked = turn(
        "git switch old && git merge main && echo top > top.txt && git add -A && git commit -m Top",
    );
    let asked = asked.expect("a commit of its own");
    assert!(asked.contains("+top") && !asked.contains("+own"), "{asked}");
    // A merge that leaves work to somebody.
    session.sandbox.git(["switch", "--quiet", "-c", "ours"]);
    session.sandbox.write("top.txt", "ours\n");
    session.sandbox.commit("Ours");
    session
        .sandbox
        .git(["switch", "--quiet", "-c", "theirs", "HEAD~1"]);
    session.sandbox.write("top.txt", "theirs\n");
    session.sandbox.write("clean.txt", "there-before\n");
    session.sandbox.commit("Theirs");
    let asked = turn("git merge ours; echo by-hand > top.txt");
    let asked = asked.expect("an edit in an unfinished merge");
    assert!(
        asked.contains("by-hand") && !asked.contains("there-before"),
        "{asked}"
    );
    let asked = turn("git add -A; git commit -m Merged");
    let asked = asked.expect("a merge by hand");
    assert!(
        asked.contains("by-hand") && !asked.contains("there-before"),
        "{asked}"
    );
}

#[test]
fn a_pull_is_not_the_turns_work() {
    let session = Session::with_verdicts(["allow"; 3]);
    let sandbox = &session.sandbox;
    let codex = Codex::new(sandbox, "a");
    let far = sandbox.root().join("far");
    sandbox.git(["clone", "--quiet", ".", far.to_str().unwrap()]);
    fs::write(far.join("far.txt"), "far\n").unwrap();
    sandbox.git_in(&far, ["add", "--all"]);
    sandbox.git_in(&far, ["commit", "--quiet", "-m", "Far"]);
    let pull = format!("git pull --rebase {} main", far.display());
    assert_eq!(turn(&session, &codex, &pull), None);
    assert_eq!(sandbox.read("far.txt"), "far\n");
    fs::write(far.join("far.txt"), "farther\n").unwrap();
    sandbox.git_in(&far, ["commit", "--quiet", "-am", "Farther"]);
    sandbox.write("near.txt", "near\n");
    sandbox.commit("Near");
    assert_eq!(
        turn(&session, &codex, &pull),
        None,
        "its own commits were moved"
    );
    let pull = format!("{pull}; echo own > own.txt; git add -A; git commit -m Own");
    fs::write(far.join("far.txt"), "farthest\n").unwrap();
    sandbox.git_in(&far, ["commit", "--quiet", "-am", "Farthest"]);
    let asked = turn(&session, &codex, &pull).expect("a commit of its own");
    assert!(
        asked.contains("+own") && !asked.contains("farthest"),
        "{asked}"
    );
}

#[test]
fn a_commit_of_another_session_is_not_the_turns_work() {
    let session = blocking();
    let elsewhere = session.sandbox.root().join("elsewhere");
    let path = elsewhere.to_str().unwrap();
    session
        .sandbox
        .git(["worktree", "add", "--quiet", "-b", "topic", path]);
    let here = Codex::new(&session.sandbox, "a");
    let there = Codex::within(&session.sandbox, "b", elsewhere);
    here.prompt();
    there.prompt();
    there.runs("echo there > there.txt; git add -A; git commit -m There");
    here.runs("git merge topic");
    assert_eq!(here.stop(), None, "{}", session.last());
    reason(&there.stop().expect("its own commit"));
    let same = Codex::new(&session.sandbox, "c");
    here.prompt().runs("git log");
    same.prompt()
        .runs("echo same > same.txt; git add -A; git commit -m Same");
    assert_eq!(here.stop(), None, "{}", session.last());
    reason(&same.stop().expect("its own commit"));
}

#[test]
fn of_two_hooks_of_one_turn_one_checks() {
    let session = blocking();
    session.turn_with_edit();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..3).map(|_| scope.spawn(|| session.stop())).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(session.checks(), 1);
    assert_eq!(answers.iter().flatten().count(), 1, "{answers:?}");
    assert_eq!(session.last()["outcome"], "blocked");
    session.sandbox.write("src/lib.rs", "pub fn more() {}\n");
    session.ends_after_one_block();
}

#[test]
fn what_cc_and_codex_note_themselves_is_no_edit() {
    let mut sandbox = Sandbox::fake(&cc_tests::fake::Scenario::says("x"));
    let home = sandbox.repo();
    sandbox.set_env("HOME", &home);
    sandbox.set_env("CODEX_HOME", home.join(".codex"));
    sandbox.set_env("CC_DATA_DIR", home.join(".codex/notes"));
    for identity in [["user.name", "x"], ["user.email", "x@y"]] {
        sandbox.git(["config", identity[0], identity[1]]);
    }
    sandbox.write("notes/mine.txt", "mine\n");
    sandbox.write("project/lib.rs", "pub fn a() {}\n");
    sandbox.commit("Dotfiles");
    let note = |path: &Path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "noted\n").unwrap();
    };
    sandbox
        .cc(["config", "set", "gate.enabled", "true"])
        .run()
        .success();
    let codex = json!({"session_id": "s", "turn_id": "t", "cwd": home, "prompt": "ask"});
    for round in ["1", "2"] {
        sandbox.hook("user-prompt-submit", &codex).run().success();
        note(&home.join(".codex/sessions").join(round));
        note(&home.join(".codex/notes").join(round));
        assert_eq!(sandbox.hook("stop", &codex).run().success().stdout, "");
        assert_eq!(sandbox.claude_calls().len(), 0, "round {round}");
    }
    // Nor where the repository is not the home directory.
    sandbox.set_env("HOME", sandbox.home());
    sandbox.write("project/lib.rs", "pub fn b() {}\n");
    let scope = sandbox
        .cc(["scope", "--scope", "working-tree", "--json"])
        .run();
    let scope = scope.success().stdout;
    assert!(scope.contains("project/lib.rs"), "{scope}");
    assert!(!scope.contains(".codex"), "{scope}");
    sandbox.hook("user-prompt-submit", &codex).run().success();
    note(&home.join(".codex/sessions/3"));
    note(&home.join(".codex/notes/3"));
    assert_eq!(sandbox.hook("stop", &codex).run().success().stdout, "");
    assert_eq!(sandbox.claude_calls().len(), 0);
}
