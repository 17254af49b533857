//! Manual pages and completions of the three programs, made from the definitions of their command lines.
//!
//! Below a directory such as `/usr/share` or `~/.local/share` each file has its usual place there.

use std::io;
use std::path::Path;

use cc_core::IoError;
use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::Args;
use crate::error::Error;
use crate::files;

/// What reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// `man`.
    Man,
    /// A shell, for completions.
    Shell(Shell),
}

impl Reader {
    /// The directory for such files, with forward slashes.
    fn dir(self) -> &'static str {
        match self {
            Self::Man => "man/man1",
            Self::Shell(Shell::Bash) => "bash-completion/completions",
            Self::Shell(Shell::Zsh) => "zsh/site-functions",
            Self::Shell(Shell::Fish) => "fish/vendor_completions.d",
            Self::Shell(Shell::Elvish) => "elvish/lib",
            // It has no place where it looks by itself.
            Self::Shell(_) => "powershell",
        }
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    pub(crate) reader: Reader,
    /// The name that the reader expects.
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

/// All manual pages and completions; `cli` is the path of `cc-cli`, or its name on the `PATH`.
///
/// # Errors
/// None that are known: nothing but memory is written.
pub(crate) fn all(cli: &str) -> io::Result<Vec<Asset>> {
    let mut assets = Vec::new();
    for command in commands() {
        let mut command = command.disable_help_subcommand(true);
        command.build();
        manual_pages(&command, &mut assets)?;
    }
    for &shell in Shell::value_variants() {
        for mut command in commands() {
            let name = command.get_name().to_owned();
            let content = match name.as_str() {
                "cc-cli" => cc_cli::completions(cli, shell)?,
                _ => {
                    let mut script = Vec::new();
                    clap_complete::generate(shell, &mut command, &name, &mut script);
                    script
                }
            };
            assets.push(Asset {
                reader: Reader::Shell(shell),
                name: completion_name(&name, shell),
                content,
            });
        }
    }
    Ok(assets)
}

/// Writes all of them below `dir`.
pub(crate) fn write(dir: &Path) -> Result<(), Error> {
    for asset in all("cc-cli").map_err(IoError::at("write", dir))? {
        let dir = dir.join(asset.reader.dir());
        std::fs::create_dir_all(&dir).map_err(IoError::at("create", &dir))?;
        files::write_public(&dir.join(asset.name), &asset.content)?;
    }
    Ok(())
}

/// The command lines of the three programs.
fn commands() -> [Command; 3] {
    [cc_cli::command(), hooks(), Args::command()]
}

/// The command line of `cc-hooks`, which reads its only argument by itself: each turn of a session waits for it.
fn hooks() -> Command {
    let events = cc_hooks::EVENTS.map(|event| PossibleValue::new(event.name).help(event.about));
    let event = Arg::new("event").value_name("EVENT").required(true);
    Command::new("cc-hooks")
        .version(cc_plugin::VERSION)
        .about("What Codex calls at the start and end of a session, with each prompt and after each turn")
        .arg(event.value_parser(events).help("What happened; more of it is JSON on standard input"))
        .after_help("Codex calls it. Set it up with: cc-installer install")
}

/// The file in which `shell` looks for the completions of the program `name`.
fn completion_name(name: &str, shell: Shell) -> String {
    match shell {
        Shell::Bash => name.to_owned(),
        Shell::Zsh => format!("_{name}"),
        Shell::Fish => format!("{name}.fish"),
        Shell::Elvish => format!("{name}.elv"),
        _ => format!("{name}.ps1"),
    }
}

/// The page of `command` and those of its commands; hidden ones have none.
fn manual_pages(command: &Command, pages: &mut Vec<Asset>) -> io::Result<()> {
    let below = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    below
        .cloned()
        .try_for_each(|below| manual_pages(&below, pages))?;
    let mut content = Vec::new();
    let notes = command.get_after_help().map(ToString::to_string);
    let name = command.get_display_name().unwrap_or(command.get_name());
    let man = Man::new(command.clone());
    let man = man.title(name).source(format!("cc {}", cc_plugin::VERSION));
    man.render_title(&mut content)?;
    man.render_name_section(&mut content)?;
    man.render_synopsis_section(&mut content)?;
    man.render_description_section(&mut content)?;
    if command.get_arguments().any(|arg: &Arg| !arg.is_hide_set()) {
        man.render_options_section(&mut content)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut content)?;
    }
    if let Some(notes) = notes {
        as_it_stands(&notes, &mut content)?;
    }
    pages.push(Asset {
        reader: Reader::Man,
        name: man.get_filename(),
        content,
    });
    Ok(())
}

/// The text below the help as a section of a page, with its columns; a first line that ends with `:` is its heading.
fn as_it_stands(notes: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let (heading, text) = match notes.split_once(":\n") {
        Some((heading, text)) if !heading.contains('\n') => (heading.to_uppercase(), text),
        _ => ("NOTES".to_owned(), notes),
    };
    let mut section = Roff::new();
    section.control("SH", [heading.as_str()]);
    section.control("nf", []);
    for line in text.lines() {
        section.text([roman(line)]);
    }
    section.control("fi", []);
    section.to_writer(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_pages_and_completions_and_names_no_path() {
        let assets = all("cc-cli").unwrap();
        let named = |reader: Reader| {
            let fitting = assets.iter().filter(move |asset| asset.reader == reader);
            let mut names: Vec<&str> = fitting.map(|asset| asset.name.as_str()).collect();
            names.sort_unstable();
            names
        };
        for shell in [
            Shell::Bash,
            Shell::Elvish,
            Shell::Fish,
            Shell::PowerShell,
            Shell::Zsh,
        ] {
            assert_eq!(named(Reader::Shell(shell)).len(), 3, "{shell}");
        }
        let pages = named(Reader::Man);
        for page in [
            "cc-cli.1",
            "cc-cli-review.1",
            "cc-cli-config-set.1",
            "cc-hooks.1",
            "cc-installer-install.1",
        ] {
            assert!(pages.contains(&page), "{page}: {pages:?}");
        }
        for hidden in ["worker", "git-server", "assets", "help"] {
            assert!(
                !pages.iter().any(|page| page.contains(hidden)),
                "{hidden}: {pages:?}"
            );
        }
        for asset in &assets {
            let text = String::from_utf8(asset.content.clone()).unwrap();
            assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{}", asset.name);
            // A page that is named has to exist.
            for named in text.lines().filter_map(|line| line.strip_suffix("(1)")) {
                let named = format!("{}.1", named.replace('\\', ""));
                assert!(
                    pages.contains(&named.as_str()),
                    "{} names {named}",
                    asset.name
                );
            }
        }
    }

    #[test]
    fn examples_keep_their_columns() {
        let mut page = Vec::new();
        as_it_stands("Examples:\n  one    first\n  .two   'second'", &mut page).unwrap();
        insta::assert_snapshot!(String::from_utf8(page).unwrap(), @r"
        .ie \n(.g .ds Aq \(aq
        .el .ds Aq '
        .SH EXAMPLES
        .nf
          one    first
          .two   \*(Aqsecond\*(Aq
        .fi
        ");
    }
}
