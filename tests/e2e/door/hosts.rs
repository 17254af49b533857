//! The door and the real Codex: which command lines its rules let out of the sandbox.

use std::fs;
#[cfg(target_os = "linux")]
use std::path::Path;

#[cfg(target_os = "linux")]
use cc_tests::fake::Run;
#[cfg(unix)]
use cc_tests::peers::CODEX_OLD;
#[cfg(target_os = "linux")]
use cc_tests::peers::HOOKED;
use cc_tests::peers::{CODEX, CODEX_OLDEST, Peer};
#[cfg(target_os = "linux")]
use cc_tests::responses_api::Turn;
#[cfg(target_os = "linux")]
use cc_tests::{MessagesApi, Turn as ClaudeTurn, door, peers};
use cc_tests::{ResponsesApi, Sandbox, Scenario};
use serde_json::json;

/// A Codex with everything that its user can allow.
fn allowed(codex: Peer<'_>, api: &ResponsesApi) -> Sandbox {
    let sandbox = Sandbox::codex_at(codex, api)
        .with_fake_claude(&Scenario::says("No findings."))
        .with_change();
    sandbox.installed()
}

/// What the model reads of a command that it has run.
#[cfg(unix)]
fn runs(sandbox: &Sandbox, api: &ResponsesApi, mode: &str, line: &str) -> String {
    sandbox.codex_runs(api, mode, &[line.to_owned()]).remove(0)
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_not_behind_the_door_stays_in_the_sandbox() {
    for codex in [CODEX, CODEX_OLD] {
        let api = ResponsesApi::start([]);
        let sandbox = allowed(codex, &api);
        let state = sandbox.state_dir();
        fs::create_dir_all(state.root()).unwrap();
        let gate = json!({"version": 1, "stopReviewGate": true}).to_string();
        fs::write(state.config(), &gate).unwrap();
        let lines = door::lines(&sandbox);
        let read = sandbox.codex_runs(&api, "workspace-write", &lines);
        for (line, read) in lines.iter().zip(&read) {
            assert!(
                !read.contains("exited with code 0"),
                "{codex}: {line}: {read}"
            );
        }
        assert!(
            !sandbox.data_dir().settings().exists(),
            "{codex}: {read:#?}"
        );
        assert!(
            !sandbox.home().join("planted").exists(),
            "{codex}: {read:#?}"
        );
        assert!(sandbox.records().is_empty(), "{codex}: {read:#?}");
        let after = fs::read_to_string(state.config()).unwrap();
        assert_eq!(after, gate, "{codex}: {read:#?}");
        assert!(sandbox.claude_calls().is_empty(), "{codex}");
    }
}

/// The model runs its commands in a shell of Unix.
#[test]
#[cfg(unix)]
fn a_rescue_goes_through_where_codex_may_write() {
    for codex in [CODEX, CODEX_OLD] {
        let api = ResponsesApi::start([]);
        let sandbox = allowed(codex, &api);
        let cli = sandbox.installed_file("cc-cli").display().to_string();
        let refused = runs(
            &sandbox,
            &api,
            "read-only",
            &format!("{cli} codex rescue 'Go on.'"),
        );
        assert!(refused.contains("`read-only`"), "{codex}: {refused}");
        assert!(sandbox.records().is_empty(), "{codex}");
        let looks = format!("{cli} codex rescue --read-only 'Look.'");
        let read = runs(&sandbox, &api, "read-only", &looks);
        assert!(read.contains("No findings."), "{codex}: {read}");
        // Whether Claude's own sandbox works here is not the question.
        let read = runs(
            &sandbox,
            &api,
            "workspace-write",
            &format!("{cli} codex rescue 'Go on.'"),
        );
        let passed = read.contains("No findings.") || read.contains("needs bwrap and socat");
        assert!(passed, "{codex}: {read}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_model_plants_in_the_settings_of_the_repository_does_not_run() {
    for codex in [CODEX, CODEX_OLD] {
        let (api, claude) = (ResponsesApi::start([]), MessagesApi::start([]));
        let sandbox = Sandbox::codex_at(codex, &api).with_change();
        let sandbox = sandbox
            .with_real_claude(&peers::claude(), &claude)
            .installed();
        let config = sandbox.codex_home().join("config.toml");
        let trusted = format!(
            "{}\n[projects.{:?}]\ntrust_level = \"trusted\"\n",
            fs::read_to_string(&config).unwrap(),
            sandbox.repo()
        );
        fs::write(&config, trusted).unwrap();
        let cli = sandbox.installed_file("cc-cli").display().to_string();
        let mark = sandbox.home().join("planted");
        let hook = json!([{"hooks": [{"type": "command", "command": format!("touch {}", mark.display())}]}]);
        let settings = json!({"hooks": {"SessionStart": hook, "Stop": hook}});
        let server = json!({"mcpServers": {"x": {"command": "touch", "args": [mark]}}});
        sandbox.write("settings", settings.to_string());
        sandbox.write("servers", server.to_string());
        let plant = "mkdir -p .claude && cp settings .claude/settings.json && cp servers .mcp.json && echo planted";
        let read = runs(&sandbox, &api, "workspace-write", plant);
        assert!(read.contains("planted"), "{codex}: {read}");
        for allow in [
            "trust --yes",
            "codex trust --yes",
            "config set rescue.trust always",
        ] {
            let read = runs(&sandbox, &api, "workspace-write", &format!("{cli} {allow}"));
            assert!(!read.contains("exited with code 0"), "{codex}: {read}");
        }
        claude.push([ClaudeTurn::text("Done with it.")]);
        let rescue = format!("{cli} codex rescue 'Go on.'");
        let read = runs(&sandbox, &api, "workspace-write", &rescue);
        assert!(read.contains("Done with it."), "{codex}: {read}");
        assert!(read.contains("cc-cli trust"), "{codex}: {read}");
        assert!(!mark.exists(), "{codex}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_that_the_model_plants_is_not_run() {
    for codex in [CODEX, CODEX_OLD] {
        let api = ResponsesApi::start([]);
        let mut sandbox = allowed(codex, &api);
        let cli = sandbox.installed_file("cc-cli").display().to_string();
        // The user has these on the PATH: Codex lets its sandbox write the first two.
        let temporary = tempfile::tempdir_in("/tmp").unwrap();
        let tmp = sandbox.tmp().join("bin");
        let path = format!(
            "{}:{}:{}:/usr/bin:/bin",
            temporary.path().display(),
            tmp.display(),
            sandbox.bin().display()
        );
        sandbox.set_env("PATH", &path);
        fs::write(sandbox.home().join(".profile"), format!("PATH='{path}'\n")).unwrap();
        for dir in [temporary.path(), &tmp] {
            let read = runs(&sandbox, &api, "workspace-write", &door::plant(dir));
            assert!(read.contains("planted"), "{codex}: {read}");
        }
        let review = format!("{cli} codex review");
        let read = runs(&sandbox, &api, "workspace-write", &review);
        assert!(read.contains("No findings."), "{codex}: {read}");
        // Nor where there is no other.
        fs::remove_file(sandbox.bin().join("claude")).unwrap();
        let read = runs(&sandbox, &api, "workspace-write", &review);
        let why = format!(
            "`{}/claude` is not used: commands in Codex's sandbox may write `/tmp`",
            temporary.path().display()
        );
        assert!(read.contains(&why), "{codex}: {read}");
        for call in ["setup --check", "rescue 'Go on.'", "status"] {
            runs(
                &sandbox,
                &api,
                "workspace-write",
                &format!("{cli} codex {call}"),
            );
        }
        for dir in [temporary.path(), &tmp] {
            assert_eq!(door::ran(dir), None, "{codex}");
        }
    }
}

/// The model runs its commands in a shell of Unix.
#[test]
#[cfg(unix)]
fn who_declines_the_rule_for_rescues_has_them_in_the_sandbox() {
    let api = ResponsesApi::start([]);
    let sandbox = Sandbox::codex_at(CODEX, &api)
        .with_fake_claude(&Scenario::says("No findings."))
        .with_change();
    let looking = ["--allow-commands", "--trust-hooks"];
    let output = sandbox.install(looking).run().success();
    assert!(output.stdout.contains("install --allow-rescue"), "{output}");
    let rule = &sandbox.installation()["execRule"];
    assert_eq!(
        (&rule["matches"], &rule["rescue"]),
        (&json!(true), &json!(false))
    );
    let cli = sandbox.installed_file("cc-cli").display().to_string();
    let read = runs(
        &sandbox,
        &api,
        "workspace-write",
        &format!("{cli} codex review"),
    );
    assert!(read.contains("No findings."), "{read}");
    if cfg!(target_os = "linux") {
        let rescue = format!("{cli} codex rescue 'Go on.'");
        let read = runs(&sandbox, &api, "workspace-write", &rescue);
        assert!(read.contains("inside a sandbox"), "{read}");
    }
    assert_eq!(sandbox.records().len(), 1);
}

#[test]
fn an_update_puts_the_rule_for_looking_in_place_of_the_old_one() {
    let api = ResponsesApi::start([]);
    let sandbox = allowed(CODEX, &api);
    let rules = sandbox.codex_home().join("rules");
    let cli = sandbox.installed_file("cc-cli");
    let old = format!(
        "prefix_rule(pattern=[{}], decision=\"allow\")\n",
        json!(cli)
    );
    let mine = "prefix_rule(pattern=[\"git\", \"status\"], decision=\"allow\")\n";
    fs::write(rules.join("cc.rules"), &old).unwrap();
    fs::write(rules.join("default.rules"), format!("{mine}{old}")).unwrap();
    let told = sandbox.installer(["status"]).run().exits(3);
    assert!(told.stdout.contains("an old exec rule lets"), "{told}");
    let setup = sandbox.cc(["setup", "--check", "--json"]).run().json();
    assert_eq!(setup["execRule"]["old"], true, "{setup:#}");

    let output = sandbox.installer(["update", "--yes"]).run().success();
    assert!(
        output
            .stdout
            .contains("replace the exec rule for all of cc-cli"),
        "{output}"
    );
    assert!(output.stdout.contains("leave the sandbox"), "{output}");
    let rule = &sandbox.installation()["execRule"];
    let shown = ["old", "matches", "rescue"].map(|name| rule[name] == true);
    assert_eq!(shown, [false, true, false], "{rule}");
    let default = fs::read_to_string(rules.join("default.rules")).unwrap();
    assert_eq!(default, mine);
    sandbox
        .installer(["update", "--yes", "--allow-rescue"])
        .run()
        .success();
    assert_eq!(sandbox.installation()["execRule"]["rescue"], true);
    sandbox.installer(["uninstall", "--yes"]).run().success();
    assert!(!rules.join("cc.rules").exists());
}

#[test]
fn a_codex_that_frees_the_whole_line_gets_no_rule_and_loses_the_one_it_has() {
    let api = ResponsesApi::start([]);
    let sandbox = allowed(CODEX_OLDEST, &api);
    let rules = sandbox.codex_home().join("rules").join("cc.rules");
    assert!(!rules.exists());
    let installation = sandbox.installation();
    assert_eq!(
        installation["execRule"]["possible"], false,
        "{installation:#}"
    );
    assert_eq!(installation["problems"], json!([]));
    let cli = sandbox.installed_file("cc-cli");
    sandbox.allow_program(&cli);
    let told = sandbox.installer(["status"]).run().exits(3);
    assert!(
        told.stdout.contains("frees the whole command line"),
        "{told}"
    );
    let output = sandbox.installer(["update", "--yes"]).run().success();
    assert!(
        output
            .stdout
            .contains("on the same command line outside its sandbox"),
        "{output}"
    );
    assert!(!rules.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_is_not_taken_from_where_the_session_may_write_besides() {
    for codex in [CODEX, CODEX_OLD] {
        let api = ResponsesApi::start([]);
        let sandbox = allowed(codex, &api);
        let cli = sandbox.installed_file("cc-cli").display().to_string();
        let (extra, more) = (sandbox.home().join("extra"), sandbox.home().join("more"));
        let profile = sandbox.home().join(".profile");
        let path = fs::read_to_string(&profile).unwrap();
        let first = format!("{path}PATH={}:{}:$PATH\n", extra.display(), more.display());
        fs::write(&profile, first).unwrap();
        let by_profile = format!(
            r#"permissions.dev={{filesystem={{":root"="read",":workspace_roots"={{"."="write"}},{more:?}="write"}}}}"#
        );
        let extra_dir = extra.display().to_string();
        for (dir, allowing) in [
            (
                &extra,
                ["--sandbox", "workspace-write", "--add-dir", &extra_dir],
            ),
            (
                &more,
                ["-c", "default_permissions=\"dev\"", "-c", &by_profile],
            ),
        ] {
            fs::create_dir_all(dir).unwrap();
            let mark = dir.join("ran").display().to_string();
            let at = dir.display();
            let plant = format!(
                "for program in claude git node; do printf '#!/bin/sh\\ntr \"\\\\0\" \" \" < /proc/$PPID/cmdline > {mark}\\necho $0 \"$@\" >> {mark}\\n' > {at}/$program; chmod +x {at}/$program; done; echo planted"
            );
            let lines = [
                plant,
                format!("{cli} codex review"),
                format!("{cli} codex setup"),
            ];
            api.push(
                lines
                    .iter()
                    .map(|line| cc_tests::responses_api::Turn::shell(line)),
            );
            sandbox
                .codex(["exec"])
                .args(allowing)
                .args(["Go."])
                .run()
                .success();
            let read = api.last_request().tool_outputs();
            assert!(read[0].contains("planted"), "{codex}: {read:#?}");
            assert!(dir.join("claude").exists(), "{codex}: {read:#?}");
            assert!(read[1].contains("No findings."), "{codex}: {read:#?}");
            let ran = fs::read_to_string(dir.join("ran"));
            assert!(ran.is_err(), "{codex}: {ran:?} {read:#?}");
            fs::remove_dir_all(dir).unwrap();
        }
    }
}

/// The check at the end of a turn runs Git and Claude Code outside of the sandbox, with the PATH of Codex itself.
#[test]
#[cfg(target_os = "linux")]
fn a_hook_takes_no_program_from_where_its_session_may_write_besides() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let mut sandbox = allowed(codex, &api);
        let passes = || Run::structured(json!({"verdict": "allow", "reason": "Fine."}));
        sandbox.set_scenario(&Scenario::runs([passes(), passes()]));
        let gate = ["setup", "--enable-review-gate"];
        sandbox.cc(gate).run().success();
        let (extra, more) = (sandbox.home().join("extra"), sandbox.home().join("more"));
        let by_profile = format!(
            r#"permissions.dev={{filesystem={{":root"="read",":workspace_roots"={{"."="write"}},{more:?}="write"}}}}"#
        );
        let extra_dir = extra.display().to_string();
        let by_flag = ["--sandbox", "workspace-write", "--add-dir", &extra_dir];
        let by_profile = ["-c", "default_permissions=\"dev\"", "-c", &by_profile];
        for (dir, allowing) in [(&extra, by_flag), (&more, by_profile)] {
            fs::create_dir_all(dir).unwrap();
            let path = [
                dir,
                &sandbox.bin(),
                Path::new("/usr/bin"),
                Path::new("/bin"),
            ];
            sandbox.set_env(
                "PATH",
                std::env::join_paths(path).unwrap().to_str().unwrap(),
            );
            let at = dir.display();
            let plant = format!(
                "for program in claude git node codex; do printf '#!/bin/sh\\ntr \"\\\\0\" \" \" < /proc/$PPID/cmdline >> {at}/ran\\necho \": $0 $*\" >> {at}/ran\\n' > {at}/$program; chmod +x {at}/$program; done; echo planted; date >> src/lib.rs"
            );
            api.push([Turn::shell(&plant), Turn::text("Done.")]);
            let exec = sandbox.codex(["exec"]).args(allowing).args(["Go."]);
            let output = exec.run().success();
            let read = api.last_request().tool_outputs();
            assert!(read[0].contains("planted"), "{codex}: {read:#?}");
            let last = fs::read(sandbox.state_dir().stop_review_last());
            let last = last.unwrap_or_else(|error| panic!("{codex}: {error} {output}"));
            let last: serde_json::Value = serde_json::from_slice(&last).unwrap();
            assert_eq!(last["outcome"], "allowed", "{codex}: {last:#} {output}");
            // Codex itself takes its `git` from there.
            let ran = fs::read_to_string(dir.join("ran")).unwrap_or_default();
            let is_ours = |line: &&str| line.contains("/cc-hooks ") || line.contains("/cc-cli ");
            let by_us = ran.lines().find(is_ours);
            assert_eq!(by_us, None, "{codex}: {ran}");
            fs::remove_dir_all(dir).unwrap();
            fs::remove_file(sandbox.state_dir().stop_review_last()).unwrap();
        }
    }
}
