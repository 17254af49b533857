//! `scope`: shows what a review would cover, and whether to wait for it.

use cc_git::{Context, Target};
use cc_workflows::Project;
use cc_workflows::review::{self, Estimate, Survey, is_small};

use crate::args::ScopeArgs;
use crate::documents::ScopeReport;
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn scope(project: &Project, args: &ScopeArgs, printer: &mut Printer) -> CliResult {
    let settings = project.settings()?.diff;
    let Survey {
        target, context, ..
    } = match &args.selection.since {
        Some(reference) => review::survey_since(project, reference, &settings)?.0,
        None => review::survey(project, &args.selection.selection(), &settings)?,
    };
    let is_small = is_small(&context.totals);
    let estimate = review::estimate(project, &context.totals, None)?;
    if args.json {
        printer.json(&ScopeReport {
            workspace_root: project.store.workspace().root().display().to_string(),
            target: &target,
            totals: context.totals,
            files: &context.files,
            not_seen: context.not_seen.iter().map(ToString::to_string).collect(),
            estimate,
            recommendation: if is_small { "wait" } else { "background" },
        });
    } else {
        printer.text(text(&target, &context, is_small, &estimate));
    }
    Ok(ExitStatus::Success)
}

fn text(target: &Target, context: &Context, is_small: bool, estimate: &Estimate) -> String {
    let mut text = format!(
        "{}: {}\n\n{}",
        target.label,
        review::size(&context.totals),
        context.stat()
    );
    if !context.not_seen.is_empty() {
        text.push_str("\nWould not be reviewed:\n");
        for line in &context.not_seen {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push_str(match is_small {
        true => "\nSmall enough to wait for.\n",
        false => "\nLarge change: consider --background.\n",
    });
    text.push_str(&format!("Cost: {}\n", estimate.words()));
    text
}
