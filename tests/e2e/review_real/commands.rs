//! Reviews that run commands: the tests run, and nothing that a command tries gets out of the sandbox, with any pinned
//! Claude Code.

use std::fs;
use std::path::{Path, PathBuf};

use cc_tests::escapes::{Surroundings, TRIES, leaks};
use cc_tests::peers::{self, CLAUDE};
use cc_tests::{MessagesApi, Sandbox, Turn};
use serde_json::{Value, json};

use super::SOON;
use crate::rescue::shell::as_plain_user;

/// A repository with a change in it, and what is around it.
struct World {
    sandbox: Sandbox,
    api: MessagesApi,
    around: Surroundings,
}

impl World {
    fn new(claude: &Path) -> Self {
        let api = MessagesApi::start([]);
        let sandbox = Sandbox::real_at(claude, &api).with_change();
        sandbox.git(["config", "user.name", "Me"]);
        sandbox.git(["config", "user.email", "me@example.com"]);
        let around = Surroundings::new(&sandbox);
        Self {
            sandbox,
            api,
            around,
        }
    }
}

fn bash(command: &str) -> Turn {
    Turn::tool("Bash", json!({"command": command}))
}

#[test]
fn nothing_that_a_command_tries_gets_out() {
    for peer in peers::claudes() {
        let world = World::new(&peer.ensure().unwrap());
        let commands: Vec<_> = TRIES.iter().map(|it| world.around.placed(it)).collect();
        let tries = commands
            .iter()
            .map(|it| bash(&format!("( {it} ) 2>&1; echo tried")));
        world.api.push(tries);
        let unsandboxed = json!({"command": "touch planted", "dangerouslyDisableSandbox": true});
        world.api.push([Turn::tool("Bash", unsandboxed)]);
        world.api.push([
            Turn::tool(
                "Write",
                json!({"file_path": world.sandbox.repo().join("planted"), "content": "x"}),
            ),
            Turn::text("Nothing to be had."),
        ]);
        let call = as_plain_user(&world.sandbox, &["review", "--run-commands"]);
        let before = world.around.state();
        call.cwd(world.sandbox.repo())
            .timeout(SOON * 10)
            .run()
            .success();
        let said = world.api.requests().pop().unwrap().tool_results();
        assert_eq!(said.len(), TRIES.len() + 2, "{peer}");
        for (command, said) in commands.iter().zip(&said) {
            assert!(said.ends_with("tried"), "{peer}: {command}: {said}");
            assert!(!leaks(command, said), "{peer}: {command}: {said}");
        }
        let after = world.around.state();
        let changed: Vec<_> = after
            .0
            .iter()
            .filter(|(path, state)| before.0.get(*path) != Some(state))
            .map(|(path, _)| path)
            .collect();
        assert_eq!(changed, Vec::<&PathBuf>::new(), "{peer}");
        assert_eq!(before.0.len(), after.0.len(), "{peer}");
        assert_eq!(after.1, 0, "{peer}: somebody was reached");
        let data = world.sandbox.data_dir().root().to_owned();
        for dir in ["scratch", "sandbox"] {
            let left = fs::read_dir(data.join(dir)).into_iter().flatten().count();
            assert_eq!(left, 0, "{peer}: {dir}");
        }
    }
}

#[test]
fn each_try_works_outside_of_the_sandbox() {
    // Each in a world of its own: one takes away what the next needs.
    let may_fail = ["mount -o", "unshare -rm", "python3"];
    let mut through = 0;
    for tried in TRIES {
        let world = World::new(&CLAUDE.ensure().unwrap());
        let command = world.around.placed(tried);
        let before = world.around.state();
        let shell = world.sandbox.command(Path::new("/bin/bash"));
        let printed = shell.args(["-c", &command]).cwd(world.sandbox.repo()).run();
        // The server counts in a thread of its own.
        let changed =
            || (world.around.state() != before || leaks(&command, &printed.stdout)).then_some(());
        let has_port = tried.contains("{port}");
        let got_through = match has_port {
            true => {
                cc_tests::eventually(SOON, "a connection", changed);
                true
            }
            false => changed().is_some(),
        };
        through += usize::from(got_through);
        assert!(
            got_through || may_fail.iter().any(|it| tried.starts_with(it)),
            "{command}: {printed}"
        );
    }
    assert!(through >= TRIES.len() - may_fail.len());
}

/// A review in which Claude runs `commands`; what they printed, and the report.
fn reviewed(sandbox: &Sandbox, api: &MessagesApi, commands: &[&str]) -> (Vec<String>, Value) {
    api.push(
        commands
            .iter()
            .map(|it| Turn::tool("Bash", json!({"command": it, "timeout": 600_000}))),
    );
    api.push([Turn::text("`add` subtracts: its test fails.")]);
    let call = sandbox.cc(["review", "--run-commands", "--json"]);
    let report = call.timeout(SOON * 10).run().success().json();
    (api.requests().pop().unwrap().tool_results(), report)
}

fn real() -> (MessagesApi, Sandbox) {
    let api = MessagesApi::start([]);
    let sandbox = Sandbox::real(&api).with_change();
    (api, sandbox)
}

