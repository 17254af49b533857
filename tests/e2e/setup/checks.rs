//! What it finds, and what it says of it.

use std::fs;

use cc_tests::{Sandbox, Scenario, binaries};

use super::{document, next_steps};

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
    // Without a scenario.
    sandbox.add_program("claude", binaries::fake_claude());
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
    let sandbox = Sandbox::fake(&Scenario::says("")).with_change();
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
