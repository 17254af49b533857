//! The real Claude Code at work: what it may do, what stays of it, which conversation goes on.

use std::collections::BTreeSet;

use cc_tests::{Block, MessagesApi, Sandbox, Turn};
use serde_json::json;

use super::files;

#[test]
fn commands_are_caged_edits_land_and_nothing_else_stays() {
    let command = "echo made > made.txt; touch ../outside ~/outside; ls ~/outside ../outside";
    let edit = |sandbox: &Sandbox| json!({"file_path": sandbox.repo().join("new.txt"), "content": "new\n"});
    let api = MessagesApi::start([]);
    let sandbox = Sandbox::real(&api).with_change();
    api.push([
        Turn::blocks([
            Block::tool("Bash", json!({"command": command})),
            Block::tool("Write", edit(&sandbox)),
        ]),
        Turn::tool(
            "Write",
            json!({"file_path": sandbox.root().join("outside.txt"), "content": "x"}),
        ),
        Turn::text("Wrote two files."),
    ]);
    let before = files(&sandbox.repo());
    let report = sandbox
        .cc(["rescue", "--json", "/make \"two\" files $(x)"])
        .run()
        .success()
        .json();
    let new: Vec<String> = files(&sandbox.repo())
        .difference(&before)
        .cloned()
        .collect();
    assert_eq!(new, ["made.txt", "new.txt"]);
    assert_eq!(report["touchedFiles"], json!(["new.txt"]));
    assert_eq!(report["permissionDenials"][0]["tool"], "Write", "{report}");
    assert!(!sandbox.root().join("outside").exists() && !sandbox.home().join("outside").exists());
    let prompt = api.requests()[0].prompt();
    assert!(prompt.contains("/make \"two\" files $(x)"), "{prompt}");
}

#[test]
fn the_sandbox_leaves_nothing_in_a_repository_that_no_template_filled() {
    let command = Turn::tool("Bash", json!({"command": "echo made > made.txt"}));
    let api = MessagesApi::start([]);
    let sandbox = Sandbox::real(&api).with_change();
    for name in ["branches", "hooks", "info"] {
        let _ = std::fs::remove_dir_all(sandbox.repo().join(".git").join(name));
    }
    let before = files(&sandbox.repo());
    for how in ["--write", "--isolated"] {
        api.push([command.clone(), Turn::text("Done.")]);
        sandbox.cc(["rescue", how, "make it"]).run().success();
    }
    let job = sandbox.cc(["status", "--json"]).run().success().json()["latestFinished"].clone();
    let trees = std::fs::read_dir(sandbox.repo().join(".git/worktrees")).unwrap();
    for tree in trees {
        let left = files(&tree.unwrap().path());
        let ours = [
            "branches",
            "config.worktree",
            "glab-cli",
            "info",
            "modules",
            "remotes",
        ];
        assert!(!ours.iter().any(|name| left.contains(*name)), "{left:?}");
    }
    sandbox
        .cc(["discard", job["id"].as_str().unwrap(), "--yes"])
        .run()
        .success();
    let refs = |files: BTreeSet<String>| -> BTreeSet<String> {
        let is_ref = |file: &String| file.starts_with(".git/refs");
        files.into_iter().filter(|file| !is_ref(file)).collect()
    };
    let mut left = refs(files(&sandbox.repo()));
    assert!(left.remove("made.txt"));
    assert_eq!(left, refs(before));
}

#[test]
fn a_report_says_that_commands_may_have_changed_more_or_lists_all_of_it() {
    let report = |blocks: &[&str], flag: &str| {
        let api = MessagesApi::start([]);
        let sandbox = Sandbox::real(&api).with_change();
        let calls = blocks.iter().map(|tool| match *tool {
            "Bash" => Block::tool("Bash", json!({"command": "echo x > viabash.txt"})),
            _ => Block::tool("Write", json!({"file_path": "new.txt", "content": "x"})),
        });
        if !blocks.is_empty() {
            api.push([Turn::blocks(calls)]);
        }
        api.push([Turn::text("Done.")]);
        sandbox.cc(["rescue", flag, "task"]).run().success().stdout
    };
    let both = report(&["Write", "Bash"], "--write");
    let listed = "## Changed by Claude's file tools\n\n- `new.txt`\n\n";
    let hint = "Claude's commands may have changed more: see `git status`.";
    assert!(both.contains(&format!("{listed}{hint}")), "{both}");
    let bash = report(&["Bash"], "--write");
    let hint = "Claude's commands may have changed files: see `git status`.";
    assert!(
        bash.contains(hint) && !bash.contains("## Changed"),
        "{bash}"
    );
    let write = report(&["Write"], "--write");
    assert!(
        write.contains(listed) && !write.contains("commands may"),
        "{write}"
    );
    let isolated = report(&["Write", "Bash"], "--isolated");
    let listed = "## Changed files\n\n- `new.txt`\n- `viabash.txt`\n";
    assert!(
        isolated.contains(listed) && !isolated.contains("may have"),
        "{isolated}"
    );
    let nothing = report(&[], "--isolated");
    assert!(
        nothing.contains("Nothing changed in its separate worktree"),
        "{nothing}"
    );
    let looked = report(&["Bash"], "--read-only");
    assert!(!looked.contains("may have"), "{looked}");
}

