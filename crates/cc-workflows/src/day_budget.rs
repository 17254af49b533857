//! What is left of the day's budget: neither spent by jobs of the last 24 hours nor reserved for one that
//! still runs.
//!
//! A job reserves what it may spend from its start to its end. It ends when its lock is free, so a worker that
//! was killed keeps nothing. The cost of a run is known at its end; shortly before the end of the job it counts
//! twice, never not at all.

use std::time::Duration;

use cc_core::fs::{create_private_dir, read_own, write_atomic};
use cc_core::{Dollars, FileLock, JobId};
use cc_jobs::{Draft, NewJob, StoreError, spending};
use serde::{Deserialize, Serialize};

use crate::running::RunningJob;
use crate::{Error, Project, order};

/// The largest list of reservations, in bytes.
const LIMIT: u64 = 1 << 20;

/// How long to wait for another process that starts a job.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is left, while no other job can take of it.
pub(crate) struct DayRest {
    /// In US dollars; more than nothing.
    left: f64,
    reservations: Vec<Reservation>,
    _lock: FileLock,
}

/// What a job may spend.
#[derive(Serialize, Deserialize)]
struct Reservation {
    #[serde(flatten)]
    job: RunningJob,
    usd: f64,
}

impl DayRest {
    /// What is left of `limit`; `None` without one.
    ///
    /// # Errors
    /// [`Error::DayBudget`] when nothing is, and when it cannot be determined.
    pub(crate) fn find(project: &Project, limit: Option<Dollars>) -> Result<Option<Self>, Error> {
        let Some(limit) = limit else {
            return Ok(None);
        };
        let data = &project.data;
        create_private_dir(data.root()).map_err(StoreError::from)?;
        let lock = FileLock::exclusive(&data.reserved_lock(), PATIENCE);
        let lock = lock.map_err(StoreError::from)?;
        let bytes = read_own(&data.reserved(), LIMIT).unwrap_or_default();
        // Only we write it, in one step; without it jobs still have their own limits.
        let mut reservations: Vec<Reservation> = serde_json::from_slice(&bytes).unwrap_or_default();
        reservations.retain(|reservation| reservation.job.is_alive(data));
        let spent = spending::of_a_day(data, project.store.now())?;
        let reserved = reservations.iter().map(|it| it.usd.max(0.0)).sum::<f64>();
        let left = limit.amount() - spent - reserved;
        if left <= 0.0 {
            return Err(Error::DayBudget {
                spent,
                reserved,
                limit,
            });
        }
        Ok(Some(Self {
            left,
            reservations,
            _lock: lock,
        }))
    }

    /// What a job may spend: its own limit, if so much is left; without one half of what is left, so that another
    /// can run beside it.
    pub(crate) fn bound(&self, own: Option<f64>) -> f64 {
        own.map_or(self.left / 2.0, |own| own.min(self.left))
    }

    /// Reserves for a job what it may spend; it starts after this.
    ///
    /// # Errors
    /// When that cannot be saved.
    pub(crate) fn take(
        mut self,
        project: &Project,
        id: &JobId,
        usd: f64,
    ) -> Result<(), StoreError> {
        let job = RunningJob::of(project, id);
        self.reservations.push(Reservation { job, usd });
        let list = serde_json::to_vec(&self.reservations)?;
        Ok(write_atomic(&project.data.reserved(), &list)?)
    }
}

/// Begins to make a job, with what it may spend reserved.
///
/// # Errors
/// When it cannot be made; then there is none.
pub(crate) fn begin<'project>(
    project: &'project Project,
    mut draft: Draft,
    prompt: &str,
    rest: Option<DayRest>,
) -> Result<(NewJob<'project>, FileLock), StoreError> {
    let usd = rest.as_ref().map(|rest| {
        let usd = rest.bound(order::max_budget(&draft.request));
        order::set_max_budget(&mut draft.request, usd);
        usd
    });
    let (new, alive) = project.store.begin(draft, prompt)?;
    if let (Some(rest), Some(usd)) = (rest, usd) {
        rest.take(project, new.id(), usd)?;
    }
    Ok((new, alive))
}
