//! What was not allowed is not there, and `status` says so.

use cc_tests::sandbox::Output;
use serde_json::{Value, json};

use super::*;

fn problems(status: &Value) -> String {
    status["problems"].to_string()
}

/// What `status` prints, which ends with 3 where something is wrong.
fn status(sandbox: &Sandbox) -> Output {
    sandbox.installer(["status"]).run().exits(3)
}

/// How a permission is offered that was not given.
fn offer(flag: &str) -> String {
    let suffix = std::env::consts::EXE_SUFFIX;
    format!("cc-installer{suffix} install {flag}")
}

#[test]
fn without_the_permission_for_commands_there_is_no_rule() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let output = sandbox.install(["--trust-hooks"]).run().success();
        let offer = &offer("--allow-commands");
        assert!(!sandbox.codex_home().join("rules").exists(), "{codex}");
        if confines_rules(codex) {
            assert!(output.stdout.contains(offer), "{codex}: {output}");
            let output = status(&sandbox);
            assert!(
                output.stdout.contains("there is no exec rule"),
                "{codex}: {output}"
            );
            assert!(output.stdout.contains(offer), "{codex}: {output}");
        } else {
            let output = sandbox.installer(["status"]).run().success();
            let told = "would free the whole command line";
            assert!(output.stdout.contains(told), "{codex}: {output}");
        }
        assert_eq!(
            sandbox.installation()["execRule"]["present"],
            false,
            "{codex}"
        );
    }
}

#[test]
fn the_rules_are_about_the_command_line_of_a_skill_and_no_other() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api).installed();
    let skill = "cc/marketplace/plugins/cc/skills/review/SKILL.md";
    let skill = std::fs::read_to_string(sandbox.codex_home().join(skill)).unwrap();
    let mut lines = skill.lines();
    let line = lines.find_map(|line| line.strip_prefix("    ")).unwrap();
    let rules = sandbox.codex_home().join("rules").join("cc.rules");
    let decision = |line: &str| {
        let check = sandbox.codex(["execpolicy", "check", "--rules"]);
        let check = check.args([&rules]).args(["--"]).args(line.split(' '));
        check.run().success().json()["decision"].take()
    };
    assert_eq!(decision(line), "allow", "{line}");
    assert_eq!(decision(&line.replace(" codex ", " ")), json!(null));
}

/// The model runs its command in a shell of Unix.
#[test]
#[cfg(unix)]
fn without_the_permission_for_commands_no_job_starts() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([obeys()]);
        let sandbox = bare(codex, &api);
        sandbox.install(["--trust-hooks"]).run().success();
        let exec = ["exec", "--sandbox", "read-only", "$cc:review"];
        sandbox.codex(exec).run().success();
        let read = api.last_request().tool_output();
        // Elsewhere than on Linux the command cannot tell that it runs in a sandbox.
        if cfg!(target_os = "linux") {
            assert!(read.contains("inside a sandbox"), "{codex}: {read}");
        }
        assert!(sandbox.records().is_empty(), "{codex}: {read}");
    }
}

#[test]
fn without_trust_no_hook_runs_whether_codex_asks_for_it_or_not() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let output = sandbox.install(["--allow-commands"]).run().success();
        sandbox.codex(["exec", "Go."]).run().success();
        let marker = sandbox.state_dir().current_session();
        let installation = sandbox.installation();
        let hooks = &installation["hooks"];
        let offer = &offer("--trust-hooks");
        assert!(output.stdout.contains(offer), "{codex}: {output}");
        assert!(!marker.exists(), "{codex}");
        let (trusted, told) = match asks_for_trust(codex) {
            true => ("none", "not trusted"),
            false => ("notNeeded", "the hooks are not installed"),
        };
        assert_eq!(
            (&hooks["trusted"], &hooks["runs"]),
            (&json!(trusted), &json!(false)),
            "{codex}"
        );
        assert!(!sandbox.codex_home().join("hooks.json").exists(), "{codex}");
        let output = status(&sandbox);
        assert!(
            output.stdout.contains(told) && output.stdout.contains(offer),
            "{codex}: {output}"
        );
        // What was declined is not brought by an update, nor by a setup that mends.
        sandbox.installer(["update", "--yes"]).run().success();
        let setup = sandbox.command(&sandbox.installed_file("cc-cli"));
        let setup = setup.args(["setup", "--json"]).run().json();
        assert_eq!(setup["actionsTaken"], json!([]), "{codex}: {setup:#}");
        assert_eq!(
            problems(&sandbox.installation()),
            problems(&installation),
            "{codex}"
        );

        sandbox.install(["--trust-hooks"]).run().success();
        assert_eq!(problems(&sandbox.installation()), "[]", "{codex}");
    }
}

