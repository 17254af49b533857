//! Completions, asked for by real shells.

use std::fs;
use std::path::Path;

use cc_tests::sandbox::{Cmd, Screen};
use cc_tests::{Sandbox, Scenario, peers};
use serde_json::json;

/// A sandbox with a branch, a review with two findings, and `cc-cli` on the PATH.
fn reviewed() -> Sandbox {
    let finding = |title: &str, severity: &str| {
        json!({
            "severity": severity, "title": title, "body": "b", "file": "src/lib.rs", "line_start": 1, "line_end": 1,
            "confidence": 0.9, "recommendation": "r",
        })
    };
    let output = json!({
        "verdict": "needs-attention", "summary": "s", "next_steps": [],
        "findings": [finding("Leaks\u{1b}[31m a handle", "high"), finding("Slow", "low")],
    });
    let sandbox = Sandbox::fake(&Scenario::structured(output)).with_change();
    for name in ["feature/paging", "$(touch${IFS}pwned)"] {
        sandbox.git(["branch", name]);
    }
    sandbox.cc(["adversarial-review"]).run().success();
    sandbox
}

/// What a shell is told when `words` stand on its line, the last of them being typed.
fn asked(sandbox: &Sandbox, shell: &str, words: &[&str]) -> String {
    let output = asking(sandbox.cc::<&str>([]), shell, words).run().success();
    assert_eq!(output.stderr, "", "{words:?}");
    output.stdout
}

fn asking<'a>(call: Cmd<'a>, shell: &str, words: &[&str]) -> Cmd<'a> {
    let index = (words.len() - 1).to_string();
    let call = call.args(["--"]).args(words).env("CC_COMPLETE", shell);
    call.env("_CLAP_COMPLETE_INDEX", index)
        .env("_CLAP_IFS", "\n")
}

/// What `times` of a shell says that its children took.
fn processor_seconds(times: &str) -> f64 {
    let times = times.lines().last().expect("two lines").split_whitespace();
    let seconds = times.map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    });
    seconds.sum()
}

/// Every file below `dir`, with its content.
fn content_of(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => dirs.push(path),
                false => all.push((
                    path.display().to_string(),
                    fs::read(&path).unwrap_or_default(),
                )),
            }
        }
    }
    all.sort();
    all
}

#[test]
fn values_come_from_jobs_refs_settings_and_findings_and_nothing_is_written() {
    let sandbox = reviewed();
    let id = sandbox.job().to_string();
    let before = (
        content_of(&sandbox.codex_home()),
        content_of(&sandbox.repo()),
    );
    let zsh = |words: &[&str]| asked(&sandbox, "fish", words);
    let commands = zsh(&["cc-cli", "re"]);
    for command in ["review", "rescue", "result"] {
        assert!(commands.contains(command), "{commands}");
    }
    assert!(
        !zsh(&["cc-cli", ""]).contains("git-server"),
        "hidden commands stay hidden"
    );
    for command in ["status", "result", "logs", "prune"] {
        let jobs = zsh(&["cc-cli", command, ""]);
        let line = jobs.lines().find(|line| line.starts_with(&id));
        let line = line.unwrap_or_else(|| panic!("{command}: {jobs}"));
        assert!(
            line.contains("\tAdversarial review of uncommitted changes · completed"),
            "{line}"
        );
    }
    assert!(
        !zsh(&["cc-cli", "cancel", ""]).contains(&id),
        "it has ended"
    );
    let directory = sandbox.repo().display().to_string();
    let elsewhere = ["cc-cli", "-C", &directory, "result", "rev"];
    let call = sandbox
        .cc(["--"])
        .args(elsewhere)
        .env("CC_COMPLETE", "fish")
        .cwd("/");
    assert!(call.run().success().stdout.starts_with(&id));
    for flag in ["--since", "--from"] {
        let command = if flag == "--from" { "rescue" } else { "review" };
        assert!(
            zsh(&["cc-cli", command, flag, "review-"]).starts_with(&id),
            "{flag}"
        );
    }
    let refs = zsh(&["cc-cli", "review", "--base", ""]);
    for name in ["HEAD", "main", "feature/paging"] {
        assert!(refs.lines().any(|line| line == name), "{refs}");
    }
    assert!(!refs.contains("pwned"), "{refs}");
    let range = zsh(&["cc-cli", "review", "--range", "main..fea"]);
    assert_eq!(range, "main..feature/paging\n");
    let findings = zsh(&["cc-cli", "rescue", "--from", &id, "--findings", ""]);
    assert_eq!(
        findings,
        "1\thigh: Leaks\u{fffd}[31m a handle\n2\tlow: Slow\n"
    );
    assert!(zsh(&["cc-cli", "rescue", "--from", &id, "--findings", "1,"]).contains("1,2"));
    let keys = zsh(&["cc-cli", "config", "get", "review."]);
    assert!(keys.contains("review.model\t"), "{keys}");
    assert_eq!(zsh(&["cc-cli", "result", "--format", "s"]).trim(), "sarif");
    for nonsense in [
        &["cc-cli"][..],
        &["cc-cli", "nope", ""],
        &["cc-cli", "result", "--nope", "x", ""],
    ] {
        zsh(nonsense);
    }
    let after = (
        content_of(&sandbox.codex_home()),
        content_of(&sandbox.repo()),
    );
    assert!(before == after, "completing changed a file");
}

