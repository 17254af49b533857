//! A workflow of one's own: reviews the latest commits one by one, the oldest first, and stops at the first that has
//! a severe finding: `first_bad_commit CC_CLI REV...`.

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;

use cc_core::Env;
use cc_git::Selection;
use cc_workflows::review::{ReviewReport, ReviewRequest, Severity};
use cc_workflows::{Project, review, wait};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let cc_cli = arguments
        .next()
        .ok_or("usage: first_bad_commit CC_CLI REV...")?;
    let mut env = Env::from_process()?;
    env.exe = env.absolute(cc_cli.as_ref());
    let project = Project::open(&env)?;
    for commit in arguments {
        if let Some(problem) = worst_of(&project, &commit)? {
            println!("{commit}: {problem}");
            return Ok(());
        }
        println!("{commit}: nothing severe");
    }
    Ok(())
}

/// The title of the first severe finding in a commit.
fn worst_of(project: &Project, commit: &str) -> Result<Option<String>, Box<dyn Error>> {
    let settings = project.settings()?;
    let defaults = &settings.adversarial_review;
    let request = ReviewRequest {
        selection: Selection {
            commit: Some(commit.to_owned()),
            ..Selection::default()
        },
        since: None,
        adversarial: true,
        structured: true,
        focus: None,
        diff: settings.diff.clone(),
        instructions: None,
        trust: defaults.trust,
        run_commands: false,
        readable_paths: Vec::new(),
        options: defaults.into(),
        day_budget: settings.budget.per_day_usd,
    };
    let job = review::start(project, &request)?;
    wait::wait(&project.store, &job.id, None)?;
    let (_, body) = project.store.read(&job.id)?;
    let report: ReviewReport = serde_json::from_value(body.result)?;
    let findings = report.findings.ok_or("the review has no verdict")?;
    let severe = findings.into_iter().map(|located| located.finding);
    // A severity is the smaller, the worse it is.
    let severe = severe.filter(|finding| finding.severity <= Severity::High);
    Ok(severe.map(|finding| finding.title).next())
}
