//! What a review costs beside Claude and Git themselves.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cc_tests::{Sandbox, Scenario};

use super::measure::{Bench, Build, Failed, Subject, millis, processes, race, silent, wall};
use super::table::{Limit, Measured, Row};

const RUNS: usize = 21;

/// Besides Claude and the calls of Git: the call, and the worker.
const OURS: usize = 2;

pub(super) fn rows(bench: &Bench) -> Measured {
    let dirty = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    let branch = Sandbox::fake(&Scenario::says("No findings."));
    branch.git(["switch", "--quiet", "--create", "feature"]);
    branch.write("src/lib.rs", "pub fn changed() {}\n");
    branch.commit("Change it");
    // What has just been written is not taken on trust.
    std::thread::sleep(Duration::from_secs(3));
    Ok([
        row(
            bench,
            &dirty,
            "review of a dirty tree, instant Claude",
            3,
            6,
        )?,
        row(bench, &branch, "review of a branch, instant Claude", 5, 8)?,
    ]
    .concat())
}

/// A review beside the same number of processes that do as little as they can.
fn row(
    bench: &Bench,
    sandbox: &Sandbox,
    name: &str,
    git: usize,
    most: u64,
) -> Result<Vec<Row>, Failed> {
    let review = |build: &Build| wall(&build.cc(sandbox, &["review"]));
    let floor = || -> Result<f64, Failed> {
        let mut sum = claude_alone(sandbox)?;
        for _ in 0..git {
            let call = sandbox.command(&sandbox.bin().join("git"));
            sum += wall(&call.args(["rev-parse", "HEAD"]))?;
        }
        for _ in 0..OURS {
            sum += wall(&sandbox.command("/bin/true".as_ref()))?;
        }
        Ok(sum)
    };
    review(&bench.this)?;
    let mut subjects: Vec<Subject<'_>> = vec![Box::new(|| review(&bench.this)), Box::new(floor)];
    if let Some(other) = &bench.against {
        subjects.push(Box::new(|| review(other)));
    }
    let samples = race(RUNS, &mut subjects)?;
    let made = processes(sandbox, &bench.this.cc(sandbox, &["review"]))?;
    let row = Row::timed(name, "ms", &samples, Limit::times(1.5)).with_processes(made);
    let count = format!("{name}: processes");
    let count = match made {
        Some(made) => Row::counted(count, "processes", made as f64, Limit::AtMost(most as f64)),
        None => Row::skipped(count, "strace cannot be used"),
    };
    Ok(vec![row, count])
}

/// The time of the fake Claude, called as the product calls it.
fn claude_alone(sandbox: &Sandbox) -> Result<f64, Failed> {
    let call = sandbox.wait_for_run(1, Duration::from_secs(5));
    let prompt = sandbox.tmp().join("prompt");
    fs::write(&prompt, &call.stdin)?;
    let mut command = silent(&sandbox.claude(&call.args));
    command.stdin(File::open(&prompt)?).stdout(Stdio::piped());
    let begun = Instant::now();
    command.output()?;
    Ok(millis(begun.elapsed()))
}