#[test]
fn every_shell_gets_its_script_and_an_unknown_one_nothing() {
    let sandbox = reviewed();
    let program = sandbox.product_file("cc-cli").canonicalize().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.cc(["completions", shell]).run().success().stdout;
        assert!(script.contains("CC_COMPLETE"), "{shell}: {script}");
        assert!(
            script.contains(program.to_str().unwrap()),
            "{shell}: {script}"
        );
    }
    assert_eq!(asked(&sandbox, "tcsh", &["cc-cli", ""]), "");
    // Without a request for completions the variable means nothing.
    let status = sandbox.cc(["status"]).env("CC_COMPLETE", "bash").run();
    assert!(status.success().stdout.contains("Finished"));
}

/// A shell at a terminal that has loaded the completions of `cc-cli`.
fn shell(sandbox: &Sandbox, program: &Path, args: &[&str], setup: &str) -> Screen {
    let call = sandbox.command(program).args(args).env("TERM", "xterm");
    let call = call.env("PS1", "$ ").env("PROMPT", "$ ");
    let bin = sandbox.product_file("cc-cli");
    let mut path = bin.parent().unwrap().as_os_str().to_owned();
    path.push(":/usr/bin:/bin");
    let mut screen = call.env("PATH", path).at_terminal(100, 24);
    screen.press(&format!("{setup}; printf 'rea''dy\\n'\r"));
    screen.wait_for("ready");
    screen
}

/// Types `line` and Tab, and waits until the line shows `expect`.
#[track_caller]
fn completes(screen: &mut Screen, line: &str, expect: &str) {
    screen.press(line);
    screen.wait_for(line.trim_end());
    screen.press("\t");
    screen.wait_for(expect);
    // Ctrl-U: an empty line again.
    screen.press("\u{15}");
}

#[test]
fn bash_completes_every_word() {
    let sandbox = reviewed();
    let id = sandbox.job().to_string();
    let args = ["--norc", "--noprofile", "-i"];
    let mut bash = shell(
        &sandbox,
        "/bin/bash".as_ref(),
        &args,
        "source <(cc-cli completions bash)",
    );
    completes(&mut bash, "cc-cli adv", "$ cc-cli adversarial-review");
    completes(
        &mut bash,
        "cc-cli result rev",
        &format!("$ cc-cli result {id}"),
    );
    completes(
        &mut bash,
        "cc-cli review --base fea",
        "$ cc-cli review --base feature/paging",
    );
    completes(
        &mut bash,
        "cc-cli review --base=fea",
        "$ cc-cli review --base=feature/paging",
    );
    completes(
        &mut bash,
        "cc-cli config get review.mod",
        "$ cc-cli config get review.model",
    );
    bash.press("cc-cli review --commit \t\t");
    bash.wait_for("feature/paging");
    assert!(!bash.text().contains("pwned"), "{}", bash.text());
}

