//! What goes in and out of a run that nobody ends early.

use std::fs;
use std::time::{Duration, Instant};

use cc_core::FailureClass;
use serde_json::json;

use super::kit::{Script, assert_failed, kill};
use crate::{End, Limits, McpServer, Progress, Sandbox, Tools};

#[tokio::test]
async fn a_run_from_prompt_to_outcome() {
    let mut script = Script::new(
        r#"cat > "$DIR/stdin"; echo "$*" > "$DIR/args"; env > "$DIR/env"; pwd > "$DIR/cwd"
           init; say done; result"#,
    );
    let outcome = script.run().await;
    assert_eq!(outcome.end, End::Completed);
    assert_eq!(outcome.report.text, "done");
    assert_eq!(script.read("stdin"), "review");
    assert!(
        script
            .read("args")
            .starts_with("-p --output-format stream-json ")
    );
    assert_eq!(
        script.read("cwd").trim(),
        script.path("").canonicalize().unwrap().to_str().unwrap()
    );
    let env = script.read("env");
    assert!(
        env.contains("\nCC_NESTED=1\n") || env.starts_with("CC_NESTED=1\n"),
        "{env}"
    );
    let mark = format!("CC_RUN={}", script.watcher.job);
    assert!(env.lines().any(|line| line == mark), "{env}");
    assert!(!env.contains("CLAUDECODE"), "{env}");
    assert!(matches!(
        script.watcher.progress[..],
        [
            Progress::Started { .. },
            Progress::Text(_),
            Progress::Used { .. }
        ]
    ));
    script.assert_claude_ended();
}

#[tokio::test]
async fn without_its_server_a_run_ends_before_it_asks() {
    for servers in ["[]", r#"[{"name":"git","status":"failed"}]"#, "7"] {
        let mut script = Script::new(&format!(
            r#"echo '{{"type":"system","subtype":"init","session_id":"t1","mcp_servers":{servers}}}'
               sleep 60; say asked; result"#
        ));
        script.request.server = Some(McpServer {
            name: "git",
            command: "/cc-cli".into(),
            args: vec!["git-server".into()],
        });
        let outcome = script.run().await;
        assert_failed(&outcome, FailureClass::GitServer);
        assert_eq!(outcome.report.text, "");
        script.assert_claude_ended();
    }
}

#[tokio::test]
async fn a_prompt_that_nobody_reads_does_not_block() {
    let mut script = Script::new("init; say done; result");
    script.request.prompt = "x".repeat(5_000_000);
    assert_eq!(script.run().await.end, End::Completed);
}

#[tokio::test]
async fn a_long_prompt_goes_in_while_output_comes_out() {
    // Neither side waits for the other: 1 MB out before the first byte is read.
    let mut script = Script::new(
        r#"init; head -c 1000000 /dev/zero | tr '\0' '\n'; wc -c > "$DIR/count"; say done; result"#,
    );
    script.request.prompt = "x".repeat(5_000_000);
    assert_eq!(script.run().await.end, End::Completed);
    assert_eq!(script.read("count").trim(), "5000000");
}

#[tokio::test]
async fn a_flood_on_standard_error_is_cut() {
    let mut script = Script::new(
        r#"head -c 20000000 /dev/zero | tr '\0' 'e' >&2; echo last >&2; init; say done; result"#,
    );
    let outcome = script.run().await;
    assert_eq!(outcome.end, End::Completed);
    assert!(outcome.report.stderr.ends_with("last\n"));
    assert!(outcome.report.stderr.len() <= 16 * 1024);
}

#[tokio::test]
async fn an_exit_without_a_word_is_a_failure_that_quotes_standard_error() {
    let mut script = Script::new("echo 'no such thing' >&2; exit 3");
    let outcome = script.run().await;
    let End::Failed(failure) = outcome.end else {
        panic!("{:?}", outcome.end)
    };
    assert!(failure.detail.contains("no such thing"), "{failure:?}");
    assert_eq!(outcome.report.stderr, "no such thing\n");
}

