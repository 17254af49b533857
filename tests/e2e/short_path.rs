//! Calls from a desktop or a service, whose PATH leads to the system's programs alone.

use std::fs;
use std::path::{Path, PathBuf};

use cc_tests::fake::calls_file;
use cc_tests::{Sandbox, Scenario};

/// A fake Claude in a directory that PATH does not lead to, made by `place`.
fn placed(place: impl FnOnce(&Sandbox) -> PathBuf) -> (Sandbox, PathBuf) {
    let scenario = Scenario::says("Fine as it is.");
    let sandbox = Sandbox::with_programs_at_home().with_fake_claude(&scenario);
    let mut sandbox = sandbox.with_change();
    let dir = place(&sandbox);
    fs::create_dir_all(&dir).unwrap();
    fs::rename(sandbox.bin().join("claude"), dir.join("claude")).unwrap();
    scenario.install(&dir);
    let path = std::env::join_paths([sandbox.bin(), "/usr/bin".into(), "/bin".into()]).unwrap();
    sandbox.set_env("PATH", path);
    (sandbox, dir)
}

fn script(path: &Path, text: &str) {
    cc_executable::write(path, text);
}

#[track_caller]
fn assert_reviews(sandbox: &Sandbox) {
    let review = sandbox.cc(["review"]).run().success();
    assert!(review.stdout.contains("Fine as it is."), "{review}");
}

#[test]
fn a_claude_that_path_does_not_lead_to_is_found_where_installers_put_it() {
    for place in [
        ".local/bin",
        ".claude/local",
        ".npm-global/bin",
        ".volta/bin",
        ".bun/bin",
        ".nvm/versions/node/v22.1.0/bin",
        ".local/share/fnm/node-versions/v22.1.0/installation/bin",
        ".local/share/mise/shims",
    ] {
        let (sandbox, dir) = placed(|sandbox| sandbox.home().join(place));
        assert_reviews(&sandbox);
        let found = sandbox.cc(["setup", "--json"]).run().success().json();
        let path = dir.join("claude");
        assert_eq!(found["claude"]["path"], path.to_str().unwrap(), "{place}");
        let calls = fs::read_to_string(calls_file(&dir)).unwrap();
        let start = format!("\"PATH\":\"{}:", dir.display());
        assert!(calls.contains(&start), "{place}: {calls}");
    }
}

#[test]
fn a_prefix_that_npm_was_told_counts() {
    let (sandbox, _) = placed(|sandbox| {
        let rc = "registry=http://x\n# mine\nprefix = ~/tools/npm\n";
        fs::write(sandbox.home().join(".npmrc"), rc).unwrap();
        sandbox.home().join("tools/npm/bin")
    });
    assert_reviews(&sandbox);
    let (mut sandbox, dir) = placed(|sandbox| sandbox.root().join("nvm/versions/node/v9.9.9/bin"));
    sandbox.cc(["review"]).run().exits(3);
    let root = dir.ancestors().nth(4).unwrap();
    sandbox.set_env("NVM_DIR", root);
    assert_reviews(&sandbox);
}

#[test]
fn what_is_on_path_comes_first() {
    let (sandbox, _) = placed(|sandbox| sandbox.home().join(".local/bin"));
    script(&sandbox.bin().join("claude"), "#!/bin/sh\necho 9.9.9\n");
    let found = sandbox.cc(["setup", "--json"]).run().exits(3).json();
    assert_eq!(found["claude"]["version"], "9.9.9");
}

#[test]
fn a_script_finds_its_interpreter_beside_it_or_elsewhere() {
    for beside in [true, false] {
        let (sandbox, _) = placed(|sandbox| sandbox.root().join("hidden"));
        let real = sandbox.root().join("hidden/claude");
        let nvm = sandbox.home().join(".nvm/versions/node/v22.1.0/bin");
        let global = sandbox.home().join(".npm-global/bin");
        let of_claude = if beside { &nvm } else { &global };
        fs::create_dir_all(&nvm).unwrap();
        fs::create_dir_all(of_claude).unwrap();
        script(&of_claude.join("claude"), "#!/usr/bin/env made-up-node\n");
        let node = format!("#!/bin/sh\nshift\nexec '{}' \"$@\"\n", real.display());
        script(&nvm.join("made-up-node"), &node);
        assert_reviews(&sandbox);
    }
}

#[test]
fn a_missing_interpreter_is_named_and_no_job_is_made() {
    for (first_line, name) in [
        ("#!/usr/bin/env -S made-up-node --flag", "made-up-node"),
        ("#!/opt/made-up/node", "/opt/made-up/node"),
    ] {
        let sandbox = Sandbox::new().with_change();
        script(&sandbox.bin().join("claude"), &format!("{first_line}\n"));
        let review = sandbox.cc(["review"]).run().exits(3);
        let needs = format!("is a script that needs `{name}`: ");
        assert!(review.stderr.contains(&needs), "{review}");
        assert!(sandbox.records().is_empty());
        let setup = sandbox.cc(["setup"]).run().exits(3);
        assert!(setup.stdout.contains(&needs), "{setup}");
    }
}

#[test]
fn no_place_of_the_repository_counts() {
    let (mut sandbox, dir) = placed(|sandbox| sandbox.repo().join("bin"));
    fs::write(sandbox.repo().join(".npmrc"), "prefix=.\n").unwrap();
    let repo = sandbox.repo();
    sandbox.set_env("VOLTA_HOME", &repo);
    sandbox.set_env("npm_config_prefix", &repo);
    sandbox.set_env("NVM_DIR", ".");
    sandbox.cc(["review"]).run().exits(3);
    // A link to it from a place that counts.
    let link = sandbox.home().join(".local/bin");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&dir, &link).unwrap();
    let refused = sandbox.cc(["review"]).run().exits(3);
    assert!(refused.stderr.contains("inside the workspace"), "{refused}");
    assert!(!calls_file(&dir).exists(), "it never ran");
}