#[test]
fn reading_only_changes_nothing() {
    let api = MessagesApi::start([
        Turn::tool("Bash", json!({"command": "touch made.txt"})),
        Turn::text("I may not."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    let before = files(&sandbox.repo());
    sandbox
        .cc(["rescue", "--read-only", "look around"])
        .run()
        .success();
    assert_eq!(files(&sandbox.repo()), before);
}

#[test]
fn a_conversation_goes_on_and_only_in_its_own_session() {
    let api = MessagesApi::start([
        Turn::text("The word is heron."),
        Turn::text("It was heron."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    let none = sandbox
        .cc(["rescue", "--resume", "what was it?"])
        .run()
        .exits(2);
    assert!(
        none.stderr
            .contains("no rescue of this workspace can be continued"),
        "{}",
        none.stderr
    );
    sandbox
        .cc(["rescue", "--read-only", "think of a word"])
        .run()
        .success();
    let candidate = sandbox
        .cc(["resume-candidate", "--json"])
        .run()
        .success()
        .json();
    assert_eq!(candidate["candidate"]["id"], sandbox.job().as_str());
    let other = sandbox
        .cc(["resume-candidate", "--json"])
        .env("CC_SESSION_ID", "other")
        .run()
        .success()
        .json();
    assert_eq!(other["available"], false);
    sandbox
        .cc(["rescue", "--read-only", "--resume", "what was it?"])
        .run()
        .success();
    let last = api.requests().pop().unwrap().body.to_string();
    assert!(
        last.contains("think of a word") && last.contains("heron") && last.contains("what was it?")
    );
}

#[test]
fn a_conversation_that_claude_has_lost_is_reported_as_such() {
    let api = MessagesApi::start([Turn::text("The word is heron.")]);
    let sandbox = Sandbox::real(&api).with_change();
    let think = ["rescue", "--read-only", "think of a word"];
    sandbox.cc(think).run().success();
    std::fs::remove_dir_all(sandbox.home().join(".claude/projects")).unwrap();
    let lost = sandbox.cc(["rescue", "--read-only", "--resume", "--", "what was it?"]);
    let lost = lost.run().exits(1);
    assert!(lost.stderr.contains("Start over"), "{lost}");
    let records = sandbox.records();
    let classes: Vec<_> = records
        .iter()
        .map(|record| &record["failure"]["class"])
        .collect();
    assert!(classes.contains(&&json!("thread")), "{classes:?}");
}

#[test]
fn an_isolated_change_is_applied_or_leaves_no_trace() {
    let api = MessagesApi::start([
        Turn::tool(
            "Write",
            json!({"file_path": "src/extra.rs", "content": "// extra\n"}),
        ),
        Turn::text("Added a file."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    let before = files(&sandbox.repo());
    sandbox
        .cc(["rescue", "--isolated", "add a file"])
        .run()
        .success();
    assert!(!sandbox.repo().join("src/extra.rs").exists());
    let job = sandbox.job();
    let kept = sandbox
        .cc(["prune", "--yes", "--keep", "0", "--json"])
        .run()
        .success()
        .json();
    assert_eq!(kept["removed"], json!([]), "its change waits to be applied");
    let applied = sandbox
        .cc(["apply", job.as_str(), "--json"])
        .run()
        .success()
        .json();
    assert_eq!(applied["applied"], json!(["src/extra.rs"]));
    assert_eq!(sandbox.read("src/extra.rs"), "// extra\n");
    let again = sandbox.cc(["apply", job.as_str()]).run().success();
    assert!(again.stdout.contains("Already applied"), "{again}");
    sandbox
        .cc(["discard", job.as_str(), "--yes"])
        .run()
        .success();
    assert_eq!(sandbox.git(["branch", "--list", "cc/*"]), "");
    std::fs::remove_file(sandbox.repo().join("src/extra.rs")).unwrap();
    assert_eq!(files(&sandbox.repo()), before);
    sandbox
        .cc(["discard", job.as_str(), "--yes"])
        .run()
        .exits(2);
}
