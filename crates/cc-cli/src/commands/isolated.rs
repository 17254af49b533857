//! `apply` and `discard`: what becomes of a change that was made in a work tree of its own.

use cc_core::text::count;
use cc_workflows::Project;
use cc_workflows::rescue::isolated;
use serde_json::json;

use super::Outcome;
use crate::args::IsolatedArgs;
use crate::complaint::Exit;
use crate::output::Output;

pub(super) fn apply(project: &Project, args: &IsolatedArgs, output: &mut Output) -> Outcome {
    let (job, files) = isolated::apply(project, &args.job)?;
    if args.json {
        output.json(&json!({"jobId": job.id, "applied": files}));
    } else {
        output.text(format!(
            "Applied to your files, not committed: {}",
            count(files.len(), "file")
        ));
        files
            .iter()
            .for_each(|file| output.text(format!("  {file}")));
        output.text(format!(
            "\nThe work tree is still there; remove it with: cc-cli discard {}",
            job.id
        ));
    }
    Ok(Exit::Done)
}

pub(super) fn discard(project: &Project, args: &IsolatedArgs, output: &mut Output) -> Outcome {
    let job = isolated::discard(project, &args.job)?;
    if args.json {
        output.json(&json!({"jobId": job.id, "discarded": true}));
    } else {
        output.text(format!(
            "Removed the work tree and the branch of {}.",
            job.id
        ));
    }
    Ok(Exit::Done)
}
