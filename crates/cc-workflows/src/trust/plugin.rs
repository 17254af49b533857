//! What was allowed, in the form in which Claude Code takes it: a plugin with the hooks, skills and commands,
//! and a file with the servers.
//!
//! Files below `.claude` that commands start are started as they were allowed, from a copy beside the plugin.

use std::collections::BTreeMap;
use std::path::Path;

use cc_claude::{ProjectConfiguration, ProjectHook};
use cc_core::IoError;
use cc_core::fs::{create_private_dir, write_atomic};
use cc_core::text::shell_word;
use serde_json::{Value, json};

use super::content::{PROJECT_DIR, ProjectContent};

/// The plugin's name, which comes before the name of each skill: `project:deploy`.
const NAME: &str = "project";

/// Makes the plugin at `dir` for a run at `root`.
pub(super) fn make(
    content: &ProjectContent,
    dir: &Path,
    root: &Path,
) -> Result<ProjectConfiguration, IoError> {
    create_private_dir(&dir.join(".claude-plugin"))?;
    write_json(
        &dir.join(".claude-plugin/plugin.json"),
        &json!({"name": NAME, "version": "1.0.0", "description": "Settings of this repository"}),
    )?;
    let copies = dir.join("copies");
    content.write(&copies)?;
    let mut settings = content.settings().clone();
    let in_shell = |command: &str| with_copies(command, content, &copies, root);
    settings.map_commands(&in_shell, &|text| {
        copy_of(text, content, &copies, root).unwrap_or_else(|| in_shell(text))
    });
    let skills = content.write_part(".claude/skills", &dir.join("skills"))?;
    let commands = content.write_part(".claude/commands", &dir.join("commands"))?;
    if !settings.hooks.is_empty() {
        create_private_dir(&dir.join("hooks"))?;
        write_json(&dir.join("hooks/hooks.json"), &hooks(&settings.hooks))?;
    }
    let servers = dir.join("servers.json");
    write_json(&servers, &json!({"mcpServers": settings.servers}))?;
    Ok(ProjectConfiguration {
        plugin: dir.to_owned(),
        has_skills: skills || commands,
        servers: (!settings.servers.is_empty()).then_some(servers),
        settings,
    })
}

fn write_json(path: &Path, value: &Value) -> Result<(), IoError> {
    write_atomic(path, value.to_string().as_bytes())
}

/// Hooks in the form of a file.
fn hooks(hooks: &[ProjectHook]) -> Value {
    let mut events: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for hook in hooks {
        let mut group = json!({"hooks": [hook.action]});
        if let Some(matcher) = &hook.matcher {
            group["matcher"] = json!(matcher);
        }
        events.entry(&hook.event).or_default().push(group);
    }
    json!({"hooks": events})
}

/// The copy that a text names as a whole.
fn copy_of(text: &str, content: &ProjectContent, copies: &Path, root: &Path) -> Option<String> {
    let at = text.find(".claude/")?;
    let name = longest_name(&text[at..], content)?;
    let is_all = start_of_path(&text[..at], true, root)? == 0 && at + name.len() == text.len();
    is_all.then(|| copies.join(name).to_string_lossy().into_owned())
}

/// A command for a shell, with the copies in place of the files below `.claude` that it names.
fn with_copies(command: &str, content: &ProjectContent, copies: &Path, root: &Path) -> String {
    let mut out = String::new();
    let mut rest = command;
    while let Some(at) = rest.find(".claude/") {
        let name = longest_name(&rest[at..], content);
        let start = name.and_then(|_| start_of_path(&rest[..at], out.is_empty(), root));
        let (Some(name), Some(start)) = (name, start) else {
            let end = at + ".claude/".len();
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        };
        out.push_str(&rest[..start]);
        let copy = copies.join(name).to_string_lossy().into_owned();
        out.push_str(&match quote_at(&out) {
            None => shell_word(&copy),
            Some('\'') => copy.replace('\'', r"'\''"),
            Some(_) => escaped(&copy),
        });
        rest = &rest[at + name.len()..];
    }
    out.push_str(rest);
    out
}

/// The longest name of a kept file that `text` begins with, as a whole.
fn longest_name<'a>(text: &str, content: &'a ProjectContent) -> Option<&'a str> {
    let ends = |name: &&str| {
        let next = text[name.len()..].chars().next();
        next.is_none_or(|c| !(c.is_alphanumeric() || "._-/".contains(c)))
    };
    let names = content.names().filter(|name| text.starts_with(name));
    names.filter(ends).max_by_key(|name| name.len())
}

/// Where in `before` the path begins that goes on with `.claude/`; `None` if it is one elsewhere.
fn start_of_path(before: &str, is_first: bool, root: &Path) -> Option<usize> {
    let root = root.to_string_lossy();
    let dirs = PROJECT_DIR.iter().copied().chain([root.as_ref(), "."]);
    let forms = dirs.flat_map(|dir| [format!("\"{dir}\"/"), format!("{dir}/")]);
    let start = forms
        .filter_map(|form| Some(before.strip_suffix(form.as_str())?.len()))
        .min()
        .unwrap_or(before.len());
    let last = before[..start].chars().next_back();
    match last {
        None => is_first.then_some(start),
        Some(c) => (c.is_whitespace() || "\"'=(;&|<>`".contains(c)).then_some(start),
    }
}

/// The quote that is open at the end of `text`, as a shell reads it.
fn quote_at(text: &str) -> Option<char> {
    let mut open = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (None | Some('"'), '\\') => {
                chars.next();
            }
            (None, '"' | '\'') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            _ => {}
        }
    }
    open
}

/// A text inside of double quotes.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "\\\"$`".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
