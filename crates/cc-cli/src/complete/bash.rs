//! Completions for bash, which breaks words at `=` and shows no help texts.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use cc_core::Env;
use clap::Command;
use clap_complete::engine::CompletionCandidate;

/// `COMP_TYPE` where bash only lists what there is and inserts none of it.
const LISTING: [&str; 2] = ["63", "33"];

/// The values that can follow, separated as the script asks. Where bash only lists several of them, each has its
/// help text behind it.
pub(super) fn complete(
    env: &Env,
    command: &mut Command,
    words: Vec<OsString>,
    cwd: &Path,
) -> io::Result<String> {
    let index = env
        .text("_CLAP_COMPLETE_INDEX")
        .and_then(|it| it.parse().ok());
    let (words, index) = joined(words, index.unwrap_or_default());
    let candidates = clap_complete::engine::complete(command, words, index, Some(cwd))?;
    let lists = env
        .text("_CLAP_COMPLETE_COMP_TYPE")
        .is_some_and(|it| LISTING.contains(&it));
    let with_help = lists && candidates.len() > 1;
    let shown: Vec<String> = candidates
        .iter()
        .map(|candidate| shown(candidate, with_help))
        .collect();
    Ok(shown.join(env.text("_CLAP_IFS").unwrap_or("\n")))
}

fn shown(candidate: &CompletionCandidate, with_help: bool) -> String {
    let value = candidate.get_value().to_string_lossy().into_owned();
    match candidate.get_help().filter(|_| with_help) {
        Some(help) => format!("{value}  ({help})"),
        None => value,
    }
}

/// The words without the `=` between a flag and its value, and the index of the same word among them: bash takes
/// them for three words.
fn joined(words: Vec<OsString>, typed: usize) -> (Vec<OsString>, usize) {
    let mut index = typed;
    let mut kept: Vec<OsString> = Vec::with_capacity(words.len());
    for (at, word) in words.into_iter().enumerate() {
        let follows_flag = kept
            .last()
            .is_some_and(|last| last.to_string_lossy().starts_with("--"));
        if word == "=" && follows_flag && at != typed {
            index -= usize::from(at < typed);
        } else if word == "=" && follows_flag {
            kept.push(OsString::new());
        } else {
            kept.push(word);
        }
    }
    (kept, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], index: usize, expect: (&[&str], usize)) {
        let words = words.iter().map(OsString::from).collect();
        let (joined, at) = joined(words, index);
        assert_eq!(
            (joined, at),
            (expect.0.iter().map(OsString::from).collect(), expect.1)
        );
    }

    #[test]
    fn a_flag_and_its_value_are_two_words() {
        check(
            &["cc-cli", "review", "--base", "=", "ma"],
            4,
            (&["cc-cli", "review", "--base", "ma"], 3),
        );
        check(
            &["cc-cli", "review", "--base", "="],
            3,
            (&["cc-cli", "review", "--base", ""], 3),
        );
        check(
            &["cc-cli", "review", "--base", "=", "main", "--mo"],
            5,
            (&["cc-cli", "review", "--base", "main", "--mo"], 4),
        );
        check(
            &["cc-cli", "rescue", "a", "=", "b"],
            4,
            (&["cc-cli", "rescue", "a", "=", "b"], 4),
        );
    }
}
