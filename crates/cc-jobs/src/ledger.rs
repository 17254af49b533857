//! What jobs have cost since the first one: of those there are the records say it, of removed ones a ledger
//! in each workspace, to which a job is added before its record is removed.
//!
//! A ledger stays small: what is older than a week is summed up by day, command and model.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Write};
use std::path::Path;
use std::time::Duration;

use cc_core::fs::{read_own, write_atomic};
use cc_core::{DataDir, FileLock, StateDir, Time, Usage};
use serde::{Deserialize, Serialize};

use crate::{Job, StoreError, listing, record};

/// The size at which a ledger is summed up, in bytes.
const LEDGER_LIMIT: u64 = 512 << 10;

/// How long jobs are listed one by one at least.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How long sums are kept.
const TWO_YEARS: Duration = Duration::from_secs(2 * 365 * 24 * 3_600);

/// How long to wait for another process that writes the ledger.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one job has cost, or several of one day, command, model and workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// The job; `None` for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    /// When it ended.
    pub at: Time,
    /// How many jobs.
    #[serde(default = "one")]
    pub jobs: u64,
    /// The command, such as `review`.
    pub command: String,
    /// The model that answered, else the one that was asked for.
    #[serde(default)]
    pub model: Option<String>,
    /// The root of the workspace.
    pub workspace: String,
    /// The root of the repository's first workspace, of those that have costs.
    #[serde(skip)]
    pub repository: String,
    /// The tokens.
    #[serde(default)]
    pub usage: Usage,
    /// The price in US dollars, as Claude reports it.
    #[serde(default)]
    pub cost_usd: f64,
}

fn one() -> u64 {
    1
}

impl Cost {
    /// What a job has cost; `None` while it has not ended.
    fn of(job: &Job) -> Option<Self> {
        let price = job.cost_usd.filter(|it| it.is_finite() && *it > 0.0);
        Some(Self {
            job: Some(job.id.to_string()),
            at: job.state().completed_at()?,
            jobs: 1,
            command: job.kind.label().to_owned(),
            model: job
                .model
                .actual
                .clone()
                .or_else(|| job.model.requested.clone()),
            workspace: job.workspace_root.clone(),
            repository: String::new(),
            usage: job.usage.unwrap_or_default(),
            cost_usd: price.unwrap_or(0.0),
        })
    }
}

/// Adds jobs, whose records are about to be removed, to the ledger of their workspace.
pub(crate) fn keep(dir: &StateDir, jobs: &[Job], now: Time) -> Result<(), StoreError> {
    let mut new: Vec<Cost> = jobs.iter().filter_map(Cost::of).collect();
    if new.is_empty() {
        return Ok(());
    }
    let path = dir.ledger();
    let _lock = FileLock::exclusive(&dir.spent_lock(), PATIENCE)?;
    let known = read(&path);
    new.retain(|cost| known.iter().all(|other| other.job != cost.job));
    if path.metadata().is_ok_and(|file| file.len() > LEDGER_LIMIT) {
        let is_there = |id: &str| listing::record_path(&dir.jobs(), id).exists();
        let mut kept = summed_up(known, now, is_there);
        kept.append(&mut new);
        return Ok(write_atomic(&path, &lines(&kept)?)?);
    }
    let failed = |source| cc_core::IoError::at("write", &path)(source);
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(failed)?;
    Ok(file.write_all(&lines(&new)?).map_err(failed)?)
}