#[test]
fn each_permission_is_asked_for_by_itself_and_a_no_is_kept() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api);
    let output = sandbox.install([] as [&str; 0]).run().success();
    for left_out in ["--allow-commands", "--allow-rescue", "--trust-hooks"] {
        assert!(output.stdout.contains(left_out), "{output}");
    }
    let installation = sandbox.installation();
    assert_eq!(installation["plugin"]["installed"], true);
    assert_eq!(installation["problems"].as_array().unwrap().len(), 2);
    // An update does not bring what was declined.
    sandbox.installer(["update", "--yes"]).run().success();
    assert_eq!(sandbox.installation(), installation);
}

#[test]
fn hooks_and_plugins_that_the_user_switched_off_are_reported() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api);
    let config = sandbox.codex_home().join("config.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let switch_off = |feature: &str| {
        std::fs::write(
            &config,
            format!("{before}\n[features]\n{feature} = false\n"),
        )
        .unwrap();
    };
    let both = ["--allow-commands", "--trust-hooks"];

    switch_off("plugins");
    let refused = sandbox.install(both).run().exits(3);
    assert!(
        refused.stderr.contains("codex features enable plugins"),
        "{refused}"
    );
    assert!(
        !sandbox.installed_file("cc-cli").exists(),
        "nothing was begun"
    );

    switch_off("hooks");
    let output = sandbox.install(both).run().exits(3);
    assert!(
        output.stdout.contains("codex features enable hooks"),
        "{output}"
    );
    let hooks = &sandbox.installation()["hooks"];
    assert_eq!(
        (&hooks["way"], &hooks["runs"]),
        (&json!("native"), &json!(false))
    );
    assert!(!sandbox.codex_home().join("hooks.json").exists());

    sandbox
        .codex(["features", "enable", "hooks"])
        .run()
        .success();
    sandbox.install(both).run().success();
    assert_eq!(problems(&sandbox.installation()), "[]");
}

/// What the installer prints at a terminal of `columns`, where somebody types `answers`.
#[cfg(target_os = "linux")]
fn at_a_terminal(sandbox: &Sandbox, columns: usize, args: &str, answers: &str) -> Output {
    let installer = sandbox.product_file("cc-installer");
    let call = format!(
        "stty cols {columns} rows 24 -echo; {} {args}",
        installer.display()
    );
    let script = sandbox.command("/usr/bin/script".as_ref());
    let call = script.args(["-qec", &call, "/dev/null"]).stdin(answers);
    call.run()
}

#[test]
#[cfg(target_os = "linux")]
fn text_fits_the_terminal_and_an_unclear_answer_is_asked_again() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api);
    let bin = sandbox.installed_file("cc-cli");
    let install = format!("install --bin-dir {}", bin.parent().unwrap().display());
    let declined = at_a_terminal(&sandbox, 80, &install, "perhaps\n\n").exits(4);
    assert_eq!(
        declined.stdout.matches("Continue? [y/N]").count(),
        2,
        "{declined}"
    );
    assert!(!bin.exists(), "{declined}");
    for columns in [80, 48] {
        let output = at_a_terminal(&sandbox, columns, &install, "y\nwhat\nn\nn\nn\n").success();
        assert_eq!(
            output.stdout.matches("Write this rule? [y/N]").count(),
            2,
            "{output}"
        );
        assert!(!sandbox.codex_home().join("rules").exists(), "{output}");
        let lines = output.stdout.lines().map(str::trim_end);
        // What is to be copied stays whole, and so does a path.
        let wraps = |line: &&str| !line.starts_with("    ") && line.trim_start().contains(' ');
        let longest = lines.filter(wraps).max_by_key(|line| line.len()).unwrap();
        assert!(longest.len() <= columns, "{columns}: {longest}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
    }
}
