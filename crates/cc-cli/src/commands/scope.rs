//! `scope`: shows what a review would cover, and whether to wait for it.

use cc_git::{Context, Target, Totals};
use cc_workflows::Project;
use cc_workflows::review::{self, Survey};
use serde_json::json;

use crate::args::ScopeArgs;
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;

/// A review up to this size ends soon enough to wait for it.
const SMALL_FILES: u64 = 5;
const SMALL_LINES: u64 = 300;

pub(super) fn scope(project: &Project, args: &ScopeArgs, printer: &mut Printer) -> CliResult {
    let settings = project.settings()?.diff;
    let Survey {
        target, context, ..
    } = match &args.selection.since {
        Some(reference) => review::survey_since(project, reference, &settings)?.0,
        None => review::survey(project, &args.selection.selection(), &settings)?,
    };
    let is_small = is_small(&context.totals);
    if args.json {
        printer.json(&json!({
            "workspaceRoot": project.store.workspace().root().display().to_string(),
            "target": target,
            "totals": context.totals,
            "files": context.files,
            "notSeen": context.not_seen.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "recommendation": if is_small { "wait" } else { "background" },
        }));
    } else {
        printer.text(text(&target, &context, is_small));
    }
    Ok(ExitStatus::Success)
}

fn is_small(totals: &Totals) -> bool {
    totals.files <= SMALL_FILES && totals.additions + totals.deletions <= SMALL_LINES
}

fn text(target: &Target, context: &Context, is_small: bool) -> String {
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
    text
}
