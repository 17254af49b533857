//! Lists all jobs of a workspace by the heads of their records.

use std::cmp::Reverse;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use cc_core::fs::{open_own, read_own};
use cc_core::{DataDir, IoError};

use crate::job::Job;
use crate::record::{self, RECORD_LIMIT};
use crate::store::{Store, StoreError};

/// From this number of records on, several threads read them.
const MANY: usize = 500;

/// All jobs of a workspace, newest first, and the files among them that are no jobs.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The jobs, the most recently made first.
    pub jobs: Vec<Job>,
    /// Files that are damaged or foreign.
    pub skipped: Vec<Skipped>,
}

/// A file among the records that cannot be read.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why it was skipped.
    pub reason: String,
}

impl Store {
    /// Reads the heads of all jobs in their true state, the newest first.
    ///
    /// # Errors
    /// When the directory is there but cannot be listed. A damaged record is no error.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let dir = self.dir().jobs();
        let names = record_names(&dir)?;
        let mut listing = Listing::default();
        for head in on_several_cores(&names, |name| read_head(&dir, name)) {
            match head {
                Ok(Some(job)) => listing.jobs.extend(self.settle(job)),
                Ok(None) => {}
                Err(skipped) => listing.skipped.push(skipped),
            }
        }
        listing.sort();
        Ok(listing)
    }
}

impl Listing {
    /// Puts the newest job first.
    pub fn sort(&mut self) {
        self.jobs
            .sort_by_cached_key(|job| Reverse((job.created_at, job.id.clone())));
        self.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

/// Of `words`, those that no record of any workspace contains, however damaged or new it is.
///
/// # Errors
/// When a record or a directory of them is there that cannot be read.
pub fn without_record(data: &DataDir, mut words: Vec<String>) -> Result<Vec<String>, IoError> {
    let states = data.states();
    let entries = match fs::read_dir(&states) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(words),
        entries => entries.map_err(IoError::at("list", &states))?,
    };
    for entry in entries {
        let dir = entry.map_err(IoError::at("list", &states))?.path();
        let jobs = dir.join("jobs");
        if words.is_empty() || !dir.is_dir() {
            continue;
        }
        for name in record_names(&jobs)? {
            let record = match read_own(&jobs.join(name), RECORD_LIMIT) {
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => continue,
                record => record?,
            };
            let text = String::from_utf8_lossy(&record);
            words.retain(|word| !text.contains(word));
        }
    }
    Ok(words)
}

/// The names of all records in `dir`.
fn record_names(dir: &Path) -> Result<Vec<String>, IoError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(IoError::at("list", dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(IoError::at("list", dir))?.file_name();
        // Anything else cannot be the name of a job.
        let name = name.into_string().ok();
        names.extend(name.filter(|name| name.ends_with(".json")));
    }
    Ok(names)
}

/// The head of a record; `None` where the file vanished, which is no damage.
fn read_head(dir: &Path, name: &str) -> Result<Option<Job>, Skipped> {
    let path = dir.join(name);
    let head = || {
        let file = match open_own(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| error.to_string())?,
        };
        let job = record::read_head(file).map_err(|error| error.to_string())?;
        if name.strip_suffix(".json") == Some(job.id.as_str()) {
            Ok(Some(job))
        } else {
            Err(format!("holds the record of `{}`", job.id))
        }
    };
    head().map_err(|reason| Skipped {
        path: path.clone(),
        reason,
    })
}

/// Does `work` on all items, in their order; many are shared among a few threads.
fn on_several_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = match items.len() {
        0..MANY => 1,
        _ => thread::available_parallelism().map_or(1, |cores| cores.get().min(4)),
    };
    let on_all = |items: &[T]| items.iter().map(&work).collect::<Vec<R>>();
    let on_all = &on_all;
    let (here, beside) = items.split_at(items.len().div_ceil(threads));
    thread::scope(|scope| {
        let shares = beside.chunks(here.len().max(1)).map(|share| {
            let helper = thread::Builder::new().spawn_scoped(scope, move || on_all(share));
            (share, helper)
        });
        let shares: Vec<_> = shares.collect();
        let mut done = on_all(here);
        for (share, helper) in shares {
            done.extend(match helper {
                Ok(helper) => helper.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // The system allows no more threads.
                Err(_) => on_all(share),
            });
        }
        done
    })
}
