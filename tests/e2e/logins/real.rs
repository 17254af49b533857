//! The real Claude Code, in each version that is tested.

use std::fs;

use cc_tests::{MessagesApi, Sandbox, Turn, peers};
use serde_json::{Value, json};

use super::write_settings;

/// Settings that grant everything and run hooks, besides `more`.
fn years_of_settings(sandbox: &Sandbox, more: Value) {
    let mark = |name: &str| format!("touch {}", sandbox.root().join(name).display());
    let hook = json!([{"hooks": [{"type": "command", "command": mark("hooked")}]}]);
    let mut settings = json!({
        "$schema": "https://json.schemastore.org/claude-code-settings.json",
        "cleanupPeriodDays": 20,
        "includeCoAuthoredBy": false,
        "permissions": {
            "allow": ["Bash", "Bash(touch:*)", "Write", "Edit"],
            "defaultMode": "acceptEdits",
            "deny": ["Read(./.env)", "Read(/notes/**)"],
        },
        "hooks": {"SessionStart": hook, "UserPromptSubmit": hook, "PreToolUse": hook, "Stop": hook},
        "outputStyle": "Explanatory",
        "statusLine": {"type": "command", "command": mark("status-line")},
        "enabledPlugins": {"formatter@team": true},
        "enableAllProjectMcpServers": true,
    });
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    write_settings(sandbox, settings.to_string());
    let server = json!({"command": "/bin/sh", "args": ["-c", mark("mcp")]});
    let global = json!({"mcpServers": {"mine": server}, "hasCompletedOnboarding": true});
    fs::write(sandbox.home().join(".claude.json"), global.to_string()).unwrap();
    fs::write(sandbox.home().join(".claude/CLAUDE.md"), "Say MIAOW.\n").unwrap();
}

/// A real Claude whose environment names neither a key nor the service.
fn without_env(claude: &std::path::Path, api: &MessagesApi) -> Sandbox {
    let mut sandbox = Sandbox::real_at(claude, api).with_change();
    sandbox.log_out();
    sandbox.unset_env("ANTHROPIC_BASE_URL");
    sandbox
}

fn gateway(api: &MessagesApi) -> Value {
    json!({
        "env": {
            "ANTHROPIC_BASE_URL": api.url(),
            "ANTHROPIC_AUTH_TOKEN": "made-up-token",
            "ANTHROPIC_CUSTOM_HEADERS": "x-team: tools",
            // Would undo what keeps a run in one piece.
            "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "0",
        },
        "model": "claude-opus-4-6",
        "effortLevel": "low",
    })
}

/// Nothing that the user's settings run was run.
#[track_caller]
fn assert_nothing_ran(sandbox: &Sandbox) {
    for name in ["hooked", "status-line", "mcp"] {
        assert!(!sandbox.root().join(name).exists(), "{name}");
    }
}

#[test]
fn a_login_in_the_users_settings_counts_with_every_claude_and_grants_do_not() {
    for peer in peers::claudes() {
        let claude = peer.ensure().unwrap();
        let api = MessagesApi::start([
            Turn::tool("Bash", json!({"command": "touch written"})),
            Turn::tool("Read", json!({"file_path": ".env"})),
            Turn::tool("mcp__git__status", json!({})),
            Turn::text("Fine as it is."),
            Turn::text("The answer is 4."),
        ]);
        let sandbox = without_env(&claude, &api);
        years_of_settings(&sandbox, gateway(&api));
        sandbox.write(".env", "SECRET=hunter2\n");

        let review = sandbox.cc(["review"]).run().success();
        assert!(review.stdout.contains("Fine as it is."), "{peer}: {review}");
        let requests = api.requests();
        let results = requests.last().unwrap().tool_results();
        assert!(!sandbox.repo().join("written").exists(), "{peer}");
        assert!(!format!("{results:?}").contains("hunter2"), "{peer}");
        assert!(results[2].contains("## main"), "{peer}: {results:?}");
        for request in &requests {
            assert_eq!(request.headers["x-team"], "tools", "{peer}");
            assert_eq!(request.body["model"], "claude-opus-4-6", "{peer}");
            assert_eq!(request.body["output_config"]["effort"], "low", "{peer}");
            let all = request.body.to_string();
            assert!(
                !all.contains("MIAOW") && !all.contains("Explanatory"),
                "{peer}"
            );
        }

        let rescue = sandbox
            .cc(["rescue", "--read-only", "2 + 2?"])
            .run()
            .success();
        assert!(
            rescue.stdout.contains("The answer is 4."),
            "{peer}: {rescue}"
        );
        assert_nothing_ran(&sandbox);
    }
}

