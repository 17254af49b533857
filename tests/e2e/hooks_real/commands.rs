//! `cc-cli` as a command of Codex's shell: refused inside its sandbox, at work outside of it.

use cc_tests::fake::{Run, Step};
use cc_tests::peers::{self, CODEX, HOOKED};
use cc_tests::responses_api::Turn;
use cc_tests::{MessagesApi, ResponsesApi, Sandbox, Scenario};

use super::{SOON, unhooked};

fn cc_cli(sandbox: &Sandbox, args: &str) -> String {
    format!("{} {args}", sandbox.product_file("cc-cli").display())
}

/// What the model reads when it runs a command.
fn model_runs(sandbox: &Sandbox, api: &ResponsesApi, mode: &str, command: &str) -> String {
    sandbox
        .codex_runs(api, mode, &[command.to_owned()])
        .remove(0)
}

#[test]
#[cfg(target_os = "linux")]
fn inside_the_sandbox_it_refuses_and_the_model_reads_why() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = unhooked(codex, &api);
        let lines = ["review", "status"].map(|args| cc_cli(&sandbox, args));
        let mut read = sandbox.codex_runs(&api, "read-only", &lines);
        let status = read.pop().unwrap();
        assert!(status.contains("exited with code 0"), "{codex}: {status}");
        read.push(model_runs(&sandbox, &api, "workspace-write", &lines[0]));
        for read in read {
            assert!(read.contains("exited with code 3"), "{codex}: {read}");
            assert!(read.contains("inside a sandbox"), "{codex}: {read}");
            assert!(read.contains("by its absolute path"), "{codex}: {read}");
        }
        assert!(sandbox.claude_calls().is_empty() && sandbox.records().is_empty());
    }
}

#[test]
fn by_an_exec_rule_it_reviews_outside_of_the_sandbox() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = unhooked(codex, &api);
        sandbox.allow_program(&sandbox.product_file("cc-cli"));
        api.push([Turn::shell(&cc_cli(&sandbox, "review"))]);
        let output = sandbox.codex(["exec", "Go."]).run().success();
        let read = api.last_request().tool_output();
        assert!(read.contains("exited with code 0"), "{codex}: {read}");
        assert!(read.contains("No findings."), "{codex}: {read}");
        let record = sandbox.record();
        assert_eq!(record["status"], "completed", "{codex}");
        assert_eq!(record["sessionId"], output.codex_session(), "{codex}");
        let run = sandbox.wait_for_run(1, SOON);
        assert_eq!(run.cwd, sandbox.repo(), "{codex}");
        assert!(!run.env.keys().any(|name| name.starts_with("CODEX_")));
    }
}

#[test]
fn the_real_claude_reviews_for_the_model_of_the_real_codex() {
    let api = ResponsesApi::start([]);
    let messages = MessagesApi::reviewer();
    let sandbox = Sandbox::codex_at(CODEX, &api).with_change();
    let sandbox = sandbox.with_real_claude(&peers::claude(), &messages);
    sandbox.allow_program(&sandbox.product_file("cc-cli"));
    let review = cc_cli(&sandbox, "adversarial-review");
    let read = model_runs(&sandbox, &api, "read-only", &review);
    assert!(read.contains("exited with code 0"), "{read}");
    assert!(read.contains("src/lib.rs"), "{read}");
    assert_eq!(sandbox.record()["status"], "completed");
    assert!(!messages.requests().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_line_that_misses_the_rule_is_recognized() {
    let api = ResponsesApi::start([]);
    let sandbox = unhooked(CODEX, &api);
    sandbox.allow_program(&sandbox.product_file("cc-cli"));
    let review = cc_cli(&sandbox, "review");
    let forms = [
        format!("cd . && {review}"),
        format!("FOO=1 {review}"),
        format!("{review} --commit HEAD~1"),
        format!("{review} -- src/*.rs"),
        format!(r"{review} --model 'it'\''s'"),
    ];
    let read = sandbox.codex_runs(&api, "read-only", &forms);
    for (form, read) in forms.iter().zip(read) {
        assert!(read.contains("exited with code 3"), "{form}: {read}");
        assert!(read.contains("with nothing around it"), "{form}: {read}");
        let quoting = r"no \, ~, ^, * or [ outside single quotes";
        assert!(read.contains(quoting), "{form}: {read}");
    }
    assert!(sandbox.records().is_empty());
}

#[test]
fn a_background_job_outlives_the_session_it_was_started_in() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = unhooked(codex, &api);
        let waits = Run::started().step(Step::Await("go".into()));
        let waits = waits.text("Late, but fine.");
        sandbox.set_scenario(&Scenario::runs([waits.success("Late, but fine.", None)]));
        sandbox.allow_program(&sandbox.product_file("cc-cli"));
        let review = cc_cli(&sandbox, "review --background");
        let read = model_runs(&sandbox, &api, "read-only", &review);
        let job = sandbox.job();
        assert!(read.contains(job.as_str()), "{codex}: {read}");
        sandbox.wait_for_run(1, SOON);
        assert_eq!(sandbox.record()["status"], "running", "{codex}");
        sandbox.write("go", "");
        sandbox.wait_for_status("completed", SOON);
        let result = sandbox.cc(["result", job.as_str()]).run().success();
        assert!(
            result.stdout.contains("Late, but fine."),
            "{codex}: {result}"
        );
    }
}
