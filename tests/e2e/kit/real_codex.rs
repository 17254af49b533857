//! The pinned versions of Codex take the loopback server for the Responses API.

use std::time::Duration;

use cc_tests::app_server::HookRun;
#[cfg(target_os = "linux")]
use cc_tests::peers::CODEX;
use cc_tests::peers::HOOKED;
use cc_tests::responses_api::{Call, OVER, Turn};
use cc_tests::{ResponsesApi, Sandbox};
use serde_json::json;

const SOON: Duration = Duration::from_secs(120);

#[test]
fn it_answers_and_its_requests_are_kept() {
    for codex in HOOKED {
        let api = ResponsesApi::start([Turn::text("Hello, dear.")]);
        let sandbox = Sandbox::codex_at(codex, &api);
        let output = sandbox.codex(["exec", "Who are you?"]).run().success();
        assert_eq!(output.stdout, "Hello, dear.\n", "{codex}: {output}");
        let request = api.last_request();
        assert_eq!(request.user_texts().last().unwrap(), "Who are you?");
        assert!(
            request.tools().contains(&"exec_command"),
            "{:?}",
            request.tools()
        );
        assert!(!request.developer_texts().is_empty());

        let session = output.codex_session();
        let again = sandbox.codex(["exec", "resume", session, "And now?"]).run();
        assert_eq!(again.success().stdout, format!("{OVER}\n"), "{codex}");
        let request = api.last_request();
        assert_eq!(
            (request.count("Who are you?"), request.count("And now?")),
            (1, 1),
            "{codex}"
        );
        assert_eq!((api.requests().len(), api.turns_left()), (2, 0));
    }
}

#[test]
fn a_command_runs_in_its_sandbox_and_the_model_reads_the_output() {
    for codex in HOOKED {
        let api = ResponsesApi::start([
            Turn::calls([
                Call::shell("echo sum $((40 + 2)); pwd"),
                Call::shell("echo x > made; echo and out: $(cat made)"),
            ]),
            Turn::edit("src/lib.rs", "pub fn new() {}"),
        ]);
        let sandbox = Sandbox::codex_at(codex, &api).with_change();
        let exec = ["exec", "--sandbox", "read-only", "Go."];
        sandbox.codex(exec).run().success();
        let outputs = api.wait_for_request(2, SOON).tool_outputs();
        let [plain, writing] = outputs.as_slice() else {
            panic!("{codex}: {outputs:?}");
        };
        let repo = sandbox.repo();
        assert!(
            plain.contains("sum 42") && plain.contains(repo.to_str().unwrap()),
            "{codex}: {plain}"
        );
        assert!(!writing.contains("and out: x"), "{codex}: {writing}");
        assert!(!sandbox.repo().join("made").exists(), "{codex}: {writing}");
        assert!(sandbox.read("src/lib.rs").contains("a - b"), "{codex}");

        api.push([Turn::edit("src/lib.rs", "pub fn new() {}")]);
        let exec = ["exec", "--sandbox", "workspace-write", "Go."];
        sandbox.codex(exec).run().success();
        assert_eq!(sandbox.read("src/lib.rs"), "pub fn new() {}\n", "{codex}");
    }
}

#[test]
fn nothing_of_the_machine_is_inherited() {
    for codex in HOOKED {
        let api = ResponsesApi::start([Turn::shell("env | sort")]);
        let mut sandbox = Sandbox::codex_at(codex, &api);
        sandbox.set_env("SEEN_BY_CODEX", "and its commands");
        sandbox.codex(["exec", "Go."]).run().success();
        let env = api.last_request().tool_output();
        assert!(
            env.contains("SEEN_BY_CODEX=and its commands"),
            "{codex}: {env}"
        );
        let value = |name: &str| {
            let line = env.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{codex}: no {name} in {env}"))
        };
        assert_eq!(value("HOME="), sandbox.home().to_str().unwrap());
        assert_eq!(value("CODEX_HOME="), sandbox.codex_home().to_str().unwrap());
        assert!(
            value("PATH=").contains(sandbox.bin().to_str().unwrap()),
            "{env}"
        );
        // Cargo sets these for every test.
        assert!(!env.contains("CARGO"), "{codex}: {env}");
    }
}

#[test]
fn a_thread_of_several_turns_is_played_through_the_app_server() {
    for codex in HOOKED {
        let api = ResponsesApi::start([Turn::text("One."), Turn::error(500), Turn::text("Three.")]);
        let sandbox = Sandbox::codex_at(codex, &api);
        let mut server = sandbox.app_server();
        assert_eq!(server.hooks(), [] as [serde_json::Value; 0]);
        assert!(!server.skills().is_empty());
        let thread = server.start_thread();
        let ends = ["prompt A", "prompt B", "prompt C"].map(|prompt| server.turn(&thread, prompt));
        let ends = ends.map(|end| end["status"].clone());
        assert_eq!(ends, ["completed", "failed", "completed"], "{codex}");
        let request = api.last_request();
        assert_eq!(
            (request.count("prompt A"), request.count("prompt C")),
            (1, 1)
        );
        let refused = server.try_request("thread/dance", &json!({})).unwrap_err();
        assert!(refused["message"].is_string(), "{refused}");
        server.close().success();
    }
}

#[test]
fn a_trusted_hook_runs_and_can_keep_a_turn_from_ending() {
    for codex in HOOKED {
        let api = ResponsesApi::start([Turn::text("Done."), Turn::text("Now really.")]);
        let sandbox = Sandbox::codex_at(codex, &api);
        let reason = json!({"decision": "block", "reason": "look <again> & \"again\""});
        let once = format!(
            "cat >&2; test -e {0} || echo '{reason}'; touch {0}",
            sandbox.tmp().join("told").display()
        );
        sandbox.write_hooks([
            ("Stop", once),
            ("UserPromptSubmit", "cat >&2; echo from a hook".into()),
        ]);
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        server.turn(&thread, "untrusted");
        assert_eq!(server.hook_runs(), [], "{codex}");

        api.push([Turn::text("Done."), Turn::text("Now really.")]);
        assert_eq!(sandbox.trust_hooks().len(), 2);
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        server.turn(&thread, "trusted");
        let run = |event: &str, status: &str| HookRun {
            event: event.into(),
            status: status.into(),
        };
        let expected = [
            run("userPromptSubmit", "completed"),
            run("stop", "blocked"),
            run("stop", "completed"),
        ];
        assert_eq!(server.hook_runs(), expected, "{codex}");
        let request = api.last_request();
        request.assert_hook_prompt("<again>");
        assert_eq!(request.hook_prompts(), ["look <again> & \"again\""]);
        assert!(
            request
                .developer_texts()
                .iter()
                .any(|text| text.contains("from a hook"))
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_end_of_the_sandbox_ends_codex_and_its_commands() {
    let api = ResponsesApi::start([Turn::shell("echo begun > begun; sleep 1000")]);
    let sandbox = Sandbox::codex_at(CODEX, &api);
    let running = sandbox.codex(["exec", "--sandbox", "workspace-write", "Go."]);
    let running = running.spawn();
    let begun = sandbox.repo().join("begun");
    cc_tests::eventually(SOON, "a command in Codex's sandbox", || {
        begun.exists().then_some(())
    });
    let processes = sandbox.processes();
    assert!(processes.len() > 1, "{processes:?}");
    drop(sandbox);
    assert!(processes.iter().all(|process| !process.is_running()));
    running.wait().killed();
}
