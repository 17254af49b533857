//! The review gate at the end of real turns.

use std::fs;

use cc_tests::fake::Run;
use cc_tests::peers::{self, CODEX, HOOKED, Peer};
use cc_tests::responses_api::Turn;
use cc_tests::sandbox::Output;
use cc_tests::{MessagesApi, ResponsesApi, Sandbox, Scenario, eventually, messages_api};
use serde_json::{Value, json};

use super::{SOON, hooked};

/// A session whose gate is on, and a Claude that answers like this.
fn gated(codex: Peer<'_>, api: &ResponsesApi, claude: &Scenario) -> Sandbox {
    let sandbox = hooked(codex, api);
    sandbox.set_scenario(claude);
    let switched = sandbox
        .cc(["setup", "--enable-review-gate"])
        .run()
        .success();
    assert!(switched.stdout.contains("Review gate  on"), "{switched}");
    sandbox
}

fn verdict(verdict: &str, reason: &str) -> Run {
    Run::structured(json!({"verdict": verdict, "reason": reason}))
}

/// One turn, in a sandbox that lets it edit.
fn turn(sandbox: &Sandbox) -> Output {
    let exec = ["exec", "--sandbox", "workspace-write", "Go."];
    sandbox.codex(exec).run().success()
}

fn checks(sandbox: &Sandbox) -> usize {
    let calls = sandbox.claude_calls();
    calls.iter().filter(|call| call.is_run()).count()
}

/// What the gate wrote down of the last turn.
fn last(sandbox: &Sandbox) -> Value {
    let path = sandbox.state_dir().stop_review_last();
    serde_json::from_slice(&fs::read(path).expect("the gate was at work")).unwrap()
}

#[test]
fn a_turn_with_edits_is_blocked_once_and_the_model_reads_why() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let scenario = Scenario::runs([verdict("block", "`add` subtracts, src/lib.rs:2")]);
        let sandbox = gated(codex, &api, &scenario);
        api.push([
            Turn::edit("src/lib.rs", "// more"),
            Turn::text("Done."),
            Turn::text("Fixed."),
        ]);
        let output = turn(&sandbox);
        assert_eq!(api.turns_left(), 0, "{codex}: {output}");
        let stops = output.codex_hooks();
        let stops = stops.iter().filter(|run| run.starts_with("Stop"));
        assert_eq!(
            stops.copied().collect::<Vec<_>>(),
            ["Stop Blocked", "Stop Completed"],
            "{codex}: {output}"
        );
        let request = api.last_request();
        request.assert_hook_prompt("`add` subtracts, src/lib.rs:2");
        request.assert_hook_prompt("setup --disable-review-gate");
        request.assert_hook_prompt(sandbox.record()["id"].as_str().unwrap());
        assert_eq!(checks(&sandbox), 1, "{codex}: one round a turn");

        // A turn later, the same session's edits are checked again.
        sandbox.set_scenario(&Scenario::runs([verdict("allow", "fine")]));
        api.push([Turn::edit("src/lib.rs", "// and more"), Turn::text("Done.")]);
        let output = turn(&sandbox);
        assert!(output.codex_hooks().contains(&"Stop Completed"), "{output}");
        assert_eq!(last(&sandbox)["outcome"], "allowed", "{codex}");
        assert_eq!(api.turns_left(), 0, "{codex}: {output}");
    }
}

#[test]
fn a_turn_without_edits_costs_nothing() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let scenario = Scenario::runs([verdict("block", "never asked")]);
        let sandbox = gated(codex, &api, &scenario);
        api.push([
            Turn::shell("cat src/lib.rs; git status"),
            Turn::text("Read."),
        ]);
        let output = turn(&sandbox);
        assert_eq!(api.turns_left(), 0, "{codex}: {output}");
        assert_eq!(checks(&sandbox), 0, "{codex}: the change was there before");
    }
}

#[test]
fn a_failing_claude_never_blocks_and_the_user_reads_why() {
    let limit = "You've hit your session limit · resets 3pm (UTC)";
    let failures = [
        (Run::api_error(Some(429), limit), "session limit"),
        (Run::says("I am not sure."), "no structured output"),
        (Run::new().exits(1), "exited with code 1"),
    ];
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = gated(codex, &api, &Scenario::says(""));
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        for (failure, why) in &failures {
            sandbox.set_scenario(&Scenario::runs([failure.clone()]));
            api.push([Turn::edit("src/lib.rs", why), Turn::text("Done.")]);
            let end = server.turn(&thread, "Go.");
            assert_eq!(end["status"], "completed", "{codex}: {end}");
            assert_eq!(api.turns_left(), 0, "{codex}: {why}");
            assert_eq!(last(&sandbox)["outcome"], "failed", "{codex}: {why}");
            let warnings = server.hook_warnings();
            let warning = warnings.last().expect("a warning");
            assert!(warning.contains("this turn ends unchecked"), "{warning}");
            assert!(warning.contains(why), "{why}: {warning}");
        }
        assert_eq!(server.hook_warnings().len(), failures.len(), "{codex}");
        let runs = server.hook_runs();
        assert!(runs.iter().all(|run| run.status == "completed"), "{runs:?}");
    }
}

