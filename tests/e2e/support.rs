//! The support bundle: what is in it, and that nothing of the user is.

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use serde_json::json;

/// What would give a user away, in each place that it can come from.
const SECRETS: [&str; 12] = [
    "sk-ant-seed-env",
    "seedsetting",
    "seedprompt",
    "seedanswer",
    "seedtool",
    "seedfile",
    "seedsession",
    "seederror",
    "seedstderr",
    "seedrepo",
    "seedmodel",
    "seedtoken",
];

fn seeded() -> Sandbox {
    let answers = Run::started()
        .text("seedanswer: the password is seedtoken")
        .tool("Bash", json!({"command": "curl -H seedtool"}))
        .tool("Read", json!({"file_path": "/home/seedrepo/seedfile"}))
        .success("seedanswer: the password is seedtoken", None);
    let fails = Run::started()
        .step(cc_tests::fake::Step::Stderr("seedstderr\n".into()))
        .result(json!({
            "subtype": "success", "is_error": true, "api_error_status": 400,
            "result": "API Error: seederror", "terminal_reason": "api_error",
        }))
        .exits(1);
    let mut sandbox = Sandbox::fake(&Scenario::runs([answers, fails])).with_change();
    sandbox.set_env("ANTHROPIC_API_KEY", "sk-ant-seed-env");
    sandbox.set_env("CC_SESSION_ID", "seedsession");
    sandbox.write("seedfile.rs", "// seedfile\n");
    let set = |key: &str, value: &str| sandbox.cc(["config", "set", key, value]).run().success();
    set("review.model", "seedsetting");
    set("rescue.pass_env", "SEEDSETTING_TOKEN");
    let rescue = [
        "rescue",
        "--read-only",
        "--model",
        "seedmodel",
        "find seedprompt",
    ];
    sandbox.cc(rescue).run().success();
    sandbox.cc(rescue).run().exits(1);
    sandbox.write_record("task-seedfile.json", "{\"seedtoken\": seederror");
    sandbox
}

#[test]
fn nothing_of_the_user_is_in_a_bundle() {
    let sandbox = seeded();
    let output = sandbox.cc(["support-bundle", "--json"]).run().success();
    let json = output.json();
    let path = std::path::PathBuf::from(json["path"].as_str().unwrap());
    assert!(path.starts_with(sandbox.repo()), "{json}");
    let archive = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).to_lowercase();
    for secret in SECRETS {
        assert!(!archive.contains(secret), "{secret} is in the bundle");
    }
    // Names in paths: of the user, of the directory, of the repository.
    let root = sandbox
        .root()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .to_lowercase();
    assert!(!archive.contains(&root), "a path is in the bundle");
    // What helps is there.
    for told in [
        "\"status\": \"failed\"",
        "\"class\"",
        "claude code",
        "failed:",
        "\"review.model\": \"…\"",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(archive.contains(told), "{told} is missing");
    }
}

#[test]
#[cfg(unix)]
fn a_bundle_is_a_private_archive_that_replaces_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = seeded();
    let path = sandbox.root().join("bundle.tar");
    let args = ["support-bundle", "--output", path.to_str().unwrap()];
    sandbox.cc(args).run().success();
    let listed = std::process::Command::new("tar")
        .arg("-tf")
        .arg(&path)
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.status.success(), "{names}");
    for name in [
        "README.txt",
        "versions.json",
        "setup.json",
        "settings.json",
        "jobs.json",
    ] {
        assert!(names.lines().any(|line| line == name), "{names}");
    }
    assert_eq!(
        names.lines().filter(|line| line.ends_with(".log")).count(),
        2
    );
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(&path).unwrap();
    let again = sandbox.cc(args).run().exits(3);
    assert!(again.stderr.contains("bundle.tar"), "{}", again.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
