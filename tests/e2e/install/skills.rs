//! What the skills tell the model to run is what the commands take, and what the exec rule knows.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn skills() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/skills")
}

/// The parts of a text between backticks, and its indented lines.
fn code(text: &str) -> Vec<String> {
    let inline = text.split('`').skip(1).step_by(2);
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    inline.chain(lines).map(str::to_owned).collect()
}

#[test]
fn every_command_and_flag_that_a_skill_names_is_there() {
    let sandbox = Sandbox::new();
    let help = |command: &[&str]| sandbox.cc(command).args(["--help"]).run().success().stdout;
    let mut named = 0;
    for skill in fs::read_dir(skills()).unwrap() {
        let skill = skill.unwrap();
        let text = fs::read_to_string(skill.path().join("SKILL.md")).unwrap();
        let own = skill.file_name().into_string().unwrap();
        for code in code(&text) {
            let line = code.strip_prefix("{{cc-cli}} ");
            let by_codex = line.is_none_or(|line| line.starts_with("codex "));
            let line = line.map(|line| line.strip_prefix("codex ").unwrap_or(line));
            let (command, words) = match line {
                Some("…") => continue,
                Some(line) => line.split_once(' ').unwrap_or((line, "")),
                None => (own.as_str(), code.as_str()),
            };
            let command = match by_codex {
                true => vec!["codex", command],
                false => vec![command],
            };
            let flags = words.split([' ', '[', ']']);
            let flags = flags.filter(|word| word.starts_with("--") && word.len() > 2);
            let help = help(&command);
            for flag in flags {
                assert!(help.contains(flag), "{own}: {command:?} {flag}: {help}");
                named += 1;
            }
        }
    }
    assert!(named > 30, "{named}");
}

/// How an installed skill says to write a single quote inside of single quotes.
fn quote_of(sandbox: &Sandbox, skill: &str) -> String {
    let skills = "cc/marketplace/plugins/cc/skills";
    let skill = sandbox.codex_home().join(skills).join(skill);
    let text = fs::read_to_string(skill.join("SKILL.md")).unwrap();
    let (_, rest) = text.split_once("a single quote inside as `").unwrap();
    rest.split_once('`').unwrap().0.to_owned()
}

#[test]
fn a_single_quote_is_written_as_the_shell_of_the_system_takes_it() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api).installed();
    // Codex has PowerShell on Windows.
    let quote = if cfg!(windows) { "''" } else { "'\"'\"'" };
    for skill in ["review", "adversarial-review", "rescue"] {
        assert_eq!(quote_of(&sandbox, skill), quote);
    }
}

/// The command lines are for a shell of Unix.
#[test]
#[cfg(unix)]
fn what_is_quoted_as_the_skills_say_runs_outside_of_the_sandbox() {
    let focus = "what if it's empty, say \"hi\" or ~ $HOME `x` \\ [a]*?";
    let quoting = |sandbox: &Sandbox| {
        ["adversarial-review", "rescue"].map(|skill| {
            let quoted = focus.replace('\'', &quote_of(sandbox, skill));
            match skill {
                "rescue" => format!("rescue --wait --fresh --read-only '{quoted}'"),
                _ => format!("{skill} --wait '{quoted}'"),
            }
        })
    };
    let plain = [
        "review --wait --commit 'HEAD~1'",
        "review --wait --commit 'HEAD^'",
        "review --wait --range 'HEAD~1..HEAD'",
        "review --wait --model 'opus[1m]' --max-budget-usd 2",
        "review --wait -- 'src/a*.rs'",
    ];
    for codex in ruled() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api).installed();
        let forms = quoting(&sandbox).into_iter();
        let forms: Vec<String> = forms.chain(plain.map(str::to_owned)).collect();
        sandbox.commit("Subtract");
        sandbox.write("src/a*.rs", "");
        sandbox.commit("Add a file");
        sandbox.write("src/a*.rs", "// changed\n");
        let cli = sandbox.installed_file("cc-cli");
        let lines = forms.iter();
        let lines: Vec<_> = lines
            .map(|form| format!("{} codex {form}", cli.display()))
            .collect();
        let read = sandbox.codex_runs(&api, "workspace-write", &lines);
        for (form, read) in forms.iter().zip(read) {
            assert!(
                read.contains("exited with code 0"),
                "{codex}: {form}: {read}"
            );
        }
        // A review that finds nothing in the right form is asked for the form once more.
        let calls = sandbox.claude_calls();
        let told = calls.iter().filter(|call| call.stdin.contains(focus));
        assert_eq!(told.count(), 2, "{codex}: {calls:#?}");
        let model = Some("opus[1m]");
        let with_model = calls.iter().filter(|call| call.flag("--model") == model);
        assert_eq!(with_model.count(), 1, "{codex}: {calls:#?}");
    }
}
