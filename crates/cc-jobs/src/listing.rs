//! Lists the jobs of a workspace: by what is known of those that have ended, and by the heads of the
//! records of the others.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use cc_core::fs::{open_own, read_own};
use cc_core::{DataDir, IoError, JobId};

use crate::ended::{self, EndedJob};
use crate::job::{Body, Job};
use crate::record::{self, RECORD_LIMIT};
use crate::store::{Store, StoreError};

const EXTENSION: &str = ".json";

/// From this number of records on, several threads read them.
const MANY: usize = 500;

/// The jobs of a workspace, newest first, and the files among them that are no jobs.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The jobs that were read, the most recently made first.
    pub jobs: Vec<Job>,
    /// Jobs that have ended and were not read, in no order.
    pub others: Vec<EndedJob>,
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

/// Which of the jobs that have ended a list reads in any case: those that any of the parts names. Jobs that
/// have not ended are all read.
pub type Choice<'a> = &'a [Latest<'a>];

/// Of the ended jobs that fit, those that ended last.
#[derive(Clone, Copy)]
pub struct Latest<'a> {
    /// At most so many.
    pub count: usize,
    /// Which ones fit.
    pub fits: &'a dyn Fn(&EndedJob) -> bool,
}

impl<'a> Latest<'a> {
    /// The one that ended last.
    pub const fn one(fits: &'a dyn Fn(&EndedJob) -> bool) -> Self {
        Self { count: 1, fits }
    }

    /// All that fit.
    pub const fn all(fits: &'a dyn Fn(&EndedJob) -> bool) -> Self {
        Self {
            count: usize::MAX,
            fits,
        }
    }
}

impl Store {
    /// Reads the heads of all jobs in their true state, the newest first.
    ///
    /// # Errors
    /// When the directory is there but cannot be listed. A damaged record is no error.
    pub fn list(&self) -> Result<Listing, StoreError> {
        self.list_with(&[Latest::all(&|_| true)])
    }

    /// Reads the heads of all jobs that have not ended, in their true state, and of those that `choice`
    /// names. Others are read only where nothing is known of them without that.
    ///
    /// # Errors
    /// When the directory is there but cannot be listed. A damaged record is no error.
    pub fn list_with(&self, choice: Choice<'_>) -> Result<Listing, StoreError> {
        let mut ids = record_ids(&self.dir().jobs())?;
        let mut listing = Listing {
            others: ended::known(self.dir(), &mut ids),
            ..Listing::default()
        };
        self.read_into(&mut listing, &ids.into_iter().collect::<Vec<_>>());
        let ended = |job: &&Job| !job.state().is_active();
        let mut behind = listing.jobs.iter().filter(ended).count();
        for part in choice {
            behind += self.read_latest(&mut listing, *part);
        }
        ended::keep(self.dir(), &listing.others, &listing.jobs, behind);
        listing.sort();
        Ok(listing)
    }

    /// Reads some of the other jobs, and returns of how many more is known now.
    fn read_latest(&self, listing: &mut Listing, Latest { count, fits }: Latest<'_>) -> usize {
        let others = std::mem::take(&mut listing.others);
        let (mut fitting, others): (Vec<_>, Vec<_>) = others.into_iter().partition(fits);
        listing.others = others;
        fitting.sort_by_key(|job| job.completed_at);
        let (mut read, mut news) = (0, 0);
        // One that is gone or damaged makes room for the next.
        while read < count && !fitting.is_empty() {
            let next = fitting.split_off(fitting.len().saturating_sub(count - read));
            let ids: Vec<String> = next.iter().map(|job| job.id.to_string()).collect();
            let before = listing.jobs.len();
            self.read_into(listing, &ids);
            let found = listing.jobs[before..].iter().filter_map(EndedJob::of);
            let found: HashMap<JobId, EndedJob> = found.map(|job| (job.id.clone(), job)).collect();
            read += found.len();
            let is_news = |job: &&EndedJob| found.get(&job.id) != Some(*job);
            news += next.iter().filter(is_news).count();
        }
        listing.others.append(&mut fitting);
        news
    }

