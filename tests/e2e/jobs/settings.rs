//! Settings of one call, in variables, and settings in an editor; ids by place.

use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::json;

fn sandbox() -> Sandbox {
    Sandbox::fake(&Scenario::says("Fine.")).with_change()
}

#[test]
fn a_variable_takes_precedence_over_the_file() {
    let sandbox = sandbox();
    sandbox
        .cc(["config", "set", "review.model", "from-file"])
        .run()
        .success();
    let model = |variable: Option<&str>, args: &[&str]| {
        let mut call = sandbox.cc(["review"]).args(args);
        if let Some(value) = variable {
            call = call.env("CC_REVIEW_MODEL", value);
        }
        call.run().success();
        let calls = sandbox.claude_calls();
        calls.last().unwrap().flag("--model").unwrap().to_owned()
    };
    assert_eq!(model(None, &[]), "from-file");
    assert_eq!(model(Some("from-variable"), &[]), "from-variable");
    assert_eq!(model(Some("from-variable"), &["--model", "flag"]), "flag");
    assert_eq!(model(Some(""), &[]), "from-file", "empty is unset");
    let get = sandbox.cc(["config", "get", "review.model", "--json"]);
    let entry = get.env("CC_REVIEW_MODEL", "x").run().success().json();
    assert_eq!(
        entry,
        json!({"key": "review.model", "value": "x", "origin": "environment"})
    );
    let list = sandbox
        .cc(["config", "list"])
        .env("CC_DIFF_EXCLUDE", "dist,*.min.js")
        .run()
        .success();
    let row = list
        .stdout
        .lines()
        .find(|line| line.contains("diff.exclude"))
        .unwrap();
    assert!(
        row.contains("CC_DIFF_EXCLUDE") && row.contains("*.min.js"),
        "{row}"
    );
    let wrong = sandbox
        .cc(["review"])
        .env("CC_REVIEW_TIMEOUT", "soon")
        .run();
    assert_snapshot!(sandbox.transcript(&wrong), @"
    exit 2
    --- stderr
    error: `CC_REVIEW_TIMEOUT` cannot be `soon`: expected a time above zero, such as <n>s, 20m or 1h 30m
      hint: List all settings: cc-cli config list
    ");
}

#[test]
#[cfg(unix)] // The editor is a script.
fn settings_are_edited_as_a_whole_and_saved_if_they_are_valid() {
    let sandbox = sandbox();
    let editor = |script: &str| {
        let file = sandbox.tmp().join("editor.sh");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        sandbox
            .cc(["config", "edit"])
            .env("EDITOR", format!("sh {}", file.display()))
    };
    editor("printf '# mine\\n[review]\\ntimeout = \"90s\"\\n' > \"$1\"")
        .run()
        .success();
    let path = sandbox.cc(["config", "path"]).run().success().stdout;
    let text = || std::fs::read_to_string(path.trim()).unwrap();
    assert_eq!(text(), "# mine\n[review]\ntimeout = \"90s\"\n");
    let wrong = editor("printf '[review]\\nmodle = \"x\"\\n' > \"$1\"").run();
    assert_snapshot!(sandbox.transcript(&wrong), @r#"
    exit 2
    --- stderr
    error: `<root>/codex/plugins/data/cc/config.toml` is not valid: TOML parse error at line 2, column 1
      |
    2 | modle = "x"
      | ^^^^^
    unknown field `modle`, expected one of `model`, `effort`, `timeout`, `idle_timeout`, `max_budget_usd`, `instructions`, `trust`, `run_commands`, `readable_paths`

      hint: Nothing was changed. Your version: <root>/codex/plugins/data/cc/config.edit.toml
    "#);
    assert_eq!(text(), "# mine\n[review]\ntimeout = \"90s\"\n");
    let failed = editor("exit 3").run();
    assert_snapshot!(sandbox.transcript(&failed), @"
    exit 1
    --- stderr
    error: the editor `sh <root>/tmp/editor.sh` failed: exit status: 3
      hint: Choose one: EDITOR=nano cc-cli config edit
    ");
    // Somebody else sets something meanwhile.
    let cli = sandbox.product_file("cc-cli");
    let both = format!(
        "{} config set review.model x; echo '# more' >> \"$1\"",
        cli.display()
    );
    let changed = editor(&both).run().exits(1);
    assert!(
        changed.stderr.contains("was changed meanwhile"),
        "{changed}"
    );
    assert!(
        text().contains("model = \"x\"") && !text().contains("# more"),
        "{}",
        text()
    );
}

#[test]
fn a_job_is_named_by_its_place_in_the_list() {
    let sandbox = sandbox();
    sandbox.cc(["review"]).run().success();
    let first = sandbox.job().to_string();
    sandbox.cc(["rescue", "--read-only", "x"]).run().success();
    let status = |reference: &str| {
        let status = sandbox.cc(["status", reference, "--json"]).run().success();
        status.json()["job"]["id"].as_str().unwrap().to_owned()
    };
    assert!(status("last").starts_with("task-"));
    assert_eq!(status("@1"), status("last"));
    assert_eq!(status("@2"), first);
    let none = sandbox.cc(["result", "@3"]).run();
    assert_snapshot!(sandbox.transcript(&none), @"
    exit 2
    --- stderr
    error: there is no job `@3`: this workspace has 2
      hint: List all jobs of this workspace: cc-cli status --all
    ");
    sandbox.cc(["show", "@2"]).run().success();
    assert!(sandbox.cc(["ls"]).run().success().stdout.contains(&first));
    sandbox.cc(["rm", "last", "--yes"]).run().success();
    assert_eq!(status("last"), first);
    let waited = sandbox
        .cc(["wait", "last", "--timeout", "90s", "--json"])
        .run()
        .success();
    assert_eq!(waited.json()["timeoutMs"], 90_000);
}
