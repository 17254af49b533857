//! Hooks as Codex lists them, and which of them are ours.

use cc_plugin::Hook;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::edit::hooks_json::snake;
use crate::host::HostError;
use crate::host::app_server::AppServer;
use crate::place::{PLUGIN_ID, Places};

/// Whether Codex would run a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Trust {
    /// It is set up by whoever manages the machine.
    Managed,
    /// The user said yes.
    Trusted,
    /// Nobody was asked.
    Untrusted,
    /// It is not what the user said yes to.
    Modified,
    /// Something that this version does not know, or nothing was said.
    #[serde(other)]
    Unknown,
}

impl Trust {
    /// Whether it runs.
    pub(crate) fn is_given(self) -> bool {
        matches!(self, Self::Managed | Self::Trusted)
    }
}

/// Where a hook comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From our plugin.
    Plugin,
    /// From the user's `hooks.json`.
    User,
}

/// One hook of ours in Codex's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// The name under which Codex keeps the trust in it.
    pub(crate) key: String,
    /// Its event, as `hooks.json` writes it.
    pub(crate) event: String,
    /// Its command.
    pub(crate) command: String,
    /// Whether it is switched on.
    pub(crate) enabled: bool,
    /// Whether it is trusted; `None` where this version asks for no trust.
    pub(crate) trust: Option<Trust>,
    /// What trust would be given to.
    pub(crate) hash: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
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
    trust_status: Option<Trust>,
    #[serde(default)]
    current_hash: Option<String>,
}

/// The hooks of ours that Codex knows: only those whose origin and exact command are ours.
///
/// # Errors
/// [`HostError::Unknown`] where this version has no list; others as named.
pub(crate) fn list(server: &mut AppServer, places: &Places) -> Result<Vec<Listed>, HostError> {
    let answer = server.call("hooks/list", &json!({}))?;
    Ok(ours(&answer, places))
}

fn ours(answer: &Value, places: &Places) -> Vec<Listed> {
    let expected = crate::bundle::hooks(places);
    let hooks_json = places.hooks_json().display().to_string();
    let groups = answer["data"].as_array().into_iter().flatten();
    let entries = groups
        .filter_map(|group| group["hooks"].as_array())
        .flatten();
    let entries = entries.filter_map(|entry| Entry::deserialize(entry).ok());
    let mut listed: Vec<Listed> = entries
        .filter_map(|entry| {
            let origin = match (entry.plugin_id.as_deref(), entry.source_path.as_deref()) {
                (Some(PLUGIN_ID), _) => Origin::Plugin,
                (None, Some(path)) if path == hooks_json => Origin::User,
                _ => return None,
            };
            let command = entry.command?;
            let is_it = |hook: &&Hook| {
                hook.command == command && snake(&hook.event) == snake(&entry.event_name)
            };
            let hook = expected.iter().find(is_it)?;
            Some(Listed {
                origin,
                key: entry.key,
                event: hook.event.clone(),
                command,
                enabled: entry.enabled.unwrap_or(true),
                trust: entry.trust_status,
                hash: entry.current_hash,
            })
        })
        .collect();
    // One list a directory asked about; ours are the same in each.
    listed.dedup_by(|a, b| a.key == b.key);
    listed
}

/// Records the user's trust in `hooks`, the way Codex's own dialog does.
///
/// # Errors
/// When Codex refuses.
pub(crate) fn trust(server: &mut AppServer, hooks: &[Listed]) -> Result<(), HostError> {
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
        let places = Places::new(&env, None).unwrap();
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
        let found = ours(&answer, &places);
        let keys: Vec<(&str, Origin)> = found
            .iter()
            .map(|hook| (hook.key.as_str(), hook.origin))
            .collect();
        assert_eq!(keys, [("plugin", Origin::Plugin), ("user", Origin::User)]);
        assert_eq!(
            (found[0].event.as_str(), found[0].trust),
            ("Stop", Some(Trust::Modified))
        );
    }
}
