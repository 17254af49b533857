//! One job at work in its worker: the prologue and the end that all kinds of jobs share.

mod progress;
mod recorder;
mod stop;
pub(crate) mod tools;

use std::path::PathBuf;

use cc_claude::{Claude, End, Outcome, Request, RunReport};
use cc_core::fs::canonical;
use cc_core::{Failure, FailureClass, IoError, LocateError};
use cc_jobs::{Body, Ending, Job, JobReport, StoreError};
use serde_json::Value;

use crate::job_result::JobResult;
use crate::order::WorkOrder;
use crate::rescue::SandboxMissing;
use crate::trust::TrustError;
use crate::{Project, account};

pub(crate) use recorder::RunRecorder;
pub(crate) use stop::{StopRequest, ask_to_stop, may_ask_to_stop};

/// A job at work.
pub(crate) struct Run<'a> {
    /// The project that it belongs to.
    pub(crate) project: &'a Project,
    /// The job.
    pub(crate) job: &'a Job,
    /// Hears the request to stop.
    pub(crate) stop: StopRequest,
    /// Writes down what happens.
    pub(crate) recorder: RunRecorder<'a>,
}

/// Why Claude was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotRun {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot read the request: {0}")]
    Order(#[from] serde_json::Error),
    #[error(transparent)]
    Claude(#[from] LocateError),
    #[error(transparent)]
    Files(#[from] IoError),
    #[error(transparent)]
    NotText(#[from] tools::NotText),
    #[error(transparent)]
    Sandbox(#[from] SandboxMissing),
    #[error("another directory is in the place of the workspace `{}`", .0.display())]
    Replaced(PathBuf),
    #[error("cannot find what Git runs here: {0}")]
    Git(#[from] cc_git::Error),
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// What a job starts with.
pub(crate) struct Prologue {
    /// What it is asked to do.
    pub(crate) order: WorkOrder,
    /// The Claude Code to run.
    pub(crate) claude: Claude,
    /// The prompt, the limits and the Git access of its first run; it has no tools yet.
    pub(crate) request: Request,
}

impl Prologue {
    /// Reads what the job is asked to do, finds Claude Code and prepares its access to Git; changes nothing.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub(crate) fn prepare(project: &Project, job: &Job, body: &Body) -> Result<Self, CannotRun> {
        let store = &project.store;
        if let Some(root) = replaced(project) {
            return Err(CannotRun::Replaced(root));
        }
        let order = WorkOrder::read(job.kind, body)?;
        let prompt = store.prompt(&job.id)?;
        let options = order.options();
        let claude = project.claude(options.claude.as_deref())?;
        let claude = claude.passing(options.claude_pass_env.clone());
        let request = options.apply(Request {
            prompt,
            git: tools::git_access(&order),
            server: tools::git_server(project, &order)?,
            settings_file: Some(store.dir().run_settings(&job.id)),
            ..Request::new(order.root(store.workspace().root()))
        });
        Ok(Self {
            order,
            claude,
            request,
        })
    }
}

/// The workspace, if a link has taken its place since the job was made: whoever can write the directory above can
/// do that, and lead Claude elsewhere.
fn replaced(project: &Project) -> Option<PathBuf> {
    let root = project.store.workspace().root();
    let real = canonical(root).ok()?;
    (real != root).then(|| root.to_owned())
}

impl Run<'_> {
    /// Runs Claude to its end, or until the job is to stop; not at all where that is known before.
    pub(crate) async fn claude(&mut self, claude: &Claude, request: &Request) -> Outcome {
        if self.stop.is_requested().await {
            return Outcome {
                end: End::Cancelled,
                report: RunReport::default(),
            };
        }
        let env = &self.project.env;
        self.recorder.work_in(&request.cwd);
        let stop = self.stop.requested();
        let mut outcome = cc_claude::run(claude, request, env, stop, &mut self.recorder).await;
        if outcome.end == End::Completed
            && let Some(root) = replaced(self.project)
        {
            let detail = CannotRun::Replaced(root).to_string();
            outcome.end = End::Failed(Failure::new(FailureClass::Protected, detail));
        }
        if let Some(limit) = &outcome.report.limit {
            account::keep(&self.project.data, limit, self.project.store.now());
        }
        outcome
    }

    /// The end of the job after its last run.
    pub(crate) fn end(&self, outcome: Outcome, result: &JobResult, told: Option<Told>) -> JobEnd {
        let Outcome { end, report: run } = outcome;
        let completed = end == End::Completed;
        let answer = run.answer();
        let (summary, rendered) = told.map(|told| (told.summary, told.rendered)).unzip();
        JobEnd {
            ending: match end {
                End::Completed => Ending::Completed,
                End::Cancelled => Ending::Cancelled,
                End::Failed(failure) => Ending::Failed(failure),
            },
            report: JobReport {
                summary,
                // Only a rescue keeps its thread.
                thread: run
                    .thread
                    .filter(|_| matches!(result, JobResult::Rescue(_))),
                model: run.model,
                usage: Some(run.usage),
                cost_usd: run.cost_usd,
                result: serde_json::to_value(result).unwrap_or(Value::Null),
                rendered,
                partial_output: (!completed && !answer.is_empty()).then_some(answer),
                touched_files: run.touched,
                permission_denials: run.denials,
            },
        }
    }
}

/// What people read of a job that completed.
pub(crate) struct Told {
    /// One line.
    pub(crate) summary: String,
    /// The report, Markdown.
    pub(crate) rendered: String,
}

/// How a job ended, and what is kept of it.
#[must_use]
pub(crate) struct JobEnd {
    pub(crate) ending: Ending,
    pub(crate) report: JobReport,
}

impl From<CannotRun> for JobEnd {
    fn from(error: CannotRun) -> Self {
        let class = match error {
            CannotRun::Claude(_) => FailureClass::NotInstalled,
            CannotRun::Sandbox(_) => FailureClass::Sandbox,
            CannotRun::Replaced(_) => FailureClass::Protected,
            _ => FailureClass::Internal,
        };
        Self {
            ending: Ending::Failed(Failure::new(class, error.to_string())),
            report: JobReport::default(),
        }
    }
}
