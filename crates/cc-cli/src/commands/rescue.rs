//! `rescue` and `resume-candidate`: hands a task to Claude.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;

use cc_core::text::one_line;
use cc_jobs::settings::SettingSources;
use cc_jobs::{EndedJob, JobKind, Latest, StoreError, select};
use cc_workflows::rescue::{self, Access, Continuation, FromReview, RescueRequest, TASK_LIMIT};
use cc_workflows::{Caller, Error, Project};

use super::attach::{Attaching, Delivery, attach};
use crate::args::{CandidateArgs, RescueArgs};
use crate::documents::Candidate;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn rescue(
    project: &Project,
    args: &RescueArgs,
    no_sandbox: bool,
    printer: &mut Printer,
) -> CliResult {
    let settings = project.settings()?;
    let (continuation, first_word) = continuation(project, args)?;
    let task = task(project, args, first_word)?;
    let there = place_of(project, &continuation);
    if let Some(there) = &there {
        let root = there.store.workspace().root().display();
        printer.note(format_args!("Continues where it began: {root}"));
    }
    let project = there.as_ref().unwrap_or(project);
    let request = RescueRequest {
        task,
        from: args.from.as_ref().map(|job| FromReview {
            job: job.clone(),
            findings: args.findings.clone(),
        }),
        access: match (args.read_only, no_sandbox) {
            (true, _) => Access::ReadOnly,
            (false, true) => Access::WriteUnsandboxed,
            (false, false) => Access::Write,
        },
        continuation,
        isolated: args.isolated,
        trust: settings.rescue.trust,
        user_settings: settings.rescue.setting_sources == SettingSources::User,
        allowed_domains: settings.rescue.allowed_domains.clone(),
        writable_paths: settings.rescue.writable_paths.clone(),
        unprotected_paths: settings.rescue.unprotected_paths.clone(),
        pass_env: settings.rescue.pass_env.clone(),
        options: args.run.options(&settings, (&settings.rescue).into()),
        day_budget: settings.budget.per_day_usd,
    };
    let attaching = Attaching::new(project, &args.attach);
    let started = rescue::start(&attaching.project, &request).map_err(|error| match error {
        Error::NoTask => CliError::from(error).hint(format!(
            "Pass a task: cc-cli rescue 'TASK'{}",
            args.given(no_sandbox)
        )),
        error => error.into(),
    })?;
    if request.access == Access::WriteUnsandboxed {
        printer.note("No sandbox: Claude's commands can access all your files and the network.");
    }
    if request.access != Access::ReadOnly && !request.isolated && rescue::holds_home(project) {
        printer
            .note("The workspace is your whole home directory: Claude can change all files in it.");
    }
    if started.without_uncommitted {
        printer.note("The worktree starts at HEAD, without your uncommitted changes.");
    }
    for line in started.extras.brought() {
        printer.note(format!("Brought along: {line}"));
    }
    for line in started.extras.missing() {
        printer.note(format!("Not in the worktree: {line}"));
    }
    attach(
        attaching,
        started.job,
        &args.attach,
        Delivery::default(),
        printer,
    )
}

pub(super) fn candidate(
    project: &Project,
    args: &CandidateArgs,
    printer: &mut Printer,
) -> CliResult {
    let candidate = match rescue::candidate(project) {
        Err(error @ Error::Store(_)) => return Err(error.into()),
        candidate => candidate,
    };
    if args.json {
        printer.json(&Candidate {
            available: candidate.is_ok(),
            candidate: candidate.as_ref().ok(),
            reason: candidate.as_ref().err().map(ToString::to_string),
        });
    } else {
        printer.text(match candidate {
            Ok(job) => format!("{}  {}  {}", job.id, job.state().status(), job.title),
            Err(why) => format!("Nothing to continue: {why}."),
        });
    }
    Ok(ExitStatus::Success)
}