/// A line for each, after an empty one: the last write may have stopped halfway.
fn lines(costs: &[Cost]) -> Result<Vec<u8>, StoreError> {
    let mut lines = vec![b'\n'];
    for cost in costs {
        serde_json::to_writer(&mut lines, cost)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The costs of all workspaces, in no order. What cannot be read costs nothing.
#[must_use]
pub fn of_all_workspaces(data: &DataDir) -> Vec<Cost> {
    let repositories = repositories(data);
    let mut of_repository: BTreeMap<OsString, Vec<Cost>> = BTreeMap::new();
    for state in inside(&data.states()) {
        let key = state.file_name();
        let repository = repositories.get(&key).unwrap_or(&key).clone();
        let costs = of_workspace(&StateDir::at(state.path()));
        of_repository.entry(repository).or_default().extend(costs);
    }
    let mut all = Vec::new();
    for mut costs in of_repository.into_values() {
        let roots = costs.iter().map(|cost| &cost.workspace);
        let root = roots.min_by_key(|root| (root.len(), *root)).cloned();
        for cost in &mut costs {
            cost.repository = root.clone().unwrap_or_default();
        }
        all.append(&mut costs);
    }
    all
}

fn inside(dir: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(dir).into_iter().flatten().flatten()
}

/// The repository of each workspace, by their keys.
fn repositories(data: &DataDir) -> BTreeMap<OsString, OsString> {
    let mut repositories = BTreeMap::new();
    for repository in inside(&data.repositories()) {
        for workspace in inside(&repository.path()) {
            repositories.insert(workspace.file_name(), repository.file_name());
        }
    }
    repositories
}

fn of_workspace(dir: &StateDir) -> Vec<Cost> {
    let mut costs = read(&dir.ledger());
    // A job that was added and could not be removed counts once.
    let removed: HashSet<String> = costs.iter().filter_map(|cost| cost.job.clone()).collect();
    let ids = listing::record_ids(&dir.jobs()).unwrap_or_default();
    let there = ids.into_iter().filter(|id| !removed.contains(id));
    costs.extend(there.filter_map(|id| {
        let file = File::open(listing::record_path(&dir.jobs(), &id)).ok()?;
        Cost::of(&record::read_head(BufReader::new(file)).ok()?)
    }));
    costs
}

/// The lines of a ledger; a job that stands there twice counts once. Damaged lines are left out.
fn read(path: &Path) -> Vec<Cost> {
    let bytes = read_own(path, 8 * LEDGER_LIMIT).unwrap_or_default();
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut seen = HashSet::new();
    let costs = lines.filter_map(|line| serde_json::from_slice::<Cost>(line).ok());
    costs
        .filter(|cost| cost.job.as_ref().is_none_or(|id| seen.insert(id.clone())))
        .collect()
}

/// Sums up costs in fewer lines. A job whose record is still there keeps its own.
fn summed_up(costs: Vec<Cost>, now: Time, is_there: impl Fn(&str) -> bool) -> Vec<Cost> {
    let mut sums: BTreeMap<(String, String, Option<String>, String), Cost> = BTreeMap::new();
    let mut kept = Vec::new();
    for cost in costs {
        let age = cost.at.until(now);
        if age < WEEK || cost.job.as_deref().is_some_and(&is_there) {
            kept.push(cost);
        } else if age < TWO_YEARS {
            let day = cost.at.local_day();
            let key = (
                day,
                cost.command.clone(),
                cost.model.clone(),
                cost.workspace.clone(),
            );
            match sums.get_mut(&key) {
                Some(sum) => {
                    sum.jobs += cost.jobs;
                    sum.usage.add(cost.usage);
                    sum.cost_usd += cost.cost_usd;
                }
                None => drop(sums.insert(key, Cost { job: None, ..cost })),
            }
        }
    }
    sums.into_values().chain(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(job: &str, at: &str, dollars: f64) -> Cost {
        Cost {
            job: Some(job.to_owned()),
            at: serde_json::from_value(at.into()).unwrap(),
            jobs: 1,
            command: "review".into(),
            model: None,
            workspace: "/w".into(),
            repository: String::new(),
            usage: Usage::default(),
            cost_usd: dollars,
        }
    }

    fn total(costs: &[Cost]) -> (u64, f64) {
        costs.iter().fold((0, 0.0), |(jobs, price), cost| {
            (jobs + cost.jobs, price + cost.cost_usd)
        })
    }

    #[test]
    fn old_jobs_are_summed_up_and_nothing_is_lost() {
        let now = cost("x", "2026-03-20T12:00:00Z", 0.0).at;
        let costs = vec![
            cost("a", "2026-03-01T10:00:00Z", 0.5),
            cost("b", "2026-03-01T11:00:00Z", 0.25),
            cost("c", "2026-03-03T10:00:00Z", 1.0),
            cost("d", "2026-03-20T10:00:00Z", 2.0),
            cost("e", "2026-03-20T11:00:00Z", 4.0),
        ];
        let once = summed_up(costs.clone(), now, |_| false);
        assert_eq!(once.len(), 4);
        let there = summed_up(costs.clone(), now, |id| id == "a");
        assert_eq!(there.len(), 5);
        assert_eq!(total(&once), total(&costs));
        assert_eq!(
            summed_up(once.clone(), now, |_| false),
            once,
            "a second time changes nothing"
        );
    }

    #[test]
    fn a_ledger_is_bounded_and_counts_a_job_once() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().to_owned());
        let job = |number: usize| {
            let record = serde_json::json!({
                "schemaVersion": 1, "id": format!("review-{number}"), "kind": "review", "status": "completed",
                "createdAt": "2026-03-01T10:00:00Z", "completedAt": "2026-03-01T10:01:00Z", "costUsd": 0.5,
                "workspaceRoot": "/w", "title": "x".repeat(400),
            });
            record::read_head(record.to_string().as_bytes()).unwrap()
        };
        let now = cost("x", "2026-03-20T12:00:00Z", 0.0).at;
        for round in 0..80 {
            let jobs: Vec<Job> = (round * 100..round * 100 + 100).map(job).collect();
            keep(&state, &jobs, now).unwrap();
            let size = fs::metadata(state.ledger()).unwrap().len();
            assert!(size < LEDGER_LIMIT + (64 << 10), "{size}");
        }
        assert_eq!(total(&of_workspace(&state)), (8_000, 4_000.0));
        // The last hundred again, as after a kill before their records were removed.
        let again: Vec<Job> = (7_900..8_000).map(job).collect();
        keep(&state, &again, now).unwrap();
        assert_eq!(total(&of_workspace(&state)), (8_000, 4_000.0));
        let mut file = OpenOptions::new()
            .append(true)
            .open(state.ledger())
            .unwrap();
        file.write_all(b"{\"half\":").unwrap();
        assert_eq!(total(&of_workspace(&state)), (8_000, 4_000.0));
    }
}
