//! Reviews a range of commits and prints its findings: `review_range CC_CLI A..B`.
//!
//! The review runs as a job, in a worker that `cc-cli` is started for: it goes on if this program ends.

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;

use cc_core::Env;
use cc_git::Selection;
use cc_workflows::review::{ReviewReport, ReviewRequest};
use cc_workflows::{Project, review, wait};

fn main() -> Result<(), Box<dyn Error>> {
    let [cc_cli, range] = arguments()?;
    let mut env = Env::from_process()?;
    env.exe = env.absolute(cc_cli.as_ref());
    let project = Project::open(&env)?;
    let settings = project.settings()?;
    let defaults = &settings.adversarial_review;
    let request = ReviewRequest {
        selection: Selection {
            range: Some(range),
            ..Selection::default()
        },
        since: None,
        adversarial: true,
        structured: true,
        focus: Some("what if two of these run at once?".to_owned()),
        diff: settings.diff.clone(),
        instructions: None,
        trust: defaults.trust,
        run_commands: false,
        readable_paths: Vec::new(),
        options: defaults.into(),
        day_budget: settings.budget.per_day_usd,
    };
    let job = review::start(&project, &request)?;
    wait::wait(&project.store, &job.id, None)?;
    let (job, body) = project.store.read(&job.id)?;
    println!("{}: {}", job.state().status(), job.summary);
    let report: ReviewReport = serde_json::from_value(body.result)?;
    for located in report.findings.unwrap_or_default() {
        let finding = located.finding;
        println!(
            "{}: {} ({}:{})",
            finding.severity.word(),
            finding.title,
            finding.file,
            finding.line_start
        );
    }
    Ok(())
}

fn arguments() -> Result<[String; 2], Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given
        .try_into()
        .map_err(|_| "usage: review_range CC_CLI A..B".into())
}
