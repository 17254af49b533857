//! The hooks that Codex calls all the time.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use cc_tests::{Sandbox, Scenario};
use serde_json::json;

use super::measure::{Bench, Build, Failed, Subject, millis, peak, processes, race, silent, wall};
use super::table::{Limit, Measured, Row};

const RUNS: usize = 41;

pub(super) fn rows(bench: &Bench) -> Measured {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
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
    Ok(rows)
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
    let input = input(sandbox, event)?;
    let ours = |build: &Build| -> Result<f64, Failed> {
        let mut command = silent(&build.call(sandbox, "cc-hooks").args([event]));
        command.stdin(File::open(&input)?).stdout(Stdio::null());
        let begun = Instant::now();
        command.status()?;
        Ok(millis(begun.elapsed()))
    };
    let floor = || {
        let call = sandbox.command(&sandbox.bin().join("git"));
        wall(&call.env("GIT_OPTIONAL_LOCKS", "0").args(git))
    };
    let mut subjects: Vec<Subject<'_>> = vec![Box::new(|| ours(&bench.this)), Box::new(floor)];
    if let Some(other) = &bench.against {
        subjects.push(Box::new(|| ours(other)));
    }
    let samples = race(RUNS, &mut subjects)?;
    let script = format!("exec \"$0\" {event} <'{}'", input.display());
    let hook = bench.this.file("cc-hooks");
    let call = sandbox.command("/bin/sh".as_ref()).args([
        "-c".as_ref(),
        script.as_ref(),
        hook.as_os_str(),
    ]);
    let name = format!("hook `{event}`, {gate}");
    let row = Row::timed(name, "ms", &samples, limit);
    let row = row.with_processes(processes(sandbox, &call)?);
    Ok(row.with_peak(peak(&call)?))
}

/// The file of what Codex says to a hook.
fn input(sandbox: &Sandbox, event: &str) -> Result<PathBuf, Failed> {
    let path = sandbox.tmp().join(format!("{event}.json"));
    let input = json!({
        "session_id": "bench-0", "turn_id": "t", "cwd": sandbox.repo(), "prompt": "go on",
        "hook_event_name": event,
    });
    fs::write(&path, input.to_string())?;
    Ok(path)
}
