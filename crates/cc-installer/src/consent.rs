//! What the user is asked, word for word, and what a no means.

use std::io::{BufRead, Write};

use crate::bundle;
use crate::edit::rules;
use crate::error::Error;
use crate::place::Places;
use crate::plan::Step;

/// Who answers.
pub(crate) struct Asker<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
    is_terminal: bool,
}

impl<'a> Asker<'a> {
    /// Asks on `output` and reads from `input`, if somebody sits there.
    pub(crate) fn new(
        input: &'a mut dyn BufRead,
        output: &'a mut dyn Write,
        is_terminal: bool,
    ) -> Self {
        Self {
            input,
            output,
            is_terminal,
        }
    }

    /// Whether somebody can be asked.
    pub(crate) fn is_there(&self) -> bool {
        self.is_terminal
    }

    /// A question; no is the answer unless somebody says yes.
    ///
    /// # Errors
    /// When the question cannot be shown.
    pub(crate) fn ask(&mut self, question: &str) -> Result<bool, Error> {
        if !self.is_terminal {
            return Ok(false);
        }
        let shown = write!(self.output, "{question} [y/N] ").and_then(|()| self.output.flush());
        shown.map_err(Error::Output)?;
        let mut answer = String::new();
        // An answer that cannot be read is none.
        let _ = self.input.read_line(&mut answer);
        Ok(matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "y" | "yes"
        ))
    }
}

/// What exactly a consent is about, before the question.
pub(crate) fn text(step: &Step, places: &Places) -> String {
    match step {
        Step::Rule => rule_text(places),
        Step::UserHooks => {
            let file = places.hooks_json();
            let once = format!("as soon as they stand in {}", file.display());
            hooks_text(places, &once, "This Codex does not ask for itself.")
        }
        _ => hooks_text(places, "once you trust them", "A new version asks again."),
    }
}

/// The question of a consent.
pub(crate) fn question(step: &Step) -> &'static str {
    match step {
        Step::Rule => "Write this rule?",
        Step::UserHooks => "Add these hooks?",
        _ => "Trust these hooks?",
    }
}

/// What is said in place of the question where the answer came with the call.
pub(crate) fn by_flag(step: &Step) -> &'static str {
    match step {
        Step::Rule => "Allowed by --allow-commands.",
        Step::UserHooks => "Allowed by --trust-hooks.",
        _ => "Trusted by --trust-hooks.",
    }
}

/// What does not work without a consent, and how to give it later.
pub(crate) fn declined(step: &Step, places: &Places) -> String {
    let installer = places.program("cc-installer");
    match step {
        Step::Rule => format!(
            "Without the exec rule, Codex asks about each call of cc-cli, and where nobody can be asked it fails.\n  Allow it later: {installer} install --allow-commands"
        ),
        Step::UserHooks => format!(
            "Without the hooks, there are no notices of finished jobs and no review gate.\n  Add them later: {installer} install --trust-hooks"
        ),
        _ => format!(
            "Without trust in the hooks, there are no notices of finished jobs and no review gate.\n  Trust them later: {installer} install --trust-hooks   (or /hooks in Codex)"
        ),
    }
}

fn rule_text(places: &Places) -> String {
    let cli = places.program("cc-cli");
    format!(
        "Permission 1: commands\n\
         Codex runs commands in a sandbox without network, where Claude Code cannot work. This rule\n\
         \n  {rule}\n\n\
         in {file} lets Codex run cc-cli outside of the sandbox, without\n\
         asking, in every workspace. cc-cli starts Claude Code with your login: its reviews cannot change\n\
         files, its rescues can change those of the workspace.\n",
        rule = rules::rule(&cli),
        file = places.rules().display(),
    )
}

fn hooks_text(places: &Places, when: &str, end: &str) -> String {
    let hooks = bundle::hooks(places);
    let lines: String = hooks
        .iter()
        .map(|hook| format!("  {:<17} {}\n", hook.event, hook.command))
        .collect();
    format!(
        "Permission 2: hooks\n\
         Codex runs these commands outside of its sandbox, {when}:\n\
         \n{lines}\n\
         They remember which session a job belongs to, tell of finished jobs, and hold up the end of a turn\n\
         for a review if you switch that on. {end}\n"
    )
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::path::Path;

    use cc_core::Env;

    use super::*;

    fn places() -> Places {
        let env = Env::fixed("/", "/x", [("HOME", "/home/dev")]);
        Places::new(&env, Some(Path::new("/opt/cc"))).unwrap()
    }

    #[test]
    fn what_is_consented_to_is_shown_word_for_word() {
        insta::assert_snapshot!(text(&Step::Rule, &places()));
        insta::assert_snapshot!(text(&Step::Trust, &places()));
        insta::assert_snapshot!(text(&Step::UserHooks, &places()), @r"
        Permission 2: hooks
        Codex runs these commands outside of its sandbox, as soon as they stand in /home/dev/.codex/hooks.json:

          SessionEnd        /opt/cc/cc-hooks session-end
          SessionStart      /opt/cc/cc-hooks session-start
          Stop              /opt/cc/cc-hooks stop
          UserPromptSubmit  /opt/cc/cc-hooks user-prompt-submit

        They remember which session a job belongs to, tell of finished jobs, and hold up the end of a turn
        for a review if you switch that on. This Codex does not ask for itself.
        ");
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        for (answer, expect) in [
            ("y\n", true),
            ("YES\n", true),
            ("\n", false),
            ("yeah\n", false),
            ("", false),
        ] {
            let (mut input, mut output) = (answer.as_bytes(), Vec::new());
            assert_eq!(
                Asker::new(&mut input, &mut output, true)
                    .ask("Do it?")
                    .unwrap(),
                expect,
                "{answer:?}"
            );
            assert_eq!(output, b"Do it? [y/N] ");
        }
        let (mut input, mut output) = (b"y\n".as_slice(), Vec::new());
        assert!(
            !Asker::new(&mut input, &mut output, false)
                .ask("Do it?")
                .unwrap()
        );
        assert!(output.is_empty(), "nobody to ask");
    }
}
