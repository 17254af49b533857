use serde_json::json;

use super::*;

fn settings(files: &[(&str, Value)]) -> ProjectSettings {
    let mut settings = ProjectSettings::default();
    for (name, content) in files {
        settings.add_settings(name, content.to_string().as_bytes());
    }
    settings
}

#[test]
fn later_files_win_and_what_is_denied_adds_up() {
    let found = settings(&[
        (
            "a",
            json!({"env": {"A": "1", "B": "1"}, "model": "m", "permissions": {"deny": ["Read(/x)"]}}),
        ),
        (
            "b",
            json!({"env": {"B": "2"}, "effortLevel": "low", "permissions": {"deny": ["Bash(y)"]}}),
        ),
    ]);
    assert_eq!(found.env().collect::<Vec<_>>(), [("A", "1"), ("B", "2")]);
    assert_eq!(found.denied(), ["Read(/x)", "Bash(y)"]);
    assert_eq!(found.model_and_effort(), [Some("m"), Some("low")]);
    let user = settings(&[("u", json!({"env": {"A": "0", "U": "u"}, "model": "u"}))]).values;
    let both = found.over(user);
    assert_eq!(both.env.get("A").map(String::as_str), Some("1"));
    assert_eq!(both.env.get("U").map(String::as_str), Some("u"));
}

#[test]
fn hooks_of_all_files_are_found_and_invalid_ones_named() {
    let hook = json!({"type": "command", "command": "x"});
    let found = settings(&[
        (
            "a",
            json!({"hooks": {"Stop": [{"hooks": [hook]}], "PreToolUse": "wrong"}}),
        ),
        (
            "b",
            json!({"hooks": {"PostToolUse": [{"matcher": "Edit", "hooks": [hook]}], "Stop": [{"hooks": [{"type": "command"}]}]}}),
        ),
    ]);
    let named: Vec<_> = found
        .hooks
        .iter()
        .map(|hook| (hook.event.as_str(), hook.matcher.as_deref()))
        .collect();
    assert_eq!(named, [("Stop", None), ("PostToolUse", Some("Edit"))]);
    assert_eq!(found.problems().len(), 2, "{:?}", found.problems());
    assert!(!found.is_empty());
}

#[test]
fn what_a_run_is_not_given_is_named() {
    let found = settings(&[(
        "s",
        json!({"statusLine": {}, "permissions": {"allow": ["Bash"], "deny": []}, "enabledPlugins": {}, "env": {}}),
    )]);
    let mut unused = found.unused.clone();
    unused.sort();
    assert_eq!(
        unused,
        [
            "enabledPlugins (s)",
            "permissions.allow (s)",
            "statusLine (s)"
        ]
    );
    assert!(found.is_empty());
}

#[test]
fn only_servers_that_claude_takes_are_given() {
    let mut found = settings(&[("s", json!({"disabledMcpjsonServers": ["off"]}))]);
    let servers = json!({"mcpServers": {
        "off": {"command": "x"},
        "local": {"command": "x", "args": ["a"], "env": {"A": "b"}},
        "remote": {"type": "http", "url": "https://x"},
        "no-type": {"url": "https://x"},
        "bad-args": {"command": "x", "args": "a"},
        "bad name": {"command": "x"},
    }});
    found.add_servers(".mcp.json", servers.to_string().as_bytes());
    let names: Vec<_> = found.servers.keys().cloned().collect();
    assert_eq!(names, ["local", "remote"]);
    assert_eq!(found.problems().len(), 3, "{:?}", found.problems());
    found.add_servers("broken", b"{");
    assert_eq!(found.problems().len(), 4);
}

#[test]
fn only_what_a_run_is_given_is_compared() {
    let used = |value: Value| {
        ProjectSettings::used_part(value.to_string().as_bytes())
            .map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(
        used(json!({"permissions": {"allow": ["Bash"]}, "statusLine": {}})),
        None
    );
    let one = json!({"env": {"A": "1"}, "permissions": {"deny": ["x"], "allow": ["a"]}});
    let other = json!({"permissions": {"allow": ["b", "c"], "deny": ["x"]}, "env": {"A": "1"}});
    assert_eq!(used(one.clone()), used(other));
    assert_ne!(
        used(one),
        used(json!({"env": {"A": "2"}, "permissions": {"deny": ["x"]}}))
    );
    assert_eq!(ProjectSettings::used_part(b"{"), None);
    assert_eq!(ProjectSettings::used_servers(b"[]"), None);
}
