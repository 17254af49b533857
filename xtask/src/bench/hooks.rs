//! The hooks that Codex calls all the time.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cc_tests::{Sandbox, Scenario};
use serde_json::json;

use super::measure::{Bench, Build, Failed, millis, peak, processes, silent, wall};
use super::table::{Limit, Measured, Row};

const RUNS: usize = 41;

const SESSION: &str = "bench-0";

/// How many turns there were.
static TURNS: AtomicU64 = AtomicU64::new(0);

pub(super) fn rows(bench: &Bench) -> Measured {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    // What Git said of a configuration is kept only once that is old enough.
    thread::sleep(Duration::from_secs(3));
    let mut rows = Vec::new();
    for (event, times) in [
        ("session-start", 2.0),
        ("user-prompt-submit", 1.2),
        ("stop", 1.2),
        ("session-end", 2.0),
    ] {
        rows.push(row(
            bench,
            &sandbox,
            event,
            &["rev-parse", "HEAD"],
            "gate off",
            Limit::times(times),
        )?);
    }
    let config = json!({"version": 1, "stopReviewGate": true});
    fs::write(sandbox.state_dir().config(), config.to_string())?;
    let status = [
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=all",
    ];
    let limit = Limit::Floor {
        times: 1.15,
        plus: 2.0,
    };
    rows.push(row(
        bench,
        &sandbox,
        "user-prompt-submit",
        &status,
        "gate on",
        limit,
    )?);
    rows.push(start(bench, &sandbox)?);
    Ok(rows)
}

/// From `exec` to the first line of ours and back, beside a process of which nothing is asked.
fn start(bench: &Bench, sandbox: &Sandbox) -> Result<Row, Failed> {
    let ours = |build: &Build| wall(&build.call(sandbox, "cc-hooks").args(["--version"]));
    let floor = || wall(&sandbox.command("/bin/true".as_ref()));
    let samples = bench.race(RUNS, ours, floor)?;
    let call = bench.this.call(sandbox, "cc-hooks").args(["--version"]);
    let row = Row::timed("`cc-hooks --version`", "ms", &samples, Limit::times(1.5));
    Ok(row.with_peak(peak(&call)?))
}

/// A hook beside a call of git.
fn row(
    bench: &Bench,
    sandbox: &Sandbox,
    event: &str,
    git: &[&str],
    gate: &str,
    limit: Limit,
) -> Result<Row, Failed> {
    let ours = |build: &Build| call(build, sandbox, event, SESSION);
    let floor = || {
        let call = sandbox.command(&sandbox.bin().join("git"));
        wall(&call.env("GIT_OPTIONAL_LOCKS", "0").args(git))
    };
    let samples = bench.race(RUNS, ours, floor)?;
    let script = format!(
        "exec \"$0\" {event} <'{}'",
        input_file(sandbox, event).display()
    );
    let hook = bench.this.file("cc-hooks");
    let call = sandbox.command("/bin/sh".as_ref()).args([
        "-c".as_ref(),
        script.as_ref(),
        hook.as_os_str(),
    ]);
    let name = format!("hook `{event}`, {gate}");
    let row = Row::timed(name, "ms", &samples, limit);
    input(sandbox, event, SESSION)?;
    let row = row.with_processes(processes(sandbox, &call)?);
    input(sandbox, event, SESSION)?;
    Ok(row.with_peak(peak(&call)?))
}

/// The milliseconds that a hook takes.
pub(super) fn call(
    build: &Build,
    sandbox: &Sandbox,
    event: &str,
    session: &str,
) -> Result<f64, Failed> {
    let input = input(sandbox, event, session)?;
    let mut command = silent(&build.call(sandbox, "cc-hooks").args([event]));
    command.stdin(File::open(&input)?);
    let begun = Instant::now();
    let status = command.status()?;
    let taken = millis(begun.elapsed());
    match status.success() {
        true => Ok(taken),
        false => Err(format!("the hook `{event}` ended with {status}").into()),
    }
}

/// The file of what Codex says to a hook.
fn input(sandbox: &Sandbox, event: &str, session: &str) -> Result<PathBuf, Failed> {
    let path = input_file(sandbox, event);
    // Within a turn, a second prompt would find all done.
    let turn = format!("turn-{}", TURNS.fetch_add(1, Ordering::Relaxed));
    let input = json!({
        "session_id": session, "turn_id": turn, "cwd": sandbox.repo(), "prompt": "go on",
        "hook_event_name": event,
    });
    fs::write(&path, input.to_string())?;
    Ok(path)
}

fn input_file(sandbox: &Sandbox, event: &str) -> PathBuf {
    sandbox.tmp().join(format!("{event}.json"))
}