#[test]
fn what_the_user_says_into_a_turn_does_not_hide_what_it_edited_before() {
    let waits = "echo '// more' > src/lib.rs; until test -e go; do sleep 0.02; done";
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = gated(codex, &api, &Scenario::runs([verdict("block", "no")]));
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        api.push([
            Turn::shell(waits),
            Turn::text("Done."),
            Turn::text("Fixed."),
        ]);
        let turn = server.start_turn(&thread, "Go.");
        let edited = sandbox.repo().join("src/lib.rs");
        let edited = || fs::read_to_string(&edited).is_ok_and(|text| text == "// more\n");
        eventually(SOON, "an edit", || edited().then_some(()));
        server.steer(&thread, &turn, "And hurry.");
        server.wait_for_note("its prompt hook", |note| {
            note["method"] == "hook/completed"
                && note["params"]["run"]["eventName"] == "userPromptSubmit"
        });
        sandbox.write("go", "");
        server.end_of_turn(&turn);
        let status = |event: &str| {
            let runs = server.hook_runs().into_iter();
            let runs = runs.filter(|run| run.event == event).map(|run| run.status);
            runs.collect::<Vec<_>>()
        };
        assert_eq!(status("userPromptSubmit").len(), 2, "{codex}");
        assert_eq!(status("stop"), ["blocked", "completed"], "{codex}");
        assert_eq!(checks(&sandbox), 1, "{codex}");
    }
}

#[test]
fn a_turn_is_not_blocked_for_what_another_session_or_git_did() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let scenario = Scenario::runs([verdict("block", "no"), verdict("block", "no")]);
        let sandbox = gated(codex, &api, &scenario);
        let go = sandbox.tmp().join("go");
        let waits = format!("until test -e {}; do sleep 0.02; done", go.display());
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        api.push([
            Turn::shell(&waits),
            Turn::edit("src/lib.rs", "// of the other one"),
            Turn::text("Edited."),
            Turn::text("Fixed."),
            Turn::text("Waited."),
        ]);
        let waiting = server.start_turn(&thread, "Wait.");
        eventually(SOON, "the first call", || {
            (api.turns_left() == 4).then_some(())
        });
        let other = turn(&sandbox);
        assert!(other.codex_hooks().contains(&"Stop Blocked"), "{other}");
        fs::write(&go, "").unwrap();
        assert_eq!(server.end_of_turn(&waiting)["status"], "completed");
        assert_eq!(checks(&sandbox), 1, "{codex}: {}", last(&sandbox));
        assert_eq!(last(&sandbox)["outcome"], "skipped", "{codex}");

        sandbox.git(["commit", "--quiet", "--all", "-m", "Theirs"]);
        sandbox.git(["switch", "--quiet", "-c", "topic"]);
        sandbox.write("topic.txt", "topic\n");
        sandbox.commit("Topic");
        sandbox.git(["switch", "--quiet", "main"]);
        let exec = ["exec", "--sandbox", "danger-full-access", "Go."];
        api.push([Turn::shell("git merge topic"), Turn::text("Merged.")]);
        sandbox.codex(exec).run().success();
        assert_eq!(sandbox.read("topic.txt"), "topic\n");
        assert_eq!(checks(&sandbox), 1, "{codex}: {}", last(&sandbox));
        api.push([
            Turn::shell("echo own > own.txt; git add -A; git commit -m Own"),
            Turn::text("Committed."),
            Turn::text("Fixed."),
        ]);
        sandbox.codex(exec).run().success();
        assert_eq!(checks(&sandbox), 2, "{codex}: {}", last(&sandbox));
    }
}

#[test]
fn a_user_who_does_not_wait_for_the_gate_ends_its_claude_too() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = gated(codex, &api, &Scenario::runs([Run::hangs()]));
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        api.push([Turn::edit("src/lib.rs", "// more"), Turn::text("Done.")]);
        let turn = server.start_turn(&thread, "Go.");
        sandbox.wait_for_run(1, SOON);
        server.interrupt(&thread, &turn);
        assert_eq!(server.end_of_turn(&turn)["status"], "interrupted");
        server.close().success();
        sandbox.wait_quiet(SOON);
        assert_eq!(last(&sandbox)["outcome"], "unfinished", "{codex}");
    }
}

#[test]
fn the_real_claude_looks_at_what_the_real_codex_did() {
    let api = ResponsesApi::start([]);
    let block = json!({"verdict": "block", "reason": "`add` subtracts, src/lib.rs:2"});
    let messages = MessagesApi::start([
        messages_api::Turn::tool("StructuredOutput", block),
        messages_api::Turn::text("Done."),
    ]);
    let sandbox = Sandbox::codex_at(CODEX, &api).with_change();
    let sandbox = sandbox
        .with_real_claude(&peers::claude(), &messages)
        .installed();
    sandbox
        .cc(["setup", "--enable-review-gate"])
        .run()
        .success();
    api.push([
        Turn::edit("src/lib.rs", "// more"),
        Turn::text("All is well."),
        Turn::text("Fixed."),
    ]);
    let output = turn(&sandbox);
    assert!(output.codex_hooks().contains(&"Stop Blocked"), "{output}");
    api.last_request().assert_hook_prompt("`add` subtracts");
    let asked = &messages.requests()[0];
    assert!(asked.prompt().contains("// more"), "{}", asked.prompt());
    let history = fs::read_to_string(sandbox.state_dir().stop_review_history()).unwrap();
    assert!(history.contains("\"blocked\""), "{history}");
}
