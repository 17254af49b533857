//! What it puts right itself, and what only after a yes.

use std::fs;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;

use cc_tests::Sandbox;
#[cfg(target_os = "linux")]
use cc_tests::sandbox::Output;

use super::document;
use super::installed::installed;

/// Codex's copy of the plugin.
fn copy_of_the_plugin(sandbox: &Sandbox) -> PathBuf {
    let versions = sandbox.codex_home().join("plugins/cache/cc-local/cc");
    let mut versions = fs::read_dir(versions).unwrap();
    versions.next().expect("a version").unwrap().path()
}

#[test]
fn hooks_that_went_missing_are_put_back() {
    let (sandbox, ..) = installed();
    let hooks = copy_of_the_plugin(&sandbox).join("hooks/hooks.json");
    let before = fs::read(&hooks).unwrap();
    fs::remove_file(&hooks).unwrap();

    let only_looked = sandbox.cc(["setup", "--check", "--json"]).run().success();
    assert_eq!(only_looked.json()["hooks"]["installed"], false);
    assert!(!hooks.exists(), "looking changes nothing");

    let mended = document(&sandbox, 0);
    let actions = mended["actionsTaken"].to_string();
    assert!(actions.contains("Restored"), "{mended:#}");
    assert_eq!(mended["hooks"]["installed"], true, "{mended:#}");
    assert_eq!(mended["nextSteps"], serde_json::json!([]), "{mended:#}");
    assert_eq!(
        fs::read(copy_of_the_plugin(&sandbox).join("hooks/hooks.json")).unwrap(),
        before
    );
    assert_eq!(document(&sandbox, 0)["actionsTaken"], serde_json::json!([]));
}

#[test]
fn hooks_that_stand_twice_are_brought_down_to_one() {
    let (sandbox, ..) = installed();
    let theirs = sandbox.codex_home().join("hooks.json");
    let ours = copy_of_the_plugin(&sandbox).join("hooks/hooks.json");
    fs::copy(ours, &theirs).unwrap();
    let only_looked = sandbox.cc(["setup", "--check", "--json"]).run().success();
    let only_looked = only_looked.json();
    assert_eq!(only_looked["hooks"]["double"], true, "{only_looked:#}");
    assert!(
        only_looked["nextSteps"]
            .to_string()
            .contains("would run twice")
    );

    let mended = document(&sandbox, 0);
    assert_eq!(mended["hooks"]["double"], false, "{mended:#}");
    assert_eq!(mended["hooks"]["trusted"], true, "{mended:#}");
    assert_eq!(mended["nextSteps"], serde_json::json!([]), "{mended:#}");
    assert!(!theirs.exists(), "nothing else was in it");
}

#[test]
fn what_the_user_switched_off_stays_off() {
    let (sandbox, ..) = installed();
    let config = sandbox.codex_home().join("config.toml");
    let on = fs::read_to_string(&config).unwrap();
    let off = on.replace("enabled = true", "enabled = false");
    assert_ne!(on, off);
    fs::write(&config, &off).unwrap();
    let found = document(&sandbox, 0);
    assert_eq!(found["plugin"]["enabled"], false, "{found:#}");
    assert_eq!(found["actionsTaken"], serde_json::json!([]), "{found:#}");
    assert_eq!(fs::read_to_string(&config).unwrap(), off);
}

/// A call of `setup` at a terminal, where somebody answers.
#[cfg(target_os = "linux")]
fn at_a_terminal(sandbox: &Sandbox, answers: &str, thread: Option<&str>) -> Output {
    let setup = format!("{} setup", sandbox.product_file("cc-cli").display());
    let call = sandbox.command(Path::new("/usr/bin/script"));
    let call = call.args(["-qec", &setup, "/dev/null"]).stdin(answers);
    match thread {
        Some(thread) => call.env("CODEX_THREAD_ID", thread).run(),
        None => call.run(),
    }
}

/// An npm that installs what lies in the home directory.
#[cfg(target_os = "linux")]
fn add_npm(sandbox: &Sandbox) {
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$PWD\" \"$@\" > '{home}/npm-was-called'\nln -s /bin/true '{bin}/claude'\n",
        home = sandbox.home().display(),
        bin = sandbox.bin().display(),
    );
    cc_executable::write(sandbox.bin().join("npm"), script);
}

#[test]
#[cfg(target_os = "linux")]
fn claude_code_is_installed_only_after_a_yes_at_a_terminal() {
    let mut sandbox = Sandbox::new();
    // Should the system's npm be called after all, it gets nothing.
    sandbox.set_env("npm_config_registry", "http://127.0.0.1:9/");
    add_npm(&sandbox);
    let called = sandbox.home().join("npm-was-called");

    sandbox.cc(["setup"]).stdin("y\n").run().exits(3);
    assert!(!called.exists(), "no terminal, no question");
    let to_a_model = at_a_terminal(&sandbox, "y\n", Some("0193-thread"));
    assert!(!to_a_model.stdout.contains("[y/N]"), "{to_a_model}");
    let declined = at_a_terminal(&sandbox, "\n", None);
    assert!(
        declined.stdout.contains("Install it with npm"),
        "{declined}"
    );
    assert!(!called.exists(), "the answer is no unless it is yes");
    let (report, question) = (
        declined.stdout.find("Not ready."),
        declined.stdout.find("[y/N]"),
    );
    assert!(report.unwrap() < question.unwrap(), "{declined}");

    let installed = at_a_terminal(&sandbox, "y\n", None);
    assert!(
        installed.stdout.contains("Installed Claude Code."),
        "{installed}"
    );
    let called = fs::read_to_string(called).unwrap();
    let mut called = called.lines();
    let dir = called.next().unwrap();
    assert!(!Path::new(dir).starts_with(sandbox.repo()), "{dir}");
    let args: Vec<&str> = called.collect();
    assert_eq!(args, ["install", "-g", "@anthropic-ai/claude-code"]);
}
