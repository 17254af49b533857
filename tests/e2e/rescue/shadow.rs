//! A separate worktree is separate: what commands do to refs, objects and the index stays in it.

use std::fs;

use cc_tests::{MessagesApi, Sandbox, Turn, peers};
use serde_json::{Value, json};

fn bash(command: &str) -> Turn {
    Turn::tool("Bash", json!({"command": command}))
}

/// All refs but our own branches.
fn refs(sandbox: &Sandbox) -> Vec<String> {
    let refs = sandbox.git(["for-each-ref", "--format=%(refname) %(objectname)"]);
    let is_other = |line: &&str| !line.starts_with("refs/heads/cc/");
    refs.lines().filter(is_other).map(str::to_owned).collect()
}

/// A repository with branches and a tag, in which Claude ran `commands` in isolation; what they printed, and
/// the report.
fn isolated(
    claude: &std::path::Path,
    commands: &[&str],
) -> (MessagesApi, Sandbox, Vec<String>, Value) {
    let api = MessagesApi::start(commands.iter().map(|it| bash(it)));
    api.push([Turn::text("Done.")]);
    let sandbox = Sandbox::real_at(claude, &api).with_change();
    sandbox.git(["stash", "--quiet"]);
    sandbox.git(["branch", "other"]);
    sandbox.git(["tag", "v1"]);
    let before = refs(&sandbox);
    let report = sandbox.cc(["rescue", "--isolated", "--json", "do it"]);
    let report = report.run().success().json();
    let printed = api.requests().pop().unwrap().tool_results();
    assert_eq!(refs(&sandbox), before, "{printed:#?}");
    let check = sandbox.try_git(&sandbox.repo(), ["fsck", "--full", "--strict"]);
    check.success();
    (api, sandbox, printed, report)
}

#[test]
fn commands_destroy_only_their_own_copy() {
    let destroy = [
        "git branch -D other; git tag -d v1; git update-ref refs/heads/main $(git commit-tree -m x HEAD^{tree}); echo x > new.txt",
        "git replace HEAD $(git commit-tree -m y HEAD^{tree}); git stash drop; git stash clear; echo tried",
        "d=$(git rev-parse --git-common-dir); rm -rf $d/objects/?? $d/objects/pack $d/refs/heads/* $d/packed-refs; echo evil >> $d/config; mkdir -p $d/hooks; echo evil > $d/hooks/post-checkout; echo tried",
        "i=$(git rev-parse --git-dir)/index; rm -f $i; mkfifo $i; mkfifo $(git rev-parse --git-common-dir)/objects/aa; echo tried",
    ];
    for peer in peers::claudes() {
        let (_api, sandbox, printed, report) = isolated(&peer.ensure().unwrap(), &destroy);
        assert!(
            printed[0].contains("Deleted branch other"),
            "it is free to: {printed:?}"
        );
        assert_eq!(printed.last().unwrap(), "tried", "{printed:?}");
        assert_eq!(report["changed"]["files"], json!(["new.txt"]), "{report}");
        for name in [".git/hooks/post-checkout", ".git/config"] {
            let text = fs::read_to_string(sandbox.repo().join(name)).unwrap_or_default();
            assert!(!text.contains("evil"), "{name}");
        }
        let job = sandbox.job();
        sandbox.cc(["apply", job.as_str()]).run().success();
        assert_eq!(sandbox.read("new.txt"), "x\n");
        sandbox
            .cc(["discard", job.as_str(), "--yes"])
            .run()
            .success();
        assert_eq!(sandbox.git(["branch", "--list", "cc/*"]), "");
        let shadows = sandbox.data_dir().root().join("shadows");
        assert_eq!(fs::read_dir(shadows).unwrap().count(), 0);
    }
}

#[test]
fn commits_come_back_and_the_thread_goes_on_from_them() {
    let commands = [
        "git switch -q -c topic; echo a > a.txt; git add -A && git commit -q -m Mine && git pack-refs --all; git log --format=%s -2",
        "echo b > b.txt; git status --short",
    ];
    for peer in peers::claudes() {
        let (api, sandbox, printed, report) = isolated(&peer.ensure().unwrap(), &commands);
        assert_eq!(printed[0], "Mine\nAdd demo");
        assert_eq!(printed[1], "?? b.txt");
        assert_eq!(
            report["changed"]["files"],
            json!(["a.txt", "b.txt"]),
            "{report}"
        );
        let commits = report["history"]["commits"].to_string();
        assert!(commits.contains(" Mine"), "{report}");
        api.push([
            bash("git status --short; git log --format=%s -1"),
            Turn::text("Done."),
        ]);
        let job = sandbox.job();
        let resume = ["rescue", "--resume", job.as_str(), "go on"];
        sandbox.cc(resume).run().success();
        let printed = api.requests().pop().unwrap().tool_results();
        assert_eq!(printed.last().unwrap(), "?? b.txt\nMine");
        sandbox.cc(["apply", job.as_str()]).run().success();
        assert_eq!(sandbox.read("a.txt"), "a\n");
    }
}

#[test]
fn a_pipe_among_the_objects_costs_the_commits_and_nobody_waits() {
    let commands = [
        "echo a > a.txt; git add -A && git commit -q -m Mine; cd $(git rev-parse --git-common-dir)/objects && mkdir -p pack && mkfifo pack/pack-1.idx; echo made",
    ];
    let (_api, sandbox, _, report) = isolated(&peers::claude(), &commands);
    assert!(report["history"].is_null(), "{report}");
    assert_eq!(report["changed"]["files"], json!(["a.txt"]), "{report}");
    let log = sandbox.cc(["logs"]).run().success();
    assert!(
        log.stdout.contains("commits are lost, not their files"),
        "{log}"
    );
}
