//! What it finds of an installation, with the real Codex and the real Claude.

use std::fs;

use cc_tests::peers::{self, CODEX};
#[cfg(target_os = "linux")]
use cc_tests::responses_api::Turn;
use cc_tests::sandbox::Output;
use cc_tests::{MessagesApi, ResponsesApi, Sandbox};

use super::{document, next_steps};

/// A world with the real Codex, the real Claude and an installation that may do everything.
pub(super) fn installed() -> (Sandbox, ResponsesApi, MessagesApi) {
    let (codex, claude) = (ResponsesApi::start([]), MessagesApi::reviewer());
    let sandbox = Sandbox::codex_at(CODEX, &codex);
    let sandbox = sandbox.with_real_claude(&peers::claude(), &claude);
    let mut sandbox = sandbox.installed();
    let cc_cli = sandbox.installed_file("cc-cli");
    sandbox.use_binaries(cc_cli.parent().expect("a directory"));
    (sandbox, codex, claude)
}

/// The lines that show something in disorder.
fn disorder(output: &Output) -> Vec<&str> {
    let lines = output.stdout.lines();
    lines.filter(|line| line.starts_with("  ! ")).collect()
}

#[test]
fn with_everything_in_place_it_is_ready_and_has_nothing_to_ask_for() {
    let (sandbox, ..) = installed();
    let output = sandbox.cc(["setup"]).run().success();
    assert!(output.stdout.ends_with("\nReady.\n"), "{output}");
    assert!(!output.stdout.contains("Next steps"), "{output}");
    assert!(disorder(&output).is_empty(), "{output}");

    let found = document(&sandbox, 0);
    assert_eq!(found["ready"], true, "{found:#}");
    assert_eq!(found["claude"]["available"], true, "{found:#}");
    assert_eq!(found["claude"]["version"], cc_tests::peers::CLAUDE.version);
    assert_eq!(found["auth"]["loggedIn"], true, "{found:#}");
    assert_eq!(found["hooks"]["installed"], true, "{found:#}");
    assert_eq!(found["hooks"]["trusted"], true, "{found:#}");
    assert_eq!(found["codex"]["version"], cc_tests::peers::CODEX.version);
    assert_eq!(found["execRule"]["matches"], true, "{found:#}");
    assert_eq!(found["state"]["writable"], true, "{found:#}");
    assert_eq!(found["reviewGateEnabled"], false, "{found:#}");
    assert_eq!(found["actionsTaken"], serde_json::json!([]), "{found:#}");
    assert_eq!(found["nextSteps"], serde_json::json!([]), "{found:#}");
    assert!(sandbox.records().is_empty(), "no job comes of it");
}

#[test]
fn a_claude_that_nobody_is_logged_in_to() {
    let api = MessagesApi::reviewer();
    let mut sandbox = Sandbox::real(&api);
    sandbox.log_out();
    let found = document(&sandbox, 3);
    assert_eq!(found["claude"]["available"], true, "{found:#}");
    assert_eq!(found["auth"]["loggedIn"], false, "{found:#}");
    assert!(next_steps(&found).contains("claude auth login"));
}

