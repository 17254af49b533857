//! Hooks as Codex lists them, and which of them are ours.

use cc_core::installation::{HookTrust, InstalledHook};
use cc_plugin::Hook;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::edit::hooks_json::snake;
use crate::host::app_server::AppServer;
use crate::host::error::HostError;
use crate::layout::{Layout, PLUGIN_ID};

/// Where a hook comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookOrigin {
    /// From our plugin.
    Plugin,
    /// From the user's `hooks.json`.
    User,
}

/// One hook of ours in Codex's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedHook {
    pub(crate) origin: HookOrigin,
    /// The key of Codex's trust in it.
    pub(crate) key: String,
    /// The hash that trust is given to.
    pub(crate) hash: Option<String>,
    pub(crate) hook: InstalledHook,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HookEntry {
    key: String,
    event_name: String,
    #[serde(default)]
    command: Option<String>,
    #[serde(default)]
    plugin_id: Option<String>,
    #[serde(default)]
    source_path: Option<String>,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    trust_status: Option<HookTrust>,
    #[serde(default)]
    current_hash: Option<String>,
}

/// The hooks of ours that Codex knows: only those whose origin and exact command are ours.
///
/// # Errors
/// [`HostError::Unknown`] where this version has no list; others as named.
pub(crate) fn list(server: &mut AppServer, layout: &Layout) -> Result<Vec<ListedHook>, HostError> {
    let answer = server.call("hooks/list", &json!({}))?;
    Ok(ours(&answer, layout))
}

fn ours(answer: &Value, layout: &Layout) -> Vec<ListedHook> {
    let expected = crate::bundle::hooks(layout);
    let hooks_json = layout.hooks_json().display().to_string();
    let groups = answer["data"].as_array().into_iter().flatten();
    let entries = groups
        .filter_map(|group| group["hooks"].as_array())
        .flatten();
    let entries = entries.filter_map(|entry| HookEntry::deserialize(entry).ok());
    let mut listed: Vec<ListedHook> = entries
        .filter_map(|entry| {
            let origin = match (entry.plugin_id.as_deref(), entry.source_path.as_deref()) {
                (Some(PLUGIN_ID), _) => HookOrigin::Plugin,
                (None, Some(path)) if path == hooks_json => HookOrigin::User,
                _ => return None,
            };
            let command = entry.command?;
            let is_it = |hook: &&Hook| {
                hook.command == command && snake(&hook.event) == snake(&entry.event_name)
            };
            let hook = expected.iter().find(is_it)?;
            Some(ListedHook {
                origin,
                key: entry.key,
                hash: entry.current_hash,
                hook: InstalledHook {
                    event: hook.event.clone(),
                    command,
                    enabled: entry.enabled.unwrap_or(true),
                    trust: entry.trust_status,
                },
            })
        })
        .collect();
    // Codex lists them for each directory; ours are the same in each.
    listed.dedup_by(|a, b| a.key == b.key);
    listed
}

/// The hooks that Codex would not run.
#[must_use]
pub(crate) fn untrusted(hooks: &[ListedHook]) -> Vec<ListedHook> {
    let is_untrusted = |hook: &&ListedHook| hook.hook.trust.is_some_and(|trust| !trust.is_given());
    hooks.iter().filter(is_untrusted).cloned().collect()
}

/// Records the user's trust in `hooks`, the way Codex's own dialog does.
pub(crate) fn trust(server: &mut AppServer, hooks: &[ListedHook]) -> Result<(), HostError> {
    let state: serde_json::Map<String, Value> = hooks
        .iter()
        .filter_map(|hook| {
            Some((
                hook.key.clone(),
                json!({"trusted_hash": hook.hash.as_ref()?}),
            ))
        })
        .collect();
    let edit = json!({"keyPath": "hooks.state", "value": state, "mergeStrategy": "upsert"});
    server.call(
        "config/batchWrite",
        &json!({"edits": [edit], "reloadUserConfig": true}),
    )?;
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use cc_core::Env;

    use super::*;

    #[test]
    fn only_our_commands_from_our_places_are_ours() {
        let env = Env::fixed("/", "/x", [("HOME", "/home/dev")]);
        let layout = Layout::new(&env, None).unwrap();
        let command = "/home/dev/.codex/cc/bin/cc-hooks stop";
        let entry = |key: &str, command: &str, plugin: Option<&str>, path: &str| {
            json!({"key": key, "eventName": "stop", "command": command, "pluginId": plugin, "sourcePath": path,
                   "enabled": true, "currentHash": "sha256:a", "trustStatus": "modified"})
        };
        let hooks_json = "/home/dev/.codex/hooks.json";
        let answer = json!({"data": [{"hooks": [
            entry("plugin", command, Some("cc@cc-local"), "/cache"),
            entry("user", command, None, hooks_json),
            entry("other command", &format!("{command}; rm -rf /"), Some("cc@cc-local"), "/cache"),
            entry("other plugin", command, Some("evil@place"), "/cache"),
            entry("other file", command, None, "/repo/.codex/hooks.json"),
            json!({"key": "unreadable"}),
        ]}]});
        let found = ours(&answer, &layout);
        let keys: Vec<(&str, HookOrigin)> = found
            .iter()
            .map(|hook| (hook.key.as_str(), hook.origin))
            .collect();
        assert_eq!(
            keys,
            [("plugin", HookOrigin::Plugin), ("user", HookOrigin::User)]
        );
        assert_eq!(
            (found[0].hook.event.as_str(), found[0].hook.trust),
            ("Stop", Some(HookTrust::Modified))
        );
    }
}
