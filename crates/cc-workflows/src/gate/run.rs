//! The worker's side of a check: one run of Claude that can change nothing, and the verdict.

use std::ffi::OsString;

use cc_claude::{End, Outcome, Request, Tools};
use cc_core::{FailureClass, JobId};
use cc_jobs::{Job, Report};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::prompt;
use super::verdict::{Answer, Verdict};
use crate::done::{Done, order};
use crate::footer::Footer;
use crate::observe::Scribe;
use crate::review::ClaudeReport;
use crate::worker::Stop;
use crate::{Project, RunOptions, git_access};

/// The most turns of a check: it is to be quick.
const MAX_TURNS: u32 = 24;

/// What the worker of a check is told; `request` of the job's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateSpec {
    /// Settings for the git that Claude calls.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub git_config: Vec<(OsString, OsString)>,
    /// How Claude is run for it.
    #[serde(flatten)]
    pub options: RunOptions,
}

/// The result of a check, as the record keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateReport {
    /// The job.
    pub job_id: JobId,
    /// The verdict; `None` where there is no valid one.
    #[serde(flatten)]
    pub answer: Option<Answer>,
    /// Why there is no valid verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parse_error: Option<String>,
    /// How the run went.
    pub claude: ClaudeReport,
}

/// Runs a check to its end.
pub(crate) async fn run(
    project: &Project,
    job: &Job,
    stop: &mut Stop,
    scribe: &mut Scribe<'_>,
) -> Done {
    let (spec, task): (GateSpec, String) = match order(project, job) {
        Ok(order) => order,
        Err(error) => return Done::failed(FailureClass::Internal, error),
    };
    let root = project.store.workspace().root();
    let claude = match project.claude(spec.options.claude.as_deref()) {
        Ok(claude) => claude,
        Err(error) => return Done::failed(FailureClass::NotInstalled, error),
    };
    let git = match git_access::reading(project, spec.git_config.clone()) {
        Ok(git) => git,
        Err(error) => return Done::failed(FailureClass::Internal, error),
    };
    let request = spec.options.apply(Request {
        prompt: task,
        system_prompt: Some(prompt::SYSTEM.to_owned()),
        git,
        tools: Tools::ReadOnly,
        schema: Some(Answer::schema()),
        max_turns: Some(MAX_TURNS),
        ..Request::new(root)
    });
    let outcome = cc_claude::run(&claude, &request, &project.env, stop.asked(), scribe).await;
    conclude(project, job, outcome)
}

fn conclude(project: &Project, job: &Job, outcome: Outcome) -> Done {
    let Outcome { end, report } = outcome;
    let answer = Answer::of(&report);
    // Where only the form is missing, the words may do.
    let end = match end {
        End::Failed(failure) if failure.class == FailureClass::Schema && answer.is_ok() => {
            End::Completed
        }
        end => end,
    };
    let made = end == End::Completed;
    let (answer, parse_error) = match answer {
        Ok(answer) => (Some(answer), None),
        Err(error) => (None, Some(error)),
    };
    let check = GateReport {
        job_id: job.id.clone(),
        answer: answer.filter(|_| made),
        parse_error: parse_error.filter(|_| made),
        claude: ClaudeReport::new(job, &report, made),
    };
    let elapsed = job.elapsed(project.store.now());
    let footer = Footer::of(job, &report, elapsed).line();
    let done = Done::of_run(end, report);
    Done {
        report: Report {
            summary: made.then(|| check.summary()),
            rendered: made.then(|| format!("{}\n\n---\n{footer}\n", check.summary())),
            result: serde_json::to_value(&check).unwrap_or(Value::Null),
            ..done.report
        },
        ..done
    }
}

impl GateReport {
    fn summary(&self) -> String {
        match (&self.answer, &self.parse_error) {
            (Some(answer), _) => {
                let word = match answer.verdict {
                    Verdict::Allow => "Allowed",
                    Verdict::Block => "Blocked",
                };
                format!("{word}: {}", answer.reason)
            }
            (None, Some(error)) => format!("No verdict: {error}"),
            (None, None) => "No verdict".to_owned(),
        }
    }
}