#[test]
fn what_codex_does_not_allow_is_reported_and_does_not_hinder_reviews() {
    let (sandbox, ..) = installed();
    fs::remove_file(sandbox.codex_home().join("rules").join("cc.rules")).unwrap();
    let config = sandbox.codex_home().join("config.toml");
    let trusted = fs::read_to_string(&config).unwrap();
    let untrusted: Vec<&str> = trusted
        .lines()
        .filter(|line| !line.starts_with("trusted_hash"))
        .collect();
    assert_ne!(untrusted.len(), trusted.lines().count(), "{trusted}");
    fs::write(&config, untrusted.join("\n")).unwrap();

    let output = sandbox.cc(["setup"]).run().success();
    let disorder = disorder(&output);
    assert_eq!(disorder.len(), 2, "{output}");
    assert!(disorder[0].contains("not trusted"), "{output}");
    assert!(disorder[1].contains("Exec rule"), "{output}");
    assert!(output.stdout.contains("install --trust-hooks"), "{output}");
    assert!(
        output.stdout.contains("install --allow-commands"),
        "{output}"
    );
    assert!(
        output
            .stdout
            .ends_with("\nReviews work; the steps above enable the rest.\n"),
        "{output}"
    );
    assert!(!sandbox.codex_home().join("rules").join("cc.rules").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn inside_codexs_sandbox_it_says_so_and_looks_no_further() {
    let (sandbox, api, _) = installed();
    // In a form that the exec rule does not cover.
    let setup = format!("true; {} setup", sandbox.product_file("cc-cli").display());
    api.push([Turn::shell(&setup)]);
    sandbox.codex(["exec", "Go."]).run().success();
    let read = api.last_request().tool_output();
    assert!(read.contains("exited with code 3"), "{read}");
    assert!(read.contains("inside a sandbox"), "{read}");
    assert!(read.contains("by its absolute path"), "{read}");
    assert!(!read.contains("not logged in"), "{read}");
}

#[test]
fn hooks_that_the_user_switched_off_are_named_and_left_off() {
    let (sandbox, ..) = installed();
    let disable = ["features", "disable", "hooks"];
    sandbox.codex(disable).run().success();
    let found = document(&sandbox, 0);
    assert_eq!(found["hooks"]["switchedOff"], true, "{found:#}");
    assert_eq!(found["actionsTaken"], serde_json::json!([]), "{found:#}");
    assert!(next_steps(&found).contains("codex features enable hooks"));
    let enabled = sandbox
        .cc(["setup", "--enable-review-gate"])
        .run()
        .success();
    let told = "but it does not run: the hooks are disabled in Codex";
    assert!(enabled.stdout.contains(told), "{enabled}");
}

/// Replaces a word in a file of Codex's home.
fn replace(sandbox: &Sandbox, file: &str, from: &str, to: &str) {
    let file = sandbox.codex_home().join(file);
    let before = fs::read_to_string(&file).unwrap();
    assert!(before.contains(from), "{before}");
    fs::write(&file, before.replace(from, to)).unwrap();
}

#[test]
fn hooks_that_changed_since_they_were_trusted_are_distinguished_from_untrusted_ones() {
    let (sandbox, ..) = installed();
    replace(
        &sandbox,
        "config.toml",
        "trusted_hash = \"sha256:",
        "trusted_hash = \"sha256:00",
    );
    let found = document(&sandbox, 0);
    assert_eq!(found["hooks"]["trusted"], false, "{found:#}");
    let steps = next_steps(&found);
    assert!(
        steps.contains("they changed since they were trusted"),
        "{steps}"
    );
    assert!(
        steps.contains("cc-installer install --trust-hooks"),
        "{steps}"
    );
}

#[test]
fn a_rule_for_another_binary_is_distinguished_from_a_missing_one() {
    let (sandbox, ..) = installed();
    replace(
        &sandbox,
        "rules/cc.rules",
        "/cc/bin/cc-cli",
        "/elsewhere/cc-cli",
    );
    let found = document(&sandbox, 0);
    assert_eq!(found["execRule"]["present"], true, "{found:#}");
    assert_eq!(found["execRule"]["matches"], false, "{found:#}");
    let steps = next_steps(&found);
    assert!(steps.contains("for a different cc-cli"), "{steps}");
    assert!(
        steps.contains("cc-installer install --allow-commands"),
        "{steps}"
    );
}

#[test]
fn binaries_of_different_installations_are_reported_until_they_are_replaced() {
    let (sandbox, ..) = installed();
    let hooks = sandbox.installed_file("cc-hooks");
    let append = sandbox
        .command("sh".as_ref())
        .args(["-c", "printf x >> \"$0\""]);
    append.args([&hooks]).run().success();
    // The installed installer has nothing to replace it by, and does not call it right.
    let installer = sandbox.command(&sandbox.installed_file("cc-installer"));
    installer.args(["update", "--yes"]).run().exits(3);
    for _ in 0..2 {
        let found = document(&sandbox, 0);
        assert_eq!(found["actionsTaken"], serde_json::json!([]), "{found:#}");
        let steps = next_steps(&found);
        assert!(
            steps.contains("not from the same installation: cc-installer update"),
            "{steps}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn whether_a_review_may_run_commands_is_said_with_the_reason() {
    let api = MessagesApi::reviewer();
    let sandbox = Sandbox::real(&api).with_change();
    let sandbox_row = |sandbox: &Sandbox| {
        let found = sandbox.cc(["setup", "--json"]).run().json();
        found["sandbox"].clone()
    };
    let with = sandbox_row(&sandbox);
    let review = sandbox.cc(["review", "--run-commands", "--json"]).run();
    // What `setup` says is what the review finds.
    assert_eq!(
        with["runCommands"],
        review.code() == Some(0),
        "{with:#} {review}"
    );

    let mut without = sandbox;
    without.set_env(
        "PATH",
        without.bin().display().to_string() + ":/usr/bin:/bin",
    );
    let row = sandbox_row(&without);
    assert_eq!(row["runCommands"], row["available"], "{row:#}");
    let refused = without.cc(["review", "--run-commands"]).run();
    assert_eq!(
        row["runCommands"],
        refused.code() == Some(0),
        "{row:#} {refused}"
    );
}
