//! Which job a reference means, and where that job is.

use cc_core::{JobId, Workspace};
use cc_jobs::select::{self, SelectError};
use cc_jobs::{Job, StoreError};

use crate::Project;

/// Why a reference does not lead to a job.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// It names no single job.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// Jobs cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Project {
    /// The job that `reference` names, and the project that it belongs to: a whole id names a job of any
    /// workspace, also of one whose directory is gone; the prefix of an id a job of this workspace.
    ///
    /// # Errors
    /// When it names no job or several, or jobs cannot be read.
    pub fn find(&self, reference: &str) -> Result<(Self, Job), FindError> {
        if let Ok(id) = JobId::parse(reference) {
            match self.store.find(&id) {
                Err(StoreError::NotFound { .. }) => {}
                found => return Ok((self.clone(), found?)),
            }
            if let Some((dir, job)) = cc_jobs::find_anywhere(&self.data, &id) {
                let root = Workspace::from_canonical(job.workspace_root.into());
                let there = self.with(self.store.beside(dir, root));
                let job = there.store.find(&id)?;
                return Ok((there, job));
            }
        }
        let jobs = self.store.list()?.jobs;
        let job = select::by_reference(&jobs, reference)?.clone();
        Ok((self.clone(), job))
    }

    /// The same call on other jobs.
    pub(crate) fn with(&self, store: cc_jobs::Store) -> Self {
        Self {
            store,
            ..self.clone()
        }
    }
}
