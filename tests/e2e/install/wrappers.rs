//! A Codex without plugins gets the skills as skills of the user.

use std::fs;
use std::path::{Path, PathBuf};

use cc_tests::FakeCodex;
use serde_json::json;

use super::*;

/// The Codex of the sandbox, deaf to all that is about plugins: what it is asked, it does not know.
fn without_plugins(sandbox: &Sandbox) -> PathBuf {
    let real = sandbox.codex_file();
    sandbox.add_fake_codex("without-plugins", &FakeCodex::WithoutPlugins { real })
}

/// Installs the product there, and asserts that it has skills and hooks of the user.
fn install(codex: Peer<'_>, sandbox: &Sandbox, deaf: &Path) {
    let install = ["--allow-commands", "--trust-hooks", "--codex"];
    let output = sandbox.install(install).args([deaf]).run().success();
    assert!(
        output.stdout.contains("type $cc-setup"),
        "{codex}: {output}"
    );
    let status = sandbox.installer(["status", "--json", "--codex"]);
    let status = status.args([deaf]).run().success().json();
    assert_eq!(status["plugin"]["way"], "wrappers", "{codex}: {status:#}");
    assert_eq!(
        (&status["hooks"]["way"], &status["hooks"]["runs"]),
        (&json!("user"), &json!(true))
    );
}

/// Removes the product from there, and asserts that only what Codex itself adds to the settings is there besides what
/// was `before`.
fn uninstall(codex: Peer<'_>, sandbox: &Sandbox, deaf: &Path, before: &str) {
    let uninstall = ["uninstall", "--yes", "--delete-jobs", "--codex"];
    sandbox.installer(uninstall).args([deaf]).run().success();
    assert!(
        !sandbox.codex_home().join("skills/cc-review").exists(),
        "{codex}"
    );
    assert!(!sandbox.codex_home().join("hooks.json").exists(), "{codex}");
    let after = config(sandbox);
    let mut rest = after.lines();
    let mut lines = before.lines();
    assert!(
        lines.all(|line| rest.any(|other| other == line)),
        "{codex}: {after}"
    );
    assert!(!after.contains("codex_hooks"), "{codex}: {after}");
}

fn config(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.codex_home().join("config.toml")).unwrap()
}

#[test]
fn its_skills_and_hooks_are_the_users_and_leave_no_trace() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let before = config(&sandbox);
        let deaf = without_plugins(&sandbox);
        install(codex, &sandbox, &deaf);
        uninstall(codex, &sandbox, &deaf, &before);
        assert_eq!(config(&sandbox), before, "{codex}");
    }
}

/// The model runs its command in a shell of Unix.
#[test]
#[cfg(unix)]
fn its_skills_and_hooks_work_all_the_same() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([obeys()]);
        let sandbox = bare(codex, &api);
        let before = config(&sandbox);
        let deaf = without_plugins(&sandbox);
        install(codex, &sandbox, &deaf);

        let exec = ["exec", "--sandbox", "read-only", "$cc-review my change"];
        let output = sandbox.codex(exec).run().success();
        let read = api.last_request().tool_output();
        if confines_rules(codex) {
            assert!(read.contains("No findings."), "{codex}: {read}");
            assert_eq!(
                sandbox.record()["sessionId"],
                output.codex_session(),
                "{codex}"
            );
        } else {
            assert!(read.contains("inside a sandbox"), "{codex}: {read}");
        }
        // The oldest one adds a line of its own to the settings with the first session.
        uninstall(codex, &sandbox, &deaf, &before);
    }
}
