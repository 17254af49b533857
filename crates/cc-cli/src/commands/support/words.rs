//! The words that cannot be a secret, since this program prints them itself.

use std::collections::HashSet;

use clap::CommandFactory;
use serde_json::Value;

use crate::args::Cli;

/// In place of words that are left out.
const LEFT_OUT: &str = "…";

/// What logs, errors and checks say besides, of which nothing comes from elsewhere.
const MESSAGES: &str = "\
started completed cancelled failed says blocked subagent retry of in left running process model instead \
instead Claude Code Codex claude codex version unknown ended exit code signal killed without finishing it the \
worker this job a an is not are no to and or with for from at by on its that was be cannot read write open \
replace create directory lock save result yet file found installed install logged login sandbox state hooks \
trusted trust rule exec gate review settings checked ok error errors denied permission such there exists \
invalid expected line column key value missing unexpected end input damaged record newer too large larger than \
bytes seconds still held another other after timeout time out output answer took longer limit usage budget \
reached overloaded network connection refused reset connected server git request API status schema structured \
findings asking once more form alone nothing declined compacting conversation Bash Read Grep Write Edit Glob";

/// The words that are left as they are.
pub(super) struct Words(HashSet<String>);

impl Words {
    /// Those of the help and of the messages.
    pub(super) fn known() -> Self {
        let mut known = Self(HashSet::new());
        known.add(MESSAGES);
        known.add_help(&mut Cli::command());
        known
    }

    fn add_help(&mut self, command: &mut clap::Command) {
        self.add(&command.render_long_help().to_string());
        command
            .get_subcommands_mut()
            .for_each(|command| self.add_help(command));
    }

    fn add(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_alphabetic());
        self.0.extend(words.map(str::to_lowercase));
    }

    /// `text` with an ellipsis for what is not known.
    pub(super) fn masked(&self, text: &str) -> String {
        let mut masked: Vec<&str> = Vec::new();
        for word in text.split_whitespace() {
            let word = if self.is_known(word) { word } else { LEFT_OUT };
            if word != LEFT_OUT || masked.last() != Some(&LEFT_OUT) {
                masked.push(word);
            }
        }
        masked.join(" ")
    }

    /// A value in which every text is masked, and every name of a field that is not known is left out.
    pub(super) fn masked_values(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.masked(text).into(),
            Value::Array(items) => items.iter().map(|item| self.masked_values(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter();
                fields
                    .map(|(name, value)| (name.clone(), self.masked_values(value)))
                    .collect()
            }
            other => other.clone(),
        }
    }

    /// A word with punctuation around, a short number, or a version such as `2.1.330`.
    fn is_known(&self, word: &str) -> bool {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_number = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let parts: Vec<_> = bare.split('.').collect();
        let is_version = parts.len() == 3 && parts.iter().all(|part| is_number(part, 4));
        let around = word.len() - bare.len();
        around <= 3
            && (bare.is_empty()
                || self.0.contains(&bare.to_lowercase())
                || is_number(bare, 3)
                || is_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_words_short_numbers_and_versions_stay() {
        let words = Words::known();
        let check = |text: &str, expect: &str| assert_eq!(words.masked(text), expect, "{text}");
        check("failed: exit code 1", "failed: exit code 1");
        check(
            "Claude Code 2.1.330 started, model opus-x",
            "Claude Code 2.1.330 started, model …",
        );
        check("says: xyzzy hunter2 plugh", "says: …");
        check("Bash xyzzy /home/jane/.env", "Bash …");
        check("10.0.0.1 12345678 sk-ant-abc", "…");
        check("(((((exit)))))", "…");
        let value = serde_json::json!({"detail": "failed for jane", "n": 7, "list": ["x1y"]});
        let masked = serde_json::json!({"detail": "failed for …", "n": 7, "list": ["…"]});
        assert_eq!(words.masked_values(&value), masked);
    }
}
