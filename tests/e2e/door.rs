//! The door for Codex: what its model can have run outside the sandbox, and what it cannot.

mod bounds;
mod hosts;
mod reading;
mod siblings;

use std::fs;
use std::path::Path;

use cc_core::SessionId;
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};

const SESSION: &str = "01a2-session";

/// A workspace whose data directory no sandbox can write, unlike one among temporary files.
fn apart(scenario: &Scenario) -> Sandbox {
    let sandbox = Sandbox::with_programs_at_home();
    sandbox.with_fake_claude(scenario).with_change()
}

/// A workspace in which a session of Codex works, as the hook at its start remembers it.
fn remembered() -> Sandbox {
    let sandbox = apart(&Scenario::says("No findings."));
    remember(&sandbox, &sandbox.repo(), None);
    sandbox
}

fn remember(sandbox: &Sandbox, directory: &Path, transcript: Option<&Path>) {
    let id = SessionId::parse(SESSION).unwrap();
    let path = sandbox.data_dir().session(&id);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let directory = cc_core::fs::canonical(directory).unwrap();
    let record = json!({"directory": directory, "transcript": transcript});
    fs::write(path, record.to_string()).unwrap();
}

/// A transcript whose latest turn ran in this sandbox.
fn transcript(sandbox: &Sandbox, mode: &str) -> std::path::PathBuf {
    let line = json!({"type": "turn_context", "payload": {"sandbox_policy": {"type": mode}}});
    let path = sandbox.root().join(format!("{mode}.jsonl"));
    fs::write(&path, format!("{line}\n")).unwrap();
    path
}

/// A call through the door in that session.
fn door<'a>(sandbox: &'a Sandbox, args: &[&str]) -> Cmd<'a> {
    let call = sandbox.cc(["codex"]).args(args);
    call.env("CODEX_SESSION_ID", SESSION)
}

/// Another repository beside the workspace.
fn other(sandbox: &Sandbox) -> std::path::PathBuf {
    let other = sandbox.root().join("other");
    fs::create_dir_all(other.join("sub")).unwrap();
    sandbox.git_in(&other, ["init", "--quiet"]);
    fs::write(other.join("secret.txt"), "s").unwrap();
    other
}

#[test]
fn without_a_known_session_nothing_gets_through() {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    for args in [&["review"][..], &["status"], &["setup"]] {
        let output = door(&sandbox, args).run().exits(3);
        assert!(output.stderr.contains("is not known"), "{output}");
    }
    let unnamed = sandbox.cc(["codex", "status"]).run().exits(3);
    assert!(unnamed.stderr.contains("is not known"), "{unnamed}");
    assert!(sandbox.records().is_empty());
}

#[test]
fn a_data_directory_that_a_sandbox_can_write_is_refused() {
    let sandbox = remembered();
    let record = fs::read(
        sandbox
            .data_dir()
            .session(&SessionId::parse(SESSION).unwrap()),
    )
    .unwrap();
    let forge = |data: &Path| {
        let sessions = data.join("sessions");
        fs::create_dir_all(&sessions).unwrap();
        fs::write(sessions.join(format!("{SESSION}.json")), &record).unwrap();
    };
    // Windows has no directory for all but those that variables name.
    let tmp = match cfg!(windows) {
        true => sandbox.tmp(),
        false => "/tmp".into(),
    };
    let tmp = tempfile::tempdir_in(tmp).unwrap();
    let inside = sandbox.repo().join("data");
    for data in [
        &sandbox.tmp().join("data"),
        &tmp.path().join("data"),
        &inside,
    ] {
        forge(data);
        let output = door(&sandbox, &["review"]).env("CC_DATA_DIR", data).run();
        let stderr = output.exits(3).stderr;
        assert!(
            stderr.contains("commands in a sandbox may write"),
            "{stderr}"
        );
    }
    // By the variable that Codex's directory has too.
    let codex = tmp.path().join("codex");
    forge(&codex.join("plugins/data/cc"));
    door(&sandbox, &["review"])
        .env("CODEX_HOME", &codex)
        .run()
        .exits(3);
    assert!(sandbox.records().is_empty() && sandbox.claude_calls().is_empty());
    // In the workspace it is nobody's, but for `.codex`, which every sandbox protects.
    let refused = sandbox
        .cc(["review"])
        .env("CC_DATA_DIR", &inside)
        .run()
        .exits(3);
    assert!(
        refused.stderr.contains("commands in a sandbox may write"),
        "{refused}"
    );
    let codex = sandbox.repo().join(".codex");
    sandbox
        .cc(["review"])
        .env("CODEX_HOME", &codex)
        .run()
        .success();
}

#[test]
fn variables_of_settings_do_not_get_through() {
    let sandbox = remembered();
    let evil = sandbox.tmp().join("evil");
    let variables = [
        ("CC_REVIEW_MODEL", "mine"),
        ("CC_CLAUDE_PATH", evil.to_str().unwrap()),
        ("CC_JOBS_MAX_PER_SESSION", "no number"),
    ];
    let with = |call: Cmd<'_>| {
        let call = variables
            .iter()
            .fold(call, |call, (name, value)| call.env(name, *value));
        call.run()
    };
    with(door(&sandbox, &["review"])).success();
    let calls = sandbox.claude_calls();
    assert_eq!(calls.last().unwrap().flag("--model"), None);
    // A person's own call takes them.
    with(sandbox.cc(["review"])).exits(2);
}

