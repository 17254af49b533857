//! `review` and `adversarial-review`: start a job, then attach to it or give out its receipt.

use cc_core::text::one_line;
use cc_workflows::Project;
use cc_workflows::review::{ReviewRequest, start};

use super::hand_out::hand_out;
use super::{Outcome, run_options};
use crate::args::ReviewArgs;
use crate::complaint::{Complaint, Exit};
use crate::output::Output;

pub(super) fn review(
    project: &Project,
    args: &ReviewArgs,
    adversarial: bool,
    output: &mut Output,
) -> Outcome {
    let settings = project.settings()?;
    let defaults = match adversarial {
        true => &settings.adversarial_review,
        false => &settings.review,
    };
    let request = ReviewRequest {
        selection: args.selection.selection(),
        since: args.selection.since.clone(),
        adversarial,
        focus: focus(args, adversarial)?,
        options: run_options(&settings, defaults.into(), &args.run),
        day_budget: settings.budget.per_day_usd,
    };
    let job = start(project, &request)?;
    hand_out(project, job, &args.hand_out, output)
}

/// The focus as one text; a plain review has none.
fn focus(args: &ReviewArgs, adversarial: bool) -> Result<Option<String>, Complaint> {
    let words: Vec<String> = args
        .focus
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let focus = words.join(" ");
    if focus.trim().is_empty() {
        return Ok(None);
    }
    if !adversarial {
        // Codex's exec rules do not know a command with a backslash outside of quotes.
        let quoted = one_line(&focus, 60).replace('\'', r#"'"'"'"#);
        return Err(
            Complaint::new(Exit::Usage, "a plain review takes no focus text").hint(format!(
                "Use: cc-cli adversarial-review '{quoted}'. Paths come after `--`."
            )),
        );
    }
    Ok(Some(focus))
}
