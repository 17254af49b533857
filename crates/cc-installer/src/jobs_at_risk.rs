//! The jobs whose deletion would lose something: running ones, and changes not yet applied or discarded.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use cc_core::DataDir;
use cc_core::fs::read_bounded;
use serde_json::Value;

/// The most that is read of a record.
const RECORD_LIMIT: u64 = 32 << 20;

/// A job that must not be deleted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobAtRisk {
    /// Its id.
    pub(crate) job: String,
    /// Its workspace, or the directory of its record where that does not name one.
    pub(crate) workspace: String,
}

impl fmt::Display for JobAtRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.job, self.workspace)
    }
}

/// The running jobs of all workspaces.
pub(crate) fn running(data: &DataDir) -> Vec<JobAtRisk> {
    let jobs = jobs(data, "alive").into_iter();
    // Where that is unknown, it may be running.
    let alive = jobs.filter(|path| cc_core::lock::is_held(path).unwrap_or(true));
    alive
        .map(|path| job_of(&path.with_extension("json")))
        .collect()
}

/// The latest job of each worktree that still exists, in all workspaces.
pub(crate) fn waiting(data: &DataDir) -> Vec<JobAtRisk> {
    let trees = entries(&data.root().join("worktrees"));
    let trees = trees.into_iter().filter(|tree| tree.is_dir());
    let threads: Vec<String> = trees
        .filter_map(|tree| Some(tree.file_name()?.to_str()?.to_owned()))
        .collect();
    if threads.is_empty() {
        return Vec::new();
    }
    let records = jobs(data, "json").into_iter();
    let records: Vec<(PathBuf, String)> = records
        .map(|path| {
            let text = read(&path);
            (path, text)
        })
        .collect();
    let latest = |thread: &String| {
        let theirs = records.iter().filter(|(_, text)| text.contains(thread));
        theirs.max_by_key(|(path, text)| (field(text, "createdAt"), path))
    };
    let waiting = threads.iter().filter_map(latest);
    waiting.map(|(path, _)| job_of(path)).collect()
}

/// The files of jobs with an extension, sorted.
fn jobs(data: &DataDir, extension: &str) -> Vec<PathBuf> {
    let states = entries(&data.states()).into_iter();
    let mut files: Vec<PathBuf> = states
        .flat_map(|state| entries(&state.join("jobs")))
        .collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn job_of(record: &Path) -> JobAtRisk {
    let job = record.file_stem().unwrap_or_default().to_string_lossy();
    let dir = record.parent().unwrap_or(record);
    JobAtRisk {
        job: job.into_owned(),
        workspace: field(&read(record), "workspaceRoot")
            .unwrap_or_else(|| dir.display().to_string()),
    }
}

/// A record as text, however damaged; empty where it cannot be read.
fn read(record: &Path) -> String {
    let bytes = read_bounded(record, RECORD_LIMIT).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn field(record: &str, name: &str) -> Option<String> {
    let record: Value = serde_json::from_str(record).ok()?;
    Some(record[name].as_str()?.to_owned())
}
