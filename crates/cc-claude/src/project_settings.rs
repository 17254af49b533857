//! A repository's own settings of Claude Code, as far as a run can be given them: hooks, MCP servers, the
//! environment, helpers and what is denied.
//!
//! Claude never reads them itself: what it found in the repository might not be what the user allowed. Like
//! the user's own settings they are given to it value by value, each of the type that it expects.

use serde_json::{Map, Value, json};

use crate::UserSettings;
use crate::user_settings::HELPERS;

/// Settings that a run is given, besides helpers and what is denied.
const USED: [&str; 6] = [
    "hooks",
    "disabledMcpjsonServers",
    "env",
    "model",
    "modelOverrides",
    "effortLevel",
];

/// Settings without a meaning of their own here: which servers are started was asked of the user.
const SILENT: [&str; 3] = [
    "$schema",
    "enableAllProjectMcpServers",
    "enabledMcpjsonServers",
];

/// The settings of a repository, from all of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectSettings {
    /// What it wants done at events, in the order of the files.
    pub hooks: Vec<ProjectHook>,
    /// MCP servers by name, each as Claude is given it.
    pub servers: Map<String, Value>,
    /// Settings that a run does not use, with the file that has them.
    pub unused: Vec<String>,
    values: UserSettings,
    disabled: Vec<String>,
}

/// One action at an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectHook {
    /// The event, such as `PostToolUse`.
    pub event: String,
    /// For which tools; for all where absent.
    pub matcher: Option<String>,
    /// The action, most often `{"type": "command", "command": …}`.
    pub action: Map<String, Value>,
}

impl ProjectSettings {
    /// Adds the settings file `name`, whose values win over those of earlier ones. What is not valid is left
    /// out and named.
    pub fn add_settings(&mut self, name: &str, content: &[u8]) {
        let Some(mut file) = self.object(name, content) else {
            return;
        };
        if let Some(hooks) = file.remove("hooks") {
            self.add_hooks(name, &hooks);
        }
        if let Some(Value::Array(names)) = file.get("disabledMcpjsonServers") {
            let names = names.iter().filter_map(Value::as_str);
            self.disabled.extend(names.map(str::to_owned));
        }
        self.note_unused(name, &file);
        let values = UserSettings::of_project(name, file);
        self.values = std::mem::take(&mut self.values).under(values);
    }

    /// What of a settings file a run would be given, in one form for all that mean the same; `None` if that is
    /// nothing.
    pub fn used_part(content: &[u8]) -> Option<Vec<u8>> {
        let mut file = object_in(content)?;
        let denied = file
            .remove("permissions")
            .and_then(|mut rules| rules.as_object_mut()?.remove("deny"));
        file.retain(|key, _| USED.contains(&key.as_str()) || HELPERS.contains(&key.as_str()));
        if let Some(denied) = denied {
            file.insert("permissions".into(), json!({"deny": denied}));
        }
        (!file.is_empty()).then(|| Value::Object(file).to_string().into_bytes())
    }

    /// What is used of `.mcp.json`.
    pub fn used_servers(content: &[u8]) -> Option<Vec<u8>> {
        let servers = object_in(content)?.remove("mcpServers")?;
        Some(json!({"mcpServers": servers}).to_string().into_bytes())
    }

    /// Adds the servers of `.mcp.json`, without those that the settings disable. The settings come first.
    pub fn add_servers(&mut self, name: &str, content: &[u8]) {
        let Some(mut file) = self.object(name, content) else {
            return;
        };
        let Some(Value::Object(servers)) = file.remove("mcpServers") else {
            return self.problem(format!("`{name}` has no object `mcpServers`"));
        };
        for (server, how) in servers {
            if self.disabled.contains(&server) {
                continue;
            }
            match is_name(&server) && is_server(&how) {
                true => {
                    self.servers.insert(server, how);
                }
                false => self.problem(format!("`{name}` has a server that is not valid: {server}")),
            }
        }
    }

    /// The variables that it sets.
    pub fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.values.env.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The commands that print a key or renew a login, by setting.
    pub fn helpers(&self) -> impl Iterator<Item = (&str, &str)> {
        let settings = &self.values.settings;
        HELPERS
            .into_iter()
            .filter_map(|name| Some((name, settings.get(name)?.as_str()?)))
    }

    /// The rules for what is not allowed.
    pub fn denied(&self) -> &[String] {
        &self.values.denied
    }

    /// The model and the effort that it asks for.
    pub fn model_and_effort(&self) -> [Option<&str>; 2] {
        let model = self.values.settings.get("model");
        [model.and_then(Value::as_str), self.values.effort.as_deref()]
    }

    /// What is not valid and was left out, a line each.
    pub fn problems(&self) -> &[String] {
        &self.values.problems
    }

