//! Notifies the session that a job has ended: a message in Codex's own queue, which starts a turn in
//! an idle session and waits for the end of a running one.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use cc_core::child::ShortCommand;
use cc_core::program::SearchPath;
use cc_core::{JobId, SessionId};
use cc_jobs::{Ending, Job, session};

use crate::Project;
use crate::job_result::JobResult;

/// How long a caller that waits for the job has to show its result; then no message is needed.
const GRACE: Duration = Duration::from_secs(2);

/// How long Codex may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The flags of `codex queue`.
const THREAD: &str = "--thread";
const MESSAGE: &str = "--message";

/// Notifies the session of a job that has ended, if nobody has seen that yet and this Codex has a queue.
/// Best effort: if it fails, the next prompt announces the job.
pub(crate) fn push(project: &Project, id: &JobId) {
    let is_on = project
        .settings()
        .is_ok_and(|settings| settings.jobs.notify);
    let Some((job, session)) = is_on.then(|| news(project, id)).flatten() else {
        return;
    };
    let Some(codex) = codex(project) else {
        return;
    };
    if !takes_messages(project, &codex) {
        return;
    }
    thread::sleep(GRACE);
    let marked = |notified: bool| {
        let mut guard = project.store.lock(&job.id)?;
        match notified {
            true => guard.mark_notified(),
            false => guard.unmark_notified().map(|()| false),
        }
    };
    // Marked first, so that a prompt in the same moment does not announce it as well.
    if !marked(true).unwrap_or(false) {
        return;
    }
    let message = message(project, &job);
    let args = ["queue", THREAD, session.as_str(), MESSAGE, &message];
    if !call(project, &codex, &args).run_silently().unwrap_or(false) {
        // If this fails too, `status` still shows the job as unread.
        let _ = marked(false);
    }
}

/// The job and its session, if nobody has seen its end.
fn news(project: &Project, id: &JobId) -> Option<(Job, SessionId)> {
    let (job, _) = project.store.read(id).ok()?;
    let session = job.session.clone().filter(|_| job.is_unread())?;
    Some((job, session))
}

/// The `codex` that the session runs in, as its hook saw it, else the one on the PATH.
fn codex(project: &Project) -> Option<PathBuf> {
    let seen = session::marker(project.store.dir()).and_then(|marker| marker.codex);
    let seen = seen.filter(|path| path.is_absolute());
    seen.and_then(|path| search(project).accept_found(path).ok())
        .or_else(|| find_codex(project))
}

/// The `codex` on the PATH, never one of the workspace.
pub fn find_codex(project: &Project) -> Option<PathBuf> {
    search(project).find("codex").ok()
}

fn search(project: &Project) -> SearchPath {
    SearchPath::outside(&project.env, project.store.workspace().root())
}

/// Codex without a queue takes the word for a prompt and answers with the help for everything.
fn takes_messages(project: &Project, codex: &Path) -> bool {
    let help = call(project, codex, &["queue", "--help"]).run();
    help.is_ok_and(|help| {
        let mut flags = [THREAD, MESSAGE].iter();
        help.success && flags.all(|flag| help.stdout.contains(flag))
    })
}

fn call(project: &Project, codex: &Path, args: &[&str]) -> ShortCommand {
    // Codex starts programs from its PATH, outside of its sandbox.
    let search = search(project).ending_with(codex.parent().unwrap_or(codex));
    let path = search.to_var().map(|path| ("PATH".into(), path));
    ShortCommand::new(codex, PATIENCE)
        .args(args)
        .envs(project.env.with_vars(path).vars())
        .current_dir(project.data.root())
}

/// One line in our own words alone: it comes to the model as if the user had said it.
fn message(project: &Project, job: &Job) -> String {
    let outcome = match job.state().ending() {
        Some(Ending::Failed(failure)) => format!("failed ({})", failure.class.words()),
        _ => match counts(project, job) {
            Some(counts) => format!("finished ({counts})"),
            None => "finished".to_owned(),
        },
    };
    let cost = job
        .cost_usd
        .map(|dollars| format!(", ${dollars:.2}"))
        .unwrap_or_default();
    format!(
        "Claude Code's {} {outcome}{cost}. $cc:result {}",
        job.kind.label(),
        job.id
    )
}

/// The verdict and the numbers of findings of a structured review.
fn counts(project: &Project, job: &Job) -> Option<String> {
    let (_, body) = project.store.read(&job.id).ok()?;
    let report = JobResult::read(job.kind, &body)?.into_review()?;
    report.result.is_some().then(|| report.summary())
}
