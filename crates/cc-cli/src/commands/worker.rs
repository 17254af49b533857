//! `worker`: the other end of every job; people do not type it.

use std::path::PathBuf;

use cc_core::{Env, JobId};

use super::Outcome;
use crate::complaint::{Complaint, Exit};

pub(super) fn worker(env: &Env, data: PathBuf, workspace: PathBuf, job: &str) -> Outcome {
    let id = JobId::parse(job).map_err(|error| Complaint::new(Exit::Usage, error))?;
    cc_workflows::worker::work(env, data, workspace, &id)?;
    Ok(Exit::Done)
}
