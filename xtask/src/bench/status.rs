//! Looking at jobs where there are none, a thousand and ten thousand.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use cc_core::{JobId, Time};
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};
use wait4::Wait4;

use super::hooks;
use super::measure::{
    Bench, Build, Failed, Subject, floor, peak, processes, race, silent, wall_of,
};
use super::table::{Limit, Measured, Row, growth};

/// How many finished jobs the product keeps of a session.
const A_SESSION: usize = 100;

/// Between two jobs, where ten thousand took most of a year, or all are of the last day.
const OF_A_YEAR: i64 = 40 * 60;
const OF_A_DAY: i64 = 8;

const CALLERS: usize = 50;

const RUNS: usize = 21;

pub(super) fn rows(bench: &Bench) -> Measured {
    let mut rows = Vec::new();
    let sandbox = Sandbox::fake(&Scenario::structured(answer())).with_change();
    rows.push(row(bench, &sandbox, "`status`, no jobs", &["status"])?.of_size(0));
    let template = Template::made_by(&sandbox)?;
    template.multiply(&sandbox, 1..1_000, OF_A_YEAR)?;
    rows.push(row(bench, &sandbox, "`status`, 1,000 jobs", &["status"])?.of_size(1_000));
    let in_parallel = parallel(bench, &sandbox)?;
    template.multiply(&sandbox, 1_000..10_000, OF_A_YEAR)?;
    rows.push(
        row(
            bench,
            &sandbox,
            "`status`, 10,000 jobs of a year",
            &["status"],
        )?
        .of_size(10_000),
    );
    rows.push(growth("`status`: growth with jobs", &rows));
    for (name, args) in [
        ("`result`, the same", &["result"][..]),
        ("`resume-candidate`, the same", &["resume-candidate"]),
    ] {
        rows.push(row(bench, &sandbox, name, args)?);
    }
    rows.push(hook(bench, &sandbox)?);
    rows.push(scope(bench, &sandbox)?);
    rows.push(in_parallel);
    let sandbox = Sandbox::fake(&Scenario::structured(answer())).with_change();
    Template::made_by(&sandbox)?.multiply(&sandbox, 1..10_000, OF_A_DAY)?;
    rows.push(row(
        bench,
        &sandbox,
        "`status`, 10,000 jobs of a day",
        &["status"],
    )?);
    Ok(rows)
}

/// A call beside a process that lists the same directory.
fn row(bench: &Bench, sandbox: &Sandbox, name: &str, args: &[&str]) -> Result<Row, Failed> {
    let jobs = sandbox.state_dir().jobs();
    let call = |build: &Build| in_session(build.cc(sandbox, args));
    // What is there to be continued decides about the exit code, not about the work.
    let ours = |build: &'_ Build| -> Result<f64, Failed> {
        let mut command = silent(&call(build));
        let begun = std::time::Instant::now();
        command.status()?;
        Ok(super::measure::millis(begun.elapsed()))
    };
    let samples = bench.race(RUNS, ours, || {
        wall_of(&mut floor(&["list".as_ref(), &jobs])?)
    })?;
    let row = Row::timed(name, "ms", &samples, Limit::times(2.0));
    let row = row.with_processes(processes(sandbox, &call(&bench.this))?);
    Ok(row.with_peak(peak(&call(&bench.this))?))
}

/// The prompt hook of a session with jobs, beside a process that lists the directory of all of them.
fn hook(bench: &Bench, sandbox: &Sandbox) -> Result<Row, Failed> {
    let jobs = sandbox.state_dir().jobs();
    let session = session(0);
    let ours = |build: &Build| hooks::call(build, sandbox, "user-prompt-submit", &session);
    let samples = bench.race(RUNS, ours, || {
        wall_of(&mut floor(&["list".as_ref(), &jobs])?)
    })?;
    let name = "hook `user-prompt-submit`, the same, gate off";
    Ok(Row::timed(name, "ms", &samples, Limit::times(2.0)))
}

/// What `scope` shows, beside the listing and as many processes of Git.
fn scope(bench: &Bench, sandbox: &Sandbox) -> Result<Row, Failed> {
    let jobs = sandbox.state_dir().jobs();
    let call = |build: &Build| in_session(build.cc(sandbox, &["scope"]));
    let made = processes(sandbox, &call(&bench.this))?;
    let listing_and_git = || -> Result<f64, Failed> {
        let mut sum = wall_of(&mut floor(&["list".as_ref(), &jobs])?)?;
        for _ in 1..made.unwrap_or(4) {
            let git = sandbox.command(&sandbox.bin().join("git"));
            sum += wall_of(&mut silent(&git.args(["rev-parse", "HEAD"])))?;
        }
        Ok(sum)
    };
    let ours = |build: &Build| wall_of(&mut silent(&call(build)));
    let mut subjects: Vec<Subject<'_>> =
        vec![Box::new(|| ours(&bench.this)), Box::new(listing_and_git)];
    if let Some(other) = &bench.against {
        subjects.push(Box::new(|| ours(other)));
    }
    let samples = race(RUNS, &mut subjects)?;
    let row = Row::timed("`scope`, the same", "ms", &samples, Limit::times(2.0));
    let row = row.with_processes(made);
    Ok(row.with_peak(peak(&call(&bench.this))?))
}

