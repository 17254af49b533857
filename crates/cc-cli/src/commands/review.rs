//! `review` and `adversarial-review`: starts a review.

use std::path::Path;

use cc_core::text::one_line;
use cc_workflows::Project;
use cc_workflows::review::{ReviewRequest, start};

use super::attach::{Delivery, attach};
use crate::args::ReviewArgs;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

pub(super) fn review(
    project: &Project,
    args: &ReviewArgs,
    adversarial: bool,
    instructions: Option<&Path>,
    printer: &mut Printer,
) -> CliResult {
    let settings = project.settings()?;
    let defaults = match adversarial {
        true => &settings.adversarial_review,
        false => &settings.review,
    };
    let request = ReviewRequest {
        selection: args.selection.selection(),
        since: args.selection.since.clone(),
        adversarial,
        structured: args.structured(),
        focus: focus(args, adversarial)?,
        diff: settings.diff.clone(),
        instructions: match instructions {
            Some(file) => Some(project.env.absolute(file)),
            None => defaults.instructions.clone(),
        },
        trust: defaults.trust,
        options: args.run.options(&settings, defaults.into()),
        day_budget: settings.budget.per_day_usd,
    };
    let job = start(project, &request)?;
    let delivery = Delivery {
        format: args.format,
        fail_on: args.verdict.fail_on,
    };
    attach(project, job, &args.attach, delivery, printer)
}

/// The focus text; a plain review takes none.
fn focus(args: &ReviewArgs, adversarial: bool) -> Result<Option<String>, CliError> {
    let words: Vec<_> = args
        .focus
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let focus = words.join(" ");
    if focus.trim().is_empty() {
        return Ok(None);
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
