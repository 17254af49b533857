//! One file a command.

mod cancel;
mod completions;
mod config;
mod hand_out;
mod isolated;
mod logs;
mod prune;
mod rescue;
mod result;
mod review;
mod scope;
mod setup;
mod status;
mod wait;
mod worker;

use cc_core::{Dollars, Env};
use cc_jobs::{Job, SelectError, Settings, select};
use cc_workflows::{Project, RunOptions};

use crate::args::{Args, Command, RunArgs};
use crate::complaint::{Complaint, Exit};
use crate::output::Output;

/// What every command gives back: how the call ends, or what went wrong.
type Outcome = Result<Exit, Complaint>;

/// Runs the command that was typed.
pub(crate) fn dispatch(env: &Env, args: Args, output: &mut Output) -> Outcome {
    let mut env = env.clone();
    if let Some(directory) = &args.cwd {
        env.cwd = env.absolute(directory);
    }
    match args.command {
        Command::Review(args) => review::review(&Project::open(&env)?, &args, false, output),
        Command::AdversarialReview(args) => {
            review::review(&Project::open(&env)?, &args, true, output)
        }
        Command::Rescue(args) => rescue::rescue(&Project::open(&env)?, &args, output),
        Command::ResumeCandidate(args) => rescue::candidate(&Project::open(&env)?, &args, output),
        Command::Apply(args) => isolated::apply(&Project::open(&env)?, &args, output),
        Command::Discard(args) => isolated::discard(&Project::open(&env)?, &args, output),
        Command::Status(args) => status::status(&Project::open(&env)?, &args, output),
        Command::Result(args) => result::result(&Project::open(&env)?, &args, output),
        Command::Wait(args) => wait::wait(&Project::open(&env)?, &args, output),
        Command::Cancel(args) => cancel::cancel(&Project::open(&env)?, &args, output),
        Command::Logs(args) => logs::logs(&Project::open(&env)?, &args, output),
        Command::Scope(args) => scope::scope(&Project::open(&env)?, &args, output),
        Command::Prune(args) => prune::prune(&Project::open(&env)?, &args, output),
        Command::Config { command } => config::config(&Project::open(&env)?.data, &command, output),
        Command::Setup(args) => setup::setup(&Project::open(&env)?, &args, output),
        Command::Completions { shell } => completions::completions(shell, output),
        Command::Worker {
            data,
            workspace,
            job,
        } => worker::worker(&env, data, workspace, &job),
    }
}

/// How Claude is run: what was typed comes before the settings of the command.
fn run_options(settings: &Settings, defaults: RunOptions, typed: &RunArgs) -> RunOptions {
    RunOptions {
        claude: settings.claude.path.clone(),
        model: typed.model.clone().or(defaults.model),
        effort: typed.effort.clone().or(defaults.effort),
        timeout: typed.timeout.unwrap_or(defaults.timeout),
        idle_timeout: defaults.idle_timeout,
        max_budget_usd: typed
            .max_budget_usd
            .map(Dollars::amount)
            .or(defaults.max_budget_usd),
    }
}

/// The job with that id, or the only one whose id begins like that.
fn named(project: &Project, reference: &str) -> Result<Job, Complaint> {
    let jobs = project.store.list()?.jobs;
    Ok(select::by_reference(&jobs, reference)?.clone())
}

/// The job that is meant: the one named, else the one that `otherwise` picks.
fn pick(
    project: &Project,
    reference: Option<&str>,
    otherwise: impl for<'a> FnOnce(&'a [Job]) -> Result<&'a Job, SelectError>,
) -> Result<Job, Complaint> {
    match reference {
        Some(reference) => named(project, reference),
        None => Ok(otherwise(&project.store.list()?.jobs)?.clone()),
    }
}
