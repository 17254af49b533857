//! Runs that are ended: nothing may be left, however it hides.

use std::time::{Duration, Instant};

use cc_core::FailureClass;
#[cfg(target_os = "linux")]
use {crate::UserSettings, crate::supervise::spawn, cc_core::Proc, std::fs};

use super::kit::{Script, appears, assert_failed};
use crate::End;

/// Cancels `script` once it is ready; then neither it nor what it noted may run.
#[track_caller]
fn check(script: &str, noted: &[&str]) -> impl Future<Output = ()> {
    let mut script = Script::new(script);
    async move {
        let outcome = script.run_until_ready().await;
        assert_eq!(outcome.end, End::Cancelled);
        script.assert_claude_ended();
        for name in noted {
            assert_eq!(script.noted(name), None, "{name}");
        }
    }
}

#[tokio::test]
async fn a_willing_child() {
    check("init; ready; exec sleep 600", &[]).await;
}

#[tokio::test]
async fn a_child_in_its_group() {
    check("sleep 600 & note pid $!; ready; wait", &["pid"]).await;
}

#[tokio::test]
async fn a_child_that_ignores_sigint() {
    check("trap '' INT; ready; exec sleep 600", &[]).await;
}

#[tokio::test]
async fn a_child_that_ignores_sigint_and_sigterm() {
    check("trap '' INT TERM; ready; exec sleep 600", &[]).await;
}

#[tokio::test]
async fn a_child_that_is_stopped() {
    check("ready; kill -STOP $$", &[]).await;
}

#[tokio::test]
async fn a_grandchild_in_a_session_of_its_own() {
    check(
        "trap '' INT TERM; setsid sleep 600 & note pid $!; ready; wait",
        &["pid"],
    )
    .await;
}

#[tokio::test]
async fn a_daemon_that_left_the_tree() {
    let daemon = r#"
        (setsid sh -c 'trap "" INT TERM; echo $$ > "'$DIR'/d"; mv "'$DIR'/d" "'$DIR'/pid"; exec sleep 600' &)
        while ! [ -e "$DIR/pid" ]; do sleep 0.01; done
        ready; exec sleep 600"#;
    check(daemon, &["pid"]).await;
}

#[tokio::test]
async fn a_child_that_forks_while_it_is_ended() {
    check(
        r#"trap 'setsid sleep 600 & note pid $!; exit' TERM; trap '' INT; ready; while :; do sleep 0.01; done"#,
        &["pid"],
    )
    .await;
}

#[tokio::test]
async fn a_run_that_fails_leaves_nothing() {
    let mut script = Script::new("init; setsid sleep 600 & note pid $!; kill -9 $$");
    assert_failed(&script.run().await, FailureClass::Killed);
    assert_eq!(script.noted("pid"), None);
}

#[tokio::test]
async fn an_observer_that_breaks_off() {
    let mut script = Script::new("exec sleep 600");
    script.watcher.breaks_off = true;
    assert_eq!(script.run().await.end, End::Cancelled);
    script.assert_claude_ended();
}

#[tokio::test]
async fn a_child_that_stays_after_its_result() {
    let mut script = Script::new("init; say done; result; exec sleep 600");
    let outcome = script.run().await;
    assert_eq!(outcome.end, End::Completed);
    assert_eq!(outcome.report.text, "done");
    script.assert_claude_ended();
}

#[tokio::test]
async fn a_child_that_closes_its_output_and_stays() {
    let mut script = Script::new("init; exec >&- 2>&-; exec sleep 600");
    let outcome = script.run().await;
    assert!(matches!(outcome.end, End::Failed(_)), "{:?}", outcome.end);
    script.assert_claude_ended();
}

#[tokio::test]
async fn what_a_cancelled_run_still_says_is_heard() {
    let mut script = Script::new(
        r#"trap 'say "so far"; exit 0' INT; init; ready; while :; do sleep 0.01; done"#,
    );
    let outcome = script.run_until_ready().await;
    assert_eq!(outcome.end, End::Cancelled);
    assert_eq!(outcome.report.text, "so far");
}

#[tokio::test]
async fn a_flood_of_output_does_not_delay_the_end() {
    let flood = r#"trap '' INT TERM; init; ready; exec yes "$(say flood)""#;
    let mut script = Script::new(flood);
    script.watcher.work = Duration::from_millis(10);
    let begun = Instant::now();
    let outcome = script.run_until_ready().await;
    let took = begun.elapsed();
    assert_eq!(outcome.end, End::Cancelled);
    assert!(took < Duration::from_secs(30), "{took:?}");
    script.assert_claude_ended();
}

#[tokio::test]
async fn a_dropped_run_is_interrupted() {
    let mut script =
        Script::new("trap 'ready; exit' INT; note up $$; while :; do sleep 0.01; done");
    let (up, ready) = (script.path("up"), script.path("ready"));
    tokio::select! {
        _ = script.run() => panic!("it runs forever"),
        () = appears(up) => {}
    }
    appears(ready).await;
}

/// The kernel watches the thread, so the end of one stands for the end of a process.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn claude_is_interrupted_when_its_parent_ends() {
    let script = Script::new("trap 'ready; exit' INT; note up $$; while :; do sleep 0.01; done");
    let (claude, request, env) = (script.claude(), script.request.clone(), script.env());
    let (up, job) = (script.path("up"), script.watcher.job.clone());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let user = UserSettings::default();
            let call = spawn::Call::new(&claude, &request, &env, &user).unwrap();
            let started = spawn::spawn(&claude, &request, &call, &job).await.unwrap();
            appears(up).await;
            std::mem::forget(started);
        });
    })
    .join()
    .unwrap();
    appears(script.path("ready")).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ended_orphans_are_collected() {
    let mut script = Script::new(
        r#"init
           for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'sh -c ": & echo \$\$ >> \"'$DIR'/pids\""' &); done
           while [ "$(wc -l < "$DIR/pids")" -lt 8 ]; do sleep 0.01; done
           say done; result"#,
    );
    fs::File::create(script.path("pids")).unwrap();
    assert_eq!(script.run().await.end, End::Completed);
    for pid in script.read("pids").lines() {
        let proc = std::path::PathBuf::from(format!("/proc/{pid}"));
        while proc.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert!(Proc::current().is_some());
}
