//! What the skills tell the model to run is what the commands take.

use std::fs;
use std::path::Path;

use super::*;

/// The parts of a text between backticks, and its indented lines.
fn code(text: &str) -> Vec<String> {
    let inline = text.split('`').skip(1).step_by(2);
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    inline.chain(lines).map(str::to_owned).collect()
}

#[test]
fn every_command_and_flag_that_a_skill_names_is_there() {
    let sandbox = Sandbox::new();
    let help = |command: &str| sandbox.cc([command, "--help"]).run().success().stdout;
    let skills = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/skills");
    let mut named = 0;
    for skill in fs::read_dir(skills).unwrap() {
        let skill = skill.unwrap();
        let text = fs::read_to_string(skill.path().join("SKILL.md")).unwrap();
        let own = skill.file_name().into_string().unwrap();
        for code in code(&text) {
            let (command, words) = match code.strip_prefix("{{cc-cli}} ") {
                Some(line) => line.split_once(' ').unwrap_or((line, "")),
                None => (own.as_str(), code.as_str()),
            };
            let flags = words.split([' ', '[', ']']);
            let flags = flags.filter(|word| word.starts_with("--") && word.len() > 2);
            let help = help(command);
            for flag in flags {
                assert!(help.contains(flag), "{own}: {command} {flag}: {help}");
                named += 1;
            }
        }
    }
    assert!(named > 30, "{named}");
}
