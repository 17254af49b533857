//! `setup`: checks what works, says how to fix the rest, and turns the review gate on or off.

mod fix;
pub(super) mod report;

pub(super) use fix::{ask, is_interactive};

use cc_workflows::{Project, gate, setup};

use crate::args::SetupArgs;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;
use report::SetupReport;

pub(super) fn setup(project: &Project, args: &SetupArgs, printer: &mut Printer) -> CliResult {
    let width = project.env.output_columns();
    let mut actions = Vec::new();
    let mut fixed_something = false;
    if let Some(on) = args.gate() {
        actions.push(switch_gate(project, on)?);
    }
    let mut findings = setup::look(project);
    let asks = !args.check && !args.json && is_interactive(&project.env);
    if asks {
        // Questions come after what they are about.
        let report = SetupReport::new(project, &findings, std::mem::take(&mut actions));
        printer.text(report.text(width));
    }
    if !args.check {
        let fixed = fix::fix(project, &findings, args.json, printer);
        fixed_something = !fixed.is_empty();
        if fixed_something {
            actions.extend(fixed);
            findings = setup::look(project);
        }
    }
    let report = SetupReport::new(project, &findings, actions);
    if args.json {
        printer.json(&report.document());
    } else if !asks || fixed_something {
        printer.text(report.text(width));
    }
    Ok(match findings.is_ready() {
        true => ExitStatus::Success,
        false => ExitStatus::NotSetUp,
    })
}

fn switch_gate(project: &Project, on: bool) -> Result<String, CliError> {
    let changed = gate::switch(project, on)?;
    let state = if on { "on" } else { "off" };
    let workspace = project.store.workspace().root().display();
    Ok(match changed {
        true => format!("Switched the review gate {state} for {workspace}."),
        false => format!("The review gate was already {state} for {workspace}."),
    })
}
