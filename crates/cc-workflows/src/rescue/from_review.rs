//! A task made of the findings of a review.

use cc_core::JobId;
use cc_core::frame::framed;
use cc_jobs::StoreError;

use crate::job_result::JobResult;
use crate::review::findings::LocatedFinding;
use crate::{FindError, Project};

/// The findings that are to be fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromReview {
    /// The review: a whole id of any workspace, or a prefix of one of this repository.
    pub job: String,
    /// The numbers of the findings as the report shows them, from 1; empty means all.
    pub findings: Vec<usize>,
}

/// Why the findings cannot become a task.
#[derive(Debug, thiserror::Error)]
pub enum FromReviewError {
    /// The reference leads to no job.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The job has no report.
    #[error("job `{id}` has no review to work from")]
    NoReview {
        /// The job.
        id: JobId,
    },
    /// Numbers were given, and the review is prose.
    #[error("job `{id}` has no numbered findings")]
    NotNumbered {
        /// The job.
        id: JobId,
    },
    /// There is no finding of that number.
    #[error("job `{id}` has {count} findings, and no number {number}")]
    NoSuchFinding {
        /// The job.
        id: JobId,
        /// The number.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// The review found nothing.
    #[error("job `{id}` has no findings to fix")]
    NoFindings {
        /// The job.
        id: JobId,
    },
    /// Jobs cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What Claude is to do.
pub(super) struct Task {
    /// As people call it.
    pub(super) name: String,
    /// The words that Claude gets.
    pub(super) text: String,
}

/// The task: the user's own words first, then the findings, framed, since they quote the repository.
pub(super) fn task(
    project: &Project,
    from: &FromReview,
    own: Option<&str>,
) -> Result<Task, FromReviewError> {
    let (there, job) = project.find(&from.job)?;
    let id = job.id.clone();
    let (_, body) = there.store.read(&id)?;
    let report = JobResult::read(job.kind, &body)
        .and_then(JobResult::into_review)
        .filter(|report| report.claude.status == 0)
        .ok_or_else(|| FromReviewError::NoReview { id: id.clone() })?;
    let findings = match &report.findings {
        Some(all) => chosen(&id, all, &from.findings)?,
        None if from.findings.is_empty() => report.claude.stdout.clone(),
        None => return Err(FromReviewError::NotNumbered { id }),
    };
    let words = own.unwrap_or("Fix the findings of the review below. Check each against the code first; leave out what is not true, and say so.");
    Ok(Task {
        name: own.map_or_else(|| name(&id, &from.findings), str::to_owned),
        text: format!("{words}\n\n{}", framed("REVIEW", &findings)),
    })
}

fn name(id: &JobId, numbers: &[usize]) -> String {
    let shown: Vec<String> = numbers.iter().map(usize::to_string).collect();
    match numbers {
        [] => format!("findings of {id}"),
        [_] => format!("finding {} of {id}", shown[0]),
        _ => format!("findings {} of {id}", shown.join(", ")),
    }
}

fn chosen(
    id: &JobId,
    findings: &[LocatedFinding],
    numbers: &[usize],
) -> Result<String, FromReviewError> {
    if findings.is_empty() {
        return Err(FromReviewError::NoFindings { id: id.clone() });
    }
    let all: Vec<usize> = (1..=findings.len()).collect();
    let numbers = if numbers.is_empty() { &all } else { numbers };
    numbers
        .iter()
        .map(|&number| {
            let found = number.checked_sub(1).and_then(|index| findings.get(index));
            let missing = || FromReviewError::NoSuchFinding {
                id: id.clone(),
                number,
                count: findings.len(),
            };
            found
                .map(|located| located.numbered(number))
                .ok_or_else(missing)
        })
        .collect()
}
