//! The plugin that Codex loads: manifest, skills, hooks and logo, with the paths of the binaries.
//!
//! The files beside this crate are templates. Skills and hooks name our binaries by absolute path,
//! because Codex expands no variables there and its PATH cannot be relied on, so a bundle belongs to
//! one installation.
//! Not here: where a bundle is written, and how Codex installs it (`cc-installer`).
//!
//! Start with [`Bundle`].

use std::borrow::Cow;

use serde_json::{Value, json};

/// The name of the plugin.
pub const NAME: &str = "cc";

/// The version of the plugin, which is that of its binaries.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The path of the manifest in the bundle.
pub const MANIFEST: &str = ".codex-plugin/plugin.json";

/// The path of the hooks' declaration in a bundle that has its own.
pub const HOOKS: &str = "hooks/hooks.json";

/// The list of a marketplace of this name that has the plugin alone, in its directory `plugins/cc`: the text of
/// `.agents/plugins/marketplace.json`.
#[must_use]
pub fn marketplace(name: &str) -> String {
    let list = json!({
        "name": name,
        "interface": {"displayName": "cc"},
        "plugins": [{
            "name": NAME,
            "source": {"source": "local", "path": "./plugins/cc"},
            "policy": {"installation": "AVAILABLE", "authentication": "ON_USE"},
            "category": "Coding",
        }],
    });
    format!("{list:#}\n")
}

/// The skills, most used first.
pub const SKILLS: [&str; 7] = [
    "review",
    "adversarial-review",
    "rescue",
    "status",
    "result",
    "cancel",
    "setup",
];

macro_rules! templates {
    ($($path:literal),+ $(,)?) => {
        [$(($path, include_bytes!(concat!("../", $path)).as_slice())),+]
    };
}

/// All files, with `{{…}}` for paths and the version.
const TEMPLATES: &[(&str, &[u8])] = &templates![
    ".codex-plugin/plugin.json",
    "assets/logo.svg",
    "hooks/hooks.json",
    "skills/adversarial-review/SKILL.md",
    "skills/adversarial-review/agents/openai.yaml",
    "skills/cancel/SKILL.md",
    "skills/cancel/agents/openai.yaml",
    "skills/rescue/SKILL.md",
    "skills/rescue/agents/openai.yaml",
    "skills/result/SKILL.md",
    "skills/result/agents/openai.yaml",
    "skills/review/SKILL.md",
    "skills/review/agents/openai.yaml",
    "skills/setup/SKILL.md",
    "skills/setup/agents/openai.yaml",
    "skills/status/SKILL.md",
    "skills/status/agents/openai.yaml",
];

/// The shell of Codex's model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `sh` and its like.
    Posix,
    /// PowerShell, on Windows.
    PowerShell,
}

impl Shell {
    /// That of the system of this program.
    pub const fn of_this_system() -> Self {
        if cfg!(windows) {
            Self::PowerShell
        } else {
            Self::Posix
        }
    }

    /// A single quote inside of single quotes.
    fn single_quote(self) -> &'static str {
        match self {
            Self::Posix => r#"'"'"'"#,
            Self::PowerShell => "''",
        }
    }

    /// Which other quotes to replace in the same way. A curly one ends the text as a straight one does. No form of a
    /// double quote reaches a program both from Windows PowerShell 5.1, which drops it and makes one of `\"`, and from
    /// PowerShell 7.3, which passes both characters on.
    fn other_quotes(self) -> &'static str {
        match self {
            Self::Posix => "",
            Self::PowerShell => {
                "; replace a curly one (‘ or ’), which would end the text, and a double quote, which may be dropped, by the same"
            }
        }
    }

    /// Which tasks go into a file because of those quotes.
    fn or_other_quotes(self) -> &'static str {
        match self {
            Self::Posix => "",
            Self::PowerShell => ", or has double or curly quotes",
        }
    }
}

/// Where Codex gets the hooks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HooksFrom {
    /// The plugin declares them itself.
    Plugin,
    /// The user's `hooks.json` does; the plugin declares none, or each would run twice.
    User,
}

/// The bundle for one installation.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    /// The absolute path of `cc-cli`; a shell must need no quotes around it.
    pub cli: &'a str,
    /// The absolute path of `cc-hooks`, with the same condition.
    pub hooks: &'a str,
    /// Where Codex gets the hooks from.
    pub hooks_from: HooksFrom,
    /// What runs the command lines of skills.
    pub shell: Shell,
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path in the bundle, with forward slashes.
    pub path: &'static str,
    /// Its content.
    pub content: Cow<'static, [u8]>,
}

/// The declaration of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The event as in `hooks.json`, such as `SessionStart`.
    pub event: String,
    /// The whole command line.
    pub command: String,
    /// The longest that it may take, in seconds.
    pub timeout: u64,
}

impl Bundle<'_> {
    /// All files of the bundle, sorted by path.
    pub fn files(&self) -> Vec<File> {
        let wanted = TEMPLATES
            .iter()
            .filter(|(path, _)| self.hooks_from == HooksFrom::Plugin || *path != HOOKS);
        wanted
            .map(|&(path, template)| File {
                path,
                content: self.fill(path, template),
            })
            .collect()
    }

    /// The hooks that [`HOOKS`] declares, in its order, also where the bundle has none of its own.
    pub fn hooks(&self) -> Vec<Hook> {
        let template = TEMPLATES.iter().find(|(path, _)| *path == HOOKS);
        let content = template.map_or_else(Cow::default, |&(path, text)| self.fill(path, text));
        let document: Value = serde_json::from_slice(&content).unwrap_or_default();
        let events = document["hooks"].as_object();
        let hook = |(event, groups): (&String, &Value)| {
            let handler = &groups[0]["hooks"][0];
            Some(Hook {
                event: event.clone(),
                command: handler["command"].as_str()?.to_owned(),
                timeout: handler["timeout"].as_u64()?,
            })
        };
        events.into_iter().flatten().filter_map(hook).collect()
    }

    fn fill(&self, path: &str, template: &'static [u8]) -> Cow<'static, [u8]> {
        let text = match std::str::from_utf8(template) {
            Ok(text) if text.contains("{{") || path == MANIFEST => text,
            _ => return Cow::Borrowed(template),
        };
        let is_json = path.ends_with(".json");
        let place = |value: &str| {
            if is_json {
                // Paths on Windows have backslashes.
                let quoted = Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            } else {
                value.to_owned()
            }
        };
        let mut text = text
            .replace("{{cc-cli}}", &place(self.cli))
            .replace("{{cc-hooks}}", &place(self.hooks))
            .replace("{{single-quote}}", self.shell.single_quote())
            .replace("{{other-quotes}}", self.shell.other_quotes())
            .replace("{{or-other-quotes}}", self.shell.or_other_quotes())
            .replace("{{version}}", VERSION);
        if path == MANIFEST && self.hooks_from == HooksFrom::User {
            // Without the field, Codex would look for `hooks/hooks.json`.
            text = text.replace(&format!("\"./{HOOKS}\""), "{}");
        }
        Cow::Owned(text.into_bytes())
    }
}

#[cfg(test)]
mod tests;
