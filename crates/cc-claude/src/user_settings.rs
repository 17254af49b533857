//! What the user set for Claude Code that counts in every run: the login, the provider, the model,
//! the effort, and what is denied.
//!
//! Most runs load nobody's settings: the user's can permit tools and run hooks, the repository's can
//! do anything. So the parts of the user's own `settings.json` that can do neither are read here and
//! given to Claude again: its `env` block as environment, its denied tools as arguments, and the rest
//! in the run's own settings file. Each value is of the type that Claude expects: one of a wrong type
//! would make it ignore that file silently, the sandbox in it included.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cc_core::fs::read_bounded;
use cc_core::program::Fence;
use cc_core::{Env, text};
use serde_json::{Map, Value};

/// The largest settings file that is read, in bytes.
const LIMIT: u64 = 4 << 20;

/// Commands that print a key or renew a login.
pub(crate) const HELPERS: [&str; 4] = [
    "apiKeyHelper",
    "awsAuthRefresh",
    "awsCredentialExport",
    "gcpAuthRefresh",
];

/// Tools whose rules name files.
const FILE_TOOLS: [&str; 6] = ["Read", "Edit", "Write", "NotebookEdit", "Glob", "Grep"];

/// The user's own settings of Claude Code, as far as they count in every run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSettings {
    /// The `env` block.
    pub(crate) env: BTreeMap<String, String>,
    /// What goes into the settings of a run.
    pub(crate) settings: Map<String, Value>,
    /// The effort.
    pub(crate) effort: Option<String>,
    /// Rules for what is not allowed.
    pub(crate) denied: Vec<String>,
    pub(crate) problems: Vec<String>,
}

impl UserSettings {
    /// Reads `settings.json` in `CLAUDE_CONFIG_DIR` or `~/.claude`. None from inside `workspace`: it
    /// would be the repository's.
    ///
    /// A file or value that is not valid counts as absent, as Claude has it; see
    /// [`UserSettings::problems`].
    pub fn read(env: &Env, workspace: &Path) -> Self {
        let Some(dir) = config_dir(env) else {
            return Self::default();
        };
        let path = dir.join("settings.json");
        if !path.exists() {
            return Self::default();
        }
        let refused = |reason: String| Self {
            problems: vec![reason],
            ..Self::default()
        };
        let shown = path.display();
        if Fence::around(env, workspace).holds(&path) {
            return refused(format!(
                "`{shown}` is ignored: it lies inside the workspace"
            ));
        }
        let bytes = match read_bounded(&path, LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => return refused(error.to_string()),
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(settings)) => {
                SettingsReader::new(Some(&dir), settings).done(&shown.to_string())
            }
            Ok(_) => refused(format!("`{shown}` is ignored: not a JSON object")),
            Err(error) => refused(format!("`{shown}` is ignored: {error}")),
        }
    }

    /// Reads the same of a repository's own settings, whose file is called `name`; rules about files stay as
    /// they are, since they are meant from the working directory.
    pub(crate) fn of_project(name: &str, settings: Map<String, Value>) -> Self {
        SettingsReader::new(None, settings).done(name)
    }

    /// These with `other` over them; what either denies is denied.
    #[must_use]
    pub(crate) fn under(mut self, other: Self) -> Self {
        self.env.extend(other.env);
        self.settings.extend(other.settings);
        self.effort = other.effort.or(self.effort);
        self.denied.extend(other.denied);
        self.problems.extend(other.problems);
        self
    }

    /// What is not valid and was left out, a line each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// `env` with the user's `env` block over it, as Claude itself has it.
    pub(crate) fn over(&self, env: &Env) -> Env {
        let vars = self.env.iter();
        env.with_vars(vars.map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    /// Whether the user wants Claude to have this variable: it is set there, or a helper uses it.
    pub(crate) fn wants(&self, variable: &str) -> bool {
        let uses = |command: &str| {
            command
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|word| word == variable)
        };
        let mut helpers = HELPERS.iter().filter_map(|name| self.settings.get(*name));
        self.env.contains_key(variable) || helpers.any(|helper| helper.as_str().is_some_and(uses))
    }
}

/// Where Claude Code keeps what is the user's.
fn config_dir(env: &Env) -> Option<PathBuf> {
    match env.var("CLAUDE_CONFIG_DIR") {
        Some(dir) => Some(env.absolute(Path::new(dir))),
        None => Some(env.home()?.join(".claude")),
    }
}

