//! What Claude's tools and commands can reach.

use std::fs;
#[cfg(target_os = "linux")]
use std::net::TcpListener;

use cc_tests::{MessagesApi, Sandbox, Turn};
use serde_json::json;

use super::files;

fn bash(command: &str) -> Turn {
    Turn::tool("Bash", json!({"command": command}))
}

/// What the tools gave, in the last request to the model.
fn results(api: &MessagesApi) -> Vec<String> {
    let requests = api.requests();
    requests.last().expect("the model was asked").tool_results()
}

/// Settings of the user that allow everything.
fn allow_everything(sandbox: &Sandbox) {
    let allow = ["Bash", "Bash(touch:*)", "Edit", "Write", "NotebookEdit"];
    let settings = json!({"permissions": {"allow": allow, "defaultMode": "acceptEdits"}});
    let dir = sandbox.home().join(".claude");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("settings.json"), settings.to_string()).unwrap();
    for (key, value) in [
        ("rescue.setting_sources", "user"),
        ("rescue.trust", "always"),
    ] {
        sandbox.cc(["config", "set", key, value]).run().success();
    }
}

#[test]
fn reading_only_writes_nothing_even_where_the_user_allows_everything() {
    let api = MessagesApi::start([
        bash("touch made.txt"),
        bash("git log --output=made.txt"),
        Turn::tool("mcp__git__log", json!({})),
        Turn::tool("mcp__git__diff", json!({})),
        Turn::tool("Write", json!({"file_path": "made.txt", "content": "x"})),
        Turn::text("I may only look."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    allow_everything(&sandbox);
    // A plain `git diff` runs this.
    let external = sandbox.root().join("external.sh");
    let script = format!(
        "#!/bin/sh\ntouch '{}'\n",
        sandbox.root().join("owned").display()
    );
    fs::write(&external, script).unwrap();
    let chmod = std::process::Command::new("chmod")
        .arg("+x")
        .arg(&external)
        .status();
    assert!(chmod.unwrap().success());
    sandbox.git(["config", "diff.external", external.to_str().unwrap()]);

    let before = files(&sandbox.repo());
    let report = sandbox.cc(["rescue", "--read-only", "--json", "look around"]);
    let report = report.run().success().json();
    assert_eq!(files(&sandbox.repo()), before);
    assert!(!sandbox.root().join("owned").exists());
    assert_eq!(report["touchedFiles"], json!([]));
    let results = results(&api);
    assert!(
        results[2].contains("Add demo"),
        "looking works: {results:?}"
    );
    assert!(results[3].contains("a - b"), "looking works: {results:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn commands_reach_no_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let api = MessagesApi::start([
        bash(&format!(
            "bash -c 'echo hello > /dev/tcp/127.0.0.1/{port}' && echo reached"
        )),
        bash("echo made > made.txt; cat made.txt"),
        Turn::text("No network."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    sandbox.cc(["rescue", "call home"]).run().success();
    let results = results(&api);
    assert!(!results[0].contains("reached"), "{results:?}");
    assert!(results[1].contains("made"), "commands run: {results:?}");
    let called = listener.accept().map(drop);
    assert!(called.is_err(), "somebody was let through");

    // Outside of the sandbox the same command gets through, so that the test can fail.
    api.push([
        bash(&format!(
            "bash -c 'echo hello > /dev/tcp/127.0.0.1/{port}' && echo reached"
        )),
        Turn::text("Reached."),
    ]);
    let output = sandbox.cc(["rescue", "--no-sandbox", "call home"]).run();
    assert!(
        output
            .success()
            .stderr
            .contains("all your files and the network")
    );
    assert!(
        self::results(&api)[0].contains("reached"),
        "{:?}",
        self::results(&api)
    );
    assert!(listener.accept().is_ok());
}

#[test]
#[cfg(target_os = "linux")]
fn commands_plant_nothing_that_git_would_run() {
    let inside = [
        ".git/modules/sub/config",
        ".git/info/attributes",
        ".git/config",
        ".git/hooks/pre-commit",
    ];
    let plant = |name: &str| {
        bash(&format!(
            "mkdir -p $(dirname {name}); echo planted >> {name}; echo tried"
        ))
    };
    for (isolated, is_there) in [(false, true), (true, true), (false, false)] {
        let api = MessagesApi::start(inside.map(plant));
        api.push([bash("git log -1 --format=%s"), Turn::text("Tried.")]);
        let sandbox = Sandbox::real(&api).with_change();
        let git = sandbox.repo().join(".git");
        if is_there {
            fs::create_dir_all(git.join("modules/sub")).unwrap();
            fs::write(git.join("modules/sub/config"), "").unwrap();
            fs::write(git.join("info/attributes"), "").unwrap();
        } else {
            fs::remove_dir_all(git.join("info")).unwrap();
        }
        let before = files(&sandbox.repo());
        let how = ["--isolated"];
        let rescue = sandbox.cc(["rescue", "plant it"]);
        let rescue = rescue.args(how.iter().filter(|_| isolated));
        rescue.run().success();
        let results = results(&api);
        assert!(
            results
                .iter()
                .all(|result| !result.contains("denied because"))
        );
        assert!(results[4].contains("Add demo"), "git works: {results:?}");
        if !isolated {
            assert_eq!(files(&sandbox.repo()), before, "{is_there}");
        }
        for name in inside {
            let found = fs::read_to_string(sandbox.repo().join(name));
            let found = found.unwrap_or_default();
            assert!(!found.contains("planted"), "{name}, isolated: {isolated}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn allowed_domains_are_what_the_sandboxs_proxy_lets_through() {
    let fetch = "curl -sS -o /dev/null -w '%{http_connect}' -m 10 https://model.test/ 2>&1";
    let asked = |allowed: &str| {
        let api = MessagesApi::start([bash(fetch), Turn::text("Done.")]);
        let sandbox = Sandbox::real(&api).with_change();
        let set = ["config", "set", "rescue.allowed_domains", allowed];
        sandbox.cc(set).run().success();
        sandbox.cc(["rescue", "fetch"]).run().success();
        results(&api).remove(0)
    };
    let refused = asked("other.test");
    assert!(refused.contains("403"), "the proxy refuses: {refused}");
    let allowed = asked("model.test");
    assert!(!allowed.contains("403"), "the proxy tries: {allowed}");
}
