//! Where a rescue works, and what it says of the branch there.

use std::fs;

use cc_tests::{MessagesApi, Sandbox, Turn};
use serde_json::{Value, json};

fn rescued(
    how: &[&str],
    command: &str,
    prepare: impl Fn(&Sandbox),
) -> (MessagesApi, Value, String) {
    let command = Turn::tool("Bash", json!({"command": command}));
    let api = MessagesApi::start([command, Turn::text("Done.")]);
    let sandbox = Sandbox::real(&api).with_change();
    prepare(&sandbox);
    let args = [&["rescue", "--json"], how, &["do it"]].concat();
    let dir = sandbox.repo().join("pkg/a");
    fs::create_dir_all(&dir).unwrap();
    let report = sandbox.cc(args).cwd(dir).run().success().json();
    let text = sandbox.cc(["result"]).run().success().stdout;
    (api, report, text)
}

#[test]
fn claude_knows_in_which_directory_it_was_asked_and_can_write_beside_it() {
    let command = "echo made > pkg/a/made.txt && echo made > beside.txt && echo wrote both";
    let (api, ..) = rescued(&[], command, |_| {});
    let requests = api.requests();
    let system = requests[0].body["system"].to_string();
    assert!(system.contains("pkg/a"), "{system}");
    let printed = requests.last().unwrap().tool_results();
    assert!(printed[0].contains("wrote both"), "{printed:?}");
}

#[test]
fn commits_a_switch_and_links_are_in_the_report() {
    let nested = |sandbox: &Sandbox| {
        sandbox.git(["init", "--quiet", "vendor/lib"]);
        sandbox.git([
            "-C",
            "vendor/lib",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "Lib",
        ]);
    };
    let command = "git switch -q -c topic && git add -A && git commit -q -m 'Do it'";
    let (_api, report, text) = rescued(&[], command, nested);
    let history = &report["history"];
    assert_eq!(history["switchedFrom"], "main", "{report}");
    assert_eq!(history["branch"], "topic");
    assert_eq!(history["newLinks"], json!(["vendor/lib"]));
    assert!(
        text.contains("Claude switched from `main` to `topic`."),
        "{text}"
    );
    assert!(
        text.contains("## New commits on `topic`") && text.contains(" Do it`"),
        "{text}"
    );
    assert!(
        text.contains("without its files\n\n- `vendor/lib`"),
        "{text}"
    );

    let amend = "git commit -q --amend --allow-empty -m Other";
    let (_api, report, text) = rescued(&[], amend, |_| {});
    assert!(report["history"]["lost"].is_string(), "{report}");
    assert!(text.contains("is not part of `main`"), "{text}");

    let commit = "echo a > a; git add a; git commit -q -m Mine";
    let (_api, report, _) = rescued(&["--isolated"], commit, |_| {});
    let commits = report["history"]["commits"].as_array().unwrap();
    assert!(commits[0].as_str().unwrap().ends_with(" Mine"), "{report}");

    let (_api, report, text) = rescued(&[], "echo a > a", |_| {});
    assert!(
        report["history"].is_null() && !text.contains("ommits"),
        "{report}"
    );
}
