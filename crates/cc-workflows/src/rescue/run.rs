//! The worker's part of a rescue: one run of Claude in the workspace, and the report.

use cc_claude::{Claude, Configuration, End, Request, Sandbox, Thread, Tools};
use cc_core::frame::framed;
use cc_core::text::one_line;
use cc_core::{Failure, FailureClass};

use super::cage::Cage;
use super::report::RescueReport;
use super::{cage, history, instructions, isolated, sandbox, scratch};
use crate::Project;
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
    let (request, cage) = match with_rights(run.project, spec, request) {
        Ok(prepared) => prepared,
        Err(error) => return error.into(),
    };
    let before = isolated::repository(run.project).ok();
    let before = before.and_then(|repository| history::state(&repository, spec));
    run.recorder.keep_thread();
    let mut outcome = run.claude(claude, &request).await;
    let root = &request.cwd;
    let named = outcome.report.touched.iter().map(|file| root.join(file));
    let ready = run.recorder.ready().unwrap_or(run.project.store.now());
    Leftovers::tidy(&spec.leftovers, &named.collect::<Vec<_>>(), ready);
    let changes = cage.as_ref().map(Cage::changes).unwrap_or_default();
    if !changes.is_empty() {
        let note = format!("changed meanwhile: {}", changes.join(", "));
        run.recorder.note(&note);
        outcome.end = with_changes(outcome.end, &changes);
    }
    if outcome.report.ran_commands && cage.as_ref().is_some_and(Cage::was_avoided) {
        outcome.end = End::Failed(Failure::new(FailureClass::Sandbox, sandbox::AVOIDED));
    }
    bring_commits(run, spec, cage.as_ref());
    for dir in spec.own_dirs() {
        scratch::remove(Some(dir));
    }

    let completed = outcome.end == End::Completed;
    let mut rescue = RescueReport::new(run.job, spec, root, &outcome);
    rescue.protected_changes = changes;
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

/// Brings what was committed in isolation into the repository, on the branch of the worktree.
fn bring_commits(run: &mut Run<'_>, spec: &RescueSpec, cage: Option<&Cage>) {
    let shadow = cage.and_then(|cage| cage.shadow.as_ref());
    if let (Some(tree), Some(shadow)) = (&spec.isolated, shadow) {
        let brought = isolated::repository(run.project)
            .and_then(|repository| repository.bring_commits(tree, shadow));
        if let Err(error) = brought {
            run.recorder
                .note(&format!("commits are lost, not their files: {error}"));
        }
    }
}

/// The end of a run during which protected files changed: nobody is to overlook that.
fn with_changes(end: End, changes: &[String]) -> End {
    let earlier = match end {
        // That somebody wanted an end to it stays true; the report has the changes.
        End::Cancelled => return End::Cancelled,
        End::Completed => String::new(),
        End::Failed(failure) => format!("; it failed before: {}", failure.detail),
    };
    let detail = format!("{}{earlier}", cage::told(changes));
    End::Failed(Failure::new(FailureClass::Protected, detail))
}

fn notes(spec: &RescueSpec, request: &Request, cage: Option<&Cage>) -> String {
    let mut notes = NOTES.to_owned();
    if spec.access == Access::ReadOnly {
        let tools = match request.server.is_some() {
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
    if let Some(cage) = cage {
        notes.push(' ');
        notes.push_str(&cage.note());
    }
    if spec.trust.trusted {
        notes.push_str(&instructions::told(&request.cwd));
    }
    for (what, lines) in [
        ("In addition it has", spec.extras.brought()),
        ("Of the user's working tree it lacks", spec.extras.missing()),
    ] {
        if !lines.is_empty() {
            let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
            notes.push_str(&format!(
                "\n\nYour working directory is a fresh checkout. {what}:\n{}",
                framed("FILES", &lines)
            ));
        }
    }
    notes
}

/// The request with what Claude may do, read and continue; and what is protected from it, in a sandbox.
fn with_rights(
    project: &Project,
    spec: &RescueSpec,
    request: Request,
) -> Result<(Request, Option<Cage>), CannotRun> {
    let env = &project.env;
    let scratch = spec.scratch.as_deref();
    let cage = match spec.access {
        Access::Write => Some(Cage::make(project, spec, &request)?),
        Access::WriteUnsandboxed | Access::ReadOnly => None,
    };
    scratch::remove(spec.trust.plugin.as_deref());
    let project = spec.trust.configuration(&project.data, &request.cwd)?;
    let request = Request {
        env: {
            let made =
                scratch.map(|dir| scratch::make(env, dir, &request.cwd, &spec.writable_paths));
            let own = cage.as_ref().map(Cage::variables);
            let own = own.into_iter().flatten();
            made.transpose()?.into_iter().flatten().chain(own).collect()
        },
        programs: spec.starter.clone(),
        pass_env: spec.pass_env.clone(),
        append_system_prompt: Some(notes(spec, &request, cage.as_ref())),
        tools: match &cage {
            Some(cage) => Tools::Write(in_sandbox(spec, cage)),
            None if spec.access == Access::ReadOnly => Tools::ReadOnly,
            None => Tools::Write(Sandbox::Off),
        },
        configuration: Configuration {
            user: spec.user_settings,
            instructions: spec.trust.trusted,
            project,
        },
        thread: match spec.resumed {
            true => Thread::Resume(spec.thread.clone()),
            false => Thread::New(spec.thread.clone()),
        },
        ..request
    };
    Ok((request, cage))
}

fn in_sandbox(spec: &RescueSpec, cage: &Cage) -> Sandbox {
    let own = spec.scratch.iter().chain(&spec.writable_paths);
    Sandbox::On {
        allowed_domains: spec.allowed_domains.clone(),
        read_only: cage.denied(),
        // What is mounted by itself cannot be moved away.
        writable: own.chain(cage.in_place()).cloned().collect(),
    }
}
