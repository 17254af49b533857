//! Every hook is called, and whatever it is told, the turn goes on.

use std::fs;

use cc_tests::fake::Run;
use cc_tests::peers::{CODEX, HOOKED};
use cc_tests::responses_api::Turn;
use cc_tests::{ResponsesApi, Sandbox, Scenario};

use super::{SOON, hooked, tells_session_end};

/// A model that looks who is remembered.
fn look(sandbox: &Sandbox) -> Turn {
    let marker = sandbox.state_dir().current_session();
    Turn::shell(&format!("cat '{}'", marker.display()))
}

#[test]
fn exec_calls_every_hook_and_its_session_is_remembered_while_it_lasts() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = hooked(codex, &api);
        api.push([look(&sandbox)]);
        let output = sandbox.codex(["exec", "Go."]).run().success();
        let runs = [
            "SessionStart Completed",
            "UserPromptSubmit Completed",
            "Stop Completed",
        ];
        assert_eq!(output.codex_hooks(), runs, "{codex}: {output}");
        let remembered = api.last_request().tool_output();
        let expected = format!(r#""sessionId":"{}""#, output.codex_session());
        assert!(remembered.contains(&expected), "{codex}: {remembered}");
        let marker = sandbox.state_dir().current_session();
        assert_eq!(marker.exists(), !tells_session_end(codex), "{codex}");
    }
}

#[test]
fn of_two_sessions_the_latest_is_remembered_until_it_ends_itself() {
    for codex in HOOKED {
        let api = ResponsesApi::start([Turn::text("I am here.")]);
        let sandbox = hooked(codex, &api);
        let mut first = sandbox.app_server();
        let thread = first.start_thread();
        first.turn(&thread, "Are you?");
        let marker = sandbox.state_dir().current_session();
        assert!(fs::read_to_string(&marker).unwrap().contains(&thread));

        api.push([look(&sandbox)]);
        let second = sandbox.codex(["exec", "Go."]).run().success();
        let remembered = api.last_request().tool_output();
        assert!(remembered.contains(second.codex_session()), "{remembered}");

        first.turn(&thread, "Still?");
        let runs = first.hook_runs();
        assert!(runs.iter().all(|run| run.status == "completed"), "{runs:?}");
        first.close().success();
        assert_eq!(marker.exists(), !tells_session_end(codex), "{codex}");
    }
}

#[test]
fn a_hostile_prompt_and_a_hostile_answer_do_no_harm() {
    let hostile =
        "\u{1b}]0;x\u{7} \"}\\ $(touch owned) `touch owned`\r\n\u{2028}\u{feff}{\"session_id\": 7}";
    for codex in HOOKED {
        let api = ResponsesApi::start([Turn::text(hostile)]);
        let sandbox = hooked(codex, &api);
        let dir = "it's a \"dir\" $(touch owned); touch owned";
        let dir = sandbox.repo().join(dir);
        fs::create_dir(&dir).unwrap();
        let exec = sandbox.codex(["exec", "-"]).cwd(&dir).stdin(hostile);
        let output = exec.run().success();
        assert_eq!(output.codex_hooks().len(), 3, "{codex}: {output}");
        assert!(!output.stderr.contains("Failed"), "{codex}: {output}");
        assert!(!dir.join("owned").exists() && !sandbox.repo().join("owned").exists());
    }
}

#[test]
fn what_is_too_much_for_a_hook_does_not_break_the_turn() {
    // More than we read, and more than fits into a pipe that nobody reads.
    let much = "é".repeat(100_000);
    for codex in HOOKED {
        let api = ResponsesApi::start([Turn::text(much.clone()), Turn::text("Short.")]);
        let mut sandbox = hooked(codex, &api);
        sandbox.set_env("CLAUDE_HOOK_INPUT_MAX_BYTES", "10000");
        let exec = sandbox.codex(["exec", "-"]).stdin(much.clone());
        let output = exec.run().success();
        let runs = [
            "SessionStart Completed",
            "UserPromptSubmit Failed",
            "Stop Failed",
        ];
        assert_eq!(output.codex_hooks(), runs, "{codex}");
        assert_eq!(output.stdout.trim_end(), much, "{codex}");
        let resume = ["exec", "resume", output.codex_session(), "Go on."];
        let output = sandbox.codex(resume).run().success();
        assert_eq!(output.stdout, "Short.\n", "{codex}");
        assert!(!output.stderr.contains("Failed"), "{codex}: {output}");
    }
}

#[test]
fn the_end_of_a_session_ends_its_jobs_where_the_setting_says_so() {
    for ends in [false, true] {
        let api = ResponsesApi::start([Turn::text("I am here.")]);
        let sandbox = hooked(CODEX, &api);
        sandbox.set_scenario(&Scenario::runs([Run::hangs()]));
        let set = ["config", "set", "jobs.cancel_on_session_end"];
        let set = sandbox.cc(set).args([ends.to_string()]);
        set.run().success();
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        server.turn(&thread, "Are you?");
        let review = sandbox.cc(["review", "--background"]);
        review.env("CODEX_THREAD_ID", &*thread).run().success();
        sandbox.wait_for_run(1, SOON);
        server.close().success();
        if ends {
            sandbox.wait_for_status("cancelled", SOON);
            sandbox.wait_quiet(SOON);
        } else {
            assert!(!sandbox.state_dir().current_session().exists());
            assert_eq!(sandbox.record()["status"], "running");
        }
    }
}
