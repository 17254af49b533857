//! What a reviewer asks of our Git server, through the real Claude Code.

use cc_tests::{MessagesApi, Sandbox, Turn, binaries, peers};
use serde_json::{Value, json};

fn git(tool: &str, input: Value) -> Turn {
    Turn::tool(format!("mcp__git__{tool}"), input)
}

#[test]
fn a_reviewer_asks_git_and_gets_right_answers_with_every_claude() {
    for peer in peers::claudes() {
        let api = MessagesApi::start([
            git("status", json!({})),
            git("diff", json!({})),
            git(
                "blame",
                json!({"path": "src/lib.rs", "first": 2, "last": 2}),
            ),
            git("show", json!({"revision": "HEAD", "path": "src/lib.rs"})),
            git("log", json!({"paths": ["src"]})),
            git("grep", json!({"pattern": "a [+] b"})),
            git("ls-files", json!({"paths": ["*.rs"]})),
            git("show", json!({"revision": "--output=made"})),
            git("show", json!({"revision": "HEAD", "unknown": 1})),
            Turn::text("`add` subtracts."),
        ]);
        let sandbox = Sandbox::real_at(&peer.ensure().unwrap(), &api).with_change();
        sandbox.cc(["review"]).run().success();
        let results = api.requests().pop().unwrap().tool_results();
        let expected = [
            " M src/lib.rs",
            "+    a - b",
            "a - b",
            "a + b",
            "Add demo",
            "src/lib.rs:2:    a + b",
            "src/lib.rs",
            "looks like an option",
            "unknown field",
        ];
        assert_eq!(results.len(), expected.len(), "{peer}: {results:#?}");
        for (result, expected) in results.iter().zip(expected) {
            assert!(result.contains(expected), "{peer}: {expected}: {result}");
        }
        assert!(results[2].starts_with("00000000"), "{peer}: {}", results[2]);
        assert!(!sandbox.repo().join("made").exists(), "{peer}");
        sandbox.wait_quiet(super::SOON);
    }
}

/// Where Claude cannot start the server, nobody pays for a review that could not look.
#[test]
fn without_its_git_server_a_review_fails_at_once() {
    for peer in peers::claudes() {
        let api = MessagesApi::start([Turn::text("Fine, I guess.").forever()]);
        let sandbox = Sandbox::real_at(&peer.ensure().unwrap(), &api).with_change();
        // The server is the `cc-cli` beside the program that runs the job.
        let dir = sandbox.root().join("broken");
        std::fs::create_dir(&dir).unwrap();
        let other = dir.join("other-name");
        // Not by this process: what it writes could not be started while another thread starts something.
        let copy = [&binaries::product().join("cc-cli"), &other];
        let copied = std::process::Command::new("cp").args(copy).status();
        assert!(copied.unwrap().success());
        std::os::unix::fs::symlink("/bin/false", dir.join("cc-cli")).unwrap();
        let review = sandbox.command(&other).args(["review"]).run().exits(3);
        assert!(
            review
                .stderr
                .contains("Claude Code has no connection to the MCP server `git`: failed"),
            "{peer}: {review}"
        );
        assert!(
            review.stderr.contains("must allow the MCP server"),
            "{peer}: {review}"
        );
        assert_eq!(sandbox.record()["failure"]["class"], "git_server", "{peer}");
        // One may be on its way already when Claude says what it is connected to.
        assert!(api.requests().len() <= 1, "{peer}");
    }
}
