//! A task made of the findings of a review.

use cc_core::JobId;
use cc_core::frame::framed;

use crate::job_result::JobResult;
use crate::review::findings::LocatedFinding;
use crate::{Error, Project};

/// The findings that are to be fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromReview {
    /// The review: a whole id of any workspace, or a prefix of one of this repository.
    pub job: String,
    /// The numbers of the findings as the report shows them, from 1; empty means all.
    pub findings: Vec<usize>,
}

/// What Claude is to do.
pub(super) struct Task {
    /// As people call it.
    pub(super) name: String,
    /// The words that Claude gets.
    pub(super) text: String,
}

/// The task: the user's own words first, then the findings, framed, since they quote the repository.
pub(super) fn task(project: &Project, from: &FromReview, own: Option<&str>) -> Result<Task, Error> {
    let (there, job) = project.find(&from.job)?;
    let id = job.id.clone();
    let (_, body) = there.store.read(&id)?;
    let report = JobResult::read(job.kind, &body)
        .and_then(JobResult::into_review)
        .filter(|report| report.claude.status == 0)
        .ok_or_else(|| Error::NoReview(id.clone()))?;
    let findings = match &report.findings {
        Some(all) => chosen(&id, all, &from.findings)?,
        None if from.findings.is_empty() => report.claude.stdout.clone(),
        None => return Err(Error::NotNumbered(id)),
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

fn chosen(id: &JobId, findings: &[LocatedFinding], numbers: &[usize]) -> Result<String, Error> {
    if findings.is_empty() {
        return Err(Error::NoFindings(id.clone()));
    }
    let all: Vec<usize> = (1..=findings.len()).collect();
    let numbers = if numbers.is_empty() { &all } else { numbers };
    numbers
        .iter()
        .map(|&number| {
            let found = number.checked_sub(1).and_then(|index| findings.get(index));
            let missing = || Error::NoSuchFinding {
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