#[test]
fn a_key_helper_logs_every_claude_in() {
    for peer in peers::claudes() {
        let claude = peer.ensure().unwrap();
        let api = MessagesApi::start([Turn::text("Fine as it is.")]);
        let mut sandbox = without_env(&claude, &api);
        sandbox.set_env("ANTHROPIC_BASE_URL", api.url());
        sandbox.set_env("TEAM_TOKEN", "made-up-key");
        years_of_settings(&sandbox, json!({"apiKeyHelper": "echo \"$TEAM_TOKEN\""}));
        let found = sandbox.cc(["setup", "--json"]).run().json();
        assert_eq!(found["auth"]["loggedIn"], true, "{peer}: {found:#}");
        assert_eq!(found["auth"]["verified"], false, "{peer}: {found:#}");
        let detail = found["auth"]["detail"].as_str().unwrap();
        assert_eq!(detail, "api_key_helper (not verified)", "{peer}");
        sandbox.cc(["review"]).run().success();
        assert_eq!(api.requests()[0].headers["x-api-key"], "<key>", "{peer}");
        assert_nothing_ran(&sandbox);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_rescue_that_writes_keeps_its_sandbox_beside_the_users_settings() {
    for peer in peers::claudes() {
        let claude = peer.ensure().unwrap();
        let api = MessagesApi::start([]);
        let sandbox = without_env(&claude, &api);
        let mut settings = gateway(&api);
        // Of the kinds that make Claude ignore the settings they stand in.
        settings["modelOverrides"] = json!({"a": 1});
        settings["awsAuthRefresh"] = json!(["aws"]);
        settings["apiKeyHelper"] = json!({});
        settings["sandbox"] = json!({"enabled": "no"});
        years_of_settings(&sandbox, settings);
        let outside = sandbox.home().join("outside");
        let command = format!("touch inside; touch {}", outside.display());
        api.push([
            Turn::tool("Bash", json!({"command": command})),
            Turn::text("Done."),
        ]);
        sandbox.cc(["rescue", "write two files"]).run().success();
        assert!(sandbox.repo().join("inside").exists(), "{peer}: it ran");
        assert!(!outside.exists(), "{peer}: it was in the sandbox");
        assert!(
            sandbox.log().contains("modelOverrides"),
            "{peer}: {}",
            sandbox.log()
        );
    }
}

#[test]
fn a_newcomer_with_a_gateway_dotfiles_and_a_worktree_is_right_at_the_first_try() {
    let api = MessagesApi::start([Turn::text("The sum became a difference.")]);
    let sandbox = without_env(&peers::CLAUDE.ensure().unwrap(), &api);
    years_of_settings(&sandbox, gateway(&api));
    // Their home is a repository too, with files that nobody committed.
    let home = sandbox.home();
    fs::write(home.join(".bashrc"), "alias ll='ls -l'\n").unwrap();
    sandbox.git_in(&home, ["init", "--quiet"]);
    sandbox.git_in(&home, ["add", ".bashrc"]);
    sandbox.git_in(&home, ["commit", "--quiet", "--message", "Dotfiles"]);
    fs::write(home.join(".bashrc"), "alias secret-alias='ls -l'\n").unwrap();
    fs::write(home.join("diary.txt"), "Dear diary\n").unwrap();
    let tree = home.join("code/feature");
    let path = tree.to_str().unwrap();
    sandbox.git(["worktree", "add", "--quiet", "-b", "feature", path]);
    let edited = "pub fn add(a: i32, b: i32) -> i32 {\n    a - b // here\n}\n";
    fs::write(tree.join("src/lib.rs"), edited).unwrap();

    let review = sandbox.cc(["review"]).cwd(tree.join("src")).run().success();

    let report = &review.stdout;
    assert!(report.contains("The sum became a difference."), "{review}");
    assert!(report.contains("Reviewed: uncommitted changes"), "{review}");
    let asked = api.requests()[0].body.to_string();
    assert!(asked.contains("a - b // here"), "{asked}");
    for of_home in ["Dear diary", "diary.txt", "secret-alias"] {
        assert!(!asked.contains(of_home), "{of_home}");
    }
    let status = sandbox.cc(["status"]).run().success();
    assert!(
        status.stdout.contains("review-"),
        "seen in the main one: {status}"
    );
    assert_nothing_ran(&sandbox);
}

/// The headers by which the service tells a subscriber's limits; the reset is in a year that no test reaches.
fn with_limits(turn: Turn, status: &str, window: &str, claim: &str, used: &str) -> Turn {
    const RESET: &str = "4102444800";
    let headers = [
        ("status".to_owned(), status),
        ("reset".to_owned(), RESET),
        ("representative-claim".to_owned(), claim),
        (format!("{window}-utilization"), used),
        (format!("{window}-reset"), RESET),
        (format!("{window}-surpassed-threshold"), "0.75"),
    ];
    headers.iter().fold(turn, |turn, (name, value)| {
        turn.header(&format!("anthropic-ratelimit-unified-{name}"), value)
    })
}

#[test]
fn what_is_left_of_an_account_is_read_as_each_claude_prints_it() {
    for peer in peers::claudes() {
        let claude = peer.ensure().unwrap();
        let limit = Turn::error(429).message("over the limit");
        let api = MessagesApi::start([
            with_limits(
                Turn::text("Fine."),
                "allowed_warning",
                "5h",
                "five_hour",
                "0.85",
            ),
            with_limits(limit, "rejected", "7d", "seven_day", "1").times(20),
        ]);
        let mut sandbox = Sandbox::real_at(&claude, &api).with_change();
        sandbox.log_out();
        sandbox.set_env("CLAUDE_CODE_OAUTH_TOKEN", "made-up-token");
        let account = || {
            let usage = sandbox.cc(["usage", "--json"]).run().success().json();
            usage["account"].clone()
        };
        sandbox.cc(["review"]).run().success();
        let warned = account();
        assert_eq!(warned["window"], "five_hour", "{peer}: {warned}");
        assert_eq!(warned["used"], 0.85, "{peer}: {warned}");
        assert_eq!(
            warned["resetsAt"], "2100-01-01T00:00:00.000Z",
            "{peer}: {warned}"
        );
        let shown = sandbox.cc(["usage"]).run().success().stdout;
        assert!(
            shown.contains("five-hour limit 85% used, resets at 2"),
            "{peer}: {shown}"
        );

        let refused = sandbox.cc(["review"]).run().exits(1);
        assert!(refused.stderr.contains("limit"), "{peer}: {refused}");
        let reached = account();
        assert_eq!(reached["reached"], true, "{peer}: {reached}");
        assert_eq!(reached["window"], "seven_day", "{peer}: {reached}");
    }
}
