//! `rescue` and `resume-candidate`: a task is handed over, in the user's own words.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use cc_core::text::one_line;
use cc_jobs::settings::SettingSources;
use cc_workflows::Project;
use cc_workflows::rescue::{
    self, Access, Continuation, FromReview, RescueRequest, ResumeError, TASK_LIMIT,
};
use serde_json::json;

use super::hand_out::hand_out;
use super::{Outcome, run_options};
use crate::args::{CandidateArgs, RescueArgs};
use crate::complaint::{Complaint, Exit};
use crate::output::Output;

pub(super) fn rescue(project: &Project, args: &RescueArgs, output: &mut Output) -> Outcome {
    let settings = project.settings()?;
    let (continuation, first_word) = continuation(args);
    let request = RescueRequest {
        task: task(project, args, first_word)?,
        from: args.from.as_ref().map(|job| FromReview {
            job: job.clone(),
            findings: args.findings.clone(),
        }),
        access: match (args.read_only, args.no_sandbox) {
            (true, _) => Access::ReadOnly,
            (false, true) => Access::WriteUnsandboxed,
            (false, false) => Access::Write,
        },
        continuation,
        isolated: args.isolated,
        trust: settings.rescue.trust,
        user_settings: settings.rescue.setting_sources == SettingSources::User,
        allowed_domains: settings.rescue.allowed_domains.clone(),
        options: run_options(&settings, (&settings.rescue).into(), &args.run),
        day_budget: settings.budget.per_day_usd,
    };
    let started = rescue::start(project, &request)?;
    if request.access == Access::WriteUnsandboxed {
        output.note(
            "Without the sandbox, Claude's commands can reach any of your files and the network.",
        );
    }
    if started.without_uncommitted {
        output.note("It begins at HEAD: your uncommitted changes are not in its work tree.");
    }
    hand_out(project, started.job, &args.hand_out, output)
}

pub(super) fn candidate(project: &Project, args: &CandidateArgs, output: &mut Output) -> Outcome {
    let found = match rescue::candidate(project) {
        Ok(job) => Ok(job),
        Err(error @ ResumeError::Store(_)) => return Err(error.into()),
        Err(error) => Err(error),
    };
    if args.json {
        output.json(&match found {
            Ok(job) => json!({"available": true, "candidate": job}),
            Err(why) => json!({"available": false, "candidate": null, "reason": why.to_string()}),
        });
    } else {
        output.text(match found {
            Ok(job) => format!("{}  {}  {}", job.id, job.state().status(), job.title),
            Err(why) => format!("Nothing to continue: {why}."),
        });
    }
    Ok(Exit::Done)
}

/// Which conversation goes on. What follows `--resume` and is no job id is the task's first word.
fn continuation(args: &RescueArgs) -> (Continuation, Option<&OsStr>) {
    match &args.resume {
        None if args.resume_last => (Continuation::Latest, None),
        None => (Continuation::Fresh, None),
        Some(None) => (Continuation::Latest, None),
        Some(Some(value)) => match value.to_str().filter(|text| is_job_reference(text)) {
            Some(job) => (Continuation::Job(job.to_owned()), None),
            None => (Continuation::Latest, Some(value)),
        },
    }
}

fn is_job_reference(text: &str) -> bool {
    (text.starts_with("task-") || text.starts_with("review-"))
        && cc_core::JobId::parse(text).is_ok()
}

/// The task: from the words, the file or standard input; `None` where none of them has any.
fn task(
    project: &Project,
    args: &RescueArgs,
    first: Option<&OsStr>,
) -> Result<Option<String>, Complaint> {
    let words: Vec<&OsStr> = first
        .into_iter()
        .chain(args.task.iter().map(AsRef::as_ref))
        .collect();
    match (&args.prompt_file, words.as_slice()) {
        (Some(_), [word, ..]) => {
            let word = one_line(&word.to_string_lossy(), 80);
            let told = format!("`{word}` is part of a task, and --prompt-file names all of one");
            Err(Complaint::new(Exit::Usage, told)
                .hint("Write the words into the file, or leave it out."))
        }
        (Some(file), []) if file != Path::new("-") => {
            let path = project.env.absolute(file);
            read(&format!("`{}`", path.display()), || File::open(&path))
        }
        (None, []) if args.from.is_some() || project.env.stdin_is_terminal => Ok(None),
        (Some(_), []) | (None, []) => from_stdin(),
        (None, [word]) if *word == "-" => from_stdin(),
        (None, words) => text("the task", words.join(OsStr::new(" ")).into_encoded_bytes()),
    }
}

fn from_stdin() -> Result<Option<String>, Complaint> {
    read("standard input", || Ok(io::stdin().lock()))
}

/// Reads a task to its end, however slow it comes, but not more than Claude Code would take.
fn read<R: Read>(
    name: &str,
    open: impl FnOnce() -> io::Result<R>,
) -> Result<Option<String>, Complaint> {
    let mut bytes = Vec::new();
    open()
        .and_then(|from| from.take(TASK_LIMIT as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            Complaint::new(
                Exit::Usage,
                format!("cannot read the task from {name}: {error}"),
            )
        })?;
    text(name, bytes)
}

fn text(name: &str, bytes: Vec<u8>) -> Result<Option<String>, Complaint> {
    if bytes.is_empty() {
        return Ok(None);
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        let told = format!("{name} is not UTF-8 text: byte {at} fits in no character");
        Complaint::new(Exit::Usage, told).hint("Write the task as UTF-8.")
    })
}
