//! `setup`: what works, what does not, and the command that mends it; and the switch of the gate.

mod mend;
mod report;

use cc_workflows::{Project, gate, setup};

use super::Outcome;
use crate::args::SetupArgs;
use crate::complaint::{Complaint, Exit};
use crate::output::Output;
use report::Report;

pub(super) fn setup(project: &Project, args: &SetupArgs, output: &mut Output) -> Outcome {
    let mut actions = Vec::new();
    if let Some(on) = args.gate() {
        actions.push(switch_gate(project, on)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Complaint::new(Exit::Failed, format!("cannot wait for answers: {error}"))
        })?;
    let mut found = runtime.block_on(setup::look(project));
    if !args.check {
        let mended = mend::mend(project, &found, args.json, output);
        if !mended.is_empty() {
            actions.extend(mended);
            found = runtime.block_on(setup::look(project));
        }
    }
    let report = Report::of(project, &found, actions);
    if args.json {
        output.json(&report.document());
    } else {
        output.text(report.to_string());
    }
    Ok(if found.is_ready() {
        Exit::Done
    } else {
        Exit::NotSetUp
    })
}

fn switch_gate(project: &Project, on: bool) -> Result<String, Complaint> {
    let changed = gate::switch(project, on)?;
    let state = if on { "on" } else { "off" };
    let workspace = project.store.workspace().root().display();
    Ok(if changed {
        format!("Switched the review gate {state} for {workspace}.")
    } else {
        format!("The review gate was already {state} for {workspace}.")
    })
}
