use std::fs;

use super::*;

/// A repository with files below `.claude` that its hook and its server name.
fn repository() -> (tempfile::TempDir, ProjectContent) {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(".claude/hooks/a.sh", "a");
    write(".claude/hooks/a.sh.bak", "b");
    write(".claude/skills/deploy/SKILL.md", "s");
    let hook = json!({"type": "command", "command": "\"$CLAUDE_PROJECT_DIR\"/.claude/hooks/a.sh"});
    let settings = json!({"hooks": {"Stop": [{"matcher": "x", "hooks": [hook]}]}});
    write(".claude/settings.json", &settings.to_string());
    let server = json!({"command": "sh", "args": [".claude/hooks/a.sh"]});
    write(
        ".mcp.json",
        &json!({"mcpServers": {"db": server}}).to_string(),
    );
    let content = ProjectContent::read(dir.path()).unwrap();
    (dir, content)
}

#[test]
fn commands_start_the_copies_however_they_are_written() {
    let (_dir, content) = repository();
    let check = |copies: &str, command: &str, expected: &str| {
        let got = with_copies(command, &content, Path::new(copies), Path::new("/w"));
        assert_eq!(got, expected, "{command}");
    };
    for (command, expected) in [
        (".claude/hooks/a.sh", "/c/.claude/hooks/a.sh"),
        ("./.claude/hooks/a.sh -x", "/c/.claude/hooks/a.sh -x"),
        ("sh /w/.claude/hooks/a.sh", "sh /c/.claude/hooks/a.sh"),
        (
            "$CLAUDE_PROJECT_DIR/.claude/hooks/a.sh",
            "/c/.claude/hooks/a.sh",
        ),
        (
            "\"$CLAUDE_PROJECT_DIR\"/.claude/hooks/a.sh",
            "/c/.claude/hooks/a.sh",
        ),
        (
            "\"${CLAUDE_PROJECT_DIR}/.claude/hooks/a.sh\" b",
            "\"/c/.claude/hooks/a.sh\" b",
        ),
        (
            "cd x;.claude/hooks/a.sh;.claude/hooks/a.sh.bak",
            "cd x;/c/.claude/hooks/a.sh;/c/.claude/hooks/a.sh.bak",
        ),
        // Another directory, and another file.
        ("/x/.claude/hooks/a.sh", "/x/.claude/hooks/a.sh"),
        (".claude/hooks/a.shx", ".claude/hooks/a.shx"),
        ("npm run lint", "npm run lint"),
    ] {
        check("/c", command, expected);
    }
    check(
        "/c d",
        "sh .claude/hooks/a.sh",
        "sh '/c d/.claude/hooks/a.sh'",
    );
    check(
        "/c$d",
        "sh \".claude/hooks/a.sh\"",
        "sh \"/c\\$d/.claude/hooks/a.sh\"",
    );
    check(
        "/c'd",
        "sh -c '.claude/hooks/a.sh'",
        "sh -c '/c'\\''d/.claude/hooks/a.sh'",
    );
}

#[test]
fn a_plugin_has_all_that_was_allowed() {
    let (dir, content) = repository();
    let place = tempfile::tempdir().unwrap();
    let plugin = place.path().join("a plugin");
    let made = make(&content, &plugin, dir.path()).unwrap();
    assert!(made.has_skills);
    assert_eq!(
        fs::read(plugin.join("skills/deploy/SKILL.md")).unwrap(),
        b"s"
    );
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(plugin.join(name)).unwrap()).unwrap()
    };
    let hook = &read("hooks/hooks.json")["hooks"]["Stop"][0];
    assert_eq!(hook["matcher"], "x");
    let copy = plugin.join("copies/.claude/hooks/a.sh");
    let copy = copy.to_str().unwrap();
    assert_eq!(hook["hooks"][0]["command"], format!("'{copy}'"));
    let servers = read("servers.json");
    assert_eq!(servers["mcpServers"]["db"]["args"][0], copy);
    assert_eq!(made.servers, Some(plugin.join("servers.json")));
}
