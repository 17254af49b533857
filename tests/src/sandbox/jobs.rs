//! The jobs on disk, read without the product.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cc_core::JobId;
use serde_json::Value;

use super::excerpt::job_line;
use super::world::Sandbox;
use crate::eventually;

impl Sandbox {
    /// All job records of the repository, in order of their names.
    ///
    /// # Panics
    /// When one is not JSON.
    #[must_use]
    pub fn records(&self) -> Vec<Value> {
        let read = |path: &PathBuf| {
            let text = fs::read(path).expect("a record can be read");
            serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        };
        self.record_files().iter().map(read).collect()
    }

    /// One line for each job: id, status and failure.
    #[must_use]
    pub fn describe_jobs(&self) -> String {
        let describe = |path: &PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            job_line(&name, &fs::read(path).unwrap_or_default()) + "\n"
        };
        self.record_files().iter().map(describe).collect()
    }

    fn record_files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state_dir().jobs()).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.retain(|path| path.extension() == Some(OsStr::new("json")));
        paths.sort();
        paths
    }

    /// The record of the only job.
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[track_caller]
    pub fn record(&self) -> Value {
        let mut records = self.records();
        let jobs = self.describe_jobs();
        assert!(records.len() == 1, "expected one job, found:\n{jobs}");
        records.remove(0)
    }

    /// The id of the only job.
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[track_caller]
    pub fn job(&self) -> JobId {
        let record = self.record();
        let id = record["id"].as_str().expect("a record has an id");
        JobId::parse(id).expect("the product makes valid ids")
    }

    /// The log of the only job.
    ///
    /// # Panics
    /// When there is no such job, or it has no log.
    #[track_caller]
    pub fn log(&self) -> String {
        let path = self.state_dir().log(&self.job());
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Waits until the record of the only job has this status, and gives it.
    ///
    /// # Panics
    /// When it does not within `timeout`.
    #[track_caller]
    pub fn wait_for_status(&self, status: &str, timeout: Duration) -> Value {
        eventually(timeout, &format!("a job that is {status}"), || {
            let records = self.records();
            let [record] = records.as_slice() else {
                return None;
            };
            (record["status"] == status).then(|| record.clone())
        })
    }

    /// Writes a job record as if the product had left it there.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_record(&self, name: &str, record: impl AsRef<[u8]>) {
        let jobs = self.state_dir().jobs();
        cc_core::fs::create_private_dir(&jobs).expect("the sandbox is writable");
        fs::write(jobs.join(format!("{name}.json")), record).expect("the sandbox is writable");
    }
}