#[test]
fn fish_completes_with_titles() {
    let sandbox = reviewed();
    let id = sandbox.job().to_string();
    let root = peers::shells().unwrap();
    let fish = root.join("usr/bin/fish");
    let cli = sandbox.product_file("cc-cli");
    let line = |typed: &str| {
        let script = format!(
            "{} completions fish | source; complete -C '{typed}'",
            cli.display()
        );
        let call = sandbox.command(&fish);
        let call = call.args(["--no-config", "-c", &script]);
        let output = call.env("LD_LIBRARY_PATH", peers::libraries(&root)).run();
        output.success().stdout
    };
    assert!(line("cc-cli adv").starts_with("adversarial-review\t"));
    let jobs = line("cc-cli result ");
    assert!(
        jobs.contains(&format!("{id}\tAdversarial review of uncommitted changes")),
        "{jobs}"
    );
    assert_eq!(line("cc-cli review --base fea").trim(), "feature/paging");
}

#[test]
fn zsh_completes_with_titles() {
    let sandbox = reviewed();
    let id = sandbox.job().to_string();
    let root = peers::shells().unwrap();
    let zsh = root.join("bin/zsh-static");
    let functions = root.join("usr/share/zsh/functions");
    let dirs = [
        "",
        "Completion",
        "Completion/Base",
        "Completion/Zsh",
        "Completion/Unix",
        "Misc",
    ];
    let fpath: Vec<String> = dirs
        .map(|dir| functions.join(dir).display().to_string())
        .into();
    let fpath = fpath.join(" ");
    let setup = format!(
        "fpath=({fpath}); autoload -Uz compinit; compinit -D -u; source <(cc-cli completions zsh)"
    );
    // As a file in a directory of `fpath`, which is read at the first Tab.
    let assets = sandbox.root().join("share");
    sandbox.installer(["assets", "../share"]).run().success();
    let functions = assets.join("zsh/site-functions");
    let loaded = format!(
        "fpath=({fpath} {}); autoload -Uz compinit; compinit -D -u",
        functions.display()
    );
    let mut lazy = shell(&sandbox, &zsh, &["-f", "-i"], &loaded);
    completes(
        &mut lazy,
        "cc-cli result rev",
        &format!("$ cc-cli result {id}"),
    );
    let mut zsh = shell(&sandbox, &zsh, &["-f", "-i"], &setup);
    completes(&mut zsh, "cc-cli adv", "$ cc-cli adversarial-review");
    completes(
        &mut zsh,
        "cc-cli result rev",
        &format!("$ cc-cli result {id}"),
    );
    completes(
        &mut zsh,
        "cc-cli review --base fea",
        "$ cc-cli review --base feature/paging",
    );
    zsh.press("cc-cli re\t");
    zsh.wait_for("Hand a task to Claude");
}

#[test]
fn completing_among_many_jobs_is_quick() {
    let sandbox = reviewed();
    let record = sandbox.record();
    let id = sandbox.job().to_string();
    for number in 0..2_000 {
        let mut record = record.clone();
        let old = format!("review-aaaaa{number:03x}-00000000");
        record["id"] = json!(old);
        sandbox.write_record(&old, record.to_string());
    }
    // The time of a processor, whatever else the machine does.
    let timed = sandbox.command("/bin/sh".as_ref());
    let timed = timed.args(["-c", "\"$0\" \"$@\"; times >&2"]);
    let timed = timed.args([sandbox.product_file("cc-cli")]);
    let timed = asking(timed, "fish", &["cc-cli", "result", ""]).run();
    let (jobs, took) = (&timed.stdout, processor_seconds(&timed.stderr));
    assert!(
        jobs.starts_with(&id),
        "{}",
        jobs.lines().next().unwrap_or_default()
    );
    assert_eq!(
        jobs.lines()
            .filter(|line| line.starts_with("review-"))
            .count(),
        50
    );
    assert!(took < 1.0, "{timed}");
}
