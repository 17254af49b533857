//! What a review will cost, by its size and by what earlier reviews here have cost for theirs.

use cc_core::JobId;
use cc_git::{ContextLimits, Totals};
use cc_jobs::{EndedJob, Job, JobKind, Latest};
use serde::Serialize;

use crate::order::WorkOrder;
use crate::{Error, Project};

/// How many earlier reviews count.
const EARLIER: usize = 20;

/// The bytes of a first request without the change.
const FIRST_REQUEST: u64 = 16 << 10;

/// How many bytes a token has, about.
const BYTES_A_TOKEN: u64 = 4;

/// An estimate: a review reads more than it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// The tokens of the first request.
    pub first_tokens: u64,
    /// The price in US dollars; `null` without an earlier review.
    pub cost_usd: Option<f64>,
    /// On how many earlier reviews the price rests.
    pub reviews: usize,
}

/// Estimates a review of a change of this size. The price is that of the earlier reviews here, the median for
/// their size; `own` is the review that is estimated, which may have ended by now.
///
/// # Errors
/// When the jobs cannot be listed.
pub fn estimate(
    project: &Project,
    totals: &Totals,
    own: Option<&JobId>,
) -> Result<Estimate, Error> {
    let is_review = |job: &EndedJob| {
        matches!(job.kind, JobKind::Review | JobKind::AdversarialReview) && own != Some(&job.id)
    };
    let jobs = project.jobs(&[Latest {
        count: EARLIER,
        fits: &is_review,
    }])?;
    let prices = jobs
        .jobs
        .iter()
        .filter_map(|job| price(&jobs.project_of(job), job));
    let mut prices: Vec<f64> = prices.collect();
    prices.sort_by(f64::total_cmp);
    let median = prices.get(prices.len() / 2);
    Ok(Estimate {
        first_tokens: bytes(totals) / BYTES_A_TOKEN,
        cost_usd: median.map(|price| price * bytes(totals) as f64),
        reviews: prices.len(),
    })
}

/// The price of a review for each byte that it was shown.
fn price(project: &Project, job: &Job) -> Option<f64> {
    let cost = job.cost_usd.filter(|it| it.is_finite() && *it > 0.0)?;
    let (job, body) = project.store.read(&job.id).ok()?;
    match WorkOrder::read(job.kind, &body) {
        Ok(WorkOrder::Review(spec)) => Some(cost / bytes(&spec.totals) as f64),
        _ => None,
    }
}

/// The bytes of the first request.
fn bytes(totals: &Totals) -> u64 {
    let limit = ContextLimits::default().inline_bytes;
    FIRST_REQUEST + totals.bytes.min(u64::try_from(limit).unwrap_or(u64::MAX))
}

impl Estimate {
    /// In words, such as `about 12.1k tokens to begin with, $0.31 in the end`.
    #[must_use]
    pub fn words(&self) -> String {
        let tokens = cc_core::text::human_count(self.first_tokens);
        let reviews = cc_core::text::count(self.reviews, "earlier review");
        match self.cost_usd {
            Some(dollars) => format!(
                "about ${dollars:.2} (an estimate, from {reviews}), {tokens} tokens in the first request"
            ),
            None => format!("about {tokens} tokens in the first request (an estimate)"),
        }
    }
}
