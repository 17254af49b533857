//! Which session of Codex asked for a job, and which conversation of Claude answered.

use std::collections::BTreeSet;

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};
use serde_json::Value;

use super::{SOON, answering};

const SESSION: &str = "codex-session";

/// A sandbox in which a session of Codex calls, with a Claude that does `runs`.
fn in_session(runs: impl IntoIterator<Item = Run>) -> Sandbox {
    let mut sandbox = Sandbox::fake(&Scenario::runs(runs)).with_change();
    sandbox.set_env("CC_SESSION_ID", SESSION);
    sandbox
}

fn fails() -> Run {
    Run::api_error(Some(529), "Overloaded")
}

/// The thread of the `n`-th run of Claude.
fn thread(sandbox: &Sandbox, n: usize) -> String {
    let run = sandbox.wait_for_run(n, SOON);
    run.flag("--session-id")
        .expect("a rescue has one")
        .to_owned()
}

/// The id of the only rescue.
fn rescue(sandbox: &Sandbox) -> String {
    let records = sandbox.records();
    let mut rescues = records.iter().filter(|record| record["kind"] == "task");
    let id = rescues.next().unwrap()["id"].as_str().unwrap().to_owned();
    assert!(rescues.next().is_none());
    id
}

/// Every field of that name, wherever it is.
fn fields<'a>(document: &'a Value, name: &str, into: &mut Vec<&'a Value>) {
    match document {
        Value::Object(all) => {
            into.extend(all.get(name));
            all.values().for_each(|value| fields(value, name, into));
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, name, into)),
        _ => {}
    }
}

/// Every `sessionId` is the session of Codex, every `threadId` a thread of Claude.
#[track_caller]
fn check(sandbox: &Sandbox, document: &Value, args: &[&str]) {
    let runs = sandbox
        .claude_calls()
        .into_iter()
        .filter(|call| call.is_run());
    let threads: BTreeSet<String> = runs
        .filter_map(|run| Some(run.flag("--session-id")?.to_owned()))
        .collect();
    let (mut sessions, mut found) = (Vec::new(), Vec::new());
    fields(document, "sessionId", &mut sessions);
    fields(document, "threadId", &mut found);
    assert!(
        sessions.iter().all(|id| **id == SESSION),
        "{args:?} {document:#}"
    );
    let is_thread = |id: &&Value| id.is_null() || threads.contains(id.as_str().unwrap());
    assert!(found.iter().all(is_thread), "{args:?} {document:#}");
}

/// The commands that can print JSON, by their own help.
fn commands_with_json(sandbox: &Sandbox) -> BTreeSet<String> {
    let help = sandbox.cc(["--help"]).run().success().stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    let prints = |name: &&str| {
        let help = sandbox.cc([*name, "--help"]).run().success().stdout;
        help.contains("--json")
    };
    names.filter(prints).map(str::to_owned).collect()
}

#[test]
fn a_session_is_codexs_and_a_thread_is_claudes_in_every_json_document() {
    let sandbox = in_session([Run::says("Fine.")]);
    let mut seen = BTreeSet::new();
    let mut json = |args: &[&str]| {
        let output = sandbox.cc(args).args(["--json"]).run();
        let document = output.json();
        check(&sandbox, &document, args);
        seen.insert(args[0].to_owned());
        document
    };
    for command in ["review", "adversarial-review"] {
        assert_eq!(json(&[command])["sessionId"], SESSION);
    }
    let write = Step::Write {
        path: "new.txt".into(),
        content: "new\n".into(),
    };
    let writes = Run::started()
        .step(write)
        .text("Did it.")
        .success("Did it.", None);
    sandbox.set_scenario(&Scenario::runs([writes, fails(), Run::hangs()]));
    let done = json(&["rescue", "--no-sandbox", "--isolated", "do it"]);
    let id = done["jobId"].as_str().unwrap().to_owned();
    let threads = || {
        let runs = sandbox
            .claude_calls()
            .into_iter()
            .filter(|call| call.is_run());
        let threads = runs.filter_map(|run| Some(run.flag("--session-id")?.to_owned()));
        threads.collect::<Vec<_>>()
    };
    assert_eq!(done["threadId"], threads().last().unwrap().as_str());
    assert_eq!(json(&["resume-candidate"])["candidate"]["id"], id.as_str());
    json(&["apply", &id]);
    json(&["discard", &id, "--yes"]);
    let failed = json(&["rescue", "--no-sandbox", "do it"]);
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["threadId"], threads().last().unwrap().as_str());
    let started = json(&["rescue", "--no-sandbox", "--background", "do it"]);
    assert_eq!(started["sessionId"], SESSION);
    let running = started["jobId"].as_str().unwrap();
    cc_tests::eventually(SOON, "the thread is recorded", || {
        let status = sandbox.cc(["status", running, "--json"]).run().success();
        status.json()["job"]["threadId"].is_string().then_some(())
    });
    json(&["cancel", running]);
    for job in [&id, failed["jobId"].as_str().unwrap(), running] {
        let result = json(&["result", job]);
        let thread = &result["job"]["threadId"];
        assert!(thread.is_string(), "{result:#}");
        let stored = &result["storedJob"]["result"];
        assert_eq!(stored["sessionId"], SESSION);
        assert_eq!(stored["threadId"], *thread);
        let status = json(&["status", job]);
        let command = status["resumeCommand"].as_str().unwrap();
        assert!(command.ends_with(thread.as_str().unwrap()), "{command}");
        json(&["wait", job]);
    }
    json(&["status"]);
    json(&["scope"]);
    json(&["usage"]);
    json(&["setup", "--check"]);
    json(&["prune", "--dry-run"]);
    json(&["support-bundle", "--output", "bundle.tar"]);
    assert_eq!(seen, commands_with_json(&sandbox));
}

