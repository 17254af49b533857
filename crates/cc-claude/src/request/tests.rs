use serde_json::json;

use super::*;

fn review() -> Request {
    Request {
        cwd: "/repo".into(),
        prompt: "review".into(),
        system_prompt: None,
        tools: Tools::ReadOnly,
        schema: None,
        model: None,
        effort: None,
        thread: Thread::NotKept,
        limits: Limits {
            idle: Duration::from_secs(300),
            total: Duration::from_secs(3_600),
        },
        max_turns: None,
    }
}

const COMMON: [&str; 12] = [
    "-p",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--setting-sources",
    "",
    "--strict-mcp-config",
    "--disable-slash-commands",
    "--permission-mode",
    "dontAsk",
    "--tools",
];

#[track_caller]
fn check(request: Request, rest: &[&str]) {
    assert_eq!(request.args(), [&COMMON, rest].concat());
}

#[test]
fn a_plain_review() {
    check(
        review(),
        &["Read,Glob,Grep,Bash", "--no-session-persistence"],
    );
}

#[test]
fn without_tools() {
    let request = Request {
        tools: Tools::None,
        ..review()
    };
    check(request, &["", "--no-session-persistence"]);
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
        &[
            "Read,Glob,Grep,Bash",
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
    check(request, &["Read,Glob,Grep,Bash", "--resume=7a0e"]);
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