/// The tests of small projects run, and their failures are seen.
#[test]
fn a_review_runs_the_failing_test_and_says_so() {
    let (api, sandbox) = real();
    crate::rescue::builds::add_programs(&sandbox, &["cargo", "rustc", "node", "npm"]);
    sandbox.write(
        "Cargo.toml",
        "[package]\nname = \"demo\"\nedition = \"2021\"\n",
    );
    sandbox.write(
        "src/lib.rs",
        "pub fn add(a: i32, b: i32) -> i32 { a - b }\n#[test]\nfn adds() { assert_eq!(add(1, 2), 3); }\n",
    );
    let package = json!({"name": "demo", "version": "1.0.0", "scripts": {"test": "node --test"}});
    sandbox.write("package.json", package.to_string());
    sandbox.write(
        "demo.test.js",
        "const t = require('node:test'); t('adds', () => { if (1 - 2 !== 3) throw new Error('it subtracts'); });\n",
    );
    sandbox.write(
        "test_demo.py",
        "import unittest\nclass T(unittest.TestCase):\n    def test_adds(self): self.assertEqual(1 - 2, 3)\n",
    );
    let cargo = sandbox.command(&sandbox.bin().join("cargo"));
    let locked = cargo.args(["generate-lockfile", "--offline"]);
    locked.cwd(sandbox.repo()).run().success();
    let commands = [
        "cargo test --offline 2>&1",
        "cargo test --offline 2>&1 | grep -c Compiling",
        "npm test 2>&1",
        "python3 -m unittest test_demo 2>&1",
        "git log -1 --format=%s && git status --short | head -3",
        "f=$(mktemp) && echo \"made $f\" && echo x > \"$CC_SCRATCH/mine\" && cat \"$CC_SCRATCH/mine\"",
    ];
    let (said, report) = reviewed(&sandbox, &api, &commands);
    for (nth, expected) in [
        (0, "test adds ... FAILED"),
        (1, "0"),
        (2, "it subtracts"),
        (4, "Add demo"),
        (5, "made /"),
    ] {
        assert!(
            said[nth].contains(expected),
            "{}: {}",
            commands[nth],
            said[nth]
        );
    }
    if !said[3].contains("not found") {
        assert!(said[3].contains("FAILED"), "{}", said[3]);
    }
    assert!(!sandbox.repo().join("target").exists());
    let ran = report["commands"].as_array().unwrap();
    assert_eq!(ran.len(), commands.len(), "{report:#}");
    assert_eq!(
        (&ran[0]["failed"], &ran[4]["failed"]),
        (&json!(true), &json!(false))
    );
    let shown = sandbox.cc(["result"]).run().success();
    assert!(
        shown
            .stdout
            .contains("`cargo test --offline 2>&1` (failed)"),
        "{shown}"
    );
    let system = api.requests()[0].body["system"].to_string();
    for word in ["CC_SCRATCH", "Bash", "read-only"] {
        assert!(system.contains(word), "{word}: {system}");
    }
}

#[test]
fn commands_run_only_where_the_user_asked_for_it() {
    let (api, sandbox) = real();
    let tools = |args: &[&str]| {
        let asked = api.requests().len();
        // The others are for answers of the wrong form.
        api.push(vec![Turn::text("Fine."); 8]);
        let _ = sandbox.cc(args).run();
        let request = &api.requests()[asked];
        request
            .tools()
            .iter()
            .filter(|tool| **tool == "Bash")
            .count()
    };
    assert_eq!(tools(&["review"]), 0);
    assert_eq!(tools(&["review", "--run-commands"]), 1);
    assert_eq!(tools(&["adversarial-review", "--run-commands"]), 1);
    sandbox
        .cc(["config", "set", "review.run_commands", "true"])
        .run()
        .success();
    assert_eq!(tools(&["review"]), 1);
    assert_eq!(
        tools(&["adversarial-review"]),
        0,
        "it has a setting of its own"
    );
    // A check of the gate is no review.
    assert_eq!(tools(&["rescue", "--read-only", "look"]), 0);
}

#[test]
fn where_it_cannot_be_shown_to_hold_it_is_refused_before_any_cost() {
    let (api, sandbox) = real();
    // A `bwrap` whose sandbox lets everything through.
    let open = "#!/bin/sh\n[ \"$1\" = --version ] && exec true\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n";
    cc_executable::write(sandbox.bin().join("bwrap"), open);
    let refused = sandbox.cc(["review", "--run-commands"]).run();
    assert!(!refused.status.success(), "{refused}");
    let reasons = ["can write the workspace", "keeps capabilities"];
    assert!(
        reasons.iter().any(|it| refused.stderr.contains(it)),
        "{refused}"
    );
    assert!(!sandbox.repo().join("planted").exists());
    let left = fs::read_dir(sandbox.repo()).unwrap().flatten();
    let probes = left.filter(|it| it.file_name().to_string_lossy().starts_with(".cc-probe"));
    assert_eq!(probes.count(), 0);
    assert_eq!(api.requests().len(), 0);
    let read = sandbox.cc(["review"]);
    api.push([Turn::text("Fine.")]);
    read.run().success();
}

#[test]
fn without_the_programs_of_the_sandbox_it_says_what_to_do() {
    let (api, mut sandbox) = real();
    sandbox.set_env("PATH", sandbox.bin());
    let refused = sandbox.cc(["review", "--run-commands"]).run().exits(3);
    for word in ["needs bwrap and socat", "Leave out --run-commands"] {
        assert!(refused.stderr.contains(word), "{refused}");
    }
    assert_eq!(api.requests().len(), 0);
}