#[test]
fn an_earlier_record_that_names_the_thread_as_its_session_is_shown_right() {
    let sandbox = in_session([Run::says("Did it.")]);
    sandbox
        .cc(["rescue", "--no-sandbox", "do it"])
        .run()
        .success();
    let (id, thread) = (rescue(&sandbox), thread(&sandbox, 1));
    let mut record = sandbox.record();
    record["result"]["sessionId"] = thread.as_str().into();
    record["result"].as_object_mut().unwrap().remove("threadId");
    sandbox.write_record(&id, record.to_string());
    let result = sandbox.cc(["result", "--json"]).run().success().json();
    check(&sandbox, &result, &["result"]);
    assert_eq!(result["storedJob"]["result"]["threadId"], thread.as_str());
}

#[test]
fn jobs_that_failed_or_were_cancelled_say_how_to_continue_too() {
    let sandbox = in_session([fails(), Run::says("Did it."), Run::hangs()]);
    let elsewhere = sandbox.root().join("else where");
    std::fs::create_dir(&elsewhere).unwrap();
    let repo = cc_core::text::shell_word(&sandbox.repo().display().to_string());
    let id_of = |n: usize| {
        let thread = thread(&sandbox, n);
        let records = sandbox.records();
        let found = records
            .iter()
            .find(|record| record["threadId"] == thread.as_str());
        (found.unwrap()["id"].as_str().unwrap().to_owned(), thread)
    };
    let failed = sandbox
        .cc(["rescue", "--read-only", "do it"])
        .run()
        .exits(1);
    let thread_of_failed = thread(&sandbox, 1);
    let told = format!("in a terminal: `claude --resume {thread_of_failed}`");
    assert!(failed.stderr.contains(&told), "{failed}");
    sandbox
        .cc(["rescue", "--no-sandbox", "do it"])
        .run()
        .success();
    let cancelled = sandbox
        .cc(["rescue", "--no-sandbox", "--background", "do it"])
        .run();
    cancelled.success();
    sandbox.wait_for_run(3, SOON);
    cc_tests::eventually(SOON, "the thread is recorded", || {
        let all = sandbox.records();
        let threads = all.iter().filter(|record| record["threadId"].is_string());
        (threads.count() == 3).then_some(())
    });
    sandbox.cc(["cancel"]).run().success();
    for (n, flags) in [
        (1, " --read-only"),
        (2, " --no-sandbox"),
        (3, " --no-sandbox"),
    ] {
        let (id, thread) = id_of(n);
        for (dir, command) in [
            (sandbox.repo(), format!("claude --resume {thread}")),
            (
                elsewhere.clone(),
                format!("cd {repo} && claude --resume {thread}"),
            ),
        ] {
            let status = sandbox.cc(["status", &id]).cwd(&dir).run().success();
            let line = |label: &str, value: &str| {
                let mut lines = status.stdout.lines().map(str::trim);
                lines.any(|line| line.starts_with(label) && line.ends_with(value))
            };
            assert!(line("Codex session", SESSION), "{status}");
            assert!(line("Claude thread", &format!("  {command}")), "{status}");
            let result = sandbox.cc(["result", &id]).cwd(&dir).run().success();
            let session = format!("Codex session: `{SESSION}`\n");
            assert!(result.stdout.ends_with(&session), "{result}");
            let next = format!("`cc-cli rescue --resume {id}{flags} 'next instruction'`");
            assert!(result.stdout.contains(&next), "{result}");
            // A report is read from anywhere.
            let command = if n == 2 {
                format!("cd {repo} && claude --resume {thread}")
            } else {
                command
            };
            let next = format!("in a terminal: `{command}`");
            assert_eq!(result.stdout.matches(&next).count(), 1, "{result}");
        }
    }
}

#[test]
fn a_running_conversation_is_named_but_not_to_be_continued() {
    let sandbox = in_session([Run::hangs()]);
    sandbox
        .cc(["rescue", "--no-sandbox", "--background", "do it"])
        .run()
        .success();
    let (id, thread) = (rescue(&sandbox), thread(&sandbox, 1));
    cc_tests::eventually(SOON, "the thread is shown", || {
        let status = sandbox.cc(["status", &id]).run().success();
        assert!(!status.stdout.contains("claude --resume"), "{status}");
        status.stdout.contains(&thread).then_some(())
    });
    sandbox.cc(["cancel", &id]).run().success();
}

#[test]
fn without_a_session_none_is_shown() {
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    for args in [&["result"][..], &["status", "review-"]] {
        let shown = sandbox.cc(args).run().success();
        assert!(!shown.stdout.contains("Codex session"), "{shown}");
        assert!(!shown.stdout.contains("claude --resume"), "{shown}");
    }
}