#[test]
fn a_review_and_its_result_get_through_in_the_directory_of_the_session() {
    let sandbox = remembered();
    let sub = sandbox.repo().join("src");
    let review = door(&sandbox, &["review"]).cwd(&sub).run().success();
    assert!(review.stdout.contains("No findings."), "{review}");
    assert_eq!(sandbox.record()["sessionId"], SESSION);
    door(&sandbox, &["result"]).run().success();
    door(&sandbox, &["setup", "--enable-review-gate", "--json"])
        .run()
        .success();
    let gate: Value =
        serde_json::from_slice(&fs::read(sandbox.state_dir().config()).unwrap()).unwrap();
    assert_eq!(gate["stopReviewGate"], true, "switching it on is fine");
}

#[test]
fn nothing_outside_of_the_directory_of_the_session_is_reached() {
    let sandbox = remembered();
    let other = other(&sandbox);
    for dir in [other.as_path(), sandbox.root(), Path::new("/")] {
        let output = door(&sandbox, &["review"]).cwd(dir).run().exits(3);
        assert!(
            output.stderr.contains("outside of the directory"),
            "{output}"
        );
    }
    for path in [
        "../other/secret.txt",
        "/etc/passwd",
        "src/../../other",
        "../oth*/*.txt",
        ":(icase)../other/secret.txt",
        ":!../other",
        ":/../other",
        ":(top)src/../../other",
    ] {
        for command in ["review", "scope", "adversarial-review"] {
            let output = door(&sandbox, &[command, "--", path]).run().exits(3);
            assert!(
                output.stderr.contains("outside of the directory"),
                "{output}"
            );
        }
    }
    assert!(sandbox.records().is_empty());
    // A person has a job there: its id leads nowhere through the door.
    sandbox.cc(["review"]).cwd(&other).run().success();
    let jobs = sandbox.cc(["status", "--all", "--json"]).cwd(&other).run();
    let id = jobs.json()["latestFinished"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    sandbox.cc(["result", &id]).run().success();
    for args in [
        &["result", &id][..],
        &["logs", &id],
        &["wait", &id],
        &["cancel", &id],
        &["status", &id],
        &["rescue", "--read-only", "--resume", &id, "x"],
        &["rescue", "--read-only", "--from", &id, "x"],
        &["review", "--since", &id],
    ] {
        let output = door(&sandbox, args).run().exits(2);
        assert!(!output.stderr.contains("other"), "{output}");
    }
}

#[test]
fn files_are_changed_only_where_the_session_may_change_them() {
    let sandbox = remembered();
    let refused = |why: &str| {
        for args in [
            &["rescue", "Fix it."][..],
            &["rescue", "--isolated", "Fix it."],
            &["apply", "task-x"],
            &["discard", "task-x"],
        ] {
            let output = door(&sandbox, args).run().exits(3);
            assert!(output.stderr.contains(why), "{args:?}: {output}");
        }
        assert!(sandbox.records().is_empty());
    };
    refused("`unknown`");
    remember(
        &sandbox,
        &sandbox.repo(),
        Some(&transcript(&sandbox, "read-only")),
    );
    refused("`read-only`");
    let may_write = transcript(&sandbox, "workspace-write");
    // Codex's sandbox would not let it write above the directory of the session.
    remember(&sandbox, &sandbox.repo().join("src"), Some(&may_write));
    let above = door(&sandbox, &["rescue", "Fix it."]).cwd(sandbox.repo().join("src"));
    let above = above.run().exits(3);
    assert!(above.stderr.contains("outside of the directory"), "{above}");
    remember(&sandbox, &sandbox.repo(), None);
    door(&sandbox, &["rescue", "--read-only", "Look."])
        .run()
        .success();
    remember(&sandbox, &sandbox.repo(), Some(&may_write));
    let unknown = door(&sandbox, &["apply", "task-x"]).run().exits(2);
    assert!(unknown.stderr.contains("task-x"), "{unknown}");
}

/// On Windows not every user may make links.
#[test]
#[cfg(unix)]
fn a_task_is_read_from_plain_files_in_reach_alone() {
    let sandbox = remembered();
    let secret = sandbox.home().join("secret");
    fs::write(&secret, "s").unwrap();
    sandbox.write("task.md", "Look.");
    std::os::unix::fs::symlink(&secret, sandbox.repo().join("link.md")).unwrap();
    std::os::unix::fs::symlink(sandbox.home(), sandbox.repo().join("linked")).unwrap();
    let from = |file: &str| door(&sandbox, &["rescue", "--read-only", "--prompt-file", file]).run();
    for file in [
        "/etc/passwd",
        "link.md",
        "linked/secret",
        "../../../etc/passwd",
        "/dev/stdin",
        "src",
    ] {
        let output = from(file).exits(2);
        assert!(output.stderr.contains("cannot read the task"), "{output}");
    }
    assert!(sandbox.records().is_empty());
    from("task.md").success();
    from("src/../task.md").success();
}

#[test]
fn a_task_is_read_from_the_directory_for_temporary_files() {
    let sandbox = remembered();
    let task = cc_core::fs::canonical(&sandbox.tmp())
        .unwrap()
        .join("task.md");
    fs::write(&task, "Say \"hi\".").unwrap();
    let rescue = ["rescue", "--read-only", "--prompt-file"];
    door(&sandbox, &rescue).args([&task]).run().success();
    let calls = sandbox.claude_calls();
    let told = calls.iter().any(|call| call.stdin.contains("Say \"hi\"."));
    assert!(told, "{calls:#?}");
}
