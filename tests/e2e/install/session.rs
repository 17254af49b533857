//! A session of Codex has the skills, the commands work, the hooks run.

#[cfg(unix)]
use std::fs;

#[cfg(unix)]
use cc_tests::fake::Run;
#[cfg(unix)]
use serde_json::json;

use super::*;

/// The command line is for a shell of Unix.
#[test]
#[cfg(unix)]
fn a_skill_reaches_the_model_and_its_command_runs_outside_of_the_sandbox() {
    for codex in ruled() {
        let api = ResponsesApi::start([obeys()]);
        let sandbox = bare(codex, &api).installed();
        let exec = ["exec", "--sandbox", "read-only", "$cc:review my change"];
        let output = sandbox.codex(exec).run().success();
        let request = api.last_request();
        let cc_cli = sandbox.installed_file("cc-cli");
        let expected = format!("{} codex review --wait", cc_cli.display());
        assert_eq!(request.skill_command(), Some(expected), "{codex}");
        let read = request.tool_output();
        assert!(read.contains("exited with code 0"), "{codex}: {read}");
        assert!(read.contains("No findings."), "{codex}: {read}");
        // Nothing of this can be written from inside a read-only sandbox.
        let record = sandbox.record();
        assert_eq!(record["status"], "completed", "{codex}");
        assert_eq!(record["sessionId"], output.codex_session(), "{codex}");
    }
}

/// The model runs its command in a shell of Unix.
#[test]
#[cfg(unix)]
fn a_home_with_spaces_gets_its_binaries_elsewhere_and_letters_of_any_script_need_no_quotes() {
    for codex in ruled() {
        let api = ResponsesApi::start([obeys()]);
        let mut sandbox = bare(codex, &api);
        let home = sandbox.root().join("my codex");
        fs::rename(sandbox.codex_home(), &home).unwrap();
        sandbox.set_env("CODEX_HOME", &home);
        let both = ["install", "--yes", "--allow-commands", "--trust-hooks"];
        let refused = sandbox.installer(both).run().exits(3);
        assert!(
            refused.stderr.contains("needs quotes"),
            "{codex}: {refused}"
        );
        assert!(
            refused.stderr.contains("--bin-dir ~/.local"),
            "{codex}: {refused}"
        );
        assert!(!home.join("cc").exists(), "{codex}: nothing is begun");

        let bin = sandbox.root().join("bücher-日本").join("cc");
        let install = sandbox.installer(both).args(["--bin-dir"]);
        install.args([&bin]).run().success();
        assert_eq!(sandbox.installation()["problems"], json!([]), "{codex}");
        let exec = ["exec", "--sandbox", "read-only", "$cc:review my change"];
        sandbox.codex(exec).run().success();
        let read = api.last_request().tool_output();
        assert!(read.contains("No findings."), "{codex}: {read}");
        let uninstall = ["uninstall", "--yes", "--delete-jobs"];
        sandbox.installer(uninstall).run().success();
        assert!(!bin.exists() && !home.join("plugins").exists(), "{codex}");
    }
}

#[test]
fn every_skill_is_on_offer_under_the_name_of_the_plugin() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api).installed();
        let skills = sandbox.app_server().skills();
        let names = skills.iter().filter_map(|skill| skill["name"].as_str());
        let mut names: Vec<_> = names.filter_map(|name| name.strip_prefix("cc:")).collect();
        names.sort_unstable();
        let expected = [
            "adversarial-review",
            "cancel",
            "rescue",
            "result",
            "review",
            "setup",
            "status",
        ];
        assert_eq!(names, expected, "{codex}");
    }
}

/// The model looks and edits by a shell of Unix.
#[test]
#[cfg(unix)]
fn every_hook_runs_without_another_step() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api).installed();
        let verdict = json!({"verdict": "block", "reason": "it subtracts"});
        sandbox.set_scenario(&Scenario::runs([Run::structured(verdict)]));
        switch_gate_on(&sandbox);
        let marker = sandbox.state_dir().current_session();
        api.push([
            Turn::shell(&format!("cat '{}'", marker.display())),
            Turn::edit("src/lib.rs", "pub fn new() {}"),
            Turn::text("Done."),
            Turn::text("I look at it again."),
        ]);
        let exec = ["exec", "--sandbox", "workspace-write", "Go."];
        let output = sandbox.codex(exec).run().success();
        let session = output.codex_session();
        let request = api.last_request();
        let remembered = &request.tool_outputs()[0];
        assert!(
            remembered.contains(session),
            "{codex}: session start: {remembered}"
        );
        // The gate compares with what the prompt's hook saw.
        let prompts = request.hook_prompts();
        assert_eq!(prompts.len(), 1, "{codex}: {output}");
        assert!(prompts[0].contains("it subtracts"), "{codex}: {prompts:?}");
        assert_eq!(marker.exists(), !tells_session_end(codex), "{codex}");
        let status = sandbox.installation();
        assert_eq!(status["hooks"]["runs"], true, "{codex}: {status:#}");
    }
}

#[cfg(unix)]
fn switch_gate_on(sandbox: &Sandbox) {
    let state = sandbox.state_dir();
    fs::create_dir_all(state.root()).unwrap();
    let config = json!({"version": 1, "stopReviewGate": true});
    fs::write(state.config(), config.to_string()).unwrap();
}