#[tokio::test]
async fn a_foreign_kill_is_told() {
    let mut script = Script::new("init; kill -9 $$");
    assert_failed(&script.run().await, FailureClass::Killed);
}

#[tokio::test]
async fn a_grandchild_that_holds_the_pipes_does_not_hold_the_run() {
    let mut script = Script::new("init; say done; result; sleep 600 & note pid $!");
    script.request.tools = Tools::Write(Sandbox::Off);
    let begun = Instant::now();
    let outcome = script.run().await;
    assert_eq!(outcome.end, End::Completed);
    assert!(begun.elapsed() < Duration::from_secs(50));
    let grandchild = script.noted("pid").expect("what a good run leaves runs on");
    let note = format!("left running: process {}", grandchild.pid);
    let told = |progress: &Progress| matches!(progress, Progress::Note(told) if *told == note);
    assert!(script.watcher.progress.iter().any(told), "{note}");
    kill(&grandchild);
}

#[tokio::test]
async fn a_grandchild_of_a_run_that_may_only_read_ends_with_it() {
    for tools in [Tools::ReadOnly, Tools::None] {
        let mut script = Script::new("init; say done; result; setsid sleep 600 & note pid $!");
        script.request.tools = tools;
        assert_eq!(script.run().await.end, End::Completed);
        assert_eq!(script.noted("pid"), None);
    }
}

#[tokio::test]
async fn a_result_without_a_line_feed_counts_though_the_pipe_stays_open() {
    let mut script =
        Script::new(r#"init; say done; printf %s "$(result)"; sleep 600 & note pid $!"#);
    assert_eq!(script.run().await.end, End::Completed);
    assert_eq!(script.noted("pid"), None);
}

#[tokio::test]
async fn nothing_runs_that_cannot_be_started() {
    let mut script = Script::new("");
    let claude = script.claude();
    fs::remove_file(script.path("claude")).unwrap();
    let env = script.env();
    let cancelled = std::future::pending();
    let outcome = crate::run(
        &claude,
        &script.request,
        &env,
        cancelled,
        &mut script.watcher,
    )
    .await;
    assert_failed(&outcome, FailureClass::NotInstalled);

    let mut script = Script::new("");
    script.request.cwd = script.path("missing");
    assert_failed(&script.run().await, FailureClass::Internal);

    let mut script = Script::new("");
    script.request.prompt = "x".repeat(11 << 20);
    assert_failed(&script.run().await, FailureClass::PromptTooLong);

    let mut script = Script::new("");
    script.request.system_prompt = Some("x".repeat(200_000));
    assert_failed(&script.run().await, FailureClass::PromptTooLong);
    assert_eq!(script.watcher.claude, None);
}

#[tokio::test]
async fn a_refused_schema_stops_the_run() {
    let mut script = Script::new("init; exec sleep 600");
    script.request.schema = Some(json!({"type": "object"}));
    assert_failed(&script.run().await, FailureClass::Schema);
    script.assert_claude_ended();
}

#[tokio::test]
async fn a_total_limit_ends_a_talkative_run() {
    let mut script = Script::new("while :; do init; sleep 0.01; done");
    script.request.limits = Limits {
        idle: Duration::MAX,
        total: Duration::from_millis(300),
    };
    assert_failed(&script.run().await, FailureClass::TimeoutTotal);
    script.assert_claude_ended();
}

#[tokio::test]
async fn an_idle_limit_ends_a_silent_run() {
    let mut script = Script::new("init; say half; exec sleep 600");
    script.request.limits = Limits {
        // So long that a script has started on any machine.
        idle: Duration::from_secs(5),
        total: Duration::MAX,
    };
    let outcome = script.run().await;
    assert_failed(&outcome, FailureClass::TimeoutIdle);
    assert_eq!(outcome.report.text, "half", "what there was is kept");
    script.assert_claude_ended();
}
