//! `review` and `adversarial-review`: starts a review.

use std::path::Path;

use cc_core::text::{one_line, shell_word};
use cc_jobs::Job;
use cc_workflows::Project;
use cc_workflows::review::{
    ReviewRequest, estimate, is_small, names_revision, start, totals_in_record,
};

use super::attach::{Attaching, Delivery, attach};
use crate::args::{ReviewArgs, ReviewByHand};
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

/// What only a person may ask for.
#[derive(Clone, Copy, Default)]
pub(super) struct ByHand<'a> {
    instructions: Option<&'a Path>,
    run_commands: bool,
}

impl<'a> ByHand<'a> {
    pub(super) fn of(args: &'a ReviewByHand) -> Self {
        Self {
            instructions: args.instructions.as_deref(),
            run_commands: args.run_commands,
        }
    }
}

pub(super) fn review(
    project: &Project,
    args: &ReviewArgs,
    adversarial: bool,
    by_hand: ByHand<'_>,
    printer: &mut Printer,
) -> CliResult {
    let settings = project.settings()?;
    let focus = focus(project, args, adversarial, printer)?;
    let defaults = match adversarial {
        true => &settings.adversarial_review,
        false => &settings.review,
    };
    let request = ReviewRequest {
        selection: args.selection.selection(),
        since: args.selection.since.clone(),
        adversarial,
        structured: args.structured(),
        focus,
        diff: settings.diff.clone(),
        instructions: match by_hand.instructions {
            Some(file) => Some(project.env.absolute(file)),
            None => defaults.instructions.clone(),
        },
        trust: defaults.trust,
        run_commands: by_hand.run_commands || defaults.run_commands,
        readable_paths: defaults.readable_paths.clone(),
        options: args.run.options(&settings, defaults.into()),
        day_budget: settings.budget.per_day_usd,
    };
    let attaching = Attaching::new(project, &args.attach);
    let job = start(&attaching.project, &request)?;
    tell_cost(project, &job, printer);
    let delivery = Delivery {
        format: args.format,
        fail_on: args.verdict.fail_on,
    };
    attach(attaching, job, &args.attach, delivery, printer)
}

/// Says what a large review will cost, about. The job runs: what cannot be read now does not keep from following it.
fn tell_cost(project: &Project, job: &Job, printer: &mut Printer) {
    let Ok((_, body)) = project.store.read(&job.id) else {
        return;
    };
    let large = totals_in_record(job.kind, &body).filter(|totals| !is_small(totals));
    if let Some(Ok(estimate)) = large.map(|totals| estimate(project, &totals, Some(&job.id))) {
        printer.note(format_args!("Large change: {}", estimate.words()));
    }
}

/// The focus text; a plain review takes none.
fn focus(
    project: &Project,
    args: &ReviewArgs,
    adversarial: bool,
    printer: &mut Printer,
) -> Result<Option<String>, CliError> {
    let words: Vec<_> = args
        .focus
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let focus = words.join(" ");
    if focus.trim().is_empty() {
        return Ok(None);
    }
    let change = change_meant(project, &focus);
    if let (true, Some(flag)) = (adversarial, &change) {
        printer.note(format_args!(
            "`{focus}` is taken as focus text. To review that change: {flag}"
        ));
    }
    if let (false, Some(flag)) = (adversarial, &change) {
        let message = format_args!("`{focus}` is no flag, and a plain review takes no focus text");
        let hint = format!("Did you mean: cc-cli review {flag}");
        return Err(CliError::new(ExitStatus::Usage, message).hint(hint));
    }
    if !adversarial {
        // Codex's exec rules do not match a command with a backslash outside of quotes.
        let quoted = one_line(&focus, 60).replace('\'', r#"'"'"'"#);
        return Err(
            CliError::new(ExitStatus::Usage, "a plain review takes no focus text").hint(format!(
                "Use: cc-cli adversarial-review '{quoted}'. Put paths after `--`."
            )),
        );
    }
    Ok(Some(focus))
}

/// The flag for the change that a single word names: a range, a path or a revision.
fn change_meant(project: &Project, word: &str) -> Option<String> {
    if word.contains(char::is_whitespace) {
        return None;
    }
    let quoted = shell_word(word);
    if project.env.absolute(Path::new(word)).exists() {
        return Some(format!("-- {quoted}"));
    }
    if let Some((from, _)) = word.split_once("..") {
        return names_revision(project, from).then(|| format!("--range {quoted}"));
    }
    names_revision(project, word)
        .then(|| format!("--commit {quoted}, or --base {quoted} for what was added since"))
}
