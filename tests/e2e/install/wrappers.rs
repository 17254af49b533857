//! A Codex without plugins gets the skills as skills of the user.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::*;

/// The Codex of the sandbox, deaf to all that is about plugins: what it is asked, it does not know.
fn without_plugins(sandbox: &Sandbox) -> PathBuf {
    let script = format!(
        r#"#!/bin/sh
case "$1" in
plugin) exit 2 ;;
app-server) sed -u 's#"method":"plugin/#"method":"no-plugin/#' | '{codex}' app-server | sed -u 's#no-plugin/#plugin/#g' ;;
*) exec '{codex}' "$@" ;;
esac
"#,
        codex = sandbox.bin().join("codex").display(),
    );
    let path = sandbox.root().join("codex-without-plugins");
    cc_executable::write(&path, script);
    path
}

#[test]
fn its_skills_and_hooks_work_all_the_same_and_leave_no_trace() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([obeys()]);
        let sandbox = bare(codex, &api);
        let config = || fs::read_to_string(sandbox.codex_home().join("config.toml")).unwrap();
        let before = config();
        let deaf = without_plugins(&sandbox);
        let install = ["--allow-commands", "--trust-hooks", "--codex"];
        let output = sandbox.install(install).args([&deaf]).run().success();
        assert!(
            output.stdout.contains("type $cc-setup"),
            "{codex}: {output}"
        );
        let status = sandbox
            .installer(["status", "--json", "--codex"])
            .args([&deaf]);
        let status = status.run().success().json();
        assert_eq!(status["plugin"]["way"], "wrappers", "{codex}: {status:#}");
        assert_eq!(
            (&status["hooks"]["way"], &status["hooks"]["runs"]),
            (&json!("user"), &json!(true))
        );

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

        let uninstall = ["uninstall", "--yes", "--delete-jobs", "--codex"];
        sandbox.installer(uninstall).args([&deaf]).run().success();
        assert!(
            !sandbox.codex_home().join("skills/cc-review").exists(),
            "{codex}"
        );
        assert!(!sandbox.codex_home().join("hooks.json").exists(), "{codex}");
        // The oldest one adds a line of its own to the settings with the first session.
        let mut lines = before.lines();
        let after = config();
        let mut rest = after.lines();
        assert!(
            lines.all(|line| rest.any(|other| other == line)),
            "{codex}: {after}"
        );
        assert!(!after.contains("codex_hooks"), "{codex}: {after}");
    }
}
