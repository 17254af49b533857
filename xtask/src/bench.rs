//! `cargo xtask bench`: the speed and size of the product against its limits.
//!
//! Each row is a median of a release build on this machine, beside its floor (the same work with
//! nothing of ours in it) and another build if there is one, all measured in turn. A fake Claude answers at
//! once, so that what is measured is ours; only the size of the first request takes the real one.

pub(crate) mod floor;
mod hooks;
mod idle;
mod measure;
mod request;
mod review;
mod status;
mod stream;
mod table;
mod turn;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::ValueEnum;

use measure::{Bench, Build};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fails where a limit is missed.
    #[arg(long)]
    strict: bool,
    /// Measures another build beside this one: a directory with its binaries.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Prints a table for docs/performance.md.
    #[arg(long)]
    markdown: bool,
    /// What to measure instead of everything.
    groups: Vec<Group>,
}

/// Rows that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// `status` over many jobs.
    Status,
    /// Hooks with nothing to do, and with the gate on.
    Hooks,
    /// What the gate costs at a prompt.
    Turn,
    /// What a review costs beyond Claude's own time.
    Review,
    /// A long stream through the worker.
    Stream,
    /// A worker whose Claude says nothing.
    Idle,
    /// The first request to the model.
    Request,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if cfg!(debug_assertions) {
        return run_release_build();
    }
    let groups = match args.groups.as_slice() {
        [] => Group::value_variants(),
        some => some,
    };
    let bench = Bench {
        this: Build::this(),
        against: args
            .against
            .clone()
            .map(fs::canonicalize)
            .transpose()?
            .map(Build::at),
    };
    let mut rows = Vec::new();
    for group in groups {
        rows.extend(match group {
            Group::Status => status::rows(&bench)?,
            Group::Hooks => hooks::rows(&bench)?,
            Group::Turn => turn::rows()?,
            Group::Review => review::rows(&bench)?,
            Group::Stream => stream::rows(&bench)?,
            Group::Idle => idle::rows()?,
            Group::Request => request::rows()?,
        });
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else if args.markdown {
        print!("{}", table::markdown(&rows));
    } else {
        print!("{}", table::table(&rows));
    }
    let missed = rows.iter().filter(|row| row.is_missed()).count();
    if args.strict && missed > 0 {
        return Err(format!("{missed} limits missed").into());
    }
    Ok(())
}

/// Starts over in a release build: the floors that we measure are our own code too.
fn run_release_build() -> Result<(), Box<dyn Error>> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("the release build did not succeed".into()),
    }
}
