//! `status` over no jobs, a thousand and ten thousand.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use cc_core::{JobId, Time};
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};
use wait4::Wait4;

use super::measure::{median, silent, wall};
use super::table::{Measured, Row};

/// How many finished jobs the product keeps of a session.
const A_SESSION: usize = 100;

const CALLERS: usize = 50;

pub(super) fn rows() -> Measured {
    let mut rows = Vec::new();
    let sandbox = Sandbox::fake(&Scenario::structured(answer())).with_change();
    rows.push(status_row(&sandbox, 0, 6.0)?);
    let template = Template::made_by(&sandbox)?;
    template.multiply(&sandbox, 1..1_000)?;
    rows.push(status_row(&sandbox, 1_000, 15.0)?);
    let cpu = median(3, || parallel(&sandbox))?;
    let name = format!("{CALLERS} parallel `status --json`, 1000 jobs");
    rows.push(Row::at_most(name, "s CPU", cpu, 0.5));
    template.multiply(&sandbox, 1_000..10_000)?;
    rows.insert(2, status_row(&sandbox, 10_000, 60.0)?);
    Ok(rows)
}

fn status_row(sandbox: &Sandbox, jobs: usize, limit: f64) -> Result<Row, Box<dyn Error>> {
    let took = median(21, || wall(&in_session(sandbox.cc(["status"]))))?;
    let operation = format!("`status`, {jobs} jobs");
    Ok(Row::at_most(operation, "ms", took, limit))
}

/// As called from a session that has jobs.
fn in_session(command: Cmd<'_>) -> Cmd<'_> {
    command.env("CC_SESSION_ID", session(0))
}

fn session(n: usize) -> String {
    format!("bench-{n}")
}

/// The CPU seconds of many callers at once.
fn parallel(sandbox: &Sandbox) -> Result<f64, Box<dyn Error>> {
    let start = || silent(&in_session(sandbox.cc(["status", "--json"]))).spawn();
    let callers = (0..CALLERS)
        .map(|_| start())
        .collect::<Result<Vec<_>, _>>()?;
    let mut cpu = Duration::ZERO;
    for caller in callers {
        let used = caller.wait4()?;
        if !used.status.success() {
            return Err(format!("`status --json` ended with {}", used.status).into());
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
    fn made_by(sandbox: &Sandbox) -> Result<Self, Box<dyn Error>> {
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

    /// Adds jobs like this one, a minute older each, a hundred to a session.
    fn multiply(
        &self,
        sandbox: &Sandbox,
        numbers: std::ops::Range<usize>,
    ) -> Result<(), Box<dyn Error>> {
        numbers
            .into_iter()
            .try_for_each(|n| self.copy(&sandbox.state_dir().jobs(), n))
    }

    fn copy(&self, jobs: &Path, n: usize) -> Result<(), Box<dyn Error>> {
        let minutes = i64::try_from(n)?;
        let earlier = |time: Time| Time::from_millis(time.as_millis() - minutes * 60_000);
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
