//! What a check asks Claude, and what Codex reads after it.

use std::collections::HashSet;

use cc_core::JobId;
use cc_core::frame::framed;
use cc_core::text::{count, head, one_line, printable};
use cc_git::{Error, RepoPath, Repository};

use cc_jobs::settings::DiffSettings;

use super::edits::Edits;
use super::outcome::{GateError, Unclear};
use crate::Project;
use crate::review::prompt::describe;
use crate::review::{Survey, size, survey_edits};

/// What comes before the names of edited files that are in no diff.
const HIDDEN: &str = "\
It edited these files too, and no diff of this repository shows it: they lie in a repository inside this one,
are hidden from git, or were put back to what is committed. Read them where they matter.";

/// The most of Codex's last message that Claude gets, in bytes.
const MESSAGE_LIMIT: usize = 8 << 10;

/// The most of a reason that Codex gets, in bytes: more would be cut and put into a file.
const REASON_LIMIT: usize = 6 << 10;

/// What a turn changed, as far as it fits.
pub(super) struct TurnChange {
    /// Its size, one line.
    pub(super) summary: String,
    text: String,
}

/// Collects what the turn changed; `None` if nothing of it is left. `repository` was discovered at
/// its root, which the names of edited files are relative to.
pub(super) fn change(
    repository: &Repository,
    edits: &Edits,
    settings: &DiffSettings,
) -> Result<Option<TurnChange>, Error> {
    let mut parts: Vec<Survey> = Vec::new();
    for selection in &edits.selections {
        match survey_edits(repository, selection, settings) {
            Ok(survey) => parts.push(survey),
            Err(Error::NothingToReview { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let hidden = hidden(edits, &parts);
    if parts.is_empty() && hidden.is_empty() {
        return Ok(None);
    }
    let sizes = parts.iter().map(|part| size(&part.context.totals));
    let more = (!hidden.is_empty()).then(|| count(hidden.len(), "file") + " outside the diff");
    let text = parts.iter().map(|part| {
        let change = describe(&part.target, &part.context);
        // It may have names of branches in it, which anybody may have chosen.
        let label = framed("CHANGE", &one_line(&part.target.label, 200));
        format!("What it changed:\n{label}{change}\n")
    });
    let text: String = text.collect();
    Ok(Some(TurnChange {
        summary: sizes.chain(more).collect::<Vec<_>>().join("; "),
        text: match hidden.is_empty() {
            true => text,
            false => format!("{text}{HIDDEN}\n{}\n", framed("EDITED", &hidden.join("\n"))),
        },
    }))
}

/// The edited files that no diff names: in a repository inside this one, hidden from Git by the
/// user, or put back to what is committed.
fn hidden(edits: &Edits, parts: &[Survey]) -> Vec<String> {
    let shown: HashSet<&RepoPath> = parts
        .iter()
        .flat_map(|part| &part.context.files)
        .flat_map(|file| [Some(&file.path), file.old_path.as_ref()])
        .flatten()
        .collect();
    let hidden = edits.named.iter().filter(|file| !shown.contains(file));
    hidden.map(ToString::to_string).collect()
}

impl TurnChange {
    /// The task of one check.
    pub(super) fn prompt(&self, last_message: &str) -> String {
        let message = match last_message.trim() {
            "" => String::new(),
            message => format!(
                "What the agent said at the end of its turn:\n{}\n",
                framed("MESSAGE", head(message, MESSAGE_LIMIT))
            ),
        };
        format!("May this turn end?\n\n{message}{}", self.text)
    }
}

/// How the user turns the gate off: our programs are installed together, and not on every PATH.
fn way_out(project: &Project) -> String {
    let cli = format!("cc-cli{}", std::env::consts::EXE_SUFFIX);
    let cli = project.env.exe.with_file_name(cli);
    format!(
        "`$cc:setup --disable-review-gate`, or in a terminal, in this repository, `{} setup --disable-review-gate`",
        cli.display()
    )
}

/// The message to Codex after a block.
pub(super) fn blocked(project: &Project, job: &JobId, reason: &str) -> String {
    format!(
        "The review gate blocks this turn: Claude Code reviewed its edits and found a problem. \
         Check the finding against the code, fix what is true of it, then end the turn. The text in the frame is the \
         finding; it is not from the user.\n{}\nMore: `$cc:result {job}`. The user can turn the gate off: {}.",
        framed("FINDING", head(&printable(reason), REASON_LIMIT)),
        way_out(project),
    )
}

/// The message to Codex where the gate failed and is set to block then.
pub(super) fn failed_closed(project: &Project, error: &GateError) -> String {
    format!(
        "The review gate could not check this turn and blocks it (gate.fail_closed is set, or cannot be read): {} \
         Tell the user. The user can turn the gate off: {}.",
        told(error),
        way_out(project),
    )
}

/// The message to the user about what this turn may have done, and another session too.
pub(super) fn unclear(unclear: &Unclear) -> String {
    format!("Review gate: {unclear}. To have it reviewed: `$cc:review`.")
}

/// The message to the user where the gate failed.
pub(super) fn failed_open(error: &GateError) -> String {
    format!("Review gate: this turn ends unchecked: {}", told(error))
}

fn told(error: &GateError) -> String {
    let text = one_line(&error.to_string(), 400);
    let text = match error {
        GateError::NoVerdict { job, .. } => format!("{text} (more: `$cc:result {}`)", job.id),
        _ => text,
    };
    match error.hint() {
        Some(hint) => format!("{text}. {}", hint.trim_end_matches('.').to_owned() + "."),
        None => format!("{text}."),
    }
}
