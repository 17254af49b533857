//! Text to the user and answers from them; with `--json`, one document instead.

use std::io::{BufRead, Write};

use cc_core::Env;
use serde_json::Value;

use crate::error::Error;

/// The widest line of text: beyond that it is hard to read.
const MAX_WIDTH: usize = 100;

/// Where a call prints and who answers.
pub(crate) struct Console<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
    json: bool,
    is_interactive: bool,
    width: Option<usize>,
}

impl<'a> Console<'a> {
    /// A console on `input` and `output`; text is printed and questions are asked unless `json`.
    pub(crate) fn new(
        env: &Env,
        json: bool,
        input: &'a mut dyn BufRead,
        output: &'a mut dyn Write,
    ) -> Self {
        Self {
            input,
            output,
            json,
            is_interactive: env.stdin_is_terminal && !json,
            width: env.columns.filter(|_| env.stdout_is_terminal),
        }
    }

    /// Prints text, unless one JSON document is wanted.
    pub(crate) fn say(&mut self, text: impl AsRef<str>) -> Result<(), Error> {
        if self.json {
            return Ok(());
        }
        let text = wrap(text.as_ref(), self.width);
        writeln!(self.output, "{text}").map_err(Error::Output)
    }

    /// Prints a JSON document, if that is wanted.
    pub(crate) fn document(&mut self, document: &Value) -> Result<(), Error> {
        if !self.json {
            return Ok(());
        }
        writeln!(self.output, "{document:#}").map_err(Error::Output)
    }

    /// Asks a question until the answer is clear. No answer means no, and so does nobody to ask.
    pub(crate) fn ask(&mut self, question: &str) -> Result<bool, Error> {
        if !self.is_interactive {
            return Ok(false);
        }
        let question = wrap(&format!("{question} [y/N]"), self.width);
        loop {
            let written = write!(self.output, "{question} ").and_then(|()| self.output.flush());
            written.map_err(Error::Output)?;
            let mut answer = String::new();
            // The end of input, or an error, answers nothing: no.
            let _ = self.input.read_line(&mut answer);
            match answer.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "" | "n" | "no" => return Ok(false),
                _ => self.say("Please answer yes or no.")?,
            }
        }
    }

    /// Has the user confirm the plan, unless `yes` already does; `flags` are those that would.
    ///
    /// # Errors
    /// When the answer is no, or there is nobody to ask.
    pub(crate) fn confirm(&mut self, yes: bool, flags: &'static str) -> Result<(), Error> {
        if yes {
            return Ok(());
        }
        if !self.is_interactive {
            return Err(Error::NobodyToAsk { flags });
        }
        if self.ask("\nContinue?")? {
            Ok(())
        } else {
            Err(Error::Declined)
        }
    }
}

/// `text` with lines of at most `width` columns (unlimited if `None`).
///
/// Continuation lines are indented like their first line, those of a list like its text. Lines
/// indented by four spaces or more are to be copied, and are never broken; nor are words.
#[must_use]
pub(crate) fn wrap(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let words = line.trim_start();
            let indent = &line[..line.len() - words.len()];
            if indent.len() >= 4 {
                return line.to_owned();
            }
            let is_item = words.starts_with("- ") || words.starts_with("! ");
            let hanging = format!("{indent}{}", if is_item { "  " } else { "" });
            let options = textwrap::Options::new(width.min(MAX_WIDTH))
                .initial_indent(indent)
                .subsequent_indent(&hanging)
                .word_separator(textwrap::WordSeparator::AsciiSpace)
                .word_splitter(textwrap::WordSplitter::NoHyphenation)
                .break_words(false);
            textwrap::fill(words, options)
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a question prints and how it is answered.
    fn ask(answers: &str, is_terminal: bool) -> (bool, String) {
        let mut env = Env::fixed("/", "/x", [("HOME", "/home/dev")]);
        env.stdin_is_terminal = is_terminal;
        let (mut input, mut output) = (answers.as_bytes(), Vec::new());
        let mut console = Console::new(&env, false, &mut input, &mut output);
        let answer = console.ask("Do it?").unwrap();
        (answer, String::from_utf8(output).unwrap())
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        for (answer, expect) in [
            ("y\n", true),
            (" YES\n", true),
            ("\n", false),
            ("n\n", false),
            ("No\n", false),
            ("", false),
        ] {
            let asked = "Do it? [y/N] ".to_owned();
            assert_eq!(ask(answer, true), (expect, asked), "{answer:?}");
        }
        assert_eq!(ask("y\n", false), (false, String::new()), "nobody to ask");
    }

    #[test]
    fn an_unclear_answer_is_asked_again() {
        let twice = "Do it? [y/N] Please answer yes or no.\nDo it? [y/N] ";
        for (answers, expect) in [
            ("yeah\ny\n", true),
            ("yn\nn\n", false),
            ("sure\n\n", false),
            ("?\n", false),
        ] {
            assert_eq!(
                ask(answers, true),
                (expect, twice.to_owned()),
                "{answers:?}"
            );
        }
    }

    #[test]
    fn text_wraps_and_what_is_to_be_copied_does_not() {
        let text = "\nOne two three four\n  - five six seven eight\n    cc-installer install --yes\n  \
                    averylongwordthatstays nine";
        let expect = "\nOne two three\nfour\n  - five six\n    seven eight\n    \
                      cc-installer install --yes\n  averylongwordthatstays\n  nine";
        assert_eq!(wrap(text, Some(16)), expect);
        assert_eq!(wrap(text, None), text);
        let long = "word ".repeat(40);
        let widest = wrap(&long, Some(300)).lines().map(str::len).max();
        assert!(widest.is_some_and(|widest| widest <= MAX_WIDTH));
    }
}
