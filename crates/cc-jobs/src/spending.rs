//! What finished jobs have cost.

use std::fs;
use std::time::{Duration, SystemTime};

use cc_core::fs::read_bounded;
use cc_core::{DataDir, Time, Usage};
use serde::{Deserialize, Serialize};

use crate::Job;
use crate::record::RECORD_LIMIT;

/// The span that a day's budget looks back.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What some jobs took together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spent {
    /// How many jobs.
    pub jobs: usize,
    /// Their tokens.
    pub usage: Usage,
    /// Their US dollars by Claude's own account.
    pub cost_usd: f64,
}

/// What those of `jobs` took whose runs ended in the 24 hours before `now`.
pub fn of_jobs<'a>(jobs: impl IntoIterator<Item = &'a Job>, now: Time) -> Spent {
    let since = a_day_before(now);
    let ended = |job: &&Job| run_ended_at(job).is_some_and(|at| at >= since);
    let mut spent = Spent::default();
    for job in jobs.into_iter().filter(ended) {
        spent.jobs += 1;
        spent.usage.add(job.usage.unwrap_or_default());
        spent.cost_usd += job.cost_usd.filter(is_a_cost).unwrap_or(0.0);
    }
    spent
}

/// The cost is written at the end of the run, which is not that of a job of which something runs on.
fn run_ended_at(job: &Job) -> Option<Time> {
    let completed = job.state().completed_at();
    completed.or(job.cost_usd.map(|_| job.updated_at))
}

fn a_day_before(now: Time) -> Time {
    Time::from_millis(now.as_millis() - DAY.as_millis() as i64)
}

fn is_a_cost(dollars: &f64) -> bool {
    dollars.is_finite() && *dollars > 0.0
}

/// US dollars that the jobs of all workspaces have cost whose runs ended in the 24 hours before
/// `now`, by Claude's own account. Records that cannot be read cost nothing.
pub fn of_a_day(data: &DataDir, now: Time) -> f64 {
    let since = a_day_before(now);
    let inside = |dir| fs::read_dir(dir).into_iter().flatten().flatten();
    inside(data.states())
        .flat_map(|state| inside(state.path().join("jobs")))
        .filter(|entry| entry.file_name().as_encoded_bytes().ends_with(b".json"))
        // The end of a job is the reason for a write, so that most records need no reading.
        .filter(|entry| !is_older(entry, since))
        .filter_map(|entry| read_bounded(&entry.path(), RECORD_LIMIT).ok())
        .filter_map(|bytes| serde_json::from_slice::<Bill>(&bytes).ok())
        .filter(|bill| bill.run_ended_at().is_some_and(|at| at >= since))
        .filter_map(|bill| bill.cost_usd)
        .filter(is_a_cost)
        .sum()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bill {
    #[serde(default)]
    completed_at: Option<Time>,
    #[serde(default)]
    updated_at: Option<Time>,
    #[serde(default)]
    cost_usd: Option<f64>,
}

impl Bill {
    /// As [`run_ended_at`].
    fn run_ended_at(&self) -> Option<Time> {
        self.completed_at.or(self.updated_at)
    }
}

/// A clock that went back must not hide a record, hence the span to spare.
fn is_older(entry: &fs::DirEntry, since: Time) -> bool {
    let millis = u64::try_from(since.as_millis()).unwrap_or(0);
    let limit = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let changed = entry.metadata().and_then(|file| file.modified());
    changed.is_ok_and(|at| at + DAY < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_of_a_day_count_in_every_workspace() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join("state").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let at = |time: &str, cost: &str| {
            format!(r#"{{"id":"x","completedAt":"2026-03-{time}:00.000Z","costUsd":{cost}}}"#)
        };
        put("one/jobs/a.json", &at("02T10:00", "1.25"));
        put("two/jobs/b.json", &at("01T10:01", "0.5"));
        put("two/jobs/too-old.json", &at("01T09:59", "100"));
        put("two/jobs/odd.json", &at("02T09:59", "\"much\""));
        put("two/jobs/negative.json", &at("02T09:59", "-5"));
        put("two/jobs/runs.json", r#"{"costUsd":7}"#);
        put("two/jobs/damaged.json", "{");
        put("two/jobs/a.log", &at("02T10:00", "100"));
        let now: Time = serde_json::from_str("\"2026-03-02T10:00:00Z\"").unwrap();
        let data = DataDir::at(dir.path().to_owned());
        assert_eq!(of_a_day(&data, now), 1.75);
        assert_eq!(of_a_day(&DataDir::at(dir.path().join("none")), now), 0.0);
    }
}
