//! The worker's side of a rescue: one run of Claude in the workspace, and the report.

use std::path::Path;

use cc_claude::{Configuration, End, GitAccess, Outcome, Request, Sandbox, Thread, Tools};
use cc_core::{FailureClass, IoError};
use cc_jobs::{Job, Report};
use serde_json::Value;

use super::{Access, Leftovers, RescueReport, RescueSpec, isolated};
use crate::done::{Done, order};
use crate::observe::Scribe;
use crate::worker::Stop;
use crate::{Project, git_access};

/// What Claude is told beyond the task. A thread that goes on keeps what it was told first.
const NOTES: &str = "\
You were handed this task by another coding agent; nobody can answer questions while you work. Do what \
the task asks and no more. End with a short report: what you found or changed, file by file, what you \
ran to check it and what came of it, and what is left open.";

/// Runs a rescue to its end.
pub(crate) async fn run(
    project: &Project,
    job: &Job,
    stop: &mut Stop,
    scribe: &mut Scribe<'_>,
) -> Done {
    let (spec, task): (RescueSpec, String) = match order(project, job) {
        Ok(order) => order,
        Err(error) => return Done::failed(FailureClass::Internal, error),
    };
    let workspace = project.store.workspace().root();
    let root = spec
        .isolated
        .as_ref()
        .map_or(workspace, |isolated| isolated.root.as_path());
    let claude = match project.claude(spec.options.claude.as_deref()) {
        Ok(claude) => claude,
        Err(error) => return Done::failed(FailureClass::NotInstalled, error),
    };
    let git = match git(project, &spec) {
        Ok(git) => git,
        Err(error) => return Done::failed(FailureClass::Internal, error),
    };
    scribe.keep_thread();
    let outcome = cc_claude::run(
        &claude,
        &request(&spec, root, task, git),
        &project.env,
        stop.asked(),
        scribe,
    )
    .await;
    spec.leftovers.iter().for_each(Leftovers::tidy);
    conclude(project, job, &spec, root, outcome)
}

fn git(project: &Project, spec: &RescueSpec) -> Result<GitAccess, IoError> {
    match (spec.access, &spec.git_config) {
        // What commands may write is caged; they want the repository's filters.
        (Access::Write | Access::WriteUnsandboxed, _) => Ok(GitAccess::Full),
        (Access::ReadOnly, Some(settings)) => git_access::reading(project, settings.clone()),
        (Access::ReadOnly, None) => Ok(GitAccess::Nothing),
    }
}

fn request(spec: &RescueSpec, root: &Path, task: String, git: GitAccess) -> Request {
    spec.options.apply(Request {
        prompt: task,
        append_system_prompt: Some(NOTES.to_owned()),
        git,
        tools: match spec.access {
            Access::ReadOnly => Tools::ReadOnly,
            Access::Write => Tools::Write(Sandbox::On {
                allowed_domains: spec.allowed_domains.clone(),
                read_only: cc_git::program_dirs(root),
            }),
            Access::WriteUnsandboxed => Tools::Write(Sandbox::Off),
        },
        configuration: Configuration {
            user: spec.user_settings,
            project: spec.trust.trusted,
        },
        thread: match spec.resumed {
            true => Thread::Resume(spec.thread.clone()),
            false => Thread::New(spec.thread.clone()),
        },
        ..Request::new(root)
    })
}

fn conclude(
    project: &Project,
    job: &Job,
    spec: &RescueSpec,
    root: &Path,
    outcome: Outcome,
) -> Done {
    let Outcome { end, report } = outcome;
    let made = end == End::Completed;
    let mut rescue = RescueReport::new(job, spec, root, &end, &report);
    if let (true, Some(tree)) = (made, &spec.isolated) {
        rescue.changed = isolated::changed(project, tree).ok();
    }
    let in_repository = root.join(".git").exists();
    let elapsed = job.elapsed(project.store.now());
    let rendered = made.then(|| rescue.markdown(in_repository, elapsed));
    let summary = made.then(|| cc_core::text::first_line(&report.text, 200));
    let thread = report.thread.clone();
    let done = Done::of_run(end, report);
    Done {
        report: Report {
            summary,
            thread,
            result: serde_json::to_value(&rescue).unwrap_or(Value::Null),
            rendered,
            ..done.report
        },
        ..done
    }
}