    /// Whether there is nothing that a run would be given.
    pub fn is_empty(&self) -> bool {
        let values = UserSettings {
            problems: Vec::new(),
            ..self.values.clone()
        };
        self.hooks.is_empty() && self.servers.is_empty() && values == UserSettings::default()
    }

    /// Has `in_shell` replace each command that a shell reads, and `alone` each other text of hooks and servers:
    /// a program or one of its arguments.
    pub fn map_commands(
        &mut self,
        in_shell: &impl Fn(&str) -> String,
        alone: &impl Fn(&str) -> String,
    ) {
        for hook in &mut self.hooks {
            // With arguments of its own, a command is a program.
            let args = hook.action.get_mut("args");
            let has_args = args.is_some();
            if let Some(args) = args {
                map_texts(args, alone);
            }
            match hook.action.get_mut("command") {
                Some(command) if has_args => map_texts(command, alone),
                Some(command) => map_texts(command, in_shell),
                None => {}
            }
        }
        for server in self.servers.values_mut() {
            map_texts(server, alone);
        }
        for name in HELPERS {
            if let Some(helper) = self.values.settings.get_mut(name) {
                map_texts(helper, in_shell);
            }
        }
    }

    /// The user's own settings with these over them.
    pub(crate) fn over(&self, user: UserSettings) -> UserSettings {
        user.under(self.values.clone())
    }

    fn object(&mut self, name: &str, content: &[u8]) -> Option<Map<String, Value>> {
        match serde_json::from_slice(strip_mark(content)) {
            Ok(Value::Object(object)) => return Some(object),
            Ok(_) => self.problem(format!("`{name}` is ignored: not a JSON object")),
            Err(error) => self.problem(format!("`{name}` is ignored: {error}")),
        }
        None
    }

    fn problem(&mut self, problem: String) {
        self.values.problems.push(problem);
    }

    fn add_hooks(&mut self, name: &str, hooks: &Value) {
        let Some(hooks) = hooks.as_object() else {
            return self.problem(format!("`{name}` has hooks that are not valid"));
        };
        for (event, groups) in hooks {
            let Some(found) = hooks_of(event, groups) else {
                self.problem(format!("`{name}` has hooks that are not valid: {event}"));
                continue;
            };
            self.hooks.extend(found);
        }
    }

    fn note_unused(&mut self, name: &str, file: &Map<String, Value>) {
        for (key, value) in file {
            let key = key.as_str();
            if key == "permissions" {
                let rules = value.as_object().into_iter().flatten();
                let unused = rules.filter(|(rule, _)| *rule != "deny");
                self.unused
                    .extend(unused.map(|(rule, _)| format!("permissions.{rule} ({name})")));
            } else if ![&USED[..], &SILENT, &HELPERS].concat().contains(&key) {
                self.unused.push(format!("{key} ({name})"));
            }
        }
    }
}

/// The content without a byte order mark.
fn strip_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

fn object_in(content: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(strip_mark(content)).ok()
}

/// Replaces all texts in a value.
fn map_texts(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| map_texts(value, change)),
        Value::Object(map) => map.values_mut().for_each(|value| map_texts(value, change)),
        _ => {}
    }
}

/// The hooks of one event; `None` if one of them is not valid.
fn hooks_of(event: &str, groups: &Value) -> Option<Vec<ProjectHook>> {
    let mut found = Vec::new();
    for group in groups.as_array()? {
        let matcher = match group.get("matcher") {
            None | Some(Value::Null) => None,
            Some(matcher) => Some(matcher.as_str()?.to_owned()),
        };
        for action in group.get("hooks")?.as_array()? {
            let action = action.as_object()?;
            let kind = action.get("type")?.as_str()?;
            if kind == "command" && !action.get("command")?.is_string() {
                return None;
            }
            found.push(ProjectHook {
                event: event.to_owned(),
                matcher: matcher.clone(),
                action: action.clone(),
            });
        }
    }
    Some(found)
}

/// Whether the tools of a server of this name can be named in a rule.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= 64 && name.chars().all(is_plain)
}

/// Whether Claude takes this for a server: it refuses all of them otherwise.
fn is_server(how: &Value) -> bool {
    let is_map = |key: &str| match how.get(key) {
        None => true,
        Some(Value::Object(map)) => map.values().all(Value::is_string),
        Some(_) => false,
    };
    let are_texts = |value: &Value| {
        let texts = value.as_array();
        texts.is_some_and(|texts| texts.iter().all(Value::is_string))
    };
    let is_local = how.get("command").is_some_and(Value::is_string)
        && how.get("args").is_none_or(are_texts)
        && is_map("env");
    let kind = how.get("type").map(Value::as_str);
    let is_remote = how.get("url").is_some_and(Value::is_string)
        && matches!(kind, Some(Some("http" | "sse")))
        && is_map("headers");
    match kind {
        None | Some(Some("stdio")) => is_local,
        Some(_) => is_remote,
    }
}

#[cfg(test)]
mod tests;
