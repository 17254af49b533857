use serde_json::json;

use super::*;

fn review() -> Request {
    Request {
        prompt: "review".into(),
        tools: Tools::ReadOnly,
        ..Request::new("/repo")
    }
}

const COMMON: [&str; 10] = [
    "-p",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--setting-sources",
    "",
    "--permission-mode",
    "dontAsk",
    "--tools",
];

/// Nothing of the repository is loaded.
const CLOSED: [&str; 2] = ["--strict-mcp-config", "--disable-slash-commands"];

/// With nothing of the user's.
fn args(request: &Request) -> Vec<OsString> {
    request.args(&UserSettings::default(), None)
}

#[track_caller]
fn check(request: Request, tools: &str, rest: &[&str]) {
    assert_eq!(
        args(&request),
        [&COMMON[..], &[tools], &CLOSED, rest].concat()
    );
}

#[test]
fn writing_in_a_cage() {
    let tools = Tools::Write(Sandbox::On {
        allowed_domains: vec!["crates.io".into()],
        read_only: vec![
            "/repo/.git/modules".into(),
            "/repo/a*".into(),
            "/main/.git".into(),
        ],
        writable: vec!["/scratch".into()],
    });
    let request = Request { tools, ..review() };
    let text = args(&request)
        .iter()
        .map(|arg| arg.to_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ");
    assert!(text.contains("--permission-mode acceptEdits --tools Read,Glob,Grep,Bash,Edit,Write,NotebookEdit --strict"), "{text}");
    assert!(text.contains("--allowedTools=Bash"), "{text}");
    let settings = request.settings(&UserSettings::default());
    assert_eq!(
        Value::Object(settings),
        json!({"disableAllHooks": true, "sandbox": {
            "enabled": true, "failIfUnavailable": true, "allowUnsandboxedCommands": false,
            "autoAllowBashIfSandboxed": true, "network": {"allowedDomains": ["crates.io"]},
            "filesystem": {
                "denyWrite": ["/repo/.git/modules", "/repo/a*", "/main/.git"],
                "allowWrite": ["/scratch"],
            },
        }, "permissions": {"deny": [
            "Edit(.git/modules)", "Edit(.git/modules/**)", "Edit(a\\*)", "Edit(a\\*/**)",
        ]}})
    );
}

#[test]
fn running_commands_and_changing_nothing() {
    let request = Request {
        tools: Tools::ReadAndRun(vec!["/scratch".into()]),
        server: Some(McpServer {
            name: "git",
            command: "/bin/cc-cli".into(),
            args: Vec::new(),
        }),
        // It is for runs that write.
        configuration: Configuration {
            user: true,
            ..Configuration::default()
        },
        ..review()
    };
    let given = args(&request);
    assert_eq!(given[..10], COMMON);
    assert_eq!(given[10..13], ["Read,Grep,Bash", CLOSED[0], CLOSED[1]]);
    assert!(given.contains(&"--allowedTools=Bash,mcp__git".into()));
    let settings = request.settings(&UserSettings::default());
    assert_eq!(
        Value::Object(settings),
        json!({"sandbox": {
            "enabled": true, "failIfUnavailable": true, "allowUnsandboxedCommands": false,
            "autoAllowBashIfSandboxed": true, "network": {"allowedDomains": []},
            "filesystem": {"denyWrite": ["/repo"], "allowWrite": ["/scratch"]},
        }})
    );
}

#[test]
fn writing_without_a_cage() {
    let request = Request {
        tools: Tools::Write(Sandbox::Off),
        ..review()
    };
    assert!(args(&request).contains(&"--allowedTools=Bash".into()));
    let settings = request.settings(&UserSettings::default());
    assert_eq!(Value::Object(settings), json!({"disableAllHooks": true}));
}

/// A repository with hooks, skills and a server, as it was allowed.
fn project() -> ProjectConfiguration {
    let mut settings = ProjectSettings::default();
    let hooks = json!({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x"}]}]}});
    settings.add_settings("s", hooks.to_string().as_bytes());
    let servers = json!({"mcpServers": {"db": {"command": "x"}}});
    settings.add_servers("m", servers.to_string().as_bytes());
    ProjectConfiguration {
        settings,
        plugin: "/data/plugin".into(),
        has_skills: true,
        servers: Some("/data/plugin/mcp.json".into()),
    }
}

#[test]
fn what_was_allowed_of_a_repository_is_given_and_nothing_is_read_from_it() {
    let configuration = Configuration {
        user: false,
        instructions: true,
        project: Some(project()),
    };
    let request = |tools| Request {
        configuration: configuration.clone(),
        tools,
        ..review()
    };
    let writing = request(Tools::Write(Sandbox::Off));
    let given = args(&writing);
    assert_eq!(given[6], "");
    for arg in [
        "--strict-mcp-config",
        "--add-dir=/repo",
        "--plugin-dir=/data/plugin",
        "--mcp-config=/data/plugin/mcp.json",
        "--allowedTools=mcp__db",
        "--allowedTools=Read(//data/plugin/**)",
    ] {
        assert!(given.contains(&arg.into()), "{arg}: {given:?}");
    }
    assert!(!given.contains(&"--disable-slash-commands".into()));
    let settings = writing.settings(&UserSettings::default());
    assert_eq!(Value::Object(settings), json!({}));
    // A rule in it could let a command write.
    assert_eq!(args(&request(Tools::ReadOnly)), args(&review()));
}

#[test]
fn a_plain_review() {
    check(review(), "Read,Grep", &["--no-session-persistence"]);
}

#[test]
fn a_server_is_the_only_thing_that_a_review_allows() {
    let request = Request {
        server: Some(McpServer {
            name: "git",
            command: "/bin dir/cc-cli".into(),
            args: vec!["git-server".into()],
        }),
        ..review()
    };
    check(
        request,
        "Read,Grep",
        &[
            r#"--mcp-config={"mcpServers":{"git":{"args":["git-server"],"command":"/bin dir/cc-cli"}}}"#,
            "--allowedTools=mcp__git",
            "--no-session-persistence",
        ],
    );
}

#[test]
fn without_tools() {
    let request = Request {
        tools: Tools::None,
        ..review()
    };
    check(request, "", &["--no-session-persistence"]);
}

#[test]
fn everything_at_once() {
    let request = Request {
        system_prompt: Some("-You review.\nBriefly.".into()),
        schema: Some(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
        })),
        max_turns: Some(8),
        model: Some("--dangerously-skip-permissions".into()),
        effort: Some("-x".into()),
        thread: Thread::New(ThreadId::parse("-0").unwrap()),
        ..review()
    };
    check(
        request,
        "Read,Grep",
        &[
            "--session-id=-0",
            "--system-prompt=-You review.\nBriefly.",
            r#"--json-schema={"type":"object"}"#,
            "--max-turns=8",
            "--model=--dangerously-skip-permissions",
            "--effort=-x",
        ],
    );
}

#[test]
fn a_thread_goes_on() {
    let request = Request {
        thread: Thread::Resume(ThreadId::parse("7a0e").unwrap()),
        ..review()
    };
    check(request, "Read,Grep", &["--resume=7a0e"]);
}

#[test]
fn a_prompt_is_never_a_command() {
    for (prompt, stdin) in [
        ("review /compact", "review /compact"),
        ("/compact x", "Task:\n/compact x"),
        (" \n/clear", "Task:\n \n/clear"),
        ("\u{feff}/clear", "Task:\n\u{feff}/clear"),
        ("\u{0}/clear", "Task:\n\u{0}/clear"),
        ("", ""),
    ] {
        let request = Request {
            prompt: prompt.into(),
            ..review()
        };
        assert_eq!(request.stdin().unwrap(), stdin);
    }
}

#[test]
fn a_prompt_that_claude_would_not_read_is_refused() {
    let sized = |bytes| Request {
        prompt: "x".repeat(bytes),
        ..review()
    };
    assert!(sized(PROMPT_BYTES).stdin().is_ok());
    let failure = sized(PROMPT_BYTES + 1).stdin().unwrap_err();
    assert_eq!(failure.class, FailureClass::PromptTooLong);
    assert_eq!(
        failure.detail,
        "the prompt has 10485761 bytes, claude reads at most 10485760"
    );
    let slash = Request {
        prompt: format!("/{}", "x".repeat(PROMPT_BYTES - 1)),
        ..review()
    };
    assert!(slash.stdin().is_err(), "the shield counts");
}

#[test]
fn what_the_user_set_comes_along_and_what_is_asked_for_comes_first() {
    let user = UserSettings {
        settings: serde_json::from_value(json!({"apiKeyHelper": "k", "model": "m"})).unwrap(),
        effort: Some("high".into()),
        denied: vec!["WebFetch".into(), "Bash(git push:*)".into()],
        ..UserSettings::default()
    };
    let with = |request: &Request| request.args(&user, Some(Path::new("/jobs/x.settings")));
    let args = with(&review());
    for arg in [
        "--settings=/jobs/x.settings",
        "--disallowedTools=WebFetch",
        "--disallowedTools=Bash(git push:*)",
        "--effort=high",
    ] {
        assert!(args.contains(&arg.into()), "{arg}: {args:?}");
    }
    let asked = Request {
        effort: Some("low".into()),
        tools: Tools::Write(Sandbox::On {
            allowed_domains: Vec::new(),
            read_only: Vec::new(),
            writable: Vec::new(),
        }),
        ..review()
    };
    let args = with(&asked);
    assert!(args.contains(&"--effort=low".into()), "{args:?}");
    assert!(!args.contains(&"--effort=high".into()), "{args:?}");
    let settings = asked.settings(&user);
    assert_eq!(settings["apiKeyHelper"], "k");
    assert_eq!(settings["sandbox"]["enabled"], true);
    assert_eq!(settings["disableAllHooks"], true);
}
