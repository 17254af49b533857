//! Both ends of a job's work: the order that its worker finds, and what it leaves behind.

use cc_claude::End;
use cc_core::{Failure, FailureClass};
use cc_jobs::{Denial, Ending, Job, Report, StoreError};
use serde::de::DeserializeOwned;

use crate::Project;

/// Why the order of a job cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot read the request: {0}")]
    Request(#[from] serde_json::Error),
}

/// What the job is to do: its request, and its prompt.
pub(crate) fn order<Spec: DeserializeOwned>(
    project: &Project,
    job: &Job,
) -> Result<(Spec, String), OrderError> {
    let (_, body) = project.store.read(&job.id)?;
    let spec = serde_json::from_value(body.request)?;
    Ok((spec, project.store.prompt(&job.id)?))
}

/// What a run came to.
pub(crate) struct Done {
    pub(crate) ending: Ending,
    pub(crate) report: Report,
}

impl Done {
    pub(crate) fn failed(class: FailureClass, detail: impl ToString) -> Self {
        Self {
            ending: Ending::Failed(Failure::new(class, detail.to_string())),
            report: Report::default(),
        }
    }

    /// The end of a run, with all that the run itself tells; the rest is for the caller to add.
    pub(crate) fn of_run(end: End, run: cc_claude::Report) -> Self {
        let made = end == End::Completed;
        let denials = run.denials.into_iter().map(|denial| Denial {
            tool: denial.tool,
            detail: denial.detail,
        });
        Self {
            ending: match end {
                End::Completed => Ending::Completed,
                End::Cancelled => Ending::Cancelled,
                End::Failed(failure) => Ending::Failed(failure),
            },
            report: Report {
                model: run.model,
                usage: Some(run.usage),
                cost_usd: run.cost_usd,
                partial_output: (!made && !run.text.is_empty()).then_some(run.text),
                touched_files: run.touched,
                permission_denials: denials.collect(),
                ..Report::default()
            },
        }
    }
}