/// What to continue, and the first word of the task if it followed `--resume`: a value that names no job
/// belongs to the task.
fn continuation<'a>(
    project: &Project,
    args: &'a RescueArgs,
) -> Result<(Continuation, Option<&'a OsStr>), CliError> {
    Ok(match &args.resume {
        None if args.resume_last => (Continuation::Latest, None),
        None => (Continuation::Fresh, None),
        Some(None) => (Continuation::Latest, None),
        Some(Some(value)) => match value.to_str() {
            Some(text) if is_place(text, &args.task) => {
                let (_, job) = project.find(text)?;
                (Continuation::Job(job.id.to_string()), None)
            }
            Some(text) if is_job_reference(project, text)? => {
                (Continuation::Job(text.to_owned()), None)
            }
            _ => (Continuation::Latest, Some(value)),
        },
    })
}

/// The workspace of the rescue that is to be continued, if it is another one than this: its conversation
/// is about the files there. Codex stays where it is.
fn place_of(project: &Project, continuation: &Continuation) -> Option<Project> {
    let Continuation::Job(reference) = continuation else {
        return None;
    };
    // What is wrong with the reference is said by whoever resolves it.
    let (mut there, _) = project.find(reference).ok()?;
    let root = there.store.workspace().root().to_owned();
    let is_elsewhere = there.store.workspace() != project.store.workspace();
    if project.caller != Caller::Person || !is_elsewhere || !root.is_dir() {
        return None;
    }
    there.env.cwd = root;
    Some(there)
}

/// Whether a text is the place of a job. `last` may be the first word of a task that was not quoted.
fn is_place(text: &str, task: &[OsString]) -> bool {
    select::place(text).is_some() && (text != "last" || task.len() < 2)
}

/// Whether a text looks like an id, or is the prefix of the id of a rescue that is there.
fn is_job_reference(project: &Project, text: &str) -> Result<bool, StoreError> {
    let is_id = (text.starts_with("task-") || text.starts_with("review-"))
        && cc_core::JobId::parse(text).is_ok();
    if is_id || text.is_empty() {
        return Ok(is_id);
    }
    let begins = |job: &EndedJob| job.id.as_str().starts_with(text);
    let jobs = project.store.list_with(&[Latest::all(&begins)])?.jobs;
    let mut rescues = jobs.iter().filter(|job| job.kind == JobKind::Task);
    Ok(rescues.any(|job| job.id.as_str().starts_with(text)))
}

/// The task from the arguments, the file or standard input; `None` if there is none.
fn task(
    project: &Project,
    args: &RescueArgs,
    first_word: Option<&OsStr>,
) -> Result<Option<String>, CliError> {
    let words: Vec<&OsStr> = first_word
        .into_iter()
        .chain(args.task.iter().map(AsRef::as_ref))
        .collect();
    match (&args.prompt_file, words.as_slice()) {
        (Some(_), [word, ..]) => {
            let word = one_line(&word.to_string_lossy(), 80);
            let message = format!("--prompt-file cannot be combined with task text: `{word}`");
            Err(CliError::new(ExitStatus::Usage, message)
                .hint("Write all of the task into the file, or leave --prompt-file out."))
        }
        (Some(file), []) if file != Path::new("-") => {
            let from = project.open_task(file)?;
            let path = project.env.absolute(file);
            read(&format!("`{}`", path.display()), || Ok(from))
        }
        (None, []) if args.from.is_some() || project.env.stdin_is_terminal => Ok(None),
        (Some(_), []) | (None, []) => from_stdin(),
        (None, [word]) if *word == "-" => from_stdin(),
        (None, words) => utf8("the task", words.join(OsStr::new(" ")).into_encoded_bytes()),
    }
}

fn from_stdin() -> Result<Option<String>, CliError> {
    read("standard input", || Ok(io::stdin().lock()))
}

/// Reads a task to its end, but not more than Claude Code accepts.
fn read<R: Read>(
    name: &str,
    open: impl FnOnce() -> io::Result<R>,
) -> Result<Option<String>, CliError> {
    let mut bytes = Vec::new();
    open()
        .and_then(|from| from.take(TASK_LIMIT as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            let message = format!("cannot read the task from {name}: {error}");
            CliError::new(ExitStatus::Usage, message)
        })?;
    utf8(name, bytes)
}

fn utf8(name: &str, bytes: Vec<u8>) -> Result<Option<String>, CliError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let position = error.utf8_error().valid_up_to() + 1;
        let message = format!("{name} is not valid UTF-8 (at byte {position})");
        CliError::new(ExitStatus::Usage, message)
    })
}
