use clap::CommandFactory;

use super::*;

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

/// Every command, flag and argument that help lists, with its help text.
fn help_texts(command: &clap::Command, texts: &mut Vec<(String, String)>) {
    let name = command.get_name();
    let text = |help: Option<&clap::builder::StyledStr>| {
        help.map_or_else(String::new, |help| help.to_string())
    };
    texts.push((name.to_owned(), text(command.get_about())));
    for arg in command.get_arguments() {
        let long = arg.get_long_help().map(ToString::to_string);
        assert_eq!(long, None, "{name} {} has a second help text", arg.get_id());
        texts.push((format!("{name} {}", arg.get_id()), text(arg.get_help())));
    }
    for command in command.get_subcommands() {
        help_texts(command, texts);
    }
}

#[test]
fn help_is_one_sentence_case_line_without_a_full_stop() {
    let mut texts = Vec::new();
    help_texts(&Cli::command(), &mut texts);
    assert!(texts.len() > 50);
    for (name, text) in texts {
        assert!(
            text.starts_with(|first: char| first.is_ascii_uppercase())
                && !text.ends_with('.')
                && !text.contains('\n')
                && text.len() <= 100,
            "{name}: {text:?}"
        );
    }
}

/// Every flag with its value and whether `-1` can be that value.
fn flags(command: &clap::Command, all: &mut Vec<(String, String, bool)>) {
    for arg in command.get_opts() {
        let flag = format!("{} {}", command.get_name(), arg.get_id());
        let value = arg.get_value_names().unwrap_or_default().join(" ");
        all.push((flag, value, arg.is_allow_negative_numbers_set()));
    }
    for command in command.get_subcommands() {
        flags(command, all);
    }
}

/// What is below zero is refused by the flag itself, which says what it takes, and not as a flag that nobody knows.
#[test]
fn a_number_below_zero_is_a_value() {
    let mut all = Vec::new();
    flags(&Cli::command(), &mut all);
    let numbers = all
        .iter()
        .filter(|(_, value, _)| ["N", "TIME", "DOLLARS"].contains(&value.as_str()));
    let refused: Vec<&String> = numbers
        .clone()
        .filter(|(.., is_allowed)| !is_allowed)
        .map(|(flag, ..)| flag)
        .collect();
    assert_eq!(refused, Vec::<&String>::new());
    assert!(numbers.count() > 10);
}

/// The text below the flags of every command.
fn notes(command: &clap::Command, all: &mut Vec<String>) {
    all.extend(command.get_after_help().map(ToString::to_string));
    for command in command.get_subcommands() {
        notes(command, all);
    }
}

#[test]
fn examples_fit_a_terminal_and_are_valid() {
    let mut all = Vec::new();
    notes(&Cli::command(), &mut all);
    let lines: Vec<&str> = all.iter().flat_map(|note| note.lines()).collect();
    let mut calls = 0;
    for line in lines {
        assert!(line.chars().count() <= 79, "{line}");
        let Some(call) = line.trim().strip_prefix("cc-cli ") else {
            continue;
        };
        // What follows two spaces says what the call does.
        let call = call.split("  ").next().unwrap_or_default();
        let words = shell_words(&format!("cc-cli {call}"));
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{line}\n{error}");
        }
        calls += 1;
    }
    assert!(calls > 20, "{calls}");
}

/// The words of a line of a shell: quotes join, `#` begins a comment, and `>` and `|` end the command.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    for c in line.chars() {
        match c {
            '\'' | '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '#' if !is_quoted && word.is_none() => break,
            '>' | '|' | ')' | '\\' if !is_quoted => break,
            ' ' if !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_call_in_the_readme_is_valid() {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = cc_core::fs::read_bounded(&readme, 1 << 20).unwrap();
    let readme = String::from_utf8(readme).unwrap();
    let is_call = |line: &str| line.starts_with("$ cc-cli ") || line.starts_with("- run: cc-cli ");
    let lines = readme.lines().map(str::trim).filter(|line| is_call(line));
    // Whole calls in running text, not the names of commands.
    let inline = readme.split('`').skip(1).step_by(2);
    let inline = inline.filter(|code| code.starts_with("cc-cli ") && !code.contains(['…', '\n']));
    let calls: Vec<&str> = lines.chain(inline).collect();
    assert!(calls.len() > 25, "{calls:#?}");
    for call in calls {
        let from = call.find("cc-cli").unwrap();
        let words = shell_words(&call[from..]);
        if words.get(1).is_some_and(|word| word == door::WORD) {
            continue;
        }
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{call}\n{error}");
        }
    }
}
