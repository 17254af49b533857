//! Commands as people write them, in the sandbox of the newest version and the oldest.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use cc_tests::peers::{self, CLAUDE, Peer};
use cc_tests::sandbox::Cmd;
use cc_tests::{MessagesApi, Sandbox, Turn};
use serde_json::json;

fn bash(command: &str) -> Turn {
    Turn::tool("Bash", json!({"command": command}))
}

/// The user whom nothing belongs to.
const PLAIN_USER: &str = "65534";

/// A rescue by a plain user if the test itself runs as root: as root no command starts in the sandbox
/// of 2.1.260.
pub(crate) fn as_plain_user<'a>(sandbox: &'a Sandbox, args: &[&str]) -> Cmd<'a> {
    if !fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
        return sandbox.cc(args);
    }
    let owner = format!("{PLAIN_USER}:{PLAIN_USER}");
    let mut chown = Command::new("chown");
    chown.args(["-R", &owner]).arg(sandbox.root());
    assert!(chown.status().unwrap().success());
    let (user, group) = (
        format!("--reuid={PLAIN_USER}"),
        format!("--regid={PLAIN_USER}"),
    );
    sandbox
        .command(Path::new("/usr/bin/setpriv"))
        .args([&user, &group, "--clear-groups", "--"])
        .args([sandbox.product_file("cc-cli")])
        .args(args)
}

/// What the commands of a rescue by `peer` print, in a repository whose path has a space.
fn printed(peer: Peer, args: &[&str], commands: &[Turn]) -> (Sandbox, Vec<String>) {
    let api = MessagesApi::start(commands.iter().cloned());
    api.push([Turn::text("Done.")]);
    let sandbox = Sandbox::real_at(&peer.ensure().unwrap(), &api).with_change();
    let config = sandbox.home().join(".gitconfig");
    let own = format!(
        "{}[core]\n\texcludesFile = ~/mine\n",
        fs::read_to_string(&config).unwrap()
    );
    fs::write(config, own).unwrap();
    fs::write(sandbox.home().join("mine"), "*.private").unwrap();
    sandbox.write("notes.private", "mine\n");
    let repo = sandbox.root().join("my [repo]");
    fs::rename(sandbox.repo(), &repo).unwrap();
    let args = [&["rescue"], args, &["do it"]].concat();
    as_plain_user(&sandbox, &args).cwd(repo).run().success();
    let results = api.requests().pop().unwrap().tool_results();
    assert_eq!(results.len(), commands.len(), "{results:?}");
    (sandbox, results)
}

#[test]
fn loops_substitutions_and_variables_run_and_stay_inside() {
    let escape = "touch ../escaped && echo escaped";
    let unsandboxed = json!({"command": escape, "dangerouslyDisableSandbox": true});
    let commands = [
        bash("for f in *.md; do echo \"seen $f\"; done"),
        bash("X=$(git rev-parse --abbrev-ref HEAD); echo \"on $X\""),
        bash("printf 'a\\nb\\n' | while read -r line; do echo \"line $line\"; done"),
        bash("touch \"$HOME/outside\" || echo kept inside"),
        Turn::tool("Bash", unsandboxed),
    ];
    for peer in peers::claudes() {
        let (sandbox, printed) = printed(peer, &[], &commands);
        for (printed, expected) in printed.iter().zip([
            "seen README.md",
            "on main",
            "line a\nline b",
            "kept inside",
            "Read-only file system",
        ]) {
            assert!(printed.contains(expected), "{}: {printed}", peer.version);
        }
        for outside in [
            sandbox.home().join("outside"),
            sandbox.root().join("escaped"),
        ] {
            assert!(!outside.exists(), "{}: {}", peer.version, outside.display());
        }
    }
}

#[test]
fn git_sees_no_placeholder_and_commits_what_was_asked() {
    let commands = [
        bash("mkdir .github; echo a > .github/a; echo b > .editorconfig; git status --short -uall"),
        bash("git stash -u && git stash pop"),
        bash("git add -A && git commit -q -m 'Do it' && git show --format=%s --name-only"),
        bash("git status --short; git config --path core.excludesFile"),
    ];
    for peer in peers::claudes() {
        let (_sandbox, printed) = printed(peer, &[], &commands);
        let version = peer.version;
        let listed = " M src/lib.rs\n?? .editorconfig\n?? .github/a";
        assert_eq!(printed[0], listed, "{version}");
        assert!(
            printed[1].contains("Dropped refs/stash"),
            "{version}: {}",
            printed[1]
        );
        let shown = "Do it\n\n.editorconfig\n.github/a\nsrc/lib.rs";
        assert_eq!(printed[2], shown, "{version}");
        assert!(printed[3].contains("scratch"), "{version}: {}", printed[3]);
    }
}

#[test]
fn a_commit_in_a_separate_worktree_works_too() {
    let commit = bash(
        "echo a > a.txt; git add -A && git commit -q -m 'Do it' && git show --format=%s --name-only",
    );
    let (_sandbox, printed) = printed(CLAUDE, &["--isolated"], &[commit]);
    assert_eq!(printed[0], "Do it\n\na.txt");
}
