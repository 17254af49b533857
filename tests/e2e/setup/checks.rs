//! What it finds, and what it says of it.

use std::fs;

#[cfg(target_os = "linux")]
use cc_tests::responses_api::Turn;
use cc_tests::{MessagesApi, Sandbox, Scenario};

use super::{disorder, document, installed, next_steps};

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
fn with_nothing_in_place_each_thing_is_named_with_its_remedy() {
    let sandbox = Sandbox::new();
    let output = sandbox.cc(["setup"]).run().exits(3);
    assert!(output.stdout.ends_with("\nNot ready.\n"), "{output}");
    let found = document(&sandbox, 3);
    assert_eq!(found["ready"], false);
    assert_eq!(found["claude"]["available"], false);
    assert_eq!(found["auth"]["loggedIn"], false);
    assert_eq!(found["hooks"]["installed"], false);
    let steps = next_steps(&found);
    for remedy in [
        "npm install -g @anthropic-ai/claude-code",
        "cc-cli config set claude.path",
        "Install Codex",
        "cc-installer install",
    ] {
        assert!(steps.contains(remedy), "{remedy}: {steps}");
    }
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
fn a_claude_older_than_any_tested_is_reported_and_may_work() {
    let sandbox = Sandbox::fake(&Scenario::says("").version("2.0.9"));
    let found = document(&sandbox, 0);
    assert_eq!(found["claude"]["version"], "2.0.9");
    let steps = next_steps(&found);
    assert!(steps.contains("2.0.9 is older than 2.1.197"), "{steps}");
    assert!(steps.contains("claude update"), "{steps}");
    let oldest = cc_tests::peers::EVERY_CLAUDE.last().unwrap();
    assert_eq!(
        oldest.version, "2.1.197",
        "what is named as the oldest is tested"
    );
}

#[test]
fn a_claude_that_does_not_work() {
    let sandbox = Sandbox::new();
    sandbox.add_program("claude", "/bin/false".as_ref());
    let found = document(&sandbox, 3);
    assert_eq!(found["claude"]["available"], false, "{found:#}");
    assert!(next_steps(&found).contains("does not print its version"));
}

#[test]
fn a_place_for_jobs_that_cannot_be_one() {
    let mut sandbox = Sandbox::fake(&Scenario::says(""));
    let file = sandbox.root().join("file");
    fs::write(&file, "in the way").unwrap();
    sandbox.set_env("CC_DATA_DIR", file.join("data"));
    let found = document(&sandbox, 3);
    assert_eq!(found["state"]["writable"], false, "{found:#}");
    assert!(next_steps(&found).contains("CC_DATA_DIR"));
}

#[test]
fn settings_that_are_not_valid() {
    let sandbox = Sandbox::fake(&Scenario::says(""));
    let settings = sandbox.data_dir().settings();
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    fs::write(&settings, "[review]\nmodle = \"x\"\n").unwrap();
    let found = document(&sandbox, 3);
    assert_eq!(found["state"]["settingsValid"], false, "{found:#}");
    let steps = next_steps(&found);
    assert!(
        steps.contains("modle") && steps.contains("line 2"),
        "{steps}"
    );
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
fn the_gate_is_switched_for_this_workspace_alone() {
    let sandbox = Sandbox::fake(&Scenario::says(""));
    let other = sandbox.root().join("elsewhere");
    fs::create_dir_all(&other).unwrap();
    let config = sandbox.state_dir().config();
    let switched = |args: [&str; 2]| sandbox.cc(args).run().success().stdout;

    assert!(switched(["setup", "--enable-review-gate"]).starts_with("Switched the review gate on"));
    let on = fs::read_to_string(&config).unwrap();
    let on: serde_json::Value = serde_json::from_str(&on).unwrap();
    assert_eq!(
        on,
        serde_json::json!({"version": 1, "stopReviewGate": true})
    );
    assert_eq!(document(&sandbox, 0)["reviewGateEnabled"], true);
    let elsewhere = sandbox.cc(["setup", "--json"]).cwd(&other).run().success();
    assert_eq!(elsewhere.json()["reviewGateEnabled"], false);

    assert!(switched(["setup", "--enable-review-gate"]).contains("already on"));
    assert!(
        switched(["setup", "--disable-review-gate"]).starts_with("Switched the review gate off")
    );
    assert_eq!(document(&sandbox, 0)["reviewGateEnabled"], false);
    let both = ["setup", "--enable-review-gate", "--disable-review-gate"];
    sandbox.cc(both).run().exits(2);
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
#[cfg(unix)]
fn a_repository_of_another_user_is_found_and_the_named_command_fixes_it() {
    let mut sandbox = Sandbox::fake(&Scenario::says("Fine.")).with_change();
    // The real Git, which takes every repository for one of somebody else.
    let dir = sandbox.bin().join("other owner");
    fs::create_dir(&dir).unwrap();
    let real = sandbox.bin().join("git");
    let script = format!(
        "#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {} \"$@\"\n",
        real.display()
    );
    cc_executable::write(dir.join("git"), script);
    let path = format!("{}:/usr/bin:/bin", sandbox.bin().display());
    sandbox.set_env("PATH", format!("{}:{path}", dir.display()));

    let found = document(&sandbox, 3);
    assert_eq!(found["git"]["works"], false, "{found:#}");
    let command = format!(
        "git config --global --add safe.directory '{}'",
        sandbox.repo().display()
    );
    let steps = next_steps(&found);
    assert!(steps.contains(&command), "{command}: {steps}");
    for args in [
        &["review"][..],
        &["scope"],
        &["rescue", "--isolated", "--no-sandbox", "x"],
    ] {
        let refused = sandbox.cc(args).run().exits(3);
        assert!(refused.stderr.contains(&command), "{refused}");
    }
    let mut shell = sandbox.command("/bin/sh".as_ref()).args(["-c", &command]);
    shell = shell.cwd(sandbox.root());
    shell.run().success();
    let found = sandbox.cc(["setup", "--json"]).run().json();
    assert_eq!(found["git"]["works"], true, "{found:#}");
    sandbox.cc(["review"]).run().success();
}

#[test]
fn what_is_allowed_of_the_project_is_said() {
    let api = MessagesApi::reviewer();
    let sandbox = Sandbox::real(&api).with_change();
    let project = |sandbox: &Sandbox| {
        let found = sandbox.cc(["setup", "--json"]).run().json();
        let project = &found["projectSettings"];
        let detail = project["detail"].as_str().unwrap_or_default().to_owned();
        (project["allowed"].as_bool(), detail)
    };
    let (allowed, said) = project(&sandbox);
    assert_eq!(allowed, None, "{said}");
    assert!(said.contains("has no hooks"), "{said}");

    let hook = |command: &str| {
        let hook = serde_json::json!([{"hooks": [{"type": "command", "command": command}]}]);
        serde_json::json!({"hooks": {"Stop": hook}}).to_string()
    };
    sandbox.write(".claude/settings.json", hook("./check.sh"));
    sandbox.write("check.sh", "true\n");
    let (allowed, said) = project(&sandbox);
    assert_eq!(allowed, Some(false), "{said}");
    assert!(
        said.contains("not allowed in rescues; to see them: cc-cli trust"),
        "{said}"
    );

    let trusted = sandbox.cc(["trust", "--yes"]).run().success();
    let sentence = "files in the working tree are compared when a rescue starts";
    assert!(trusted.stdout.contains(sentence), "{trusted}");
    let (allowed, said) = project(&sandbox);
    assert_eq!(allowed, Some(true), "{said}");
    assert!(said.contains("were allowed"), "{said}");

    sandbox.write(".claude/settings.json", hook("./other.sh"));
    let (allowed, said) = project(&sandbox);
    assert_eq!(allowed, Some(false), "{said}");
    assert!(said.contains("changed since you allowed them"), "{said}");

    // A command that names no file of the repository has none that is compared.
    sandbox.write(".claude/settings.json", hook("true"));
    let trusted = sandbox.cc(["trust", "--yes"]).run().success();
    assert!(!trusted.stdout.contains(sentence), "{trusted}");
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
