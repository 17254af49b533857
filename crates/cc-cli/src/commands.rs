//! One file for each command.

mod attach;
mod cancel;
mod completions;
mod config;
mod door;
mod find;
mod git_server;
mod isolated;
mod logs;
mod progress;
mod prune;
mod rescue;
mod result;
mod review;
mod scope;
mod setup;
mod show;
mod status;
mod support;
mod trust;
mod usage;
mod verdict;
mod wait;
mod web;

use cc_core::{Env, JobId};
use cc_workflows::Project;

pub(crate) use door::dispatch as dispatch_from_codex;

use crate::args::internal::{InternalCli, InternalCommand};
use crate::args::{Cli, Commands};
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

/// Runs one command.
pub(crate) fn dispatch(env: &Env, cli: Cli, printer: &mut Printer) -> CliResult {
    let mut env = env.clone();
    if let Some(directory) = &cli.cwd {
        env.cwd = env.absolute(directory);
    }
    let project = || Project::open(&env);
    match cli.command {
        Commands::Review(args) => review::review(
            &project()?,
            &args.review,
            false,
            review::ByHand::of(&args),
            printer,
        ),
        Commands::AdversarialReview(args) => review::review(
            &project()?,
            &args.review,
            true,
            review::ByHand::of(&args),
            printer,
        ),
        Commands::Rescue(args) => {
            rescue::rescue(&project()?, &args.rescue, args.no_sandbox, printer)
        }
        Commands::ResumeCandidate(args) => rescue::candidate(&project()?, &args, printer),
        Commands::Apply(args) => {
            let protected = match args.allow_protected {
                true => isolated::Protected::Allow,
                false => isolated::Protected::Ask,
            };
            isolated::apply(&project()?, &args.apply, protected, printer)
        }
        Commands::Discard(args) => isolated::discard(&project()?, &args, printer),
        Commands::Status(args) => status::status(&project()?, &args, printer),
        Commands::Result(args) if args.web => web::open(&project()?, &args.result, printer),
        Commands::Result(args) => {
            let place = result::Place {
                file: args.output.as_deref(),
                pager: !args.no_pager,
            };
            result::result(&project()?, &args.result, place, printer)
        }
        Commands::Wait(args) => wait::wait(&project()?, &args, printer),
        Commands::Cancel(args) => cancel::cancel(&project()?, &args, printer),
        Commands::Logs(args) => logs::logs(&project()?, &args.logs, args.path, printer),
        Commands::Scope(args) => scope::scope(&project()?, &args, printer),
        Commands::Prune(args) => prune::prune(&project()?, &args, printer),
        Commands::Usage(args) => usage::usage(&project()?, &args, printer),
        Commands::Config { command } => config::config(&project()?, &command, printer),
        Commands::SupportBundle(args) => support::bundle(&project()?, &args, printer),
        Commands::Setup(args) => setup::setup(&project()?, &args, printer),
        Commands::Trust(args) => trust::trust(&project()?, &args, printer),
        Commands::Completions { shell } => completions::completions(&env, shell, printer),
    }
}

/// Runs one internal command.
pub(crate) fn dispatch_internal(env: &Env, cli: InternalCli) -> CliResult {
    match cli.command {
        InternalCommand::GitServer { data } => git_server::serve(env, data.as_deref()),
        InternalCommand::Worker {
            data,
            workspace,
            job,
        } => {
            let id = JobId::parse(&job).map_err(|error| CliError::new(ExitStatus::Usage, error))?;
            cc_workflows::worker::work(env, data, workspace, &id)?;
            Ok(ExitStatus::Success)
        }
    }
}