    fn read_into(&self, listing: &mut Listing, ids: &[String]) {
        let dir = self.dir().jobs();
        let heads = on_several_cores(ids, |id| read_head(&dir, id));
        for (head, id) in heads.into_iter().zip(ids) {
            match head {
                Ok(Some(job)) => listing.jobs.extend(self.settle(job)),
                Ok(None) => {}
                Err(skipped) => {
                    if let Ok(id) = JobId::parse(id) {
                        self.end_damaged(&id);
                    }
                    listing.skipped.push(skipped);
                }
            }
        }
    }
}

impl Store {
    /// Reads the heads of the `count` jobs that were made last as they are recorded, the newest first, and
    /// changes nothing: a job whose worker is gone may still look as if it ran. What cannot be read is left out.
    #[must_use]
    pub fn latest_recorded(&self, count: usize) -> Vec<Job> {
        let dir = self.dir().jobs();
        let mut ids: Vec<String> = record_ids(&dir).unwrap_or_default().into_iter().collect();
        // An id is the kind of its job, then the time, then a random part.
        let made = |id: &String| id.split_once('-').map(|(_, rest)| rest.to_owned());
        ids.sort_by_cached_key(|id| Reverse(made(id)));
        ids.truncate(count);
        let heads = ids.iter().map(|id| read_head(&dir, id));
        heads.filter_map(|head| head.ok().flatten()).collect()
    }

    /// The large parts of a job as they are recorded; `None` where they cannot be read. Changes nothing.
    #[must_use]
    pub fn recorded_body(&self, id: &JobId) -> Option<Body> {
        self.load(id).ok().map(|(_, body)| body)
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
    let Some(entries) = entries_of(&states)? else {
        return Ok(words);
    };
    for entry in entries {
        let dir = entry.map_err(IoError::at("list", &states))?.path();
        let jobs = dir.join("jobs");
        if words.is_empty() || !dir.is_dir() {
            continue;
        }
        for id in record_ids(&jobs)? {
            let record = match read_own(&record_path(&jobs, &id), RECORD_LIMIT) {
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => continue,
                record => record?,
            };
            let text = String::from_utf8_lossy(&record);
            words.retain(|word| !text.contains(word));
        }
    }
    Ok(words)
}

/// What is in a directory; `None` where it is not there.
fn entries_of(dir: &Path) -> Result<Option<fs::ReadDir>, IoError> {
    match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && cfg!(windows) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => return entries.map(Some).map_err(IoError::at("list", dir)),
    }
    // To Windows alone what is below a file is not there.
    let mut above = dir.ancestors().skip(1);
    match above.find_map(|above| Some((above, above.metadata().ok()?))) {
        Some((above, meta)) if !meta.is_dir() => {
            let reason = format!("`{}` is not a directory", above.display());
            let error = io::Error::new(io::ErrorKind::NotADirectory, reason);
            Err(IoError::at("list", dir)(error))
        }
        _ => Ok(None),
    }
}

/// The names of all records in `dir`, without the extension.
pub(crate) fn record_ids(dir: &Path) -> Result<HashSet<String>, IoError> {
    let Some(entries) = entries_of(dir)? else {
        return Ok(HashSet::new());
    };
    let mut ids = HashSet::new();
    for entry in entries {
        let name = entry.map_err(IoError::at("list", dir))?.file_name();
        // Anything else cannot be the name of a job.
        let Ok(mut name) = name.into_string() else {
            continue;
        };
        if name.ends_with(EXTENSION) {
            name.truncate(name.len() - EXTENSION.len());
            ids.insert(name);
        }
    }
    Ok(ids)
}

pub(crate) fn record_path(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!("{id}{EXTENSION}"))
}

/// The head of a record; `None` where the file vanished, which is no damage.
fn read_head(dir: &Path, id: &str) -> Result<Option<Job>, Skipped> {
    let path = record_path(dir, id);
    let head = || {
        let file = match open_own(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| error.to_string())?,
        };
        let job = record::read_head(file).map_err(|error| error.to_string())?;
        if job.id.as_str() == id {
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
