//! What a repository brings along: instructions are read where Codex trusts the project, and what can be
//! executed is loaded in the version that the user allowed.

#[cfg(unix)] // The real Claude.
mod real;

use cc_tests::Sandbox;
use serde_json::json;

/// A repository with a hook, a server and a skill, all harmless.
fn useful(sandbox: &Sandbox) {
    let mark = sandbox.root().join("by-hook");
    let script = format!("#!/bin/sh\necho \"$0\" >> '{}'\n", mark.display());
    sandbox.write(".claude/hooks/mark.sh", script);
    sandbox.git([
        "update-index",
        "--add",
        "--chmod=+x",
        ".claude/hooks/mark.sh",
    ]);
    let hook = json!([{"hooks": [{"type": "command",
        "command": "sh \"$CLAUDE_PROJECT_DIR\"/.claude/hooks/mark.sh"}]}]);
    let settings = json!({"hooks": {"SessionStart": hook}, "env": {"HERON": "grey"},
        "permissions": {"allow": ["Bash(ls)"], "deny": ["Read(secret.txt)"]}});
    sandbox.write(".claude/settings.json", settings.to_string());
    let server = json!({"command": sandbox.product_file("cc-cli"), "args": ["git-server"]});
    sandbox.write(
        ".mcp.json",
        json!({"mcpServers": {"db": server}}).to_string(),
    );
    sandbox.write(
        ".claude/skills/deploy/SKILL.md",
        "---\nname: deploy\ndescription: Deploys\n---\nSay bittern.\n",
    );
    sandbox.write(".claude/skills/deploy/more.txt", "egret\n");
}

#[test]
fn the_user_sees_what_would_run_and_only_a_person_allows_it() {
    let sandbox = Sandbox::new().with_change();
    let nothing = sandbox.cc(["trust"]).run().success();
    assert!(
        nothing.stdout.contains("nothing executable to load"),
        "{nothing}"
    );
    useful(&sandbox);
    let refused = sandbox.cc(["trust"]).run().exits(2);
    assert!(refused.stderr.contains("no terminal"), "{refused}");
    for steered in ["CODEX_THREAD_ID", "CC_NESTED"] {
        let call = sandbox.cc(["trust", "--yes"]).env(steered, "1");
        let refused = call.run().exits(2);
        assert!(refused.stderr.contains("only a person"), "{refused}");
    }
    assert!(
        sandbox
            .cc(["trust", "--list"])
            .run()
            .stdout
            .contains("Nothing is allowed")
    );
    let server = json!({"command": "npx", "args": ["-y", "db-server"], "env": {"DB": "${DB}"}});
    sandbox.write(
        ".mcp.json",
        json!({"mcpServers": {"db": server}}).to_string(),
    );
    let allowed = sandbox.cc(["trust", "--yes"]).run().success();
    insta::assert_snapshot!(sandbox.transcript(&allowed), @r#"
    exit 0
    --- stdout
    Rescues in <root>/repo would load:

    Hooks, which run with your permissions and outside any sandbox:
      SessionStart: sh "$CLAUDE_PROJECT_DIR"/.claude/hooks/mark.sh

    MCP servers, which run with your permissions and outside any sandbox:
      db: {"args":["-y","db-server"],"command":"npx","env":{"DB":"${DB}"}}

    Variables of Claude and all that it starts:
      HERON=grey

    Denied tools:
      Read(secret.txt)

    Skills and commands (Claude runs their scripts in the sandbox):
      .claude/skills/deploy/SKILL.md
      .claude/skills/deploy/more.txt

    Files that these start, kept as they are now:
      .claude/hooks/mark.sh

    Not used in rescues:
      permissions.allow (.claude/settings.json)

    A command that starts something else of this repository (npm run, make) runs what is there at that time:
    whoever can change those files, Codex in its sandbox too, can then run programs with your permissions.
    Allowed. After a change, rescues load none of it until you allow it again.
    "#);
    let again = sandbox.cc(["trust"]).run().success();
    assert!(again.stdout.contains("you allowed it"), "{again}");
    let listed = sandbox.cc(["trust", "--list"]).run().success();
    assert!(
        listed.stdout.contains(sandbox.repo().to_str().unwrap()),
        "{listed}"
    );
    sandbox.write(".claude/hooks/mark.sh", "\u{1b}[2Jx");
    let changed = sandbox.cc(["trust"]).run().exits(2);
    assert!(
        changed
            .stdout
            .contains("Changed since you allowed it:\n  .claude/hooks/mark.sh"),
        "{changed}"
    );
    sandbox.cc(["trust", "--remove"]).run().success();
    assert!(
        sandbox
            .cc(["trust", "--list"])
            .run()
            .stdout
            .contains("Nothing is allowed")
    );
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_the_user_is_asked() {
    let sandbox = Sandbox::new().with_change();
    useful(&sandbox);
    let call = sandbox.product_file("cc-cli").display().to_string() + " trust";
    let answer = |answer: &str| {
        let script = sandbox.command("/usr/bin/script".as_ref());
        let script = script.args(["-qec", &call, "/dev/null"]);
        script.stdin(answer.to_owned()).run().success()
    };
    let listed = || sandbox.cc(["trust", "--list"]).run().stdout;
    for no in ["n\n", "\n"] {
        let declined = answer(no);
        assert!(
            declined.stdout.contains("Nothing was allowed."),
            "{declined}"
        );
        assert!(listed().contains("Nothing is allowed"));
    }
    let allowed = answer("y\n");
    assert!(
        allowed.stdout.contains("Let rescues load exactly this?"),
        "{allowed}"
    );
    assert!(listed().contains(sandbox.repo().to_str().unwrap()));
}
