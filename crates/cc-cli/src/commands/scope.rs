//! `scope`: what a review would look at, and whether to wait for it.

use cc_git::{Context, Target, Totals};
use cc_workflows::Project;
use cc_workflows::review::{self, Survey};
use serde_json::json;

use super::Outcome;
use crate::args::ScopeArgs;
use crate::complaint::Exit;
use crate::output::Output;

/// Up to this size a review is mostly done before one has found something else to do.
const SMALL_FILES: u64 = 5;
const SMALL_LINES: u64 = 300;

pub(super) fn scope(project: &Project, args: &ScopeArgs, output: &mut Output) -> Outcome {
    let Survey {
        target, context, ..
    } = match &args.selection.since {
        Some(reference) => review::survey_since(project, reference)?.0,
        None => review::survey(project, &args.selection.selection())?,
    };
    let wait = is_small(&context.totals);
    if args.json {
        output.json(&json!({
            "workspaceRoot": project.store.workspace().root().display().to_string(),
            "target": target,
            "totals": context.totals,
            "files": context.files,
            "notSeen": context.not_seen.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "recommendation": if wait { "wait" } else { "background" },
        }));
    } else {
        output.text(human(&target, &context, wait));
    }
    Ok(Exit::Done)
}

fn is_small(totals: &Totals) -> bool {
    totals.files <= SMALL_FILES && totals.additions + totals.deletions <= SMALL_LINES
}

fn human(target: &Target, context: &Context, wait: bool) -> String {
    let mut text = format!(
        "{}: {}\n\n{}",
        target.label,
        review::size(&context.totals),
        context.stat()
    );
    if !context.not_seen.is_empty() {
        text.push_str("\nNot in the diff that Claude would get:\n");
        context
            .not_seen
            .iter()
            .for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    let advice = match wait {
        true => "Small enough to wait for.",
        false => "Better in the background: --background",
    };
    text.push_str(&format!("\n{advice}\n"));
    text
}
