//! The jobs of a repository: those of all its working trees, and which of them a reference means.

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::{JobId, Workspace};
use cc_git::SharedRepository;
use cc_jobs::repository::{remember, remembered};
use cc_jobs::select;
use cc_jobs::spending::{self, Spending};
use cc_jobs::{Body, Choice, EndedJob, Job, Latest, Listing, Skipped, Store, StoreError};

use crate::Error;
use crate::project::{Caller, Project};

/// How long a worker may take to rewrite its damaged record.
const REWRITE_PATIENCE: Duration = Duration::from_secs(5);

/// Reads a record. If it is damaged and its worker runs, waits until the worker has rewritten it.
pub(crate) fn once_rewritten<T>(
    store: &Store,
    id: &JobId,
    read: impl Fn() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let until = Instant::now() + REWRITE_PATIENCE;
    loop {
        match read() {
            Err(StoreError::Damaged { .. }) if Instant::now() < until => {}
            found => return found,
        }
        if !store.is_alive(id).unwrap_or(false) {
            // What the worker rewrote since, as the last thing it did.
            return read();
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The jobs of a repository, newest first.
#[derive(Debug)]
pub struct RepositoryJobs {
    /// The jobs of all its working trees that were read, the most recently made first.
    pub jobs: Vec<Job>,
    /// Those that were not, in no order: they have ended, and were not chosen.
    pub others: Vec<EndedJob>,
    /// Files among them that are damaged or foreign.
    pub skipped: Vec<Skipped>,
    here: Project,
    siblings: Vec<Store>,
    /// The jobs of the siblings, each with the place of its store.
    elsewhere: HashMap<JobId, usize>,
}

impl RepositoryJobs {
    /// The project that a job belongs to.
    pub fn project_of(&self, job: &Job) -> Project {
        match self.elsewhere.get(&job.id) {
            Some(&place) => self.here.with(self.siblings[place].clone()),
            None => self.here.clone(),
        }
    }

    /// What the jobs whose runs ended in the last 24 hours used.
    pub fn last_day(&self) -> Spending {
        let stores = self.siblings.iter().chain([&self.here.store]);
        let now = self.here.store.now();
        spending::of_workspaces(stores.map(Store::dir), &self.jobs, &self.others, now)
    }
}

impl Project {
    /// Lists the jobs of the workspace and of the other working trees of its repository: those that have
    /// not ended, and of the others in each working tree those that `choice` names.
    ///
    /// # Errors
    /// When the directory of the workspace is there but cannot be listed.
    pub fn jobs(&self, choice: Choice<'_>) -> Result<RepositoryJobs, StoreError> {
        let mut all = self.store.list_with(choice)?;
        let mut elsewhere = HashMap::new();
        let siblings = self.siblings();
        for (place, store) in siblings.iter().enumerate() {
            // What is wrong there must not hide the jobs here.
            let listing = store.list_with(choice).unwrap_or_else(|error| Listing {
                skipped: vec![Skipped {
                    path: store.dir().jobs(),
                    reason: error.to_string(),
                }],
                ..Listing::default()
            });
            elsewhere.extend(listing.jobs.iter().map(|job| (job.id.clone(), place)));
            all.jobs.extend(listing.jobs);
            all.others.extend(listing.others);
            all.skipped.extend(listing.skipped);
        }
        if !elsewhere.is_empty() {
            all.sort();
        }
        let damaged = [
            self.store.config().err(),
            spending::damage(self.store.dir()),
        ];
        all.skipped.extend(
            damaged
                .into_iter()
                .flatten()
                .filter_map(|error| match error {
                    StoreError::DamagedFile { path, source } => Some(Skipped {
                        path,
                        reason: source.to_string(),
                    }),
                    _ => None,
                }),
        );
        Ok(RepositoryJobs {
            jobs: all.jobs,
            others: all.others,
            skipped: all.skipped,
            here: self.clone(),
            siblings,
            elsewhere,
        })
    }

    /// The `count` jobs of the repository that were made last, as they are recorded, the newest first, without
    /// any change on disk.
    #[must_use]
    pub fn latest_recorded(&self, count: usize) -> Vec<Job> {
        let mut jobs = self.store.latest_recorded(count);
        let siblings = self.siblings();
        jobs.extend(
            siblings
                .iter()
                .flat_map(|store| store.latest_recorded(count)),
        );
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
        jobs.truncate(count);
        jobs
    }

    /// The large parts of a job of the repository, as they are recorded, without any change on disk.
    #[must_use]
    pub fn recorded_body(&self, id: &JobId) -> Option<Body> {
        let here = self.store.recorded_body(id);
        here.or_else(|| {
            self.siblings()
                .iter()
                .find_map(|store| store.recorded_body(id))
        })
    }

    /// The job that `reference` names, and the project that it belongs to: a whole id names a job of any
    /// workspace, also of one whose directory is gone; the prefix of an id a job of this repository.
    /// `@1` or `last` names the first job that `status` lists, `@2` the second. Through the door for Codex no job
    /// of another repository is found.
    ///
    /// # Errors
    /// When it names no job or several, or jobs cannot be read.
    pub fn find(&self, reference: &str) -> Result<(Self, Job), Error> {
        if let Some(place) = select::place(reference) {
            let session = self.session.as_ref();
            let fits = |job: &EndedJob| job.kind.is_asked_for() && job.is_visible(session);
            let jobs = self.jobs(&[Latest {
                count: place,
                fits: &fits,
            }])?;
            let job = select::at_place(&jobs.jobs, session, place)?;
            return Ok((jobs.project_of(job), job.clone()));
        }
        if let Ok(id) = JobId::parse(reference) {
            match once_rewritten(&self.store, &id, || self.store.find(&id)) {
                Err(StoreError::NotFound { .. }) => {}
                found => return Ok((self.clone(), found?)),
            }
            if self.caller == Caller::Person
                && let Some((dir, job)) = cc_jobs::find_anywhere(&self.data, &id)?
            {
                let root = Workspace::from_canonical(job.workspace_root.into());
                let there = self.with(self.store.beside(dir, root));
                let job = there.store.find(&id)?;
                return Ok((there, job));
            }
        }
        let begins = |job: &EndedJob| job.id.as_str().starts_with(reference);
        let jobs = self.jobs(&[Latest::all(&begins)])?;
        let job = select::by_reference(&jobs.jobs, reference)?;
        Ok((jobs.project_of(job), job.clone()))
    }

    /// The stores of the other working trees of this repository that have one, the main tree's first;
    /// also of trees that were removed.
    pub(crate) fn siblings(&self) -> Vec<Store> {
        let here = self.store.workspace();
        let Some(repository) = self.repository() else {
            return Vec::new();
        };
        let is_seen = |workspace: &Workspace| match self.caller {
            Caller::Person => true,
            Caller::Codex(_) => repository.is_proven(workspace.root()),
        };
        let main = repository.main_root().to_owned();
        let linked = repository.linked_roots();
        let known = [main].into_iter().chain(linked);
        let known = known.map(Workspace::from_canonical);
        let gone = remembered(&self.data, &repository.common_dir).into_iter();
        let gone = gone.filter(|workspace| repository.may_hold(workspace.root()));
        let mut seen = HashSet::from([here.clone()]);
        known
            .chain(gone)
            .filter(|workspace| seen.insert(workspace.clone()) && is_seen(workspace))
            .map(|workspace| self.store.beside(self.data.state(&workspace), workspace))
            .filter(|store| store.dir().root().is_dir())
            .collect()
    }

    /// Remembers the workspace with its repository, for when its directory is gone. Best effort: without
    /// it, only the whole id of a job leads there then.
    pub(crate) fn remember(&self) {
        let here = self.store.workspace();
        if let Some(repository) = self.repository() {
            let _ = remember(&self.data, &repository.common_dir, here);
        }
    }

    /// The repository of the workspace; for Codex only a proven one: a command in its sandbox may have
    /// written a `.git` that names the repository of another workspace.
    fn repository(&self) -> Option<SharedRepository> {
        let root = self.store.workspace().root();
        match self.caller {
            Caller::Person => SharedRepository::of(root),
            Caller::Codex(_) => SharedRepository::proven(root),
        }
    }

    /// This call on other jobs.
    pub(crate) fn with(&self, store: Store) -> Self {
        Self {
            store,
            ..self.clone()
        }
    }
}
