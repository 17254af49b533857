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