/// A settings file that is being read.
struct SettingsReader<'a> {
    /// The directory that rules about files are meant from, unless it is the working directory.
    dir: Option<&'a Path>,
    file: Map<String, Value>,
    found: UserSettings,
    invalid: Vec<String>,
}

impl<'a> SettingsReader<'a> {
    fn new(dir: Option<&'a Path>, file: Map<String, Value>) -> Self {
        Self {
            dir,
            file,
            found: UserSettings::default(),
            invalid: Vec::new(),
        }
    }

    fn done(mut self, file: &str) -> UserSettings {
        self.env();
        self.helpers();
        self.model();
        self.denied();
        if !self.invalid.is_empty() {
            let names = text::one_line(&self.invalid.join(", "), 200);
            let problem = format!("`{file}` has settings that are ignored: {names}");
            self.found.problems.push(problem);
        }
        self.found
    }

    fn env(&mut self) {
        let Some(block) = self.take("env", |value| value.as_object().cloned()) else {
            return;
        };
        for (name, value) in block {
            let text = match value {
                Value::String(text) => text,
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => {
                    self.invalid.push(format!("env.{name}"));
                    continue;
                }
            };
            // Neither can stand in an environment.
            if name.is_empty() || name.contains(['=', '\0']) || text.contains('\0') {
                self.invalid.push(format!("env.{name}"));
            } else {
                self.found.env.insert(name, text);
            }
        }
    }

    fn helpers(&mut self) {
        for name in HELPERS {
            if let Some(command) = self.take(name, as_text) {
                if names_relative_program(&command) {
                    self.invalid.push(format!("{name} (relative path)"));
                } else {
                    self.keep(name, command.into());
                }
            }
        }
    }

    fn model(&mut self) {
        if let Some(model) = self.take("model", as_text) {
            self.keep("model", model.into());
        }
        let names = |value: &Value| {
            let names = value.as_object()?;
            names.values().all(Value::is_string).then(|| value.clone())
        };
        if let Some(overrides) = self.take("modelOverrides", names) {
            self.keep("modelOverrides", overrides);
        }
        self.found.effort = self.take("effortLevel", as_text);
    }

    fn denied(&mut self) {
        let permissions = self.take("permissions", |value| value.as_object().cloned());
        let Some(rules) = permissions.and_then(|mut permissions| permissions.remove("deny")) else {
            return;
        };
        let Value::Array(rules) = rules else {
            self.invalid.push("permissions.deny".to_owned());
            return;
        };
        for rule in rules {
            match rule.as_str().map(str::trim) {
                Some(rule) if !rule.is_empty() && !rule.contains('\0') => {
                    self.found.denied.push(anchored(rule, self.dir));
                }
                _ => self.invalid.push(format!("permissions.deny {rule}")),
            }
        }
    }

    fn keep(&mut self, name: &str, value: Value) {
        self.found.settings.insert(name.to_owned(), value);
    }

    /// The value of a setting; one of another type is noted.
    fn take<T>(&mut self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.file.get(name).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            self.invalid.push(name.to_owned());
        }
        read
    }
}

fn as_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Whether a shell would look for a program or script of `command` from the current directory, which
/// is the repository.
fn names_relative_program(command: &str) -> bool {
    let mut words = command
        .split_whitespace()
        .map(|word| word.trim_start_matches(['"', '\'', '(', '`']));
    let first = words.clone().next().unwrap_or_default();
    let starts_here = |word: &str| word.starts_with("./") || word.starts_with("../");
    let is_path =
        first.contains('/') && first.starts_with(|c: char| c.is_alphanumeric() || c == '.');
    // `C:/` and `NAME=/` are no relative paths.
    (is_path && !first.contains([':', '='])) || words.any(starts_here)
}

/// A rule that means the same from anywhere: `Read(/x)` in the user's settings is relative to their
/// directory, and to the working directory as an argument. Measured on 2.1.197 to 2.1.332.
fn anchored(rule: &str, dir: Option<&Path>) -> String {
    let parts = rule.split_once("(/");
    match (parts, dir.and_then(Path::to_str)) {
        (Some((tool, path)), Some(dir))
            if cfg!(unix) && FILE_TOOLS.contains(&tool) && !path.starts_with('/') =>
        {
            format!("{tool}(/{}/{path}", dir.trim_end_matches('/'))
        }
        _ => rule.to_owned(),
    }
}

#[cfg(test)]
mod tests;
