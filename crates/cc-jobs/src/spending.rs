//! What finished jobs have cost, also those whose records are gone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cc_core::fs::{is_older_than, read_own, write_atomic};
use cc_core::{DataDir, FileLock, StateDir, Time, Usage};
use serde::{Deserialize, Serialize};

use crate::record::RECORD_LIMIT;
use crate::{EndedJob, Job, StoreError, content_of, ended, listing};

/// The period of a day's budget.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait for another process that writes the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// The total of several jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spending {
    /// How many jobs.
    pub jobs: usize,
    /// Their tokens.
    pub usage: Usage,
    /// Their price in US dollars, as Claude reports it.
    pub cost_usd: f64,
}

/// The cost of one job.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bill {
    #[serde(default)]
    completed_at: Option<Time>,
    #[serde(default)]
    updated_at: Option<Time>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    cost_usd: Option<f64>,
}

impl From<&Job> for Bill {
    fn from(job: &Job) -> Self {
        Self {
            completed_at: job.state().completed_at(),
            updated_at: Some(job.updated_at),
            usage: job.usage,
            cost_usd: job.cost_usd,
        }
    }
}

impl From<&EndedJob> for Bill {
    fn from(job: &EndedJob) -> Self {
        Self {
            completed_at: Some(job.completed_at),
            updated_at: None,
            usage: job.usage,
            cost_usd: job.cost_usd,
        }
    }
}

impl Bill {
    /// Whether the run ended since then. Its cost is saved when the run ends, which is before the end of
    /// the job if some of its processes still run.
    fn is_since(&self, since: Time) -> bool {
        let written = self.cost_usd.and(self.updated_at);
        self.completed_at.or(written).is_some_and(|at| at >= since)
    }
}

/// By job, so that one whose record could not be removed counts once.
type Bills = BTreeMap<String, Bill>;

/// The total of the jobs of some workspaces whose runs ended in the 24 hours before `now`: those of
/// `jobs` and `others`, and those whose record is gone, as far as that is known.
#[must_use]
pub fn of_workspaces<'a>(
    dirs: impl IntoIterator<Item = &'a StateDir>,
    jobs: &[Job],
    others: &[EndedJob],
    now: Time,
) -> Spending {
    let removed = |dir| removed(dir).unwrap_or_default();
    let mut gone: Bills = dirs.into_iter().flat_map(removed).collect();
    let read = jobs.iter().map(|job| (job.id.as_str(), Bill::from(job)));
    let known = others.iter().map(|job| (job.id.as_str(), Bill::from(job)));
    let there = read.chain(known).map(|(id, bill)| {
        // A record that was billed and could not be removed counts once.
        gone.remove(id);
        bill
    });
    let mut spent = Spending::default();
    spent.add(there, now);
    spent.add(gone.into_values(), now);
    spent
}

/// The price in US dollars, as Claude reports it, of the jobs of all workspaces whose runs ended in the
/// 24 hours before `now`. Records that cannot be read cost nothing.
///
/// # Errors
/// When what removed jobs cost cannot be read.
pub fn of_a_day(data: &DataDir, now: Time) -> Result<f64, StoreError> {
    let since = a_day_before(now);
    let inside = |dir| fs::read_dir(dir).into_iter().flatten().flatten();
    inside(data.states())
        .map(|state| {
            let dir = StateDir::at(state.path());
            let mut bills = removed(&dir)?;
            let mut ids = listing::record_ids(&dir.jobs()).unwrap_or_default();
            let known = ended::known(&dir, &mut ids);
            bills.extend(
                known
                    .iter()
                    .map(|job| (job.id.to_string(), Bill::from(job))),
            );
            bills.extend(ids.into_iter().filter_map(|id| {
                let path = listing::record_path(&dir.jobs(), &id);
                // The end of a job writes its record, so older files need no reading.
                if is_older(&path, since) {
                    return None;
                }
                let bytes = read_own(&path, RECORD_LIMIT).ok()?;
                Some((id, serde_json::from_slice(&bytes).ok()?))
            }));
            let mut spent = Spending::default();
            spent.add(bills.into_values(), now);
            Ok(spent.cost_usd)
        })
        .sum()
}

/// Saves the costs of `jobs`, whose records are about to be removed.
pub(crate) fn keep_bills(dir: &StateDir, jobs: &[Job], now: Time) -> Result<(), StoreError> {
    let since = a_day_before(now);
    let mut new = jobs
        .iter()
        .map(|job| (job.id.to_string(), Bill::from(job)))
        .filter(|(_, bill)| bill.is_since(since))
        .peekable();
    if new.peek().is_none() {
        return Ok(());
    }
    let _lock = FileLock::exclusive(&dir.spent_lock(), PATIENCE)?;
    let mut bills = removed(dir)?;
    bills.retain(|_, bill| bill.is_since(since));
    bills.extend(new);
    Ok(write_atomic(&dir.spent(), &serde_json::to_vec(&bills)?)?)
}

/// The costs of removed jobs.
fn removed(dir: &StateDir) -> Result<Bills, StoreError> {
    let path = dir.spent();
    let read = |bytes: &[u8]| serde_json::from_slice(bytes);
    match content_of(&path, read_own(&path, RECORD_LIMIT), read) {
        // What it counted is older than a day.
        Err(_) if is_older_than(&path, DAY) => Ok(Bills::new()),
        bills => Ok(bills?.unwrap_or_default()),
    }
}

/// What is wrong with the file of removed jobs, if anything.
pub fn damage(dir: &StateDir) -> Option<StoreError> {
    removed(dir).err()
}

/// Whether the job counts against the budget of a day.
pub(crate) fn counts(job: &Job, now: Time) -> bool {
    Bill::from(job).is_since(a_day_before(now))
}

impl Spending {
    /// Adds those bills that are of the 24 hours before `now`.
    fn add(&mut self, bills: impl Iterator<Item = Bill>, now: Time) {
        let since = a_day_before(now);
        for bill in bills.filter(|bill| bill.is_since(since)) {
            self.jobs += 1;
            self.usage.add(bill.usage.unwrap_or_default());
            self.cost_usd += bill.cost_usd.filter(is_a_cost).unwrap_or(0.0);
        }
    }
}

fn a_day_before(now: Time) -> Time {
    Time::from_millis(now.as_millis() - DAY.as_millis() as i64)
}

fn is_a_cost(dollars: &f64) -> bool {
    dollars.is_finite() && *dollars > 0.0
}

/// With a margin of a day, so that a clock that was set back hides no record.
fn is_older(path: &Path, since: Time) -> bool {
    let millis = u64::try_from(since.as_millis()).unwrap_or(0);
    let limit = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let changed = path.symlink_metadata().and_then(|file| file.modified());
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
        let gone = [at("02T08:00", "0.25"), at("01T08:00", "100")];
        let removed = format!(r#"{{"b":{},"c":{},"d":{}}}"#, gone[0], gone[0], gone[1]);
        put("two/spent.json", &removed);
        let now: Time = serde_json::from_str("\"2026-03-02T10:00:00Z\"").unwrap();
        let data = DataDir::at(dir.path().to_owned());
        assert_eq!(of_a_day(&data, now).unwrap(), 2.0);
        put("three/spent.json", "{");
        let error = of_a_day(&data, now).unwrap_err().to_string();
        assert!(error.contains("spent.json` is damaged"), "{error}");
        let none = DataDir::at(dir.path().join("none"));
        assert_eq!(of_a_day(&none, now).unwrap(), 0.0);
    }
}