/// As called from a session that has jobs.
fn in_session(command: Cmd<'_>) -> Cmd<'_> {
    command.env("CC_SESSION_ID", session(0))
}

fn session(n: usize) -> String {
    format!("bench-{n}")
}

/// The CPU seconds of many callers at once.
fn parallel(bench: &Bench, sandbox: &Sandbox) -> Result<Row, Failed> {
    let jobs = sandbox.state_dir().jobs();
    let ours = |build: &Build| {
        let call = in_session(build.cc(sandbox, &["status", "--json"]));
        cpu_of_all(|| Ok(silent(&call)))
    };
    let mut subjects: Vec<Subject<'_>> = vec![
        Box::new(|| ours(&bench.this)),
        Box::new(|| cpu_of_all(|| floor(&["list".as_ref(), &jobs]))),
    ];
    if let Some(other) = &bench.against {
        subjects.push(Box::new(|| ours(other)));
    }
    let name = format!("{CALLERS} parallel `status --json`, 1,000 jobs");
    let samples = race(3, &mut subjects)?;
    Ok(Row::timed(name, "s CPU", &samples, Limit::times(2.0)))
}

fn cpu_of_all(call: impl Fn() -> Result<std::process::Command, Failed>) -> Result<f64, Failed> {
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| Ok(call()?.spawn()?))
        .collect::<Result<_, Failed>>()?;
    let mut cpu = Duration::ZERO;
    for caller in callers {
        let used = caller.wait4()?;
        if !used.status.success() {
            return Err(format!("one of many callers ended with {}", used.status).into());
        }
        cpu += used.rusage.utime + used.rusage.stime;
    }
    Ok(cpu.as_secs_f64())
}

/// What Claude finds in each job: three findings, as long as they tend to be.
fn answer() -> Value {
    let body = "The lock is taken after the file was read. Two callers that start together both see \
                the old content, and the second write wins: the first change is lost without an error. "
        .repeat(4);
    let finding = |line: u64| {
        json!({
            "severity": "high", "title": "A change is lost when two callers start together", "body": body,
            "file": "src/lib.rs", "line_start": line, "line_end": line, "confidence": 0.8,
            "recommendation": "Take the lock first, then read the file again.",
        })
    };
    json!({
        "verdict": "needs-attention", "summary": "The change was examined for races and error paths.",
        "findings": [finding(1), finding(2), finding(3)], "next_steps": ["Take the lock first."],
    })
}

/// A job that the product made, and its files.
struct Template {
    id: String,
    created: Time,
    /// The record as it was written: the order of its fields matters to who reads it.
    text: String,
    times: Vec<Time>,
    /// The endings of the names of its other files.
    beside: Vec<String>,
}

impl Template {
    fn made_by(sandbox: &Sandbox) -> Result<Self, Failed> {
        in_session(sandbox.cc(["adversarial-review"]))
            .run()
            .success();
        let record = sandbox.records().pop().ok_or("no record was made")?;
        let id = record["id"].as_str().unwrap_or_default().to_owned();
        let jobs = sandbox.state_dir().jobs();
        let mut beside = Vec::new();
        for file in fs::read_dir(&jobs)? {
            let name = file?.file_name().to_string_lossy().into_owned();
            let ending = name.strip_prefix(&id).map(str::to_owned);
            beside.extend(ending.filter(|ending| ending != ".json"));
        }
        let times = ["createdAt", "startedAt", "completedAt", "updatedAt"];
        let times = times.map(|field| time(&record[field]));
        Ok(Self {
            text: fs::read_to_string(jobs.join(format!("{id}.json")))?,
            id,
            created: time(&record["createdAt"])?,
            times: times.into_iter().collect::<Result<_, _>>()?,
            beside,
        })
    }

    /// Adds jobs like this one, so many seconds older each, a hundred to a session.
    fn multiply(&self, sandbox: &Sandbox, numbers: Range<usize>, apart: i64) -> Result<(), Failed> {
        let jobs = sandbox.state_dir().jobs();
        numbers
            .into_iter()
            .try_for_each(|n| self.copy(&jobs, n, apart))
    }

    fn copy(&self, jobs: &Path, n: usize, apart: i64) -> Result<(), Failed> {
        let millis = i64::try_from(n)? * apart * 1_000;
        let earlier = |time: Time| Time::from_millis(time.as_millis() - millis);
        let id = JobId::fresh("review", earlier(self.created));
        let mut text = self.text.replace(&self.id, id.as_str());
        text = text.replace(&session(0), &session(n / A_SESSION));
        for &time in &self.times {
            text = text.replace(&time.to_string(), &earlier(time).to_string());
        }
        fs::write(jobs.join(format!("{id}.json")), text)?;
        for ending in &self.beside {
            fs::copy(
                jobs.join(format!("{}{ending}", self.id)),
                jobs.join(format!("{id}{ending}")),
            )?;
        }
        Ok(())
    }
}

fn time(value: &Value) -> Result<Time, serde_json::Error> {
    serde_json::from_value(value.clone())
}
