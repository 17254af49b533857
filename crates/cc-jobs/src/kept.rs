//! The end of a job that cannot be saved: a copy in memory, which outlives its worker.

use std::fs;
use std::path::PathBuf;

use cc_core::fs::{read_own, remove_if_there, write_transient};
use cc_core::{JobId, memory_dir};

use crate::job::{Body, Job, JobReport};
use crate::record::{self, RECORD_LIMIT};
use crate::state::{Ending, JobEvent};
use crate::store::Store;

/// A job as its worker would have saved its end.
pub(crate) struct KeptEnd {
    pub(crate) job: Job,
    pub(crate) body: Body,
}

impl KeptEnd {
    /// The event that ended the job.
    pub(crate) fn event(&self) -> Option<JobEvent> {
        let state = self.job.state();
        Some(JobEvent::Finish {
            at: state.completed_at()?,
            ending: state.ending()?.clone(),
        })
    }

    /// Takes over what its run brought; the state of the job stays.
    pub(crate) fn restore(self, job: &mut Job, body: &mut Body) {
        *job = Job {
            state: job.state.clone(),
            viewed_at: job.viewed_at,
            notified_at: job.notified_at,
            ..self.job
        };
        *body = self.body;
    }
}

impl Store {
    /// Keeps the end of a job, last recorded as `job` and `body`, that cannot be saved in its record where the next
    /// reader finds it once the worker is gone; returns the file, or `None` where there is no place for it.
    #[must_use]
    pub fn keep_end(
        &self,
        job: &Job,
        body: &Body,
        ending: Ending,
        report: JobReport,
    ) -> Option<PathBuf> {
        let (mut job, mut body) = (job.clone(), body.clone());
        let at = self.now();
        job.apply(JobEvent::Finish { at, ending }).ok()?;
        report.store(&mut job, &mut body);
        let bytes = record::write(&job, &body).ok()?;
        let mut paths = memory_dir::own(true)
            .into_iter()
            .map(|dir| dir.join(name(&job.id)));
        paths.find(|path| write_transient(path, &bytes).is_ok())
    }

    /// The end of a job that its worker could not save.
    pub(crate) fn kept_end(&self, id: &JobId) -> Option<KeptEnd> {
        paths(id).find_map(|path| {
            let bytes = read_own(&path, RECORD_LIMIT).ok()?;
            let (job, body) = record::read(&bytes).ok()?;
            let is_it = job.id == *id && job.state().ending().is_some();
            is_it.then_some(KeptEnd { job, body })
        })
    }

    /// Removes it: the end is in the record, or the job is gone.
    pub fn drop_kept_end(&self, id: &JobId) {
        for path in paths(id) {
            // If this fails, it goes with the next restart of the machine.
            let _ = remove_if_there(&path);
            // Fails while there are others.
            let _ = path.parent().map(fs::remove_dir);
        }
    }
}

fn paths(id: &JobId) -> impl Iterator<Item = PathBuf> {
    let name = name(id);
    memory_dir::own(false)
        .into_iter()
        .map(move |dir| dir.join(&name))
}

fn name(id: &JobId) -> String {
    format!("{id}.json")
}
