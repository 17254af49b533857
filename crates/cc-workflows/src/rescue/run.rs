//! The worker's part of a rescue: one run of Claude in the workspace, and the report.

use std::path::Path;

use cc_claude::{Claude, Configuration, End, Request, Sandbox, Thread, Tools};
use cc_core::text::one_line;
use cc_core::{Env, IoError};

use super::report::RescueReport;
use super::scratch;
use super::{history, isolated};
use crate::job_result::JobResult;
use crate::order::{Access, RescueSpec};
use crate::rescue::leftovers::Leftovers;
use crate::run::{CannotRun, JobEnd, Run, Told, tools};

/// Added to Claude's system prompt. A resumed thread keeps its first one.
const NOTES: &str = "\
You were handed this task by another coding agent; nobody can answer questions while you work. Do what \
the task asks and no more. End with a short report: what you found or changed, file by file, what you \
ran to check it and what came of it, and what is left open.";

/// Runs a rescue to its end.
pub(crate) async fn run(
    run: &mut Run<'_>,
    spec: &RescueSpec,
    claude: &Claude,
    request: Request,
) -> JobEnd {
    let request = match with_rights(&run.project.env, spec, request) {
        Ok(request) => request,
        Err(error) => return CannotRun::from(error).into(),
    };
    let before = isolated::repository(run.project).ok();
    let before = before.and_then(|repository| history::state(&repository, spec));
    run.recorder.keep_thread();
    let outcome = run.claude(claude, &request).await;
    let root = &request.cwd;
    let named = outcome.report.touched.iter().map(|file| root.join(file));
    let ready = run.recorder.ready().unwrap_or(run.project.store.now());
    Leftovers::tidy(&spec.leftovers, &named.collect::<Vec<_>>(), ready);
    scratch::remove(spec.scratch.as_deref());

    let completed = outcome.end == End::Completed;
    let mut rescue = RescueReport::new(run.job, spec, root, &outcome);
    if let (true, Some(tree)) = (completed, &spec.isolated) {
        rescue.changed = isolated::changed(run.project, tree).ok();
    }
    let after = isolated::repository(run.project).ok();
    rescue.history = before
        .zip(after)
        .and_then(|(before, repository)| history::change(&repository, spec, &before));
    let elapsed = run.job.elapsed(run.project.store.now());
    let told = completed.then(|| Told {
        summary: cc_core::text::first_line(&outcome.report.text, 200),
        rendered: rescue.report(elapsed).markdown(),
    });
    run.end(outcome, &JobResult::Rescue(rescue), told)
}

fn notes(spec: &RescueSpec, has_git: bool) -> String {
    let mut notes = NOTES.to_owned();
    if spec.access == Access::ReadOnly {
        let tools = match has_git {
            true => tools::IN_REPOSITORY,
            false => tools::WITHOUT_REPOSITORY,
        };
        notes = format!("{notes}\n\n{tools} Nothing can be changed from here.");
    }
    if let Some(dir) = &spec.asked_in {
        let dir = one_line(&dir.to_string_lossy(), 300);
        notes.push_str(&format!(
            " The task was asked in the directory {dir:?} below your working directory: paths and \
             commands in it are meant from there."
        ));
    }
    notes
}

/// The request with what Claude may do, read and continue.
fn with_rights(env: &Env, spec: &RescueSpec, request: Request) -> Result<Request, IoError> {
    let scratch = spec.scratch.as_deref();
    Ok(Request {
        env: match scratch {
            Some(dir) => scratch::make(env, dir, &request.cwd, &spec.writable_paths)?,
            None => Vec::new(),
        },
        pass_env: spec.pass_env.clone(),
        append_system_prompt: Some(notes(spec, request.server.is_some())),
        tools: match spec.access {
            Access::ReadOnly => Tools::ReadOnly,
            Access::Write => Tools::Write(Sandbox::On {
                allowed_domains: spec.allowed_domains.clone(),
                read_only: cc_git::program_dirs(&request.cwd),
                writable: {
                    let own = scratch.map(Path::to_owned);
                    own.into_iter().chain(spec.writable_paths.clone()).collect()
                },
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
        ..request
    })
}
