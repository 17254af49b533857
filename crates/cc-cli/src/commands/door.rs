//! The commands behind the door for Codex: the same as for people, with less power.

use cc_core::Env;
use cc_git::path_of_pathspec;
use cc_workflows::{Project, door};

use super::{cancel, isolated, logs, rescue, result, review, scope, setup, status, wait};
use crate::args::door::{DoorCli, DoorCommand};
use crate::args::{RescueArgs, SelectionArgs};
use crate::error::{CliError, CliResult};
use crate::printer::Printer;

/// Runs one command for Codex's model.
pub(crate) fn dispatch(env: &Env, cli: DoorCli, printer: &mut Printer) -> CliResult {
    let project = &door::open(env)?;
    match cli.command {
        DoorCommand::Review(args) => {
            check_paths(project, &args.selection)?;
            review::review(project, &args, false, review::ByHand::default(), printer)
        }
        DoorCommand::AdversarialReview(args) => {
            check_paths(project, &args.selection)?;
            review::review(project, &args, true, review::ByHand::default(), printer)
        }
        DoorCommand::Scope(args) => {
            check_paths(project, &args.selection)?;
            scope::scope(project, &args, printer)
        }
        DoorCommand::Rescue(args) => {
            check_writes(project, &args)?;
            rescue::rescue(project, &args, false, printer)
        }
        DoorCommand::Apply(args) => {
            project.may_write()?;
            isolated::apply(project, &args, isolated::Protected::Refuse, printer)
        }
        DoorCommand::Discard(args) => {
            project.may_write()?;
            isolated::discard(project, &args, printer)
        }
        DoorCommand::ResumeCandidate(args) => rescue::candidate(project, &args, printer),
        DoorCommand::Status(args) => status::status(project, &args, printer),
        DoorCommand::Result(args) => {
            result::result(project, &args, result::Place::default(), printer)
        }
        DoorCommand::Wait(args) => wait::wait(project, &args, printer),
        DoorCommand::Cancel(args) => cancel::cancel(project, &args, printer),
        DoorCommand::Logs(args) => logs::logs(project, &args, false, printer),
        DoorCommand::Setup(args) => setup::setup(project, &args.into(), printer),
    }
}

fn check_paths(project: &Project, args: &SelectionArgs) -> Result<(), CliError> {
    let root = project.store.workspace().root();
    let mut paths = args.paths.iter();
    Ok(paths.try_for_each(|spec| project.may_name(&path_of_pathspec(spec, root)))?)
}

fn check_writes(project: &Project, args: &RescueArgs) -> Result<(), CliError> {
    if args.read_only {
        return Ok(());
    }
    Ok(project.may_write()?)
}
